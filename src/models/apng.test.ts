import { crc32 } from "node:zlib";
import sharp from "sharp";
import { expect, test } from "vitest";
import { type ApngFrame, encodeApng } from "../../test/pictures/apng.ts";
import { DEFAULT_LIMITS } from "../contract/limits.ts";
import { composed, readAnimation } from "./apng.ts";
import { pngChunks } from "./containers.ts";
import { decodeImage } from "./decode.ts";
import { opaqueImage } from "./opaque.ts";

const SIDE = 4;
const RED = [255, 0, 0, 255];
const BLUE = [0, 0, 255, 255];
const HALF_GREEN = [0, 255, 0, 128];
const CLEAR = [0, 0, 0, 0];

function filled(colour: readonly number[], rest: Partial<ApngFrame> = {}): ApngFrame {
  const { width = SIDE, height = SIDE } = rest;
  return {
    width,
    height,
    ...rest,
    rgba: Uint8Array.from({ length: width * height * 4 }, (_, i) => colour[i % 4] ?? 0),
  };
}

const decode = (bytes: Uint8Array, limits = {}) => decodeImage(bytes, { ...DEFAULT_LIMITS, ...limits });

/** The first and the last pixel of each canvas. */
async function shown(frames: readonly ApngFrame[]): Promise<number[][][]> {
  const corners: number[][][] = [];
  const rgba = (png: Uint8Array) => sharp(png).ensureAlpha().raw().toBuffer();
  for await (const canvas of composed(readAnimation(await encodeApng(frames)), rgba))
    corners.push([[...canvas.subarray(0, 4)], [...canvas.subarray(-4)]]);
  return corners;
}

const corner = { width: 2, height: 2, x: 2, y: 2 };

test("a frame stays, is cleared, or gives way to what was there before", async () => {
  expect(await shown([filled(RED), filled(BLUE, corner), filled(BLUE, { width: 1, height: 1 })])).toEqual([
    [RED, RED],
    [RED, BLUE],
    [BLUE, BLUE],
  ]);
  expect(
    await shown([filled(RED), filled(BLUE, { ...corner, dispose: 1 }), filled(RED, { width: 1, height: 1 })]),
  ).toEqual([
    [RED, RED],
    [RED, BLUE],
    [RED, CLEAR],
  ]);
  expect(
    await shown([filled(RED), filled(BLUE, { ...corner, dispose: 2 }), filled(RED, { width: 1, height: 1 })]),
  ).toEqual([
    [RED, RED],
    [RED, BLUE],
    [RED, RED],
  ]);
  expect(await shown([filled(RED, { dispose: 2 }), filled(BLUE, { width: 1, height: 1 })])).toEqual([
    [RED, RED],
    [BLUE, CLEAR],
  ]);
});

test("a frame replaces what is there, or lies over it with its alpha", async () => {
  expect(await shown([filled(RED), filled(HALF_GREEN, corner)])).toContainEqual([RED, HALF_GREEN]);
  expect(await shown([filled(RED), filled(HALF_GREEN, { ...corner, blend: 1 })])).toContainEqual([
    RED,
    [127, 128, 0, 255],
  ]);
  expect(await shown([filled(CLEAR), filled(HALF_GREEN, { ...corner, blend: 1 })])).toContainEqual([CLEAR, HALF_GREEN]);
  expect(await shown([filled(RED), filled(CLEAR, { ...corner, blend: 1 })])).toContainEqual([RED, RED]);
});

test("what viewers without animations show is judged besides, and always", async () => {
  const frames = Array.from({ length: 20 }, (_, i) => filled([i, i, i, 255]));
  const image = await decode(await encodeApng(frames, filled(RED)), { frames_judged: 3 });
  expect(image.frameCount).toBe(21);
  expect(image.frames.map(({ index, rgb }) => [index, rgb[0]])).toEqual([
    [0, 255],
    [1, 0],
    [20, 19],
  ]);
});

test("a frame that is shown for long is judged", async () => {
  const frames = Array.from({ length: 30 }, (_, i) => filled([i, 0, 0, 255], { delay: i === 17 ? 900 : 2 }));
  expect((await decode(await encodeApng(frames))).frames.map(({ index }) => index)).toContain(17);
});

