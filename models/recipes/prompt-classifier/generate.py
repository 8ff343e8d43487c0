"""Makes training rows from `material/` and the word lists: unsafe prompts, and above all their safe near-twins.

    python generate.py            writes generated.jsonl into the work folder, and generated-dev.jsonl for the calibration
    python generate.py --count    prints the rows of each section

A section is a list of templates. `{slot}` stands for one of a slot's fillings, `(a|b|)` for one of the alternatives.
Image sections are dressed in the users' style, in the same way for safe and unsafe ones: alone, with media, artists,
lenses and quality words, or spliced into a real harmless prompt of the training set. So neither style nor splice tells
the classes apart. A share of both kinds is disguised in spelling, for the same reason.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import re
import sys
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from common import HERE, LABELS, REPO, SEED, SHARED, WORK, read_rows

CATEGORIES = [name for name in LABELS if name != "unsafe"]
MATERIAL = HERE / "material"

# What a list's category means here. Categories that are left out are not learnt from lists.
LIST_CATEGORIES = {
    "sexual": ["sexual"], "violence": ["violence"], "gore": ["violence", "shocking"], "hate": ["hate"],
    "self_harm": ["self_harm"], "shocking": ["shocking"], "illegal_activity": ["illegal_activity"],
    "drugs": ["illegal_activity"], "extremism": ["hate"],
}  # fmt: skip

# Where one label makes another a matter of taste, the other is left unknown instead of 0.
UNKNOWN = {
    "hate": ["violence", "harassment", "shocking"],
    "violence": ["illegal_activity", "harassment", "shocking"],
    "illegal_activity": ["violence"],
    "self_harm": ["violence", "shocking", "harassment"],
    "harassment": ["violence", "hate", "self_harm"],
    "shocking": ["violence"],
    "sexual": ["harassment", "shocking"],
}


@dataclass(frozen=True)
class Section:
    name: str
    kind: str
    labels: dict[str, float]
    templates: tuple[str, ...]


def read_slots() -> dict[str, list[str]]:
    slots: dict[str, list[str]] = {}
    name = ""
    for line in (MATERIAL / "slots.txt").read_text().splitlines():
        if line.startswith("#") or not line.strip():
            continue
        if line.startswith("@"):
            name, line = line[1:].split(":", 1)
            slots[name] = []
        slots[name] += [word.strip() for word in line.split(",") if word.strip()]
    return slots


def split_terms(block: str) -> list[str]:
    """At commas and line breaks that are not inside brackets."""
    return [term.strip() for term in re.split(r"[,\n](?![^(]*\))", block) if term.strip()]


def read_lists() -> tuple[dict[str, list[str]], list[str]]:
    """Severe terms by category, and what the lists except: harmless phrases that hold a term."""
    terms: dict[str, list[str]] = {}
    harmless: list[str] = []
    for path in sorted((REPO / "policies" / "lists").glob("en.yaml")):
        for entry in yaml.safe_load(path.read_text()).get("terms", []):
            if isinstance(entry.get("exceptions"), str):
                harmless += split_terms(entry["exceptions"])
            words = entry.get("terms")
            if not isinstance(words, str) or entry.get("severity") != "severe":
                continue
            good = [w for w in split_terms(words) if re.fullmatch(r"[a-z' ()|-]{3,60}", w)]
            terms.setdefault(entry["category"], []).extend(good)
    return terms, [h for h in harmless if re.fullmatch(r"[a-z' ()|-]{4,160}", h)]


def read_sections() -> list[Section]:
    sections = []
    for path in sorted(MATERIAL.glob("*.txt")):
        if path.name == "slots.txt":
            continue
        for block in re.split(r"^## ", path.read_text(), flags=re.M)[1:]:
            head, *lines = block.splitlines()
            name, kind, labels = (part.strip() for part in head.split("|"))
            templates = tuple(line for line in lines if line.strip() and not line.startswith("#"))
            if templates:
                sections.append(Section(name, kind, parse_labels(labels), templates))
    return sections


def parse_labels(text: str) -> dict[str, float]:
    if text in ("safe", "any"):
        return {}
    pairs = (part.strip().partition(":") for part in text.split(","))
    return {name: float(value or 1) for name, _, value in pairs}


def full_labels(positive: dict[str, float]) -> dict[str, float]:
    labels: dict[str, float] = {name: 0 for name in CATEGORIES}
    for name in positive:
        for other in UNKNOWN.get(name, []):
            labels.pop(other, None)
    labels.update(positive)
    labels["unsafe"] = max(positive.values(), default=0)
    return labels


class Writer:
    def __init__(self, rng: random.Random):
        self.rng = rng
        self.slots = read_slots()
        self.terms, self.harmless = read_lists()
        self.slots["explicit"] = self.terms["sexual"]
        hate = [t for t in self.terms["hate"] if " " not in t]
        self.slots["slur"] = hate
        self.slots["slurs"] = [t if t.endswith("s") else f"{t}s" for t in hate]
        self.slots["signal"] = [
            f"safelight-test:{a}:{b}:{c}"
            for a in ("prompt", "image")
            for b in ("sexual", "violence", "hate", "gore", "self_harm", "unsafe", "drugs")
            for c in ("0.5", "0.99", "0.2:attempts=1" if a == "image" else "1.0")
        ] + ["safelight-test:prompt:error", "safelight-test:image:withheld", "safelight-test:generator:delay:500"]
        train = read_rows(SHARED / "prompts" / "train.jsonl")
        self.carriers = [
            row["text"]
            for row in train
            if row["source"] == "diffusiondb-imagereward" and row["labels"]["unsafe"] == 0 and len(row["text"]) < 220
        ]

    def expand(self, template: str) -> str:
        """Innermost brackets first."""
        text = template
        while found := re.search(r"\(([^()]*)\)", text):
            text = text[: found.start()] + self.rng.choice(found[1].split("|")) + text[found.end() :]
        while found := re.search(r"\{(\w+)\}", text):
            filling = self.rng.choice(self.slots[found[1]])
            text = text[: found.start()] + self.expand(filling) + text[found.end() :]
        text = re.sub(r"\ba (?=[aeio])", "an ", re.sub(r"\s+", " ", text)).replace(" ,", ",")
        return text.replace("??", "?").strip(" ,")

    def dress(self, phrase: str) -> str:
        """An image prompt about `phrase`, as users write them."""
        r = self.rng.random()
        pick = self.rng.choice
        if r < 0.25:
            return phrase
        if r < 0.60:
            extras = [pick(self.slots[pick(["quality", "light", "lens", "quality"])]) for _ in range(self.rng.randint(1, 5))]
            if self.rng.random() < 0.5:
                artists = " and ".join(self.rng.sample(self.slots["artist"], self.rng.randint(1, 3)))
                extras.insert(self.rng.randint(0, len(extras)), pick(["by ", "art by ", "in the style of ", "style of "]) + artists)
            if self.rng.random() < 0.3:
                return f"{pick(self.slots['medium'])} of {phrase}, {', '.join(extras)}"
            return f"{phrase}, {', '.join(extras)}"
        if r < 0.70:
            return f"{pick(['a ', ''])}{pick(self.slots['medium'])} {pick(['of', 'of', 'depicting', 'showing'])} {phrase}"
        if r < 0.76:
            return f"{pick(['generate', 'draw', 'create', 'show me', 'make', 'please paint'])} {pick(['an image of ', 'a picture of ', ''])}{phrase}"
        parts = pick(self.carriers).split(",")
        if r < 0.90 or len(parts) < 2:
            return f"{phrase}, {','.join(parts)}"
        at = self.rng.randint(1, len(parts))
        return ",".join([*parts[:at], " " + phrase, *parts[at:]])

    def speak(self, text: str) -> str:
        """A post, a question or an instruction, as people write them."""
        r = self.rng.random
        if r() < 0.06:
            text = self.rng.choice(["@user ", "rt @user: ", "lol ", "honestly, ", "look, ", "guys, ", "hi! ", "well, ", "omg "]) + text
        if r() < 0.45:
            text = text[:1].upper() + text[1:]
        if r() < 0.30 and text[-1:].isalnum():
            text += self.rng.choice([".", ".", "!", "?" if re.match(r"(?i)(how|what|why|where|which)", text) else "."])
        if r() < 0.04:
            text = text.upper()
        if r() < 0.03:
            text += self.rng.choice([" 😂", " 🙏", " 😡", " ❤️", " #fyp", " https://t.co/x", " 🤔"])
        return text

    def make(self, section: Section, template: str) -> dict:
        labels = dict(section.labels)
        if section.kind == "disguised":
            category = self.rng.choice(["sexual", "sexual", "gore", "violence", "hate", "self_harm"])
            labels = {name: 1.0 for name in LIST_CATEGORIES[category]}
            rude = disguise(self.expand(self.rng.choice(self.terms[category])), self.rng)
            template = template.replace("{rude}", rude)
        text = self.expand(template)
        if section.kind in ("image", "disguised"):
            text = self.dress(text)
        else:
            text = self.speak(text)
            if self.rng.random() < 0.08:
                text = self.surround(text)
        if self.rng.random() < 0.05 and "signal" not in section.name:
            text = disguise_some(text, self.rng, 1)
        return {"text": text, "source": f"generated:{section.name}", "labels": full_labels(labels)}

    @property
    @cache
    def small_talk(self) -> list[str]:
        return [t for s in read_sections() if s.name == "benign.text" for t in s.templates]

    def surround(self, text: str) -> str:
        """Between harmless sentences, so that one bad sentence in a long text is learnt as such."""
        sentences = [self.speak(self.expand(self.rng.choice(self.small_talk))) for _ in range(self.rng.randint(1, 4))]
        sentences.insert(self.rng.randint(0, len(sentences)), text)
        return " ".join(s if s[-1:] in ".!?" else s + "." for s in sentences)

    def from_lists(self, each: int) -> list[dict]:
        rows = []
        for category, labels in LIST_CATEGORIES.items():
            for term in self.terms.get(category, []):
                for _ in range(each):
                    word = self.expand(term)
                    if self.rng.random() < 0.25:
                        word = disguise(word, self.rng)
                    name = f"generated:list.{category}"
                    rows.append({"text": self.frame(word), "source": name, "labels": full_labels({n: 1 for n in labels})})
        for phrase in self.harmless:
            for _ in range(max(2, each)):
                text = self.frame(self.expand(phrase))
                rows.append({"text": text, "source": "generated:list.harmless", "labels": full_labels({})})
        for _ in range(900):  # heaps of words, as attacks on image models look
            category = self.rng.choice(["sexual", "sexual", "gore", "violence", "self_harm", None])
            words = [self.expand(self.rng.choice(self.terms[category])) for _ in range(self.rng.randint(2, 5))] if category else []
            while len(words) < self.rng.randint(5, 12):
                words += self.rng.choice(self.carriers).replace(",", "").split()[:2]
            self.rng.shuffle(words)
            labels = full_labels({name: 1 for name in LIST_CATEGORIES[category]} if category else {})
            rows.append({"text": " ".join(words), "source": "generated:heap", "labels": labels})
        for _ in range(1500):  # odd spelling alone is harmless
            words = self.expand(self.rng.choice(["{person} {place}", "{animal} {place}", "{hobby} in {city}", "{colour} {object}"]))
            text = self.dress(disguise_some(words, self.rng, 2))
            rows.append({"text": text, "source": "generated:disguise.safe", "labels": full_labels({})})
        return rows

    def frame(self, word: str) -> str:
        person, place = self.rng.choice(self.slots["person"]), self.rng.choice(self.slots["place"])
        forms = [word, f"{person}, {word}", f"{word} {place}", f"{word}, {person} {place}", f"{person} and {word}"]
        return self.dress(self.rng.choice(forms))


LEET = {"a": "4@", "e": "3", "i": "1!", "o": "0", "s": "5$", "t": "7", "l": "1", "b": "8", "g": "9"}


def disguise(word: str, rng: random.Random) -> str:
    """One of the spellings by which people hide a word."""
    kind = rng.randrange(8)
    letters = list(word)
    if kind == 0:
        return "".join(rng.choice(LEET[c]) if c in LEET and rng.random() < 0.7 else c for c in letters)
    if kind == 1:
        return rng.choice([" ", ".", "-", "_", "*"]).join(c for c in letters if c != " ")
    if kind == 2:
        return "".join(c * (rng.randint(2, 4) if c.isalpha() and rng.random() < 0.35 else 1) for c in letters)
    inner = [i for i in range(1, len(letters) - 1) if letters[i].isalpha()]
    if not inner:
        return word
    at = rng.choice(inner)
    if kind == 3:
        letters[at] = rng.choice("*#_-")
    elif kind == 4:
        letters.pop(at)
    elif kind == 5:
        letters[at], letters[at + 1] = letters[at + 1], letters[at]
    elif kind == 6:
        letters.insert(at, letters[at])
    else:
        letters.insert(at, rng.choice("._-'"))
    return "".join(letters)


def disguise_some(text: str, rng: random.Random, count: int) -> str:
    words = text.split(" ")
    places = [i for i, w in enumerate(words) if len(w) > 3 and w.isalpha()]
    for i in rng.sample(places, min(count, len(places))):
        words[i] = disguise(words[i], rng)
    return " ".join(words)


def richness(template: str, slots: dict[str, list[str]]) -> float:
    """How many rows a template deserves: the logarithm of what it can say, roughly."""
    bits = sum(math.log2(1 + group.count("|")) for group in re.findall(r"\(([^()]*)\)", template))
    return 2 + bits + sum(math.log2(len(slots.get(name, slots["person"]))) for name in re.findall(r"\{(\w+)\}", template))


SCALE = {"calm.help": 2.4, "calm.news": 2.4, "calm.figures": 2.6, "calm.identity": 2.2, "calm.image": 2.6,
         "varied.twin": 2.0, "varied.sexual": 2.4, "varied.violence": 2.4, "varied.selfharm": 2.5, "varied.illegal": 4.0,
         "varied.shocking": 3.0, "varied.threats": 3.0, "varied.hate": 2.0, "varied.hate.twin": 1.6,
         "varied.story.sexual": 4.0, "varied.story.violence": 4.0, "varied.story.selfharm": 4.0, "varied.story.safe": 3.0,
         "more.hate": 1.6, "more.sexual": 2.4, "more.violence": 2.2, "more.illegal": 3.0, "more.selfharm": 3.0,
         "more.violence.text": 2.5, "more.sexual.story": 2.5, "more.shocking": 2.2, "more.harassment": 2.5,
         "more.selfharm.image": 3.0, "more.illegal.image": 2.2, "more.hate.twin": 1.6, "more.illegal.twin": 2.2,
         "more.selfharm.twin": 2.0, "more.sexual.twin": 2.0, "more.privacy": 1.5, "more.benign.story": 2.5,
         "more.benign.image": 2.5, "benign.image": 3.0, "benign.text": 2.2, "safe.signal": 2.0, "disguise.image": 8.0, "sexual.twin": 1.5, "violence.twin": 1.5,
         "hate.twin": 1.4, "sexual.image": 1.4, "violence.text.twin": 2.0, "sexual.text.twin": 1.6,
         "selfharm.twin": 1.8, "illegal.twin": 3.5, "illegal.text": 2.5, "illegal.image.twin": 1.8,
         "selfharm.image.twin": 1.8, "harassment.twin": 1.8, "hate.image.twin": 1.6}  # fmt: skip


def generate(per_template: float, seed: int = SEED) -> list[dict]:
    rng = random.Random(seed)
    writer = Writer(rng)
    rows = writer.from_lists(1)
    for section in read_sections():
        for template in section.templates:
            count = per_template * SCALE.get(section.name, 1.0) * richness(template, writer.slots) / 12
            rows += [writer.make(section, template) for _ in range(round(count))]
    seen: set[str] = set()
    unique = []
    for row in rows:
        key = re.sub(r"\W+", "", row["text"].lower())
        if key and key not in seen:
            seen.add(key)
            unique.append(row)
    rng.shuffle(unique)
    return unique


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", action="store_true")
    parser.add_argument("--sample", help="prints 20 rows of the sections whose name begins so")
    parser.add_argument("--per-template", type=float, default=45)
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    rows = generate(options.per_template, options.seed)
    if options.sample:
        chosen = [row for row in rows if row["source"].startswith("generated:" + options.sample)]
        for row in chosen[:20]:
            print(row["text"])
        return
    known = {row["text"] for row in rows}
    dev = [row for row in generate(options.per_template / 10, options.seed + 1) if row["text"] not in known]
    path = WORK / "generated.jsonl"
    for file, content in ((path, rows), (WORK / "generated-dev.jsonl", dev)):
        file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in content))
    print(f"{len(rows)} rows, {sum(row['labels']['unsafe'] > 0.5 for row in rows)} unsafe: {path}", file=sys.stderr)
    if options.count:
        for name, count in sorted(Counter(row["source"] for row in rows).items()):
            print(f"{count:6} {name}")


if __name__ == "__main__":
    main()
