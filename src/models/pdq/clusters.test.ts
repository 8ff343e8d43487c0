import { setImmediate as turn } from "node:timers/promises";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { clustersOf, type NamedLooks, nearCopies } from "./clusters.ts";
import { type PdqHash, pdqDistance, pdqToHex } from "./hash.ts";

const word = fc.nat({ max: 0xffff_ffff });
const hash = fc.array(word, { minLength: 8, maxLength: 8 }).map((words) => Uint32Array.from(words));
const flips = fc.uniqueArray(fc.nat({ max: 255 }), { maxLength: 40 });

function flipped(from: PdqHash, bits: readonly number[]): PdqHash {
  const other = from.slice();
  for (const bit of bits) other[bit >>> 5] = (other[bit >>> 5] ?? 0) ^ (1 << (bit & 31));
  return other;
}

/** Some hashes, and copies of copies of them that drift away: groups, chains, equal ones, and what stands alone. */
const related = fc
  .tuple(
    fc.array(hash, { minLength: 1, maxLength: 5 }),
    fc.array(fc.tuple(fc.nat(), fc.oneof(flips, fc.constant([]))), { maxLength: 60 }),
  )
  .map(([first, copies]) => {
    const hashes: PdqHash[] = [...first];
    for (const [of, bits] of copies) hashes.push(flipped(hashes[of % hashes.length] ?? new Uint32Array(8), bits));
    return hashes;
  });

function joined(hashes: readonly PdqHash[]): Uint32Array {
  const all = new Uint32Array(hashes.length * 8);
  for (const [i, each] of hashes.entries()) all.set(each, i * 8);
  return all;
}

/** By the definition: from each hash to all near ones, and on from those. */
function byHand(hashes: readonly PdqHash[], distance: number): number[][] {
  const seen = new Set<number>();
  const groups: number[][] = [];
  for (const start of hashes.keys()) {
    if (seen.has(start)) continue;
    seen.add(start);
    const group = [start];
    for (const at of group) {
      for (const [other, its] of hashes.entries()) {
        if (seen.has(other) || pdqDistance(hashes[at] ?? its, its) > distance) continue;
        seen.add(other);
        group.push(other);
      }
    }
    if (group.length > 1) groups.push(group.sort((a, b) => a - b));
  }
  return groups;
}

