"""The shipped file back as weights for training: python resume.py out.pt

8-bit columns times their scales, with the float32 rows of the loud channels put back; good to about a hundredth. The head's last layer
has the calibration inside, which the next training learns anew.
"""

import sys

import numpy as np
import onnx
import torch
from onnx import numpy_helper

from common import MODEL, WORK, Classifier


def main() -> None:
    file = onnx.load(MODEL / "model.onnx")
    t = {one.name: numpy_helper.to_array(one).astype(np.float32) for one in file.graph.initializer}

    def linear(name: str) -> np.ndarray:
        columns = t[name] * t[f"{name}.scale"]
        if f"{name}.loud" in t:
            columns[t[f"{name}.loud"].astype(int)] = t[f"{name}.exact"]
        return columns.T

    state = {
        "encoder.words.weight": t["words"] * t["words.scale"],
        "encoder.positions.weight": t["positions"],
        **{f"encoder.norm.{part}": t[f"norm.{part}"] for part in ("weight", "bias")},
    }
    for i in range(6):
        at = f"encoder.layers.{i}"
        for p, weight, bias in zip("qkv", np.split(linear(f"{at}.qkv"), 3), np.split(t[f"{at}.qkv.bias"], 3)):
            state[f"{at}.{p}.weight"], state[f"{at}.{p}.bias"] = weight, bias
        for p in ("o", "up", "down"):
            state[f"{at}.{p}.weight"], state[f"{at}.{p}.bias"] = linear(f"{at}.{p}"), t[f"{at}.{p}.bias"]
        for k in (1, 2):
            for part in ("weight", "bias"):
                state[f"{at}.norm{k}.{part}"] = t[f"{at}.norm{k}.{part}"]
    for name in ("hidden", "out"):
        state[f"{name}.weight"], state[f"{name}.bias"] = t[name].T, t[f"{name}.bias"]
    model = Classifier()
    model.load_state_dict({name: torch.from_numpy(np.ascontiguousarray(value)) for name, value in state.items()})
    torch.save(model.state_dict(), WORK / sys.argv[1])


if __name__ == "__main__":
    main()
