"""Quality of the shipped file: by category, by source, and on the challenge sets.

    python evaluate.py [--fp32] [--json out.json]

AUROC, AUPRC, and recall at the threshold that flags 1 % of the benign image prompts of dev. Long texts are judged in windows, as
in the product: the worst window counts.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from pathlib import Path

import numpy as np
import onnxruntime
from sklearn.metrics import average_precision_score, roc_auc_score

from common import HERE, LABELS, MODEL, SHARED, WORK, open_tokenizer, read_rows, spell_emoji, targets

WINDOW, OVERLAP = 94, 24
BENIGN_PROMPTS = {
    "coco-captions", "diffusiondb-imagereward", "t2i-compbench", "tifa", "esd-art-imagenet", "dsg-1k", "geneval",
}  # fmt: skip
UNSAFE = LABELS.index("unsafe")
CHALLENGES = [
    ("safe", "false positives"), ("unsafe", "recall"), ("guide-safe", "false positives"), ("guide-unsafe", "recall"),
]  # fmt: skip


class Scorer:
    def __init__(self, path: Path):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(path.read_bytes(), options)
        self.tokenizer = open_tokenizer()

    def __call__(self, texts: list[str]) -> np.ndarray:
        rows, owner = [], []
        for i, encoding in enumerate(self.tokenizer.encode_batch([spell_emoji(text) for text in texts])):
            ids = encoding.ids[1:-1] or [0]
            for at in range(0, max(1, len(ids) - OVERLAP), WINDOW - OVERLAP):
                rows.append([101, *ids[at : at + WINDOW], 102])
                owner.append(i)
        out = np.zeros((len(texts), len(LABELS)), np.float32)
        order = sorted(range(len(rows)), key=lambda i: len(rows[i]))
        for at in range(0, len(order), 16):
            chosen = order[at : at + 16]
            longest = max(len(rows[i]) for i in chosen)
            ids, mask = np.zeros((2, len(chosen), longest), np.float32)
            for j, i in enumerate(chosen):
                ids[j, : len(rows[i])], mask[j, : len(rows[i])] = rows[i], 1
            scores = self.session.run(None, {"ids": ids, "mask": mask})[0]
            for j, i in enumerate(chosen):
                out[owner[i]] = np.maximum(out[owner[i]], scores[j])
        return out


def challenge(name: str) -> list[tuple[str, str]]:
    lines = (HERE / "challenge" / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return [tuple(line.split("\t", 1)) for line in lines if "\t" in line and not line.startswith("#")]


def report(score) -> dict:
    """`score`: texts to probabilities, [texts, labels]."""
    rows = read_rows(SHARED / "prompts" / "dev.jsonl")
    wanted, scores = targets(rows), score([row["text"] for row in rows])
    sources = np.array([row["source"] for row in rows])
    benign = np.isin(sources, list(BENIGN_PROMPTS))
    thresholds = {name: float(np.quantile(scores[benign, k], 0.99)) for k, name in enumerate(LABELS)}
    strict = {name: float(np.quantile(scores[benign, k], 0.999)) for k, name in enumerate(LABELS)}
    both = {"thresholds at 1 % of benign prompts": thresholds, "thresholds at 0.1 %": strict}
    out: dict = {**both, "labels": {}, "sources": {}, "challenge": {}}
    for k, name in enumerate(LABELS):
        known = ~np.isnan(wanted[:, k])
        y, s = wanted[known, k] > 0.5, scores[known, k]
        out["labels"][name] = {
            "positives": int(y.sum()), "auroc": roc_auc_score(y, s), "auprc": average_precision_score(y, s),
            "recall": float((s[y] > thresholds[name]).mean()),
        }  # fmt: skip
    flagged = scores[:, UNSAFE] > thresholds["unsafe"]
    for source in sorted(set(sources)):
        here = sources == source
        unsafe = wanted[here, UNSAFE] > 0.5
        about = {"unsafe": int(unsafe.sum()), "safe": int((~unsafe).sum())}
        if unsafe.any():
            about["recall"] = float(flagged[here][unsafe].mean())
        if (~unsafe).any():
            about["false positives"] = float(flagged[here][~unsafe].mean())
        if unsafe.any() and (~unsafe).any():
            about["auroc"] = roc_auc_score(unsafe, scores[here, UNSAFE])
        out["sources"][source] = about
    for name, right in CHALLENGES:
        items = challenge(name)
        got = score([text for _, text in items])
        groups: dict[str, list[int]] = defaultdict(list)
        for i, (group, _) in enumerate(items):
            groups[group].append(i)
        any_ = got[:, UNSAFE] > thresholds["unsafe"]
        out["challenge"][name] = {"all": {"count": len(items), right: float(any_.mean()), "median": float(np.median(got[:, UNSAFE]))}}
        for group, members in groups.items():
            about = {"count": len(members), right: float(any_[members].mean())}
            if group in LABELS:
                k = LABELS.index(group)
                about["recall in category"] = float((got[members, k] > thresholds[group]).mean())
            out["challenge"][name][group] = about
    for prefix in ("", "guide-"):
        y = [0] * len(challenge(f"{prefix}safe")) + [1] * len(challenge(f"{prefix}unsafe"))
        texts = [t for part in ("safe", "unsafe") for _, t in challenge(f"{prefix}{part}")]
        out["challenge"][f"{prefix}auroc"] = roc_auc_score(y, score(texts)[:, UNSAFE])
    return out


def show(about: dict, depth: int = 0) -> None:
    for key, value in about.items():
        if isinstance(value, dict) and any(isinstance(v, dict) for v in value.values()):
            print(f"{'  ' * depth}{key}:")
            show(value, depth + 1)
        elif isinstance(value, dict):
            print("  " * depth + f"{key:24}", "  ".join(f"{k} {v:.3f}" if isinstance(v, float) else f"{k} {v}" for k, v in value.items()))
        else:
            print("  " * depth + f"{key:24} {value:.3f}")


def markdown(result: dict) -> str:
    """The tables of the card."""
    percent = lambda about, key: f"{100 * about[key]:.1f} %" if key in about else ""
    number = lambda about, key: f"{about[key]:.3f}" if key in about else ""
    lines = ["| label | positives | AUROC | AUPRC | recall | threshold at 1 % | at 0.1 % |", "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"]
    loose, strict = result["thresholds at 1 % of benign prompts"], result["thresholds at 0.1 %"]
    for name, about in result["labels"].items():
        figures = [about["positives"], number(about, "auroc"), number(about, "auprc"), percent(about, "recall"), number(loose, name), number(strict, name)]
        lines.append(f"| `{name}` | {' | '.join(map(str, figures))} |")
    lines += ["", "| source | unsafe | recall | safe | false positives | AUROC inside it |", "| --- | ---: | ---: | ---: | ---: | ---: |"]
    for name, about in result["sources"].items():
        figures = [about["unsafe"], percent(about, "recall"), about["safe"], percent(about, "false positives"), number(about, "auroc")]
        lines.append(f"| `{name}` | {' | '.join(map(str, figures))} |")
    lines += ["", "| challenge set | group | texts | flagged | by the category itself |", "| --- | --- | ---: | ---: | ---: |"]
    for name, right in CHALLENGES:
        for group, about in result["challenge"][name].items():
            lines.append(f"| {name} | {group} | {about['count']} | {percent(about, right)} | {percent(about, 'recall in category')} |")
    areas = [result["challenge"][name] for name in ("auroc", "guide-auroc")]
    lines += ["", "AUROC of `unsafe` between the two sides: {:.3f} (held out), {:.3f} (guide).".format(*areas)]
    return "\n".join(lines)


def write_card(result: dict) -> None:
    card = MODEL / "CARD.md"
    begin, end = "<!-- figures: evaluate.py --card -->", "<!-- end of figures -->"
    text = card.read_text()
    card.write_text(text[: text.index(begin) + len(begin)] + "\n\n" + markdown(result) + "\n\n" + text[text.index(end) :])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--fp32", action="store_true", help="the same weights before quantisation")
    parser.add_argument("--mistakes", action="store_true", help="lists the mistakes on the challenge sets (offensive text)")
    parser.add_argument("--json")
    parser.add_argument("--card", action="store_true", help="writes the tables into models/prompt-classifier/CARD.md")
    options = parser.parse_args()
    scorer = Scorer(WORK / "model-fp32.onnx" if options.fp32 else MODEL / "model.onnx")
    result = report(scorer)
    show(result)
    if options.json:
        Path(options.json).write_text(json.dumps(result, indent=1))
    if options.card:
        write_card(result)
    if options.mistakes:
        threshold = result["thresholds at 1 % of benign prompts"]["unsafe"]
        for name, _ in CHALLENGES:
            for (group, text), score in zip(challenge(name), scorer([text for _, text in challenge(name)])[:, UNSAFE]):
                if (score > threshold) == (not name.endswith("unsafe")):
                    print(f"{score:.3f} {name} {group}: {text}")


if __name__ == "__main__":
    main()
