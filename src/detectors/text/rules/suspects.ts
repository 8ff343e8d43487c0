import { lettersLike } from "./lookalikes.ts";
import { isOrdinary } from "./vocabulary.ts";

/** What may hide a word, found by a scan that knows no words. Spans are `[start, end)` in UTF-16 units. */
export interface Suspects {
  /** Where letters may be disguised. */
  readonly spans: (readonly [number, number])[];
  /** Runs of words without a vowel, of three letters together at least. */
  readonly voweless: (readonly [number, number])[];
  /** Words whose consonants, in whatever order, a sieve did not let through. */
  readonly caught: (readonly [number, number])[];
}

const Class = { blank: 0, consonant: 1, vowel: 2, digit: 3, sign: 4, mask: 5, mark: 6, quote: 7 } as const;
const CLASSES = Uint8Array.from({ length: 128 }, (_, code) => {
  const char = String.fromCharCode(code);
  if (code <= 0x20) return Class.blank;
  if (/[aeiou]/i.test(char)) return Class.vowel;
  if (/[a-z]/i.test(char)) return Class.consonant;
  if (/\d/.test(char)) return Class.digit;
  if (/[@$!|+(<\\]/.test(char)) return Class.sign;
  if (/[*#%^&~?]/.test(char)) return Class.mask;
  return /['"`]/.test(char) ? Class.quote : Class.mark;
});
/** By class, as bits. */
const LETTERS = (1 << Class.consonant) | (1 << Class.vowel);
const INNER = 1 << 8;
const RUN = 1 << 9;
const DOUBLE = 1 << 10;
const FOREIGN = 1 << 11;
const CHANGED = (1 << Class.digit) | (1 << Class.sign) | (1 << Class.mask);

/** A weight for each consonant: the sum over a word is the same in whatever order, and with whatever vowels. */
const WEIGHTS = Uint32Array.from({ length: 128 }, (_, code) => {
  if (CLASSES[code] !== Class.consonant) return 0;
  let hash = Math.imul((code | 0x20) + 1, 0x9e3779b1);
  hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca77);
  return (hash ^ (hash >>> 13)) >>> 0;
});
const SIEVE_BITS = 18;
export const SIEVE_BYTES = 2 ** SIEVE_BITS / 8;

/** Where in the sieve a word's consonants are. */
export function sieveBit(word: string): number {
  let sum = 0;
  for (let i = 0; i < word.length; i++) sum = (sum + (WEIGHTS[word.charCodeAt(i) & 127] ?? 0)) | 0;
  return sum >>> (32 - SIEVE_BITS);
}

const NONE: Suspects = { spans: [], voweless: [], caught: [] };
const SHORTEST_CAUGHT = 5;
/** A chunk this short may be one letter, or two, of a word that is spelt out. */
const SPELT = 2;

/** One pass over the text. */
export function suspectsIn(text: string, sieve: Uint8Array): Suspects {
  const { length } = text;
  let suspects: Suspects | undefined;
  const found = () => {
    suspects ??= { spans: [], voweless: [], caught: [] };
    return suspects;
  };
  let seen = 0;
  let start = 0;
  let letters = 0;
  let last = 0;
  let lastUnit = 0;
  let run = 1;
  let sum = 0;
  // Chunks of one letter or two, one after the other.
  let speltFrom = -1;
  let speltTo = 0;
  let speltSingles = 0;
  let speltCount = 0;
  let bareFrom = -1;
  let bareTo = 0;
  let bareLetters = 0;
  for (let i = 0; i <= length; i++) {
    const unit = i < length ? text.charCodeAt(i) : 0x20;
    const kind = unit < 128 ? (CLASSES[unit] ?? 0) : beyondAscii(text, i, unit);
    if ((kind & 0xff) !== Class.blank) {
      seen |= kind > 0xff ? FOREIGN : 1 << kind;
      if (kind > 0xff) letters++;
      else if (kind <= Class.vowel) {
        letters++;
        if (last > Class.digit && letters > 1) seen |= INNER;
        sum += WEIGHTS[unit] ?? 0;
        if ((unit | 0x20) === lastUnit) {
          run++;
          seen |= run > 2 ? RUN : DOUBLE;
        } else run = 1;
        lastUnit = unit | 0x20;
      } else {
        if (kind === Class.digit && last > Class.digit && letters > 0) seen |= INNER;
        lastUnit = 0;
        run = 1;
      }
      last = kind & 0xff;
      continue;
    }
    if (i === start) {
      start = i + 1;
      continue;
    }
    const size = i - start;
    const isLetters = (seen & LETTERS) !== 0;
    if (seen > LETTERS && isSuspect(seen, letters, size, text, start, i)) found().spans.push([start, i]);
    if (isLetters && letters >= SHORTEST_CAUGHT && (seen & CHANGED) === 0) {
      const bit = (sum | 0) >>> (32 - SIEVE_BITS);
      if (((sieve[bit >> 3] ?? 0) & (1 << (bit & 7))) !== 0) found().caught.push([start, i]);
    }
    // Words without a vowel.
    if (letters > 0 && (seen & (1 << Class.vowel)) === 0 && (seen & (FOREIGN | CHANGED)) === 0) {
      if (bareFrom < 0) bareFrom = start;
      bareTo = i;
      bareLetters += letters;
    } else if (bareFrom >= 0) {
      if (bareLetters > 2) found().voweless.push([bareFrom, bareTo]);
      bareFrom = -1;
      bareLetters = 0;
    }
    // Letters that are spelt out.
    if (letters <= SPELT && (size <= SPELT || (seen & (LETTERS | FOREIGN | CHANGED)) === 0) && size <= 8) {
      if (speltFrom < 0) speltFrom = start;
      speltTo = i;
      if (isLetters || (seen & (FOREIGN | CHANGED)) !== 0) speltCount++;
      if (size === 1) speltSingles++;
    } else if (speltFrom >= 0) {
      if (speltSingles > 1 && speltCount > 2) found().spans.push([speltFrom, speltTo]);
      speltFrom = -1;
      speltSingles = 0;
      speltCount = 0;
    }
    seen = 0;
    letters = 0;
    last = 0;
    lastUnit = 0;
    run = 1;
    sum = 0;
    start = i + 1;
  }
  if (bareFrom >= 0 && bareLetters > 2) found().voweless.push([bareFrom, bareTo]);
  if (speltFrom >= 0 && speltSingles > 1 && speltCount > 2) found().spans.push([speltFrom, speltTo]);
  return suspects ?? NONE;
}

const HARMLESS_NUMBER = /^[("'[]*\d+(?:[.,:x/-]?\d+)*(?:[a-z]{1,2}|mm|bit|ism)?\W*$/i;
const OWN_EDGES = /^["'([]*[@$]|[$@]\W*$/;

/** Whether letters of a chunk may be disguised. First what can be told from the classes alone. */
function isSuspect(seen: number, letters: number, size: number, text: string, start: number, end: number): boolean {
  if (letters === 0) return size > 3 && (seen & (1 << Class.digit)) !== 0 && (seen & (1 << Class.sign)) !== 0;
  if ((seen & (FOREIGN | RUN)) !== 0) return true;
  if ((seen & CHANGED) === 0) {
    if ((seen & INNER) !== 0 || ((seen & DOUBLE) !== 0 && letters > 4)) return !isPlain(text, start, end);
    return false;
  }
  if ((seen & (1 << Class.digit)) !== 0) return !HARMLESS_NUMBER.test(text.slice(start, end));
  // A sign at the edge is punctuation, but for two of them.
  return (seen & INNER) !== 0 || OWN_EDGES.test(text.slice(start, end));
}

/** Whether a chunk is made of ordinary words alone. */
function isPlain(text: string, start: number, end: number): boolean {
  let from = start;
  for (let i = start; i <= end; i++) {
    const kind = i < end ? CLASSES[text.charCodeAt(i)] : Class.mark;
    if (kind === Class.consonant || kind === Class.vowel) continue;
    const size = i - from;
    if (size === 1 && (i < end || from > start) && !/[ai]/i.test(text.charAt(from))) return false;
    if (size > 1 && !isOrdinary(text.slice(from, i).toLowerCase())) return false;
    from = i + 1;
  }
  return true;
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