describe("groups of hashes", () => {
  test("are those that comparing each with each makes, at any distance", async () => {
    const distance = fc.oneof(fc.nat({ max: 47 }), fc.constantFrom(31, 47, 48, 70));
    await fc.assert(
      fc.asyncProperty(related, distance, async (hashes, most) => {
        expect(await clustersOf(joined(hashes), most)).toEqual(byHand(hashes, most));
      }),
      { numRuns: 60 },
    );
  });

  test("hold every pair at the very distance, wherever the bits are, and none beyond", async () => {
    const pairs = fc.array(
      fc.tuple(hash, fc.shuffledSubarray([...Array(256).keys()], { minLength: 32, maxLength: 32 })),
      {
        minLength: 200,
        maxLength: 200,
      },
    );
    await fc.assert(
      fc.asyncProperty(pairs, async (all) => {
        const near = all.flatMap(([one, bits]) => [one, flipped(one, bits.slice(1))]);
        const groups = await clustersOf(joined(near), 31);
        const together = new Map(groups.flatMap((group) => group.map((place) => [place, group])));
        for (let at = 0; at < near.length; at += 2) expect(together.get(at)).toContain(at + 1);
        const far = all.flatMap(([one, bits]) => [one, flipped(one, bits)]);
        expect(await clustersOf(joined(far), 31)).toEqual(byHand(far, 31));
      }),
      { numRuns: 20 },
    );
  });

  test.each([...Array(16).keys()])("hold a pair that only its 16 bits number %i tell of", async (chunk) => {
    const bits = Array.from({ length: 16 }, (_, i) => (i === chunk ? [i * 16] : [i * 16, i * 16 + 9])).flat();
    const one = new Uint32Array(8);
    expect(await clustersOf(joined([one, flipped(one, bits)]), 31)).toEqual([[0, 1]]);
  });

  test("hold what stands behind those that are together already", async () => {
    const first = new Uint32Array(8);
    const [a, b] = [flipped(first, [80, 147, 148, 149]), flipped(first, [80, 166, 167, 168])];
    const last = flipped(
      first,
      [...Array(16).keys()].flatMap((i) => (i === 5 ? [80] : [i * 16, i * 16 + 9])),
    );
    expect([a, b].map((each) => pdqDistance(each, last))).toEqual([33, 33]);
    expect(await clustersOf(joined([first, a, b, last]), 31)).toEqual([[0, 1, 2, 3]]);
  });

  test("are right among thousands that share chunks", async () => {
    const alike = Array.from({ length: 3_000 }, (_, i) => {
      const seed = Math.imul(Math.floor(i / 3) + 1, 0x9e37_79b1);
      const own = Uint32Array.from({ length: 8 }, (_none, k) => (k < 5 ? 7 : Math.imul(seed ^ (k * 77), 0x85eb_ca6b)));
      return flipped(
        own,
        Array.from({ length: (i % 3) * 9 }, (_none, k) => (i * 31 + k * 11) % 256),
      );
    });
    const groups = await clustersOf(joined(alike), 31);
    expect(groups.length).toBeGreaterThan(10);
    expect(groups).toEqual(byHand(alike, 31));
  });

  test("of no hashes, of one, and of equal ones", async () => {
    expect(await clustersOf(new Uint32Array(0), 31)).toEqual([]);
    expect(await clustersOf(new Uint32Array(8), 31)).toEqual([]);
    expect(await clustersOf(new Uint32Array(8 * 500), 0)).toEqual([[...Array(500).keys()]]);
  });

  test.each([-1, 257, 1.5, Number.NaN])("a distance of %s is refused", async (distance) => {
    await expect(clustersOf(new Uint32Array(8), distance)).rejects.toThrow(/from 0 to 256/);
  });

  test("are made in slices: others get their turn", async () => {
    let turns = 0;
    let working = true;
    const others = (async () => {
      for (; working; turns++) await turn();
    })();
    const alike = Array.from({ length: 3_000 }, (_, i) => flipped(new Uint32Array(8), [i % 256, (i >>> 8) + 100]));
    await clustersOf(joined(alike), 31);
    working = false;
    await others;
    expect(turns).toBeGreaterThan(40);
  });
});

describe("near copies", () => {
  const looks = related.map((hashes) =>
    hashes.map(
      (each, i): NamedLooks => ({ id: `${(i * 7) % 10}-${i}`, pdq: pdqToHex(each), quality: i % 5 === 4 ? 49 : 90 }),
    ),
  );

  test("are the same groups in the same order, whatever the order of the pictures", async () => {
    const shuffled = looks.chain((pictures) =>
      fc.tuple(fc.constant(pictures), fc.shuffledSubarray(pictures, { minLength: pictures.length })),
    );
    await fc.assert(
      fc.asyncProperty(shuffled, async ([pictures, others]) => {
        const groups = await nearCopies(pictures);
        expect(await nearCopies(others)).toEqual(groups);
        expect(groups.flat().every((id) => pictures.some((each) => each.id === id && each.quality >= 50))).toBe(true);
        for (const group of groups) expect(group).toEqual(group.toSorted());
      }),
      { numRuns: 30 },
    );
  });

  test("are near up to 31 bits, and plain pictures are none, unless another limit is asked for", async () => {
    const pictures = [
      { id: "b", pdq: "0".repeat(64), quality: 50 },
      { id: "a", pdq: `${"0".repeat(56)}7fffffff`, quality: 100 },
      { id: "c", pdq: `${"0".repeat(56)}ffffffff`, quality: 49 },
    ];
    expect(await nearCopies(pictures)).toEqual([["a", "b"]]);
    expect(await nearCopies(pictures, 30)).toEqual([]);
    expect(await nearCopies(pictures, 31, 0)).toEqual([["a", "b", "c"]]);
  });

  test("need hashes: what is none is refused, with its id", async () => {
    await expect(nearCopies([{ id: "cat.png", pdq: "12", quality: 90 }])).rejects.toThrow(/^cat\.png: pdq must be 64/);
  });
});
