import { readFileSync } from "node:fs";
import fc from "fast-check";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { picture } from "../../../test/pictures/seeds.ts";
import { DEFAULT_LIMITS } from "../../contract/limits.ts";
import { decodeImage } from "../decode.ts";
import { apart, type Face, type Faces, openFaces } from "./faces.ts";

/** Eileen Collins; NASA, public domain; from scikit-image's `data.astronaut()`. */
const FACE = readFileSync(new URL("../../../test/pictures/face.jpg", import.meta.url));
const never = new AbortController().signal;

let faces: Faces;
beforeAll(async () => {
  faces = await openFaces();
});
afterAll(() => faces.close());

async function found(encoded: Uint8Array): Promise<readonly Face[]> {
  const [frame] = (await decodeImage(encoded, DEFAULT_LIMITS)).frames;
  if (!frame) throw new RangeError("no frame");
  return faces.find(frame, never);
}

async function onWall(width: number, height: number, places: readonly (readonly [number, number])[]): Promise<Buffer> {
  const wall = sharp({ create: { width, height, channels: 3, background: "#8a7f70" } });
  return wall
    .composite(places.map(([left, top]) => ({ input: FACE, left, top })))
    .png()
    .toBuffer();
}

describe("faces", () => {
  test("are found where they are", async () => {
    const [face, ...others] = await found(FACE);
    expect(others).toEqual([]);
    expect(face?.score).toBeGreaterThan(0.8);
    const centre = [(face?.x ?? 0) + (face?.width ?? 0) / 2, (face?.y ?? 0) + (face?.height ?? 0) / 2];
    expect(centre[0]).toBeCloseTo(0.51, 1);
    expect(centre[1]).toBeCloseTo(0.5, 1);
    expect(face?.width).toBeCloseTo(0.37, 1);
  });

  test.each([
    [
      [480, 160],
      [
        [20, 0],
        [300, 0],
      ],
      2,
    ],
    [
      [160, 400],
      [
        [0, 0],
        [0, 230],
      ],
      2,
    ],
    [[200, 200], [[20, 20]], 1],
  ] as const)("in a picture of %s", async ([width, height], places, count) => {
    const all = await found(await onWall(width, height, places));
    expect(all.length).toBe(count);
    const lefts = all.map(({ x }) => Math.round(x * width)).sort((a, b) => a - b);
    for (const [i, [left]] of places.toSorted((a, b) => a[0] - b[0]).entries()) {
      expect(lefts[i]).toBeGreaterThan(left + 20);
      expect(lefts[i]).toBeLessThan(left + 100);
    }
  });

  test("are not found where there are none", async () => {
    expect(await found(await picture(256, 256).png().toBuffer())).toEqual([]);
    expect(await found(await onWall(256, 256, []))).toEqual([]);
    expect(await found(await picture(3, 300).png().toBuffer())).toEqual([]);
  });

  test("each counts once: what is left does not overlap, and what is gone overlaps something likelier", () => {
    const part = fc.double({ min: 0, max: 1, noNaN: true });
    const side = fc.double({ min: 0.01, max: 1, noNaN: true });
    const candidate = fc.record({ x: part, y: part, width: side, height: side, score: part });
    const overlap = (a: Face, b: Face) =>
      apart([
        { ...a, score: 1 },
        { ...b, score: 0 },
      ]).length === 1;
    fc.assert(
      fc.property(fc.array(candidate, { maxLength: 30 }), (all) => {
        const left = apart(all);
        for (const a of left) for (const b of left) if (a !== b) expect(overlap(a, b)).toBe(false);
        for (const gone of all.filter((each) => !left.includes(each))) {
          expect(left.some((kept) => kept.score >= gone.score && overlap(kept, gone))).toBe(true);
        }
      }),
    );
  });
});