test("frames and pixels are limited", async () => {
  const bytes = await encodeApng([filled(RED), filled(BLUE), filled(RED)]);
  await expect(decode(bytes, { image_frames: 2 })).rejects.toThrow(/3 frames; the limit is 2 \(image_frames\)/);
  await expect(decode(bytes, { image_pixels: 47 })).rejects.toThrow(/4 × 4 × 3 frames = 48 pixels/);
});

/** The file with one chunk changed: of `type`, the one at `place` among its like. */
async function changed(type: string, place: number, change: (data: Buffer) => Buffer | undefined): Promise<Buffer> {
  const bytes = await encodeApng([filled(RED), filled(BLUE, corner), filled(RED, corner)]);
  const pieces = [bytes.subarray(0, 8)];
  let seen = 0;
  for (const part of pngChunks(bytes)) {
    const whole = bytes.subarray(part.start, part.end);
    if (part.type !== type || seen++ !== place) {
      pieces.push(whole);
      continue;
    }
    const data = change(Buffer.from(part.data));
    if (!data) continue;
    const chunk = Buffer.concat([whole.subarray(0, 8), data, Buffer.alloc(4)]);
    chunk.writeUInt32BE(data.length, 0);
    chunk.writeUInt32BE(crc32(chunk.subarray(4, -4)), chunk.length - 4);
    pieces.push(chunk);
  }
  return Buffer.concat(pieces);
}

const set = (at: number, value: number) => (data: Buffer) => {
  data.writeUInt32BE(value, at);
  return data;
};

test.each([
  ["more frames told than there are", "acTL", 0, set(0, 4), /3 frames where 4/],
  ["fewer", "acTL", 0, set(0, 2), /3 frames where 2/],
  ["no frames told", "acTL", 0, set(0, 0), /3 frames where 0/],
  ["a first frame beside the corner", "fcTL", 0, set(12, 1), /beyond the canvas/],
  ["a first frame that is too small", "fcTL", 0, set(4, 2), /does not fill the canvas/],
  ["a frame beyond the canvas", "fcTL", 1, set(12, 3), /beyond the canvas/],
  ["a frame without a size", "fcTL", 1, set(4, 0), /beyond the canvas/],
  ["an unknown operation", "fcTL", 1, (data: Buffer) => data.fill(3, 24, 25), /unknown operation/],
  ["frames out of order", "fcTL", 1, set(0, 7), /out of order/],
  ["a frame's pixels out of order", "fdAT", 0, set(0, 7), /out of order/],
  ["a frame without pixels", "fdAT", 0, () => undefined, /out of order|without pixels/],
  ["a frame without its control", "fcTL", 1, () => undefined, /out of order|out of place/],
  ["a frame whose pixels are of another size", "fdAT", 1, (data: Buffer) => data.subarray(0, 8), /animated|judged/],
] as const)("%s: refused", async (_name, type, place, change, why) => {
  const error = await decode(await changed(type, place, change)).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "image_unreadable", detail: expect.stringMatching(why) });
});

test("a wrong checksum anywhere is refused", async () => {
  const bytes = await encodeApng([filled(RED), filled(BLUE)]);
  for (const { type, start, data } of pngChunks(bytes)) {
    if (type === "IEND") continue;
    const bad = Buffer.from(bytes);
    bad[start + 8 + data.length - 1] = (data.at(-1) ?? 0) ^ 1;
    await expect(decode(bad), type).rejects.toMatchObject({ code: "image_unreadable" });
  }
});

test("an animation with transparent parts leaves as an animation, as it was judged", async () => {
  const of = async (frames: readonly ApngFrame[]) => {
    const bytes = await encodeApng(frames);
    return { bytes, mediaType: "image/png", width: SIDE, height: SIDE } as const;
  };
  const opaque = await of([filled(RED), filled(BLUE)]);
  expect(await opaqueImage(opaque)).toBe(opaque);
  const shown = await opaqueImage(await of([filled(HALF_GREEN, { delay: 30 }), filled(BLUE, { delay: 70 })]));
  expect(shown.mediaType).toBe("image/webp");
  const { hasAlpha, delay } = await sharp(shown.bytes).metadata();
  expect([hasAlpha, delay]).toEqual([false, [300, 700]]);
  const { frames } = await decode(shown.bytes);
  expect(frames.map(({ rgb }) => [...rgb.subarray(0, 3)])).toEqual([
    [63, 191, 63],
    [0, 0, 255],
  ]);
});
