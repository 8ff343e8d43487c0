import sharp from "sharp";
import { beforeAll, expect, test } from "vitest";
import { picture, pngBomb, pngChunk, seeds, withPngChunks } from "../../test/pictures/seeds.ts";
import { DEFAULT_LIMITS } from "../contract/limits.ts";
import { decodeImage } from "./decode.ts";
import { recogniseImage } from "./recognise.ts";

const recognise = (bytes: Uint8Array, limits = {}) => recogniseImage(bytes, { ...DEFAULT_LIMITS, ...limits });
const refusal = (code: string) => expect.objectContaining({ code });

let files: Readonly<Record<string, Buffer>>;
beforeAll(async () => {
  files = await seeds();
});

test("every accepted format and variant is told to be what decoding tells, without pixels", async () => {
  for (const [name, bytes] of Object.entries(files)) {
    const { frames, ...decoded } = await decodeImage(bytes, DEFAULT_LIMITS);
    expect(await recognise(bytes), name).toEqual({ ...decoded, frames: [] });
    expect(frames.length, name).toBeGreaterThan(0);
  }
});

test("a picture that EXIF turns has the size that it is shown in", async () => {
  for (const format of ["png", "jpeg", "webp"] as const) {
    const turned = await picture(20, 10).withMetadata({ orientation: 6 }).toFormat(format).toBuffer();
    const { width, height } = await recognise(turned);
    expect([width, height], format).toEqual([10, 20]);
  }
});

test("what is cut off anywhere is no picture, in every format", async () => {
  for (const [name, bytes] of Object.entries(files)) {
    for (const part of [0, 0.1, 0.5, 0.9, 0.98]) {
      const cut = bytes.subarray(0, Math.floor(bytes.length * part));
      await expect(recognise(cut), `${name}, ${part}`).rejects.toEqual(refusal("image_unreadable"));
    }
  }
});

test("a PNG with a byte changed anywhere after its signature is no picture", async () => {
  const png = files["png"] as Buffer; // one of the seeds
  for (let at = 8; at < png.length; at += 97) {
    const damaged = Buffer.from(png);
    damaged[at] = (damaged[at] ?? 0) ^ 0x20;
    await expect(recognise(damaged), String(at)).rejects.toThrow();
  }
});

test("bytes that are no picture, and kinds that are not accepted, are refused", async () => {
  const bmp = Buffer.from("BM and so on");
  const animated = withPngChunks(await picture().png().toBuffer(), pngChunk("acTL", Buffer.alloc(8)));
  for (const bytes of [Buffer.from("no picture at all"), bmp, animated, Buffer.alloc(0)])
    await expect(recognise(bytes)).rejects.toEqual(refusal("image_unreadable"));
});

test("the limits are held", async () => {
  await expect(recognise(pngBomb(60_000, 60_000))).rejects.toEqual(refusal("image_too_large"));
  for (const format of ["png", "jpeg", "webp", "gif"] as const) {
    const bytes = await picture().toFormat(format).toBuffer();
    await expect(recognise(bytes, { image_pixels: 1_000 }), format).rejects.toEqual(refusal("image_too_large"));
    await expect(recognise(bytes, { image_bytes: 100 }), format).rejects.toEqual(refusal("image_too_large"));
  }
  const frames = files["webp, animated"] as Buffer; // one of the seeds
  await expect(recognise(frames, { image_frames: 11 })).rejects.toEqual(refusal("image_too_large"));
});

test("bytes that lie inside a larger buffer are read where they are", async () => {
  const jpeg = await sharp({ create: { width: 9, height: 7, channels: 3, background: "red" } })
    .jpeg()
    .toBuffer();
  const inside = Buffer.concat([Buffer.alloc(13, 0xff), jpeg, Buffer.from("\xff\xd9", "latin1")]).subarray(13, -2);
  expect(await recognise(inside)).toMatchObject({ width: 9, height: 7 });
  await expect(recognise(inside.subarray(0, -2))).rejects.toEqual(refusal("image_unreadable"));
});
