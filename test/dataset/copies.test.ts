import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ScanItem } from "../../src/contract/scan.ts";
import { lopsided } from "../../src/dataset/scan/concepts.ts";
import { findCopies } from "../../src/dataset/scan/copies.ts";
import { everyCopies } from "../../src/dataset/scan/pages.ts";
import { createScan, finishScan } from "../../src/dataset/scan/scan.ts";
import { pdqToHex } from "../../src/models/pdq/hash.ts";
import { shows, textJudge } from "./judge.ts";
import { never, parts, plant, temporaryFolder } from "./world.ts";

interface Picture {
  readonly bytes?: string;
  /** Bits of the PDQ hash that are set. */
  readonly bits: readonly number[];
  readonly quality?: number;
  readonly side?: number;
}

/** A finished inventory with these results. */
async function scanned(pictures: Readonly<Record<string, Picture>>) {
  const given = await parts(temporaryFolder());
  const { id } = await createScan(given, new Date());
  const keys = Object.keys(pictures);
  await given.store.addFiles(
    id,
    keys.map((key) => ({ key, bytes: 3, stamp: "s", kind: "picture" as const, stem: key, inside: null })),
  );
  await given.store.save(
    id,
    Object.entries(pictures).map(([key, picture]) => item(key, picture)),
  );
  return { ...given, id };
}

function item(key: string, { bytes = key, bits, quality = 100, side = 512 }: Picture): ScanItem {
  const hash = new Uint32Array(8);
  for (const bit of bits) hash[bit >>> 5] = (hash[bit >>> 5] ?? 0) | (1 << (bit & 31));
  return {
    ...{ key, bytes: 3, media_type: "image/png", width: side, height: side, frames: 1, role: "instance" },
    ...{ action: "allow", judged: true, image_action: "allow", reasons: [], scores: {}, captions: [], problems: [] },
    sha256: `sha256:${Buffer.from(bytes.padEnd(32, "."), "latin1").toString("hex")}`,
    pdq: { hash: pdqToHex(hash), quality },
    faces: null,
  };
}

const bitsFrom = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i);

async function groupsOf(pictures: Readonly<Record<string, Picture>>) {
  const { store, id } = await scanned(pictures);
  await findCopies(store, id, Object.keys(pictures).length);
  return Array.fromAsync(everyCopies(store, id));
}

describe("copies", () => {
  test("are found by their bytes and by their looks, the largest first", async () => {
    expect(
      await groupsOf({
        "a.png": { bits: [] },
        "b.png": { bits: bitsFrom(0, 31), side: 1024 },
        "c.png": { bits: [], bytes: "a.png" },
        "d.png": { bits: bitsFrom(100, 120) },
      }),
    ).toEqual([
      [
        { key: "b.png", same_bytes: false, distance: 0 },
        { key: "a.png", same_bytes: false, distance: 31 },
        { key: "c.png", same_bytes: true, distance: 31 },
      ],
    ]);
  });

  test("are not found by the looks of pictures that have none", async () => {
    const flat = { bits: [], quality: 20 };
    expect(await groupsOf({ "a.png": flat, "b.png": flat, "c.png": { bits: [] } })).toEqual([]);
    expect(await groupsOf({ "a.png": flat, "b.png": { ...flat, bytes: "a.png" } })).toEqual([
      [
        { key: "a.png", same_bytes: false, distance: 0 },
        { key: "b.png", same_bytes: true, distance: 0 },
      ],
    ]);
  });

  test("of copies are copies", async () => {
    const [group] = await groupsOf({
      "a.png": { bits: [] },
      "b.png": { bits: bitsFrom(0, 30) },
      "c.png": { bits: bitsFrom(0, 60) },
      "d.png": { bits: bitsFrom(0, 120) },
    });
    expect(group?.map(({ key, distance }) => [key, distance])).toEqual([
      ["a.png", 0],
      ["b.png", 30],
      ["c.png", 60],
    ]);
  });

  test("by their bytes are just the pictures with equal bytes", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: 6 }), { maxLength: 40 }), async (contents) => {
        const keyed = contents.map((content, i) => [`${String(i).padStart(2, "0")}.png`, content] as const);
        const groups = await groupsOf(
          Object.fromEntries(
            keyed.map(([key, content]) => [key, { bits: [], quality: 0, bytes: `content ${content}` }]),
          ),
        );
        const expected = Map.groupBy(keyed, ([, content]) => content)
          .values()
          .map((same) => same.map(([key]) => key))
          .filter((keys) => keys.length > 1)
          .toArray();
        expect(groups.map((group) => group.map(({ key }) => key))).toEqual(expected);
      }),
      { numRuns: 30 },
    );
  });

  test("are counted in the summary of a scan", async () => {
    const source = plant(temporaryFolder(), {
      "a.png": shows("nothing"),
      "b.png": shows("nothing"),
      "c.png": shows("nothing", "else"),
    });
    const given = await parts(source);
    const { id } = await createScan(given, new Date());
    const { summary } = await finishScan(id, given, { width: 2 }, never, () => {});
    expect(summary?.copies).toEqual({ groups: 1, same_bytes: 1, near: 0 });
  });
});

describe("concepts", () => {
  test("are folders, with kohya's repeats, and class pictures apart", async () => {
    const source = plant(temporaryFolder(), {
      "10_sks dog/a.png": shows("nothing", "1"),
      "10_sks dog/b.png": shows("nothing", "2"),
      "1_cat/a.png": shows("nothing", "3"),
      "class_data_dir/a.png": shows("nothing", "4"),
      "dataset_info.json": '{"instance_prompt":"a dog","class_prompt":"a pet"}',
    });
    const given = await parts(source, textJudge());
    const { id } = await createScan(given, new Date());
    const { summary } = await finishScan(id, given, { width: 2 }, never, () => {});
    expect(summary?.concepts).toEqual([
      { folder: "10_sks dog/", role: "instance", pictures: 2, repeats: 10 },
      { folder: "1_cat/", role: "instance", pictures: 1, repeats: 1 },
      { folder: "class_data_dir/", role: "class", pictures: 1, repeats: 1 },
    ]);
    expect(lopsided(summary?.concepts ?? [])).toEqual({
      most: { folder: "10_sks dog/", shown: 20 },
      least: { folder: "1_cat/", shown: 1 },
    });
  });

  test("that are shown about as often are not lopsided, and class pictures never are", () => {
    const concept = (folder: string, pictures: number, role: "instance" | "class" = "instance") => {
      return { folder, role, pictures, repeats: 1 };
    };
    expect(lopsided([concept("a/", 9), concept("b/", 1)])).toBeUndefined();
    expect(lopsided([concept("a/", 9), concept("class/", 900, "class")])).toBeUndefined();
    expect(lopsided([])).toBeUndefined();
  });
});
