import { beyondAscii, CLASSES, Class } from "./character-class.ts";
import { HIDING, isSuspect, Seen } from "./chunk.ts";
import { type Sieve, WEIGHTS } from "./sieve.ts";

/** `[start, end)` in UTF-16 units. */
export type Span = readonly [number, number];

/** What may hide a word, found by a scan that knows no words. */
export interface Suspects {
  /** Where letters may be disguised. */
  readonly spans: readonly Span[];
  /** Chunks with the same letter twice that may be a listed word without it, and nothing else to be seen. */
  readonly doubled: readonly Span[];
  /** Runs of words without a vowel, of three letters together at least. */
  readonly voweless: readonly Span[];
  /** Words whose letters, in whatever order, {@link Sieves.turned} holds back. */
  readonly caught: readonly Span[];
}

export interface Sieves {
  /** Words that may be another one in which letters have changed places, or are missing. */
  readonly turned: Sieve;
  /** Listed words, and the words of listed phrases that are no ordinary ones, with all their double letters single. */
  readonly single: Sieve;
}

/** Shorter words are other words when their letters change places, or are read from the end. */
export const SHORTEST_CAUGHT = 4;
/** Words this short are not looked at for their double letters. */
const SHORTEST_DOUBLED = 5;
/** A chunk this short may be one letter, or two, of a word that is spelt out. */
const SPELT = 2;

const BLANK = 0x20;

/** What most texts have of each: shared, and never changed. */
const NONE: readonly Span[] = [];

/** One pass over the text. */
export function suspectsIn(text: string, { turned, single }: Sieves): Suspects {
  const { length } = text;
  let spans = NONE;
  let doubled = NONE;
  let voweless = NONE;
  let caught = NONE;
  const spelt = { from: -1, to: 0, singles: 0, letters: 0, count: 0 };
  const bare = { from: -1, to: 0, letters: 0 };
  let i = 0;
  while (i < length) {
    const start = i;
    let seen = 0;
    let letters = 0;
    let edge = false;
    let twice = false;
    // A chunk: up to the next blank.
    for (;;) {
      let unit = i < length ? text.charCodeAt(i) : BLANK;
      let weight = unit < 128 ? (WEIGHTS[unit] ?? -1) : -1;
      if (weight >= 0) {
        const from = i;
        const first = unit;
        let sum = 0;
        let repeated = 0;
        let last = 0;
        let run = 1;
        let vowels = 0;
        do {
          sum = (sum + weight) | 0;
          vowels |= ~weight;
          const lower = unit | 0x20;
          if (lower === last) {
            repeated = (repeated + weight) | 0;
            seen |= ++run > 2 ? Seen.run : Seen.double;
          } else run = 1;
          last = lower;
          unit = ++i < length ? text.charCodeAt(i) : BLANK;
          weight = unit < 128 ? (WEIGHTS[unit] ?? -1) : -1;
        } while (weight >= 0);
        const size = i - from;
        if (edge && letters > 0) seen |= Seen.inner;
        seen |= (1 << Class.consonant) | ((vowels & 1) << Class.vowel);
        letters += size;
        edge = false;
        if (repeated !== 0 && single.holds(first, (sum - repeated) | 0)) twice = true;
        if (size >= SHORTEST_CAUGHT && (unit < 128 || isTurning(unit)) && turned.holds(first, sum)) {
          const before = from > 0 ? text.charCodeAt(from - 1) : BLANK;
          if (before < 128 || isTurning(before)) caught = and(caught, [from, i]);
        }
        continue;
      }
      const kind = unit < 128 ? (CLASSES[unit] ?? 0) : beyondAscii(text, i, unit);
      if (kind === Class.blank) break;
      i++;
      if (kind > 0xff || kind <= Class.vowel) {
        if (edge && letters > 0) seen |= Seen.inner;
        edge = false;
        letters++;
        seen |= kind > 0xff ? Seen.foreign : Seen.vowel;
      } else {
        seen |= 1 << kind;
        if (kind === Class.digit && edge && letters > 0) seen |= Seen.inner;
        edge = kind > Class.digit;
      }
    }
    const end = i++;
    if (end === start) continue;
    if ((seen & HIDING) === Seen.double) {
      if (twice && letters >= SHORTEST_DOUBLED) doubled = and(doubled, [start, end]);
    } else if ((seen & HIDING) !== 0 && isSuspect(seen, letters, text, start, end)) {
      spans = and(spans, [start, end]);
    }
    if (letters > 0 && (seen & (Seen.vowel | Seen.foreign | Seen.changed)) === 0) {
      if (bare.from < 0) bare.from = start;
      bare.to = end;
      bare.letters += letters;
    } else if (bare.from >= 0) {
      if (bare.letters > 2) voweless = and(voweless, [bare.from, bare.to]);
      bare.from = -1;
      bare.letters = 0;
    }
    const size = end - start;
    if (letters <= SPELT && size <= 8 && (size <= SPELT || (letters === 0 && (seen & Seen.changed) === 0))) {
      if (spelt.from < 0) spelt.from = start;
      spelt.to = end;
      if (letters > 0) spelt.letters++;
      if (letters > 0 || (seen & Seen.changed) !== 0) spelt.count++;
      if (size === 1 || (size === 2 && letters === 1)) spelt.singles++;
    } else if (spelt.from >= 0) {
      if (isSpelt(spelt)) spans = and(spans, [spelt.from, spelt.to]);
      spelt.from = -1;
      spelt.singles = 0;
      spelt.count = 0;
      spelt.letters = 0;
    }
  }
  if (bare.letters > 2) voweless = and(voweless, [bare.from, bare.to]);
  if (isSpelt(spelt)) spans = and(spans, [spelt.from, spelt.to]);
  return { spans, doubled, voweless, caught };
}

/** Marks that turn the direction of writing, unseen: what they stand around may be a word from its end. */
export function isTurning(unit: number): boolean {
  return (unit >= 0x202a && unit <= 0x202e) || (unit >= 0x2066 && unit <= 0x2069) || unit === 0x200e || unit === 0x200f;
}

/** Whether a run of very short chunks may be one word, letter by letter. */
function isSpelt({ singles, letters, count }: { singles: number; letters: number; count: number }): boolean {
  return singles > 1 && count > 2 && letters > 1 && count + letters > 5;
}

function and(list: readonly Span[], one: Span): readonly Span[] {
  if (list.length === 0) return [one];
  (list as Span[]).push(one); // not the shared one, which is empty
  return list;
}
