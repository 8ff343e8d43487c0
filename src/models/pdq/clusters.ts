import { setImmediate as turn } from "node:timers/promises";
import { CHUNKS, type ChunkTable, chunkOf, masks, shareOf, tableOf } from "./chunks.ts";
import { DisjointSets } from "./disjoint-sets.ts";
import { bitsIn, PDQ_BITS, PDQ_WORDS, pdqDistanceAt, pdqFromHex } from "./hash.ts";
import type { FrameLooks } from "./looks.ts";
import { PDQ_MAX_DISTANCE, PDQ_MIN_QUALITY } from "./pdq.ts";
import { inSlices } from "./slices.ts";

/** What is compared before others get their turn: some milliseconds. */
const COMPARED_AT_ONCE = 1_000_000;

/** How a picture looks, under a name of its own. */
export interface NamedLooks extends FrameLooks {
  readonly id: string;
}

/**
 * Groups pictures that are near copies of each other, or of others between them, whatever the order they come in.
 * @param distance bits up to which two hashes are near: 0 to 256
 * @param minQuality pictures below it are too plain to be compared, and in no group
 * @returns the ids of each group of at least two, in the order of their UTF-16 units; the groups in the order of their first ids
 * @throws RangeError for a hash that is none, with the id, and for a distance out of range
 */
export async function nearCopies(
  pictures: readonly NamedLooks[],
  distance: number = PDQ_MAX_DISTANCE,
  minQuality: number = PDQ_MIN_QUALITY,
): Promise<readonly (readonly string[])[]> {
  const ids: string[] = [];
  const words = new Uint32Array(pictures.length * PDQ_WORDS);
  await inSlices(pictures.length, (at) => {
    const { id, pdq, quality } = pictures[at] as NamedLooks;
    const hash = pdqFromHex(pdq);
    if (!hash) throw new RangeError(`${id}: pdq must be 64 hexadecimal digits, not ${JSON.stringify(pdq)}`);
    if (!(quality >= minQuality)) return;
    words.set(hash, ids.length * PDQ_WORDS);
    ids.push(id);
  });
  const groups = await clustersOf(words.subarray(0, ids.length * PDQ_WORDS), distance);
  return groups
    .map((places) => places.map((place) => ids[place] as string).sort())
    .sort(([a = ""], [b = ""]) => (a < b ? -1 : Number(a > b)));
}

/**
 * Groups hashes so that two of them are in the same group when they are at most `distance` apart, or when others between them are.
 * Exact: no pair is missed. Equal hashes are compared once, and others by their chunks, one table after the other: of hashes that have
 * nothing in common one pair in 480 is looked at. Takes about 70 bytes a hash, beside the hashes.
 *
 * In slices, so that the event loop stays free.
 * @param words eight for each hash, one hash after the other
 * @param distance 0 to 256. Quick up to 31; from 32 on eight times, from 48 on forty times as many pairs are looked at
 * @returns the places of each group of at least two, in order; the groups in the order of their first places
 * @throws RangeError for a distance out of range
 */
export async function clustersOf(words: Uint32Array, distance: number): Promise<readonly (readonly number[])[]> {
  if (!Number.isInteger(distance) || distance < 0 || distance > PDQ_BITS) {
    throw new RangeError(`distance must be a whole number from 0 to ${PDQ_BITS}, not ${distance}`);
  }
  const size = words.length / PDQ_WORDS;
  const firsts = await firstsOf(words);
  const places = firsts.filter((first, place) => first === place);
  const distinct = new Uint32Array(places.length * PDQ_WORDS);
  await inSlices(places.length, (i) => {
    const from = (places[i] as number) * PDQ_WORDS;
    distinct.set(words.subarray(from, from + PDQ_WORDS), i * PDQ_WORDS);
  });
  const sets = new DisjointSets(places.length);
  const flips = masks(shareOf(1, distance));
  for (let chunk = 0; chunk < CHUNKS; chunk++) await joinAlike({ words: distinct, chunk, distance, flips, sets });

  const roots = new Uint32Array(size); // of those that are the first of their kind
  await inSlices(places.length, (i) => {
    roots[places[i] as number] = places[sets.rootOf(i)] as number;
  });
  const groups = new Map<number, number[]>();
  await inSlices(size, (place) => {
    const root = roots[firsts[place] as number] as number;
    if (root === place) return;
    const group = groups.get(root);
    if (group) group.push(place);
    else groups.set(root, [root, place]);
  });
  return [...groups.values()].sort(([a = 0], [b = 0]) => a - b);
}

