import { createHash } from "node:crypto";
import { setImmediate as turn } from "node:timers/promises";
import sharp, { type Sharp } from "sharp";
import { beforeAll, describe, expect, test } from "vitest";
import { computedPictures, drawnPictures, type Pixels } from "../../../models/recipes/pdq/pictures.ts";
import { type PdqHash, pdqBitsSet, pdqDistance, pdqFromHex, pdqToHex } from "./hash.ts";
import { looksOf } from "./looks.ts";
import { ORIENTATIONS, type Orientation, type Pdq, pdqOf } from "./pdq.ts";
import vectors from "./vectors.json" with { type: "json" };

/** What the reference calls its eight hashes, in its order. */
const REFERENCE_ORDER: readonly Orientation[] = [
  "as-is",
  "turned by 270°",
  "turned by 180°",
  "turned by 90°",
  "upside-down mirrored",
  "mirrored",
  "mirrored at the falling diagonal",
  "mirrored at the rising diagonal",
];

let pictures: ReadonlyMap<string, Pixels>;
beforeAll(async () => {
  pictures = new Map([...computedPictures(), ...(await drawnPictures())].map((each) => [each.name, each]));
});

async function hashed(pixels: Pixels | undefined): Promise<Pdq> {
  const pdq = pixels && (await pdqOf(pixels.rgb, pixels.width, pixels.height));
  if (!pdq) throw new Error("no hash");
  return pdq;
}

function hash(hex: string): PdqHash {
  const words = pdqFromHex(hex);
  if (!words) throw new Error(`${hex} is no hash`);
  return words;
}

/** Where frequencies are equal to the median, and in what is plain, the last digit of the arithmetic decides. */
function isSettled({ hash: hex, quality }: (typeof vectors.pictures)[number]): boolean {
  return pdqBitsSet(hash(hex)) === 128 && quality >= 50;
}

describe("beside Meta's own implementation", () => {
  test("the same pictures are hashed as when the vectors were made", () => {
    for (const { name, sha256, computed } of vectors.pictures) {
      const own = createHash("sha256").update(pictures.get(name)?.rgb ?? "");
      if (computed) expect(own.digest("hex"), name).toBe(sha256);
    }
    expect(vectors.pictures.filter(isSettled).length).toBeGreaterThan(35);
  });

  test.each(vectors.pictures)("$name: hash, quality, and the seven other orientations", async (vector) => {
    const picture = pictures.get(vector.name);
    const isSame =
      createHash("sha256")
        .update(picture?.rgb ?? "")
        .digest("hex") === vector.sha256;
    const pdq = await hashed(picture);
    if (isSame) expect(pdq.quality).toBe(vector.quality);
    if (!isSettled(vector)) return;
    const most = isSame ? 0 : 10; // another libvips may round otherwise
    expect(pdqDistance(pdq.hash, hash(vector.hash))).toBeLessThanOrEqual(most);
    for (const [i, orientation] of REFERENCE_ORDER.entries()) {
      const theirs = hash(vector.dihedral[i] ?? "");
      expect(pdqDistance(pdq.turned(orientation), theirs), orientation).toBeLessThanOrEqual(most);
    }
  });
});

/** In this order: in one pipeline, sharp has its own. */
const turnedAndMirrored = async (picture: Sharp, degrees: number) =>
  sharp(await picture.rotate(degrees).png({ compressionLevel: 1 }).toBuffer()).flop();

const TURNS: Readonly<Record<Orientation, (picture: Sharp) => Sharp | Promise<Sharp>>> = {
  "as-is": (picture) => picture,
  mirrored: (picture) => picture.flop(),
  "upside-down mirrored": (picture) => picture.flip(),
  "turned by 90°": (picture) => picture.rotate(90),
  "turned by 180°": (picture) => picture.rotate(180),
  "turned by 270°": (picture) => picture.rotate(270),
  "mirrored at the falling diagonal": (picture) => turnedAndMirrored(picture, 90),
  "mirrored at the rising diagonal": (picture) => turnedAndMirrored(picture, 270),
};

test.each(Object.keys(ORIENTATIONS) as Orientation[])("%s: the hash of the picture after that", async (orientation) => {
  const picture = pictures.get("waves 8");
  if (!picture) throw new Error("no picture");
  const { rgb, width, height } = picture;
  const raw = { width, height, channels: 3 } as const;
  const changed = await TURNS[orientation](sharp(rgb, { raw }));
  const turned = await changed.raw().toBuffer({ resolveWithObject: true });
  const after = await hashed({ name: "", width: turned.info.width, height: turned.info.height, rgb: turned.data });
  const distances = (Object.keys(ORIENTATIONS) as Orientation[]).map(async (each) => {
    return [each, pdqDistance((await hashed(picture)).turned(each), after.hash)] as const;
  });
  const [nearest] = (await Promise.all(distances)).sort((a, b) => a[1] - b[1]);
  expect(nearest?.[0]).toBe(orientation);
  expect(nearest?.[1]).toBeLessThanOrEqual(20);
});

test("what is plain has no quality, and what is smaller than 5 pixels no hash", async () => {
  for (const shade of [0, 128, 255]) {
    expect(
      (await hashed({ name: "", width: 90, height: 70, rgb: new Uint8Array(90 * 70 * 3).fill(shade) })).quality,
    ).toBe(0);
  }
  expect(await pdqOf(new Uint8Array(4 * 90 * 3), 4, 90)).toBeUndefined();
  expect(await pdqOf(new Uint8Array(5 * 90 * 3), 90, 5)).toBeDefined();
});

test("how a frame looks is written as the reference writes it; a frame that is too small has no looks", async () => {
  const vector = vectors.pictures.find(({ name }) => name === "waves 0");
  const picture = pictures.get("waves 0");
  if (!vector || !picture) throw new Error("no picture");
  expect(await looksOf(picture)).toEqual({ pdq: vector.hash, quality: vector.quality });
  expect(await looksOf({ rgb: picture.rgb, width: 4, height: 90 })).toBeUndefined();
});

test("a large picture is worked through in slices: others get their turn", async () => {
  let turns = 0;
  let working = true;
  const others = (async () => {
    for (; working; turns++) await turn();
  })();
  await pdqOf(new Uint8Array(2_000 * 2_000 * 3), 2_000, 2_000);
  working = false;
  await others;
  expect(turns).toBeGreaterThanOrEqual(9);
});

test("hashes are written and read as 64 hexadecimal digits, and nothing else is one", () => {
  const words = hash(`0123456789abcdef${"0".repeat(46)}f1`);
  expect(pdqToHex(words)).toBe(`0123456789abcdef${"0".repeat(46)}f1`);
  expect(pdqToHex(hash("AB".repeat(32)))).toBe("ab".repeat(32));
  for (const wrong of [
    "",
    "0".repeat(63),
    "0".repeat(65),
    `${"0".repeat(63)}g`,
    `${"0".repeat(63)}é`,
    `${"0".repeat(63)}-`,
  ]) {
    expect(pdqFromHex(wrong), wrong).toBeUndefined();
  }
});
