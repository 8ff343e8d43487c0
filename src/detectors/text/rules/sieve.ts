/**
 * By ASCII code, for letters: a weight, even for vowels. The sum over a word is the same in whatever order its letters
 * are. Negative for all other characters.
 */
export const WEIGHTS = Int32Array.from({ length: 128 }, (_, code) => {
  if (!/[a-z]/i.test(String.fromCharCode(code))) return -1;
  const vowel = /[aeiou]/i.test(String.fromCharCode(code));
  return (scatter(code | 0x20) & 0x3ffffffe) | (vowel ? 0 : 1);
});
/** The sum of the weights of a word's letters. */
export function weigh(word: string): number {
  let sum = 0;
  for (let i = 0; i < word.length; i++) sum = (sum + (WEIGHTS[word.charCodeAt(i) & 127] ?? 0)) | 0;
  return sum;
}

const BITS = 20;

function scatter(value: number): number {
  const hash = Math.imul(value + 1, 0x9e3779b1);
  const mixed = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
  return mixed ^ (mixed >>> 13);
}

/** Holds back words that have, in some order and with the same first one, the letters of a word put into it; hardly any other. */
export class Sieve {
  readonly #bits = new Uint8Array(2 ** BITS / 8);

  /** @param first the code of the word's first letter @param sum of the weights of all */
  put(first: number, sum: number): void {
    const hash = hashOf(first, sum);
    this.#set(firstBit(hash));
    this.#set(secondBit(hash));
  }

  /** As for {@link put}. */
  holds(first: number, sum: number): boolean {
    const hash = hashOf(first, sum);
    return this.#has(firstBit(hash)) && this.#has(secondBit(hash));
  }

  #set(bit: number): void {
    this.#bits[bit >> 3] = (this.#bits[bit >> 3] ?? 0) | (1 << (bit & 7));
  }

  #has(bit: number): boolean {
    return ((this.#bits[bit >> 3] ?? 0) & (1 << (bit & 7))) !== 0;
  }
}

function hashOf(first: number, sum: number): number {
  return Math.imul(sum ^ Math.imul(first | 0x20, 0x9e3779b1), 0x85ebca77);
}

function firstBit(hash: number): number {
  return hash >>> (32 - BITS);
}

/** In the same line of the cache as the first. */
function secondBit(hash: number): number {
  return firstBit(hash) ^ ((hash & 511) | 1);
}