/** For each hash, the place of the first that is equal. */
async function firstsOf(words: Uint32Array): Promise<Uint32Array> {
  const size = words.length / PDQ_WORDS;
  const firsts = new Uint32Array(size);
  const slots = new Uint32Array(2 ** Math.ceil(Math.log2(size * 2 + 2))); // open addressing: a place and one, or 0
  const last = slots.length - 1;
  await inSlices(size, (place) => {
    let slot = mixed(words, place) & last;
    while (slots[slot] !== 0 && !areEqual(words, place, (slots[slot] as number) - 1)) slot = (slot + 1) & last;
    if (slots[slot] === 0) slots[slot] = place + 1;
    firsts[place] = (slots[slot] as number) - 1;
  });
  return firsts;
}

/** FNV-1a, of words instead of bytes. */
function mixed(words: Uint32Array, place: number): number {
  let state = 0x811c_9dc5;
  for (let i = 0; i < PDQ_WORDS; i++) state = Math.imul(state ^ (words[place * PDQ_WORDS + i] as number), 0x0100_0193);
  return state ^ (state >>> 15);
}

function areEqual(words: Uint32Array, a: number, b: number): boolean {
  for (let i = 0; i < PDQ_WORDS; i++) if (words[a * PDQ_WORDS + i] !== words[b * PDQ_WORDS + i]) return false;
  return true;
}

/** What is joined by one chunk. */
interface Pass {
  readonly words: Uint32Array;
  readonly chunk: number;
  readonly distance: number;
  /** Between chunks that are near enough. */
  readonly flips: readonly number[];
  readonly sets: DisjointSets;
}

/** Joins all that this chunk and the one after it tell to be near enough to be compared, and that are near. */
async function joinAlike(pass: Pass): Promise<void> {
  const table = await tableOf(pass.words, pass.chunk, await pass.sets.inOrder());
  const ends = await runsOf(table, pass);
  let compared = 0;
  for (let i = 0; i < table.members.length; i++) {
    compared += joinOne(pass, table, ends, i);
    if (compared < COMPARED_AT_ONCE) continue;
    compared = 0;
    await turn();
  }
}

/** For each member, where the run of those that are in the same bucket and the same set already ends. */
async function runsOf({ members }: ChunkTable, { words, chunk, sets }: Pass): Promise<Uint32Array> {
  const size = members.length;
  const ends = new Uint32Array(size);
  await inSlices(size, (back) => {
    const i = size - 1 - back;
    const own = members[i] as number;
    const next = members[i + 1] ?? own;
    const goesOn =
      i + 1 < size &&
      chunkOf(words, own, chunk) === chunkOf(words, next, chunk) &&
      sets.rootOf(own) === sets.rootOf(next);
    ends[i] = goesOn ? (ends[i + 1] as number) : i + 1;
  });
  return ends;
}

/** Compares a member with those after it, and those in buckets after its own. @returns how much that was */
function joinOne(pass: Pass, { starts, members, following }: ChunkTable, ends: Uint32Array, i: number): number {
  const { words, chunk, distance, flips, sets } = pass;
  const at = members[i] as number;
  const value = chunkOf(words, at, chunk);
  const own = following[i] as number;
  const hash = words.subarray(at * PDQ_WORDS, (at + 1) * PDQ_WORDS);
  const share = shareOf(2, distance);
  let root = sets.rootOf(at);
  let compared = flips.length;
  for (const mask of flips) {
    const bucket = value ^ mask;
    if (bucket < value) continue; // from there this one was looked at
    const to = starts[bucket + 1] as number;
    const most = share - bitsIn(mask);
    let k = mask === 0 ? (ends[i] as number) : (starts[bucket] as number);
    for (; k < to; k++) {
      compared += 1;
      if (bitsIn(own ^ (following[k] as number)) > most) continue;
      const other = members[k] as number;
      if (sets.rootOf(other) === root) k = (ends[k] as number) - 1;
      else if (pdqDistanceAt(hash, words, other, distance) <= distance) root = sets.join(at, other);
    }
  }
  return compared;
}
