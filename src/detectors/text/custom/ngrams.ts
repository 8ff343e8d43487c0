import type { Reading } from "./reading.ts";

/** Which n-grams a model looks at. Hashes go to `2 ** bits` buckets. */
export interface NgramOptions {
  readonly bits: number;
  /** Runs of words, from one word to so many. */
  readonly words: number;
  /** Runs of characters, across words too, of each length from the first to the second. */
  readonly chars: readonly [least: number, most: number];
}

/** The n-grams of one text, each occurrence by itself. Only the first `count` entries count: the buffers are used again. */
export interface Ngrams {
  readonly buckets: Uint32Array;
  /** Of each occurrence, its first unit in the reading and the one after its last. */
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
  readonly count: number;
  /** The first so many are of words, the rest of characters. */
  readonly wordCount: number;
}

const PRIME = 0x01_00_01_93;

/** Spreads what the multiplications left in the low bits (the finaliser of MurmurHash3). */
function mixed(hash: number): number {
  let h = hash ^ (hash >>> 16);
  h = Math.imul(h, 0x85_eb_ca_6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2_b2_ae_35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Holds the buffers: `of` gives the same arrays, filled anew, each time. */
export class NgramHasher {
  readonly #options: NgramOptions;
  readonly #shift: number;
  #buckets = new Uint32Array(4_096);
  #starts = new Uint32Array(4_096);
  #ends = new Uint32Array(4_096);

  constructor(options: NgramOptions) {
    this.#options = options;
    this.#shift = 32 - options.bits;
  }

  of(reading: Reading): Ngrams {
    const { words, chars } = this.#options;
    const [least, most] = chars;
    this.#grow(reading.wordCount * words + reading.length * (most - least + 1));
    const wordCount = this.#words(reading, 0);
    const count = this.#chars(reading, wordCount);
    return { buckets: this.#buckets, starts: this.#starts, ends: this.#ends, count, wordCount };
  }

  #words({ units, wordStarts, wordEnds, wordCount }: Reading, from: number): number {
    let count = from;
    for (let first = 0; first < wordCount; first++) {
      const start = wordStarts[first] ?? 0;
      let hash = 0x2f_0b_44_37;
      for (let n = 0; n < this.#options.words && first + n < wordCount; n++) {
        const end = wordEnds[first + n] ?? 0;
        for (let i = wordStarts[first + n] ?? 0; i < end; i++) hash = Math.imul(hash ^ (units[i] ?? 0), PRIME);
        hash = Math.imul(hash ^ 0x1_0000, PRIME); // the end of a word: no unit has this value
        this.#buckets[count] = mixed(hash) >>> this.#shift;
        this.#starts[count] = start;
        this.#ends[count++] = end;
      }
    }
    return count;
  }

  #chars({ units, length }: Reading, from: number): number {
    const [least, most] = this.#options.chars;
    let count = from;
    for (let start = 0; start < length; start++) {
      let hash = 0x51_7c_c1_b7;
      const last = Math.min(length, start + most);
      for (let i = start; i < last; i++) {
        hash = Math.imul(hash ^ (units[i] ?? 0), PRIME);
        if (i - start + 1 < least) continue;
        this.#buckets[count] = mixed(hash ^ (i - start)) >>> this.#shift;
        this.#starts[count] = start;
        this.#ends[count++] = i + 1;
      }
    }
    return count;
  }

  #grow(needed: number): void {
    if (needed <= this.#buckets.length) return;
    const size = 2 ** Math.ceil(Math.log2(needed));
    this.#buckets = new Uint32Array(size);
    this.#starts = new Uint32Array(size);
    this.#ends = new Uint32Array(size);
  }
}
