import { readFileSync } from "node:fs";

/** Bits of the filter: more than twenty for each word, so that hardly a strange word passes for an ordinary one. */
export const BITS = 2 ** 22;
/** A word's bits lie side by side, in one line of the cache. */
const LINE = 512;
const HASHES = 6;
const BITS_OF_PLACE = 9;

export function emptyFilter(): Uint8Array {
  return new Uint8Array(BITS / 8);
}

export function addWord(filter: Uint8Array, word: string): void {
  places(word, 0, word.length, 0, (bit) => {
    filter[bit >> 3] = (filter[bit >> 3] ?? 0) | (1 << (bit & 7));
    return true;
  });
}

let shipped: Uint8Array | undefined;

/**
 * Whether a folded word is an ordinary one: English, or a name, or a function word of another language. An ordinary word
 * is no disguise of another one. Loaded when first asked: texts without a suspicious word never do.
 */
export function isOrdinary(word: string): boolean {
  return isOrdinaryAt(word, 0, word.length, 0);
}

/**
 * The same for the word at `[from, to)` of a text.
 * @param lower 0x20: its ASCII letters are taken for small ones; 0: it is taken as it is
 */
export function isOrdinaryAt(text: string, from: number, to: number, lower: 0 | 0x20): boolean {
  shipped ??= readFileSync(new URL("./data/vocabulary.bin", import.meta.url));
  const filter = shipped;
  return places(text, from, to, lower, (bit) => ((filter[bit >> 3] ?? 0) & (1 << (bit & 7))) !== 0);
}

/** Calls `visit` with the bits of a word until it says no. */
function places(text: string, from: number, to: number, lower: number, visit: (bit: number) => boolean): boolean {
  let one = 0x811c9dc5;
  let two = 0x9e3779b9;
  for (let i = from; i < to; i++) {
    const unit = text.charCodeAt(i) | lower;
    one = Math.imul(one ^ unit, 0x01000193);
    two = Math.imul(two ^ unit, 0x85ebca6b) ^ (two >>> 13);
  }
  one ^= one >>> 15;
  const line = ((one >>> 0) % (BITS / LINE)) * LINE;
  let place = Math.imul(two ^ (two >>> 15), 0x85ebca6b);
  for (let i = 0; i < HASHES; i++) {
    if (!visit(line + (place >>> (32 - BITS_OF_PLACE)))) return false;
    place = Math.imul(place, 0x9e3779b1) + two;
  }
  return true;
}
