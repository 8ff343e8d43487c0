"""What a source that was never seen looks like to the model: leave-one-source-out, with the pre-trained encoder frozen and
logistic regression on its mean vector (fine-tuning once for each source would take a day). For each source: recall on its
unsafe dev rows at 1 % of the benign prompts of dev, trained with and without its train rows, and with the generated rows.
"""

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from common import SEED, SHARED, WORK, Encoder, encode, open_tokenizer, pad, read_rows, seed_everything
from evaluate import BENIGN_PROMPTS
from mixture import real_rows

SOURCES = ["adversarial-nibbler", "i2p", "ailuminate-demo", "advbench", "davidson", "paradetox", "edos", "hatemojibuild", "stormfront"]
REAL, GENERATED, TOKENS = 16_000, 8_000, 48


def vectors(encoder: Encoder, texts: list[str]) -> np.ndarray:
    ids = encode(open_tokenizer(), texts, TOKENS)
    order = sorted(range(len(ids)), key=lambda i: len(ids[i]))
    out = np.zeros((len(ids), 384), np.float32)
    with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16):
        for at in range(0, len(order), 64):
            chosen = order[at : at + 64]
            batch, mask = pad([ids[i] for i in chosen])
            x, m = encoder(batch, mask).float(), mask[:, :, None].float()
            out[chosen] = ((x * m).sum(1) / m.sum(1)).numpy()
    return out / np.linalg.norm(out, axis=1, keepdims=True)


def main() -> None:
    seed_everything()
    rng = np.random.default_rng(SEED)
    unique = list({row["text"]: row for row in real_rows()}.values())
    real = [unique[i] for i in rng.permutation(len(unique))[:REAL]]
    generated = read_rows(WORK / "generated.jsonl")
    generated = [generated[i] for i in rng.permutation(len(generated))[:GENERATED]]
    dev = read_rows(SHARED / "prompts" / "dev.jsonl")
    dev = [row for row in dev if row["source"] in SOURCES or row["source"] in BENIGN_PROMPTS]
    encoder = Encoder()
    encoder.load_pretrained()
    encoder.eval()
    xs = [vectors(encoder, [row["text"] for row in rows]) for rows in (real, generated, dev)]
    y = lambda rows: np.array([row["labels"]["unsafe"] > 0.5 for row in rows])
    source, dev_source = (np.array([row["source"] for row in rows]) for rows in (real, dev))
    benign, wanted = np.isin(dev_source, list(BENIGN_PROMPTS)), y(dev)

    def judge(keep: np.ndarray, more: bool, of: str) -> tuple[float, float]:
        x = np.concatenate([xs[0][keep], xs[1]]) if more else xs[0][keep]
        t = np.concatenate([y(real)[keep], y(generated)]) if more else y(real)[keep]
        s = LogisticRegression(C=30, max_iter=300).fit(x, t).decision_function(xs[2])
        there = (dev_source == of) & wanted
        area = roc_auc_score(np.repeat([0, 1], [benign.sum(), there.sum()]), np.concatenate([s[benign], s[there]]))
        return float((s[there] > np.quantile(s[benign], 0.99)).mean()), float(area)

    print("source: recall and AUROC against benign prompts, with the source | without | without, with generated rows")
    for of in SOURCES:
        everything, without = np.ones(len(real), bool), source != of
        figures = [judge(everything, False, of), judge(without, False, of), judge(without, True, of)]
        print(f"{of:22} {((dev_source == of) & wanted).sum():4}  " + "  |  ".join(f"{r:.3f} {a:.3f}" for r, a in figures), flush=True)


if __name__ == "__main__":
    main()
