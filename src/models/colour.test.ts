import sharp from "sharp";
import { expect, test } from "vitest";
import { encodeBmp } from "../../test/pictures/bmp.ts";
import { pngChunk, withPngChunks } from "../../test/pictures/seeds.ts";
import { DEFAULT_LIMITS } from "../contract/limits.ts";
import { isFaithful, withDeclaredColour } from "./colour.ts";
import { decodeImage } from "./decode.ts";

type Xy = readonly [number, number];
const WHITE: Xy = [0.3127, 0.329];
const RED: Xy = [0.64, 0.33];
const GREEN: Xy = [0.3, 0.6];
const BLUE: Xy = [0.15, 0.06];

function numbers(type: string, values: readonly number[]): Buffer {
  const data = Buffer.alloc(values.length * 4);
  values.forEach((value, i) => {
    data.writeUInt32BE(Math.round(value * 100_000), i * 4);
  });
  return pngChunk(type, data);
}
const gAMA = (gamma: number) => numbers("gAMA", [gamma]);
const cHRM = (...places: readonly Xy[]) => numbers("cHRM", places.flat());

const flat = (background: string) => sharp({ create: { width: 8, height: 8, channels: 3, background } }).png();

async function looks(bytes: Uint8Array): Promise<number[][]> {
  const { frames } = await decodeImage(bytes, DEFAULT_LIMITS);
  return frames.map(({ rgb }) => [...rgb.subarray(0, 3)]);
}

test("near-black that a gamma makes bright is seen bright, and as it is without", async () => {
  const [seen = [], plain] = await looks(withPngChunks(await flat("#010203").toBuffer(), gAMA(20)));
  expect(Math.min(...seen)).toBeGreaterThan(180);
  expect(plain).toEqual([1, 2, 3]);
});

test("a mild gamma is applied by its formula, and not judged twice", async () => {
  const [seen = [], ...more] = await looks(withPngChunks(await flat("#804020").toBuffer(), gAMA(0.55)));
  [0x80, 0x40, 0x20].forEach((value, i) => {
    const light = (value / 255) ** (1 / 0.55);
    const srgb = light <= 0.0031308 ? light * 12.92 : 1.055 * light ** (1 / 2.4) - 0.055;
    expect(Math.abs((seen[i] ?? 0) - srgb * 255)).toBeLessThan(3);
  });
  expect(more).toEqual([]);
});

test("primaries that swap colours swap them", async () => {
  const swapped = withPngChunks(await flat("#ff0000").toBuffer(), gAMA(0.45455), cHRM(WHITE, GREEN, BLUE, RED));
  const [[r = 255, g = 0, b = 255] = [], plain] = await looks(swapped);
  expect([r < 10, g > 245, b < 10]).toEqual([true, true, true]);
  expect(plain).toEqual([255, 0, 0]);
});

test("a grey picture has its gamma too, of 8 bits and of 16", async () => {
  const grey = sharp({ create: { width: 8, height: 8, channels: 3, background: "#020202" } });
  for (const space of ["b-w", "grey16"]) {
    const png = withPngChunks(await grey.clone().toColourspace(space).png().toBuffer(), gAMA(20));
    const [seen = [], plain] = await looks(png);
    expect(Math.min(...seen), space).toBeGreaterThan(180);
    expect(plain, space).toEqual([2, 2, 2]);
  }
});

test("what says it is sRGB, by any means, is left as it is", async () => {
  const png = await flat("#123456").toBuffer();
  const bare = [
    png,
    withPngChunks(png, gAMA(0.45455), cHRM(WHITE, RED, GREEN, BLUE)),
    withPngChunks(png, gAMA(20), pngChunk("sRGB", Buffer.of(0))), // which is stronger
  ];
  for (const bytes of bare) expect(await withDeclaredColour(bytes)).toBe(bytes);
});

test("colours that are none are refused", async () => {
  const png = await flat("#123456").toBuffer();
  for (const chunk of [gAMA(0), cHRM(WHITE, RED, RED, RED), cHRM([0.3, 0], RED, GREEN, BLUE)])
    await expect(looks(withPngChunks(png, chunk))).rejects.toMatchObject({ code: "image_unreadable" });
});

test("high dynamic range is refused, ordinary ranges are not", async () => {
  const png = await flat("#123456").toBuffer();
  const cicp = (transfer: number) => withPngChunks(png, pngChunk("cICP", Buffer.of(9, transfer, 0, 1)));
  for (const transfer of [16, 18, 8])
    await expect(looks(cicp(transfer))).rejects.toMatchObject({ detail: expect.stringMatching(/high dynamic range/) });
  expect(await looks(cicp(13))).toHaveLength(1);
});

/** The profile that is made of primaries; libvips tells it back. */
async function profileOf(...places: readonly Xy[]): Promise<Buffer> {
  const png = await withDeclaredColour(withPngChunks(await flat("#000").toBuffer(), cHRM(...places)));
  const { icc } = await sharp(png).metadata();
  if (!icc) throw new Error("no profile");
  return icc;
}

test("a profile that swaps channels is applied, in every format that carries one, and what lies under it is judged too", async () => {
  const swap = await profileOf(WHITE, GREEN, BLUE, RED);
  const red = sharp({ create: { width: 16, height: 16, channels: 3, background: "#ff0000" } });
  const rgba = Uint8Array.from({ length: 16 * 16 * 4 }, (_, i) => [255, 0, 0, 255][i % 4] ?? 0);
  const bmp = encodeBmp(rgba, 16, 16, { bits: 24, header: 124, icc: swap });
  for (const bytes of [
    bmp,
    jpegWithProfile(await red.clone().jpeg({ quality: 100, chromaSubsampling: "4:4:4" }).toBuffer(), swap),
  ]) {
    const [[r = 255, g = 0, b = 255] = [], [plainRed = 0] = []] = await looks(bytes);
    expect([r < 16, g > 240, b < 16, plainRed > 240]).toEqual([true, true, true, true]);
  }
});

/** @see ICC.1:2022, annex B.4 */
function jpegWithProfile(jpeg: Buffer, icc: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from("ICC_PROFILE\0\x01\x01", "latin1"), icc]);
  const head = Buffer.from([0xff, 0xe2, (body.length + 2) >> 8, (body.length + 2) & 255]);
  return Buffer.concat([jpeg.subarray(0, 2), head, body, jpeg.subarray(2)]);
}

test("16 bits with a profile come to sRGB as 8 bits do", async () => {
  const of = async (space: string) => {
    const picture = sharp({ create: { width: 8, height: 8, channels: 3, background: "#30c040" } });
    return looks(await picture.toColourspace(space).withIccProfile("p3").png().toBuffer());
  };
  const [[deep], [plain]] = [await of("rgb16"), await of("srgb")];
  deep?.forEach((value, i) => {
    expect(Math.abs(value - (plain?.[i] ?? 0))).toBeLessThanOrEqual(3);
  });
});

test("profiles of cameras, screens and print are faithful, those that turn colours are not", async () => {
  const adobe = await profileOf(WHITE, RED, [0.21, 0.71], BLUE);
  const p3 = (await sharp(await flat("#000").withIccProfile("p3").toBuffer()).metadata()).icc;
  for (const icc of [adobe, p3 ?? Buffer.alloc(0)]) expect(await isFaithful(icc)).toBe(true);
  expect(await isFaithful(await profileOf(WHITE, GREEN, BLUE, RED))).toBe(false);
});
