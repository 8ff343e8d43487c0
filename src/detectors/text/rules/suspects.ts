import { beyondAscii, CLASSES, Class } from "./character-class.ts";
import { HIDING, isSuspect, Seen } from "./chunk.ts";
import { type Sieve, WEIGHTS } from "./sieve.ts";
import { isOrdinaryAt } from "./vocabulary.ts";

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
  /** Words that are no ordinary ones, and that {@link Sieves.turned} holds back: in some order, their letters are a listed word's. */
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
const { vowel: VOWEL, changed: CHANGED, inner: INNER, run: RUN, double: DOUBLE, foreign: FOREIGN } = Seen;
const CONSONANT = 1 << Class.consonant;
/** What most chunks hold: a word. */
const WORD = CONSONANT | VOWEL;

/** What most texts have of each: shared, and never changed. */
const NONE: readonly Span[] = [];
/** What most texts have: told by identity. */
export const NOTHING: Suspects = { spans: NONE, doubled: NONE, voweless: NONE, caught: NONE };

/** One pass over the text. */
export function suspectsIn(text: string, { turned, single }: Sieves): Suspects {
  const { length } = text;
  let spans = NONE;
  let doubled = NONE;
  let voweless = NONE;
  let caught = NONE;
  // A run of very short chunks, and one of words without vowels: where they began, -1 when there is none.
  let [speltFrom, speltTo, singles, speltLetters, speltCount] = [-1, 0, 0, 0, 0];
  let [bareFrom, bareTo, bareLetters] = [-1, 0, 0];
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
        let last = -1;
        let run = 1;
        let vowels = 0;
        do {
          sum = (sum + weight) | 0;
          vowels |= ~weight;
          if (weight === last) {
            repeated = (repeated + weight) | 0;
            seen |= ++run > 2 ? RUN : DOUBLE;
          } else run = 1;
          last = weight;
          unit = ++i < length ? text.charCodeAt(i) : BLANK;
          weight = unit < 128 ? (WEIGHTS[unit] ?? -1) : -1;
        } while (weight >= 0);
        const size = i - from;
        if (edge && letters > 0) seen |= INNER;
        seen |= CONSONANT | ((vowels & 1) << Class.vowel);
        letters += size;
        edge = false;
        if (repeated !== 0 && single.holds(first, (sum - repeated) | 0)) twice = true;
        if (size >= SHORTEST_CAUGHT && (unit < 128 || isTurning(unit)) && turned.holds(first, sum)) {
          const before = from > 0 ? text.charCodeAt(from - 1) : BLANK;
          if ((before < 128 || isTurning(before)) && !isOrdinaryAt(text, from, i, 0x20))
            caught = and(caught, [from, i]);
        }
        continue;
      }
      const kind = unit < 128 ? (CLASSES[unit] ?? 0) : beyondAscii(text, i, unit);
      if (kind === Class.blank) break;
      i++;
      if (kind > 0xff || kind <= Class.vowel) {
        if (edge && letters > 0) seen |= INNER;
        edge = false;
        letters++;
        seen |= kind > 0xff ? FOREIGN : VOWEL;
      } else {
        seen |= 1 << kind;
        if (kind === Class.digit && edge && letters > 0) seen |= INNER;
        edge = kind > Class.digit;
      }
    }
    const end = i++;
    if (seen === WORD && letters > SPELT && bareFrom < 0 && speltFrom < 0) continue;
    if (end === start) continue;
    if ((seen & HIDING) === DOUBLE) {
      if (twice && letters >= SHORTEST_DOUBLED) doubled = and(doubled, [start, end]);
    } else if ((seen & HIDING) !== 0 && isSuspect(seen, letters, text, start, end)) {
      spans = and(spans, [start, end]);
    }
    if (letters > 0 && (seen & (VOWEL | FOREIGN | CHANGED)) === 0) {
      if (bareFrom < 0) bareFrom = start;
      bareTo = end;
      bareLetters += letters;
    } else if (bareFrom >= 0) {
      if (bareLetters > 2) voweless = and(voweless, [bareFrom, bareTo]);
      bareFrom = -1;
      bareLetters = 0;
    }
    const size = end - start;
    if (letters <= SPELT && size <= 8 && (size <= SPELT || (letters === 0 && (seen & CHANGED) === 0))) {
      if (speltFrom < 0) speltFrom = start;
      speltTo = end;
      if (letters > 0) speltLetters++;
      if (letters > 0 || (seen & CHANGED) !== 0) speltCount++;
      if (size === 1 || (size === 2 && letters === 1)) singles++;
    } else if (speltFrom >= 0) {
      if (isSpelt(singles, speltLetters, speltCount)) spans = and(spans, [speltFrom, speltTo]);
      speltFrom = -1;
      singles = 0;
      speltCount = 0;
      speltLetters = 0;
    }
  }
  if (bareLetters > 2) voweless = and(voweless, [bareFrom, bareTo]);
  if (isSpelt(singles, speltLetters, speltCount)) spans = and(spans, [speltFrom, speltTo]);
  const nothing = spans.length + doubled.length + voweless.length + caught.length === 0;
  return nothing ? NOTHING : { spans, doubled, voweless, caught };
}

/** Marks that turn the direction of writing, unseen: what they stand around may be a word from its end. */
export function isTurning(unit: number): boolean {
  return (unit >= 0x202a && unit <= 0x202e) || (unit >= 0x2066 && unit <= 0x2069) || unit === 0x200e || unit === 0x200f;
}

/** Whether a run of very short chunks may be one word, letter by letter. */
function isSpelt(singles: number, letters: number, count: number): boolean {
  return singles > 1 && count > 2 && letters > 1 && count + letters > 5;
}

function and(list: readonly Span[], one: Span): readonly Span[] {
  if (list.length === 0) return [one];
  (list as Span[]).push(one); // not the shared one, which is empty
  return list;
}
