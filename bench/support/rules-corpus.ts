/** Texts for the benchmark of the `rules` detector: benign prompts, traps, art, and texts made to take long. */
import { readFileSync } from "node:fs";
import path from "node:path";

export const PROMPTS = 5_000;
const shared = path.resolve(
  import.meta.dirname,
  "../..",
  process.env["SAFELIGHT_SHARED_DATA"] ?? "../shared/data",
  "prompts/train.jsonl",
);

/** A small generator with a seed (mulberry32): the same texts in every run. */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const STYLES = ["oil on canvas", "soft light", "35mm film", "highly detailed", "4k", "trending on artstation", "bokeh"];

/** Captions as people prompt: one in three with style words after it. Benign ones, so that the answer is known: few hits. */
export function prompts(): { texts: string[]; from: string } {
  const next = random(7);
  const pick = (words: readonly string[]) => words[Math.floor(next() * words.length)] ?? "";
  const styled = (text: string) => (next() < 0.34 ? `${text}, ${pick(STYLES)}, ${pick(STYLES)}` : text);
  try {
    const texts: string[] = [];
    for (const line of readFileSync(shared, "utf8").split("\n")) {
      if (!/"source": ?"(?:coco|diffusiondb|tifa|dsg|esd)/.test(line)) continue;
      const row = JSON.parse(line) as { text: string; labels: { unsafe: number } };
      if (row.labels.unsafe === 0) texts.push(row.text);
    }
    const step = Math.floor(texts.length / PROMPTS);
    const spread = Array.from({ length: PROMPTS }, (_, i) => styled(texts[i * step] ?? ""));
    return { texts: spread, from: "shared/data/prompts/train.jsonl" };
  } catch {
    const who = ["a dog", "two old fishermen", "a lighthouse", "an astronaut", "a bowl of plums", "a red bicycle"];
    const what = ["in the rain", "beside a quiet lake", "on a wooden table", "under a starry sky", "at the market"];
    const texts = Array.from({ length: PROMPTS }, () =>
      styled(`A photo of ${pick(who)} ${pick(what)} in ${pick(who)}`),
    );
    return { texts, from: "generated" };
  }
}

export function invented(count: number): string[] {
  const next = random(11);
  const terms = new Set<string>();
  while (terms.size < count) {
    const length = 5 + Math.floor(next() * 8);
    terms.add(Array.from({ length }, () => String.fromCharCode(97 + Math.floor(next() * 26))).join(""));
  }
  return [...terms];
}

/** Harmless words with a listed word inside, and harmless spellings that look like disguises. */
export const TRAPS =
  `Scunthorpe United, a cocktail at sunset, a cockatoo on a perch, cumulus clouds, Essex marshes, a therapist's office,
a cucumber salad, an analysis of data, Assassin bug on a leaf, the Sussex coast, Penistone viaduct, a shuttlecock in flight,
a peacock, shiitake mushrooms, grape harvest, a basement flat, Massachusetts in autumn, a title page, skyscraper,
a Dickensian street, a cassowary, Hancock tower, raccoon in a bin, an arsenal of paintbrushes, butternut squash, buttercups,
c4d render in 4k, f/1.8 at 85mm, w i n t e r, s-t-a-r lamp, sooooo sunny, Nigel at the Niger river`
    .split(",")
    .map((text) => text.trim());

/** Legitimate prompts with a listed word in a harmless sense. */
export const ART =
  `grilled chicken breast with herbs, Moby Dick the white whale, a blue tit on a branch, Michelangelo's David in marble,
a great tit at the feeder, weather cock on a steeple, a breast cancer ribbon, pussy willow catkins, Dick Van Dyke dancing on a roof,
sex education poster at school, nude-coloured dress, Maine coon cat, Pussy Riot concert poster, robin red breast in snow,
magna cum laude diploma, Dick Tracy comic cover, a killer whale breaching, murder mystery book cover, bumble bee and cock robin,
the naked mole rat exhibit`
    .split(",")
    .map((text) => text.trim());

/** Pieces that are repeated to a megabyte. */
export const HOSTILE: Readonly<Record<string, string>> = {
  "beginnings of terms": "fu as di co pu ",
  "one letter": "a",
  blanks: " \t\n-",
  "combining marks": "e\u0301\u0302\u0303",
  "characters with long decompositions": "\ufdfa\u3300\ufb03",
  "both sides of a pair": "child and nude ",
  "lone surrogates": "\ud800",
  "letters with dots": "p.u.s.",
  "letters with blanks": "a s s e ",
  "letters and signs": "@$$!5h1",
  "nothing but masks": "f****",
  "masks and letters": "s*h*i*",
  "look-alikes": "раѕѕроrn",
  "double letters": "aabbooss",
  "long runs": `${"s".repeat(500)}${"h".repeat(500)}`,
  "words without vowels": "sht fck ",
  "upside-down letters": "ʇıɥs",
  "emoji between letters": "s🔥h🔥",
  "zero-width characters": "s\u200bh\u200b",
  hyphens: "-a",
  digits: "1",
  "digits and points": "1.",
  "a letter and masks without end": "*",
  "drawn letters": "|\\/|()\\/\\/",
  "reversed words": "yssup tihs ",
};
