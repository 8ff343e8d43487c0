import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { type PdqHash, pdqDistance } from "./hash.ts";
import { PdqIndex } from "./neighbours.ts";

const words = fc
  .array(fc.nat({ max: 0xffff_ffff }), { minLength: 8, maxLength: 8 })
  .map((all) => Uint32Array.from(all));
const bits = fc.uniqueArray(fc.nat({ max: 255 }), { maxLength: 70 });

function flipped(hash: PdqHash, flips: readonly number[]): PdqHash {
  const other = hash.slice();
  for (const bit of flips) other[bit >>> 5] = (other[bit >>> 5] ?? 0) ^ (1 << (bit & 31));
  return other;
}

/** The same numbers in every run. */
function mixed(state: number): number {
  const spread = Math.imul(state ^ (state >>> 16), 0x7feb_352d);
  return Math.imul(spread ^ (spread >>> 15), 0x846c_a68b) >>> 0;
}

/** Families of ten that differ in up to 40 bits. */
function families(size: number): PdqHash[] {
  return Array.from({ length: size }, (_, i) => {
    const first = Uint32Array.from({ length: 8 }, (_none, k) => mixed(Math.floor(i / 10) * 8 + k + 1));
    const flips = Array.from({ length: (i % 10) * 4 }, (_none, k) => mixed(i * 64 + k) % 256);
    return flipped(first, [...new Set(flips)]);
  });
}

function joined(hashes: readonly PdqHash[]): Uint32Array {
  const all = new Uint32Array(hashes.length * 8);
  for (const [i, hash] of hashes.entries()) all.set(hash, i * 8);
  return all;
}

function byHand(hashes: readonly PdqHash[], hash: PdqHash, most: number) {
  return hashes
    .map((other, at) => ({ at, distance: pdqDistance(hash, other) }))
    .filter(({ distance }) => distance <= most)
    .sort((a, b) => a.distance - b.distance || a.at - b.at);
}

const lists: Readonly<Record<string, readonly PdqHash[]>> = {
  "a few": families(50),
  "thousands in families": families(6_000),
  "thousands that begin alike": families(5_000).map((hash) => Uint32Array.from(hash, (word, i) => (i < 5 ? 7 : word))),
};
const indexes = new Map<string, PdqIndex>();
beforeAll(async () => {
  for (const [name, hashes] of Object.entries(lists)) indexes.set(name, await PdqIndex.build(joined(hashes)));
});

test.each(Object.entries(lists))("%s: finds exactly what comparing with each of them finds", (name, hashes) => {
  const near = fc.tuple(fc.nat({ max: hashes.length - 1 }), bits).map(([at, flips]) => {
    return flipped(hashes[at] ?? new Uint32Array(8), flips);
  });
  fc.assert(
    fc.property(fc.oneof(near, words), fc.nat({ max: 64 }), (hash, most) => {
      expect(indexes.get(name)?.within(hash, most)).toEqual(byHand(hashes, hash, most));
    }),
    { numRuns: 300 },
  );
});

test("nothing is found among no hashes, and a hash that is there thrice is found thrice", async () => {
  const hash = flipped(new Uint32Array(8), [3, 77]);
  expect((await PdqIndex.build(new Uint32Array(0))).within(hash, 256)).toEqual([]);
  const thrice = await PdqIndex.build(joined([hash, hash, new Uint32Array(8), hash]));
  expect(thrice.within(hash, 0)).toEqual([0, 1, 3].map((at) => ({ at, distance: 0 })));
});
