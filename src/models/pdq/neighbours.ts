import { setImmediate as turn } from "node:timers/promises";
import { bitsIn, PDQ_BITS, PDQ_WORDS, type PdqHash } from "./hash.ts";

/** A hash that was found: its place among those that the index was built of. */
export interface Neighbour {
  readonly at: number;
  readonly distance: number;
}

const CHUNK_BITS = 16;
const CHUNKS = PDQ_BITS / CHUNK_BITS;
const BUCKETS = 1 << CHUNK_BITS;

/** Fewer hashes are compared one by one sooner than buckets are looked up. */
const WORTH_A_TABLE = 4_096;
/** Of a chunk. Further away there are so many buckets that comparing with every hash is as quick. */
const MOST_FLIPS = 2;
/** What is worked through before others get their turn: some milliseconds. */
const HASHES_AT_ONCE = 100_000;

/** For one chunk: the hashes by the value of this chunk. Those of value `v` are `members[starts[v]]` to `members[starts[v + 1] - 1]`. */
interface Table {
  readonly starts: Uint32Array;
  readonly members: Uint32Array;
}

/**
 * Finds the hashes near to a given one among millions, by multi-index hashing: two hashes that differ in at most `d` of 256 bits
 * differ in at most `d / 16` bits of one of their sixteen chunks, so only buckets that near are looked at. Takes 100 bytes a hash.
 * @see Norouzi, Punjani and Fleet, "Fast Search in Hamming Space with Multi-Index Hashing", 2012
 */
export class PdqIndex {
  readonly size: number;
  readonly #words: Uint32Array;
  readonly #tables: readonly Table[];

  private constructor(words: Uint32Array, tables: readonly Table[]) {
    this.size = words.length / PDQ_WORDS;
    this.#words = words;
    this.#tables = tables;
  }

  /**
   * In slices, so that the event loop stays free.
   * @param words eight for each hash, one hash after the other; kept, so do not change them
   */
  static async build(words: Uint32Array): Promise<PdqIndex> {
    const tables: Table[] = [];
    const size = words.length / PDQ_WORDS;
    for (let chunk = 0; chunk < CHUNKS && size >= WORTH_A_TABLE; chunk++) tables.push(await tableOf(words, chunk));
    return new PdqIndex(words, tables);
  }

  /** Every hash at most `distance` away, the nearest first; equally near ones in their own order. */
  within(hash: PdqHash, distance: number): readonly Neighbour[] {
    const found = this.#buckets(hash, Math.floor(distance / CHUNKS)) ?? [
      { from: 0, to: this.size, members: undefined },
    ];
    const near = new Map<number, number>(); // one hash may be found by several of its chunks
    for (const { members, from, to } of found) {
      for (let i = from; i < to; i++) {
        const at = members ? (members[i] as number) : i;
        const bits = this.#distance(hash, at, distance);
        if (bits <= distance) near.set(at, bits);
      }
    }
    return Array.from(near, ([at, bits]) => ({ at, distance: bits })).sort(
      (a, b) => a.distance - b.distance || a.at - b.at,
    );
  }

  /** The buckets whose chunk differs in at most `flips` bits; undefined when looking through all hashes is less work. */
  #buckets(hash: PdqHash, flips: number) {
    if (this.#tables.length === 0 || flips > MOST_FLIPS) return undefined;
    const masks = MASKS[flips] ?? [];
    const found: { readonly members: Uint32Array | undefined; readonly from: number; readonly to: number }[] = [];
    let candidates = 0;
    for (const [chunk, { starts, members }] of this.#tables.entries()) {
      const value = chunkOf(hash, 0, chunk);
      for (const mask of masks) {
        const bucket = value ^ mask;
        const [from, to] = [starts[bucket] as number, starts[bucket + 1] as number];
        if (from < to) found.push({ members, from, to });
        candidates += to - from;
      }
    }
    return candidates < this.size ? found : undefined;
  }

  /** Stops counting once it is more than `most`. */
  #distance(hash: PdqHash, at: number, most: number): number {
    const start = at * PDQ_WORDS;
    let distance = 0;
    for (let i = 0; i < PDQ_WORDS && distance <= most; i++) {
      distance += bitsIn((hash[i] as number) ^ (this.#words[start + i] as number));
    }
    return distance;
  }
}

/** By the number of bits: every mask over a chunk with at most so many bits set. */
const MASKS: readonly (readonly number[])[] = (() => {
  const single = Array.from({ length: CHUNK_BITS }, (_, bit) => 1 << bit);
  const double = single.flatMap((one, i) => single.slice(i + 1).map((other) => one | other));
  return [[0], [0, ...single], [0, ...single, ...double]];
})();

function chunkOf(words: Uint32Array, at: number, chunk: number): number {
  const word = words[at * PDQ_WORDS + (chunk >>> 1)] as number;
  return chunk % 2 === 0 ? word >>> CHUNK_BITS : word & (BUCKETS - 1);
}

/** Counting sort. */
async function tableOf(words: Uint32Array, chunk: number): Promise<Table> {
  const size = words.length / PDQ_WORDS;
  const starts = new Uint32Array(BUCKETS + 1);
  await inSlices(size, (at) => {
    const after = chunkOf(words, at, chunk) + 1;
    starts[after] = (starts[after] as number) + 1;
  });
  for (let value = 0; value < BUCKETS; value++) {
    starts[value + 1] = (starts[value + 1] as number) + (starts[value] as number);
  }
  const next = starts.slice();
  const members = new Uint32Array(size);
  await inSlices(size, (at) => {
    const value = chunkOf(words, at, chunk);
    const place = next[value] as number;
    members[place] = at;
    next[value] = place + 1;
  });
  return { starts, members };
}

async function inSlices(size: number, visit: (at: number) => void): Promise<void> {
  for (let from = 0; from < size; from += HASHES_AT_ONCE) {
    const to = Math.min(size, from + HASHES_AT_ONCE);
    for (let at = from; at < to; at++) visit(at);
    await turn();
  }
}
