import { CHUNKS, type ChunkTable, chunkAfter, chunkOf, masks, shareOf, tableOf } from "./chunks.ts";
import { bitsIn, PDQ_WORDS, type PdqHash, pdqDistanceAt } from "./hash.ts";

/** A hash that was found: its place among those that the index was built of. */
export interface Neighbour {
  readonly at: number;
  readonly distance: number;
}

/** Fewer hashes are compared one by one sooner than buckets are looked up. */
const WORTH_A_TABLE = 4_096;
/** Of a chunk. Further away there are so many buckets that comparing with every hash is as quick. */
const MOST_FLIPS = 2;
/** By the number of flips. */
const MASKS = Array.from({ length: MOST_FLIPS + 1 }, (_, flips) => masks(flips));

/** A run of members of a table. */
interface Bucket {
  readonly table: ChunkTable;
  readonly from: number;
  readonly to: number;
  /** The following chunk of the hash that is looked up, and in how many bits those of the members may differ from it. */
  readonly following: number;
  readonly most: number;
}

/**
 * Finds the hashes near to a given one among millions, by multi-index hashing: only buckets are looked at in which one of the sixteen
 * chunks is near. Takes 128 bytes a hash, from 4,096 hashes on.
 */
export class PdqIndex {
  readonly size: number;
  readonly #words: Uint32Array;
  readonly #tables: readonly ChunkTable[];

  private constructor(words: Uint32Array, tables: readonly ChunkTable[]) {
    this.size = words.length / PDQ_WORDS;
    this.#words = words;
    this.#tables = tables;
  }

  /**
   * In slices, so that the event loop stays free.
   * @param words eight for each hash, one hash after the other; kept, so do not change them
   */
  static async build(words: Uint32Array): Promise<PdqIndex> {
    const tables: ChunkTable[] = [];
    const size = words.length / PDQ_WORDS;
    for (let chunk = 0; chunk < CHUNKS && size >= WORTH_A_TABLE; chunk++) tables.push(await tableOf(words, chunk));
    return new PdqIndex(words, tables);
  }

  /** Every hash at most `distance` away, the nearest first; equally near ones in their own order. */
  within(hash: PdqHash, distance: number): readonly Neighbour[] {
    const near = new Map<number, number>(); // one hash may be found by several of its chunks
    const look = (at: number) => {
      const bits = pdqDistanceAt(hash, this.#words, at, distance);
      if (bits <= distance) near.set(at, bits);
    };
    const buckets = this.#buckets(hash, distance);
    if (buckets) for (const bucket of buckets) lookThrough(bucket, look);
    else for (let at = 0; at < this.size; at++) look(at);
    return Array.from(near, ([at, bits]) => ({ at, distance: bits })).sort(
      (a, b) => a.distance - b.distance || a.at - b.at,
    );
  }

  /** Those whose chunk is near enough; undefined when looking through all hashes is less work. */
  #buckets(hash: PdqHash, distance: number): readonly Bucket[] | undefined {
    const flips = shareOf(1, distance);
    if (this.#tables.length === 0 || flips > MOST_FLIPS) return undefined;
    const buckets: Bucket[] = [];
    let candidates = 0;
    for (const [chunk, table] of this.#tables.entries()) {
      const value = chunkOf(hash, 0, chunk);
      const following = chunkOf(hash, 0, chunkAfter(chunk));
      for (const mask of MASKS[flips] ?? []) {
        const bucket = value ^ mask;
        const [from, to] = [table.starts[bucket] as number, table.starts[bucket + 1] as number];
        if (from < to) buckets.push({ table, from, to, following, most: shareOf(2, distance) - bitsIn(mask) });
        candidates += to - from;
      }
    }
    return candidates < this.size ? buckets : undefined;
  }
}

function lookThrough({ table, from, to, following, most }: Bucket, look: (at: number) => void): void {
  for (let i = from; i < to; i++) {
    if (bitsIn(following ^ (table.following[i] as number)) <= most) look(table.members[i] as number);
  }
}
