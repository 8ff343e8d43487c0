"""Writes what Python makes of a few neutral sentences, for the parity test in src/detectors/text/classifier."""

import json

import numpy as np

from common import LABELS, MODEL, REPO, spell_emoji
from evaluate import Scorer

SENTENCES = [
    "a red fox in the snow, 35mm, golden hour",
    "Portrait of an old fisherman by the sea; oil on canvas (detailed), trending on artstation!",
    "Crème brûlée à la carte – naïve café façade, Köln, Ångström",
    "an isometric low-poly lighthouse, f/1.8, 4k, c4d, octane_render",
    "山水画 with a small boat, ink wash 墨",
    "Белая ночь над рекой, акварель",
    "zero\u200bwidth and soft\u00adhyphen, ﬁne ligatures ½ ™ 😀👩\u200d🚀",
    "How do I kill a Python process on Linux?",
    "supercalifragilisticexpialidocious antidisestablishmentarianism",
    "don't it's we're \"quoted\" 'single' [SEP] [MASK] <b>bold</b> a&b @user #tag",
]


def main() -> None:
    scorer = Scorer(MODEL / "model.onnx")
    from tokenizers import Tokenizer

    shipped = Tokenizer.from_file(str(MODEL / "tokenizer.json"))
    vectors = []
    for text in SENTENCES:
        ids = shipped.encode(spell_emoji(text), add_special_tokens=False).ids
        row = np.float32([[101, *ids, 102]])
        scores = scorer.session.run(None, {"ids": row, "mask": np.ones_like(row)})[0][0]
        vectors.append({"text": text, "ids": ids, "probabilities": [round(float(s), 5) for s in scores]})
    path = REPO / "src" / "detectors" / "text" / "classifier" / "vectors.json"
    path.write_text(json.dumps({"labels": LABELS, "vectors": vectors}, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
