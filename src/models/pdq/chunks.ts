import { bitsIn, PDQ_BITS, PDQ_WORDS } from "./hash.ts";
import { inSlices } from "./slices.ts";

/**
 * Hashes that differ in at most `d` bits are found by their sixteen chunks of 16 bits. Going round from one chunk to the next, there
 * is always a chunk from where on no run of chunks has more than its share: the chunk itself differs in at most `d / 16` bits, and
 * together with the one after it in at most `2d / 16`. So buckets are looked up by the first, and most of what is in them is ruled
 * out by the second, which stands beside it.
 * @see Norouzi, Punjani and Fleet, "Fast Search in Hamming Space with Multi-Index Hashing", 2012: buckets by chunk
 * @see Qin, Xiao, Wang and Wang, "Pigeonring: A Principle for Faster Thresholded Similarity Search", 2018: runs of chunks
 */
export const CHUNK_BITS = 16;
export const CHUNKS = PDQ_BITS / CHUNK_BITS;
const BUCKETS = 1 << CHUNK_BITS;

/** For one chunk: the hashes by the value of this chunk. Those of value `v` are at `starts[v]` to `starts[v + 1] - 1`. */
export interface ChunkTable {
  readonly starts: Uint32Array;
  /** Places of hashes. */
  readonly members: Uint32Array;
  /** The chunk after this one, of each member; that of the last chunk is the first. */
  readonly following: Uint16Array;
}

export function chunkOf(words: Uint32Array, at: number, chunk: number): number {
  const word = words[at * PDQ_WORDS + (chunk >>> 1)] as number;
  return chunk % 2 === 0 ? word >>> CHUNK_BITS : word & (BUCKETS - 1);
}

export function chunkAfter(chunk: number): number {
  return (chunk + 1) % CHUNKS;
}

/** How many bits a run of so many chunks may differ in. */
export function shareOf(run: number, distance: number): number {
  return Math.floor((run * distance) / CHUNKS);
}

/** Every mask over a chunk with at most so many bits set, those with fewer bits first. */
export function masks(flips: number): readonly number[] {
  return Array.from({ length: BUCKETS }, (_, mask) => mask)
    .filter((mask) => bitsIn(mask) <= flips)
    .sort((a, b) => bitsIn(a) - bitsIn(b));
}

/**
 * Counting sort, in slices, so that the event loop stays free.
 * @param words eight for each hash, one hash after the other
 * @param order every place once, in the order that the members of a bucket are to have; from the first to the last when absent
 */
export async function tableOf(words: Uint32Array, chunk: number, order?: Uint32Array): Promise<ChunkTable> {
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
  const following = new Uint16Array(size);
  await inSlices(size, (i) => {
    const at = order ? (order[i] as number) : i;
    const value = chunkOf(words, at, chunk);
    const place = next[value] as number;
    members[place] = at;
    following[place] = chunkOf(words, at, chunkAfter(chunk));
    next[value] = place + 1;
  });
  return { starts, members, following };
}
