import { CLASSES, Class } from "./character-class.ts";
import { isOrdinary } from "./vocabulary.ts";

/** What a chunk, all between two blanks, holds: a bit for each class, and these. */
export const Seen = {
  vowel: 1 << Class.vowel,
  digit: 1 << Class.digit,
  changed: (1 << Class.digit) | (1 << Class.sign) | (1 << Class.mask),
  /** Something else than letters between letters. */
  inner: 1 << 8,
  /** A letter three times. */
  run: 1 << 9,
  /** A letter twice. */
  double: 1 << 10,
  /** A letter of another alphabet. */
  foreign: 1 << 11,
} as const;
export const HIDING = Seen.inner | Seen.run | Seen.double | Seen.foreign | Seen.changed;

const LONGEST_TESTED = 40;
const HARMLESS_NUMBER =
  /^[("'[]*\d+(?:[.,:x/-]\d+)*(?:mm|cm|km|k|p|d|x|st|nd|rd|th|s|fps|hz|kg|g|m|in|ft|bit|gb|mb|mp|ml|l|h|px|v|w|mph|yo|am|pm|xl|c|f)?\W*$/i;
const OWN_EDGES = /^["'([]*(?:[@$]|\*[a-z]{4})|[$@]\W*$|^["'([]*[a-z]\S*[*#]+["')\].,;:]*$/i;

/** Whether letters of a chunk may be disguised. First what can be told from the classes alone. */
export function isSuspect(seen: number, letters: number, text: string, start: number, end: number): boolean {
  if (letters === 0) return end - start > 3 && (seen & Seen.digit) !== 0 && (seen & (1 << Class.sign)) !== 0;
  if ((seen & (Seen.foreign | Seen.run)) !== 0) return true;
  if ((seen & Seen.changed) === 0) {
    return (seen & Seen.inner) !== 0 && !isPlain(text, start, end);
  }
  if ((seen & Seen.digit) !== 0) return end - start > LONGEST_TESTED || !HARMLESS_NUMBER.test(text.slice(start, end));
  // A sign at the edge is punctuation, but for some.
  return (seen & Seen.inner) !== 0 || (end - start <= LONGEST_TESTED && OWN_EDGES.test(text.slice(start, end)));
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
