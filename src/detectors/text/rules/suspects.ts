import { lettersLike } from "./lookalikes.ts";
import { isOrdinary } from "./vocabulary.ts";

/** What may hide a word, found by a scan that knows no words. Spans are `[start, end)` in UTF-16 units. */
export interface Suspects {
  /** Where letters may be disguised. */
  readonly spans: (readonly [number, number])[];
  /** Chunks with the same letter twice, and nothing else to be seen. */
  readonly doubled: (readonly [number, number])[];
  /** Runs of words without a vowel, of three letters together at least. */
  readonly voweless: (readonly [number, number])[];
  /** Words whose letters, in whatever order, a sieve did not let through. */
  readonly caught: (readonly [number, number])[];
}

const Class = { blank: 0, consonant: 1, vowel: 2, digit: 3, sign: 4, mask: 5, mark: 6 } as const;
const CLASSES = Uint8Array.from({ length: 128 }, (_, code) => {
  const char = String.fromCharCode(code);
  if (code <= 0x20) return Class.blank;
  if (/[aeiou]/i.test(char)) return Class.vowel;
  if (/[a-z]/i.test(char)) return Class.consonant;
  if (/\d/.test(char)) return Class.digit;
  if (/[@$!|+(<\\]/.test(char)) return Class.sign;
  return /[*#%^&~?]/.test(char) ? Class.mask : Class.mark;
});
/** What a chunk holds: a bit for each class, and these. */
const INNER = 1 << 8;
const RUN = 1 << 9;
const DOUBLE = 1 << 10;
const FOREIGN = 1 << 11;
const VOWEL = 1 << Class.vowel;
const CHANGED = (1 << Class.digit) | (1 << Class.sign) | (1 << Class.mask);
const HIDING = INNER | RUN | DOUBLE | FOREIGN | CHANGED;

/**
 * By ASCII code, for letters: a weight, even for vowels. The sum over a word is the same in whatever order its letters
 * are. Negative for all other characters.
 */
const WEIGHTS = Int32Array.from({ length: 128 }, (_, code) => {
  const kind = CLASSES[code];
  if (kind !== Class.vowel && kind !== Class.consonant) return -1;
  return (scatter(code | 0x20) & 0x3ffffffe) | (kind === Class.consonant ? 1 : 0);
});
const SIEVE_BITS = 19;

function scatter(value: number): number {
  const hash = Math.imul(value + 1, 0x9e3779b1);
  const mixed = Math.imul(hash ^ (hash >>> 15), 0x85ebca77);
  return mixed ^ (mixed >>> 13);
}

/** Where in the sieve a word is, by its first letter and the sum of its weights. */
function bitOf(first: number, sum: number): number {
  return Math.imul(sum ^ Math.imul(first | 0x20, 0x9e3779b1), 0x85ebca77) >>> (32 - SIEVE_BITS);
}

/** Lets words through unless their letters are, in some order and with the same first one, those of words put into it. */
export class Sieve {
  readonly bits = new Uint8Array(2 ** SIEVE_BITS / 8);

  put(word: string): void {
    let sum = 0;
    for (let i = 0; i < word.length; i++) sum = (sum + (WEIGHTS[word.charCodeAt(i) & 127] ?? 0)) | 0;
    const bit = bitOf(word.charCodeAt(0), sum);
    this.bits[bit >> 3] = (this.bits[bit >> 3] ?? 0) | (1 << (bit & 7));
  }
}

/** Shorter words are other words when their letters change places, or are read from the end. */
export const SHORTEST_CAUGHT = 4;
/** A chunk this short may be one letter, or two, of a word that is spelt out. */
const SPELT = 2;

/** One pass over the text. */
export function suspectsIn(text: string, { bits: sieve }: Sieve): Suspects {
  const { length } = text;
  const suspects: Suspects = { spans: [], doubled: [], voweless: [], caught: [] };
  const spelt = { from: -1, to: 0, singles: 0, letters: 0, count: 0 };
  const bare = { from: -1, to: 0, letters: 0 };
  let i = 0;
  while (i < length) {
    const start = i;
    let seen = 0;
    let letters = 0;
    let edge = false;
    // A chunk: up to the next blank.
    for (;;) {
      let unit = i < length ? text.charCodeAt(i) : 0x20;
      let weight = unit < 128 ? (WEIGHTS[unit] ?? -1) : -1;
      if (weight >= 0) {
        const from = i;
        const first = unit;
        let sum = 0;
        let last = 0;
        let run = 1;
        let vowels = 0;
        do {
          sum = (sum + weight) | 0;
          vowels |= ~weight;
          const lower = unit | 0x20;
          if (lower === last) seen |= ++run > 2 ? RUN : DOUBLE;
          else run = 1;
          last = lower;
          unit = ++i < length ? text.charCodeAt(i) : 0x20;
          weight = unit < 128 ? (WEIGHTS[unit] ?? -1) : -1;
        } while (weight >= 0);
        const size = i - from;
        if (edge && letters > 0) seen |= INNER;
        seen |= (1 << Class.consonant) | ((vowels & 1) << Class.vowel);
        letters += size;
        edge = false;
        if (size >= SHORTEST_CAUGHT && unit < 128 && !(from > 0 && text.charCodeAt(from - 1) > 127)) {
          const bit = bitOf(first, sum);
          if (((sieve[bit >> 3] ?? 0) & (1 << (bit & 7))) !== 0) suspects.caught.push([from, i]);
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
    if (end === start) continue;
    if ((seen & HIDING) === DOUBLE) {
      if (letters > 4) suspects.doubled.push([start, end]);
    } else if ((seen & HIDING) !== 0 && isSuspect(seen, letters, text, start, end)) {
      suspects.spans.push([start, end]);
    }
    if (letters > 0 && (seen & (VOWEL | FOREIGN | CHANGED)) === 0) {
      if (bare.from < 0) bare.from = start;
      bare.to = end;
      bare.letters += letters;
    } else if (bare.from >= 0) {
      if (bare.letters > 2) suspects.voweless.push([bare.from, bare.to]);
      bare.from = -1;
      bare.letters = 0;
    }
    const size = end - start;
    if (letters <= SPELT && size <= 8 && (size <= SPELT || (letters === 0 && (seen & CHANGED) === 0))) {
      if (spelt.from < 0) spelt.from = start;
      spelt.to = end;
      if (letters > 0) spelt.letters++;
      if (letters > 0 || (seen & CHANGED) !== 0) spelt.count++;
      if (size === 1) spelt.singles++;
    } else if (spelt.from >= 0) {
      if (spelt.singles > 1 && spelt.count > 2 && spelt.letters > 1 && spelt.count + spelt.letters > 5)
        suspects.spans.push([spelt.from, spelt.to]);
      spelt.from = -1;
      spelt.singles = 0;
      spelt.count = 0;
      spelt.letters = 0;
    }
  }
  if (bare.letters > 2) suspects.voweless.push([bare.from, bare.to]);
  if (spelt.singles > 1 && spelt.count > 2 && spelt.letters > 1 && spelt.count + spelt.letters > 5)
    suspects.spans.push([spelt.from, spelt.to]);
  return suspects;
}

const LONGEST_TESTED = 40;
const HARMLESS_NUMBER =
  /^[("'[]*\d+(?:[.,:x/-]\d+)*(?:mm|cm|km|k|p|d|x|st|nd|rd|th|s|fps|hz|kg|g|m|in|ft|bit|gb|mb|mp|ml|l|h|px|v|w|mph|yo|am|pm|xl|c|f)?\W*$/i;
const OWN_EDGES = /^["'([]*[@$]|[$@]\W*$|^["'([]*[a-z]\S*[*#]+["')\].,;:]*$/i;

/** Whether letters of a chunk may be disguised. First what can be told from the classes alone. */
function isSuspect(seen: number, letters: number, text: string, start: number, end: number): boolean {
  if (letters === 0) return end - start > 3 && (seen & (1 << Class.digit)) !== 0 && (seen & (1 << Class.sign)) !== 0;
  if ((seen & (FOREIGN | RUN)) !== 0) return true;
  if ((seen & CHANGED) === 0) {
    return (seen & INNER) !== 0 && !isPlain(text, start, end);
  }
  if ((seen & (1 << Class.digit)) !== 0)
    return end - start > LONGEST_TESTED || !HARMLESS_NUMBER.test(text.slice(start, end));
  // A sign at the edge is punctuation, but for some.
  return (seen & INNER) !== 0 || (end - start <= LONGEST_TESTED && OWN_EDGES.test(text.slice(start, end)));
}

/** Whether a chunk is made of ordinary words alone. */
export function isPlain(text: string, start: number, end: number): boolean {
  let from = start;
  for (let i = start; i <= end; i++) {
    const unit = i < end ? text.charCodeAt(i) : 0;
    if (unit > 127) return false;
    const kind = i < end ? CLASSES[unit] : Class.mark;
    if (kind === Class.consonant || kind === Class.vowel) continue;
    const size = i - from;
    if (size === 1 && (i < end || from > start) && !isSingle(text, from)) return false;
    if (size > 1 && !isOrdinary(text.slice(from, i).toLowerCase())) return false;
    from = i + 1;
  }
  return true;
}

/** A letter that often stands alone: an article, or what follows an apostrophe. */
function isSingle(text: string, at: number): boolean {
  return /[ai]/i.test(text.charAt(at)) || /['\u2019]/.test(text.charAt(at - 1));
}

/** The class of a character beyond ASCII; more than 255 when it may stand for a letter of another alphabet. */
function beyondAscii(text: string, at: number, unit: number): number {
  if (unit >= 0xdc00 && unit < 0xe000) return Class.mark;
  const code = text.codePointAt(at) ?? unit;
  if (lettersLike(code) !== "") return 0x100 | Class.consonant;
  if (unit === 0xa0 || unit === 0x3000 || (unit >= 0x2000 && unit <= 0x200a) || unit === 0x2028 || unit === 0x2029)
    return Class.blank;
  return isLetterOrMark(unit, code) ? Class.vowel : Class.mark;
}

const LETTER_OR_MARK = /[\p{L}\p{M}\p{N}\p{Cf}]/u;
function isLetterOrMark(unit: number, code: number): boolean {
  return unit < 0x250 ? unit > 0xbf || unit === 0xad : LETTER_OR_MARK.test(String.fromCodePoint(code));
}
