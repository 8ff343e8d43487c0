"""The training mixture: rows of `train.jsonl` by source, and the generated rows."""

from __future__ import annotations

import random
from collections import defaultdict

from common import SEED, SHARED, WORK, read_rows

# At most so many safe and so many unsafe rows of a source; all of those that are not named. Captions teach little after
# the first thousands.
CAPS = {"coco-captions": (4500, 0), "t2i-compbench": (2200, 0), "tifa": (1200, 0)}
REPEAT = {"hatemojibuild": 2, "adversarial-nibbler": 2, "i2p": 2, "ailuminate-demo": 2, "simplesafetytests": 3, "advbench": 2}
# Labels of these sources are verdicts on pictures, not on words: "unsafe" is learnt as so sure, no more.
DOUBT = {"i2p": 0.85, "adversarial-nibbler": 0.9, "davidson": 0.9}


def real_rows(leave_out: frozenset[str] = frozenset()) -> list[dict]:
    rng = random.Random(SEED)
    groups: dict[tuple[str, int], list[dict]] = defaultdict(list)
    for row in read_rows(SHARED / "prompts" / "train.jsonl"):
        if row["source"] not in leave_out:
            groups[row["source"], row["labels"]["unsafe"]].append(row)
    rows = []
    for (source, unsafe), members in sorted(groups.items()):
        rng.shuffle(members)
        if source in CAPS:
            members = members[: CAPS[source][unsafe]]
        for _ in range(REPEAT.get(source, 1)):
            rows += members
    return [doubted(row) for row in rows]


def doubted(row: dict) -> dict:
    sure = DOUBT.get(row["source"], 1)
    return {**row, "labels": {name: min(value, sure) for name, value in row["labels"].items()}}


def mixture() -> list[dict]:
    return real_rows() + read_rows(WORK / "generated.jsonl")
