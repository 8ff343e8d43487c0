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
  each(word, (bit) => {
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
  shipped ??= readFileSync(new URL("./data/vocabulary.bin", import.meta.url));
  const filter = shipped;
  return each(word, (bit) => ((filter[bit >> 3] ?? 0) & (1 << (bit & 7))) !== 0);
}

/** Calls `visit` with the bits of a word until it says no. */
function each(word: string, visit: (bit: number) => boolean): boolean {
  let one = 0x811c9dc5;
  let two = 0x9e3779b9;
  for (let i = 0; i < word.length; i++) {
    const unit = word.charCodeAt(i);
    one = Math.imul(one ^ unit, 0x01000193);
    two = Math.imul(two ^ unit, 0x85ebca6b) ^ (two >>> 13);
  }
  one ^= one >>> 15;
  const line = ((one >>> 0) % (BITS / LINE)) * LINE;
  let places = Math.imul(two ^ (two >>> 15), 0x85ebca6b);
  for (let i = 0; i < HASHES; i++) {
    if (!visit(line + (places >>> (32 - BITS_OF_PLACE)))) return false;
    places = Math.imul(places, 0x9e3779b1) + two;
  }
  return true;
}
