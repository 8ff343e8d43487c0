"""TF-IDF of words and characters with logistic regression, on the same rows: what the encoder must beat. Also measured: whether
adding its log-odds to the encoder's helps.

    python baseline.py [--train-only]     without the generated rows
"""

import argparse

import numpy as np
from scipy.sparse import hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, roc_auc_score

from common import MODEL, SHARED, read_rows
from evaluate import BENIGN_PROMPTS, UNSAFE, Scorer, challenge
from mixture import mixture, real_rows


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--train-only", action="store_true")
    options = parser.parse_args()
    rows = real_rows() if options.train_only else mixture()
    words = TfidfVectorizer(ngram_range=(1, 2), min_df=2, max_features=150_000, sublinear_tf=True)
    characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), min_df=3, max_features=200_000, sublinear_tf=True)
    texts = [row["text"] for row in rows]
    x = hstack([words.fit_transform(texts), characters.fit_transform(texts)]).tocsr()
    fit = LogisticRegression(C=4, solver="liblinear").fit(x, [row["labels"]["unsafe"] > 0.5 for row in rows])
    linear = lambda some: fit.decision_function(hstack([words.transform(some), characters.transform(some)]).tocsr())
    scorer = Scorer(MODEL / "model.onnx")

    def encoder(some: list[str]) -> np.ndarray:
        p = np.clip(scorer(some)[:, UNSAFE], 1e-6, 1 - 1e-6)
        return np.log(p / (1 - p))

    dev = read_rows(SHARED / "prompts" / "dev.jsonl")
    sets = {"dev": ([row["text"] for row in dev], np.array([row["labels"]["unsafe"] for row in dev]))}
    for prefix in ("", "guide-"):
        parts = [[text for _, text in challenge(f"{prefix}{part}")] for part in ("safe", "unsafe")]
        sets[f"{prefix}challenge"] = (parts[0] + parts[1], np.repeat([0, 1], [len(parts[0]), len(parts[1])]))
    benign = np.isin([row["source"] for row in dev], list(BENIGN_PROMPTS))
    thresholds = {}
    for name, (some, y) in sets.items():
        a, b = linear(some), encoder(some)
        for kind, s in (("tf-idf", a), ("encoder", b), ("encoder + 0.25 tf-idf", b + 0.25 * a), ("encoder + 0.5 tf-idf", b + 0.5 * a)):
            if name == "dev":
                thresholds[kind] = np.quantile(s[benign], 0.99)
            recall = (s[y == 1] > thresholds[kind]).mean()
            false = (s[y == 0] > thresholds[kind]).mean()
            print(f"{name:16} {kind:24} AUROC {roc_auc_score(y, s):.4f}  AUPRC {average_precision_score(y, s):.4f}  recall {recall:.3f}  false positives {false:.3f}")


if __name__ == "__main__":
    main()
