"""Calibrates the fine-tuned model, writes it as 8-bit ONNX with its tokenizer, and pins both in models/manifest.json.

    python export.py --weights model.pt

Calibration: logistic regression for each label, on logits of dev rows and of generated rows that the training did not see,
weighted so that the label has the prevalence below.
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
from common import EMOJI, HERE, LABELS, MODEL, REPO, SEED, SHARED, WORK, Classifier, encode, open_tokenizer, pad, pretrained, read_rows, targets

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


def calibrate(logits: np.ndarray, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """
    [labels, labels] and [labels]: probabilities are the sigmoid of `matrix @ logits + intercepts`. A category has a slope of its own
    (Platt) and keeps the order of texts; `unsafe` listens to all eight logits, so that it does not overlook what a category saw.
    """
    matrix, intercepts = np.zeros((len(LABELS), len(LABELS)), np.float32), np.zeros(len(LABELS), np.float32)
    for k, name in enumerate(LABELS):
        known = ~np.isnan(wanted[:, k])
        heard = list(range(len(LABELS))) if name == "unsafe" else [k]
        x, y = logits[known][:, heard], wanted[known, k] > 0.5
        share = PREVALENCE.get(name, CATEGORY_PREVALENCE)
        weights = np.where(y, share / y.mean(), (1 - share) / (1 - y.mean()))
        fit = LogisticRegression(C=1e3, max_iter=1000).fit(x, y, sample_weight=weights)
        matrix[k, heard], intercepts[k] = fit.coef_[0], fit.intercept_[0]
        print(f"{name:17} {y.sum():5} of {known.sum():5}: {np.round(fit.coef_[0], 3)}, intercept {intercepts[k]:.3f}")
    return matrix, intercepts


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
    calibration = calibrate(logits_of(model, [row["text"] for row in rows]), targets(rows))
    state = {name: value.float().numpy() for name, value in model.state_dict().items()}
    ranges = input_ranges(model, [row["text"] for row in rows[:400]])
    MODEL.mkdir(exist_ok=True)
    (MODEL / "model.onnx").write_bytes(graph.build(state, calibration, True, ranges).SerializeToString())
    (WORK / "model-fp32.onnx").write_bytes(graph.build(state, calibration, False, ranges).SerializeToString())
    (MODEL / "tokenizer.json").write_text(tokenizer_json(), encoding="utf-8")
    (MODEL / "emoji.json").write_text(json.dumps(EMOJI, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")
    shutil.copy(REPO / "LICENSE", MODEL / "LICENSE")  # Apache-2.0, as the weights it began with
    manifest_path = MODEL.parent / "manifest.json"
    manifest = json.loads(manifest_path.read_text())
    entry = json.loads((HERE / "manifest-entry.json").read_text())
    entry.update(pinned(MODEL / "model.onnx"))
    names = ("tokenizer.json", "emoji.json")
    entry["companions"] = [{"file": f"prompt-classifier/{name}", **pinned(MODEL / name)} for name in names]
    manifest["models"] = [one for one in manifest["models"] if one["id"] != entry["id"]] + [entry]
    manifest_path.write_text(json.dumps(manifest, ensure_ascii=False, indent=2) + "\n")


if __name__ == "__main__":
    main()
