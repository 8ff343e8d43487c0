import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { withNclx, withSequenceColours } from "../../test/pictures/avif.ts";
import { encodeBmp } from "../../test/pictures/bmp.ts";
import { pngChunk, withPngChunks } from "../../test/pictures/seeds.ts";
import { DEFAULT_LIMITS } from "../contract/limits.ts";
import { isFaithful, withDeclaredColour } from "./colour.ts";
import { decodeImage, uprightInSrgb } from "./decode.ts";

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

/** By the three means that tell codes of H.273: a PNG's `cICP`, an AVIF's `nclx`, and its sequence header. */
async function described(background: string, primaries: number, transfer: number): Promise<Record<string, Buffer>> {
  const picture = flat(background);
  const codes = { primaries, transfer };
  return {
    PNG: withPngChunks(await picture.clone().toBuffer(), pngChunk("cICP", Buffer.of(primaries, transfer, 0, 1))),
    "AVIF, nclx": withNclx(await picture.clone().avif({ lossless: true }).toBuffer(), codes),
    "AVIF, sequence header": withSequenceColours(
      await picture.clone().avif({ quality: 100, chromaSubsampling: "4:4:4" }).toBuffer(),
      codes,
    ),
  };
}

function expectNear(seen: readonly number[] | undefined, wanted: readonly number[], what: string): void {
  expect(seen, what).toHaveLength(wanted.length);
  for (const [i, value] of wanted.entries())
    expect(Math.abs((seen?.[i] ?? -99) - value), `${what}: ${seen} for ${wanted}`).toBeLessThanOrEqual(3);
}

describe("colours told in codes", () => {
  // What Chromium 156 shows of #804020 in a PNG and an AVIF; where there is a second, it is the picture without.
  test.each([
    ["linear light", 1, 8, [188, 137, 99], true],
    ["gamma 2.2", 1, 4, [129, 62, 26], false],
    ["gamma 2.8", 1, 5, [106, 40, 10], false],
    ["SMPTE 240M", 1, 7, [141, 81, 50], false],
    ["BT.2020", 9, 13, [155, 49, 20], true],
    ["BT.2020 in linear light", 9, 8, [215, 129, 92], true],
    ["BT.470 M", 4, 13, [149, 60, 21], true],
    ["BT.470 BG", 5, 13, [130, 64, 33], false],
    ["BT.601", 6, 6, [125, 65, 31], false],
    ["film", 8, 13, [143, 59, 22], false],
    ["DCI P3", 11, 13, [135, 60, 22], false],
    ["Display P3", 12, 13, [138, 59, 21], false],
    ["EBU", 22, 13, [129, 65, 31], false],
    ["sRGB", 1, 13, [128, 64, 32], false],
    ["BT.709", 1, 1, [128, 64, 32], false],
    ["nothing", 2, 2, [128, 64, 32], false],
    ["codes that nobody knows", 99, 99, [128, 64, 32], false],
  ] as const)(
    "%s: seen as browsers show it, and as it is where that is far",
    async (_, primaries, transfer, seen, twice) => {
      for (const [name, bytes] of Object.entries(await described("#804020", primaries, transfer))) {
        const [first, plain] = await looks(bytes);
        expectNear(first, seen, name);
        if (twice) expectNear(plain, [128, 64, 32], name);
        else expect(plain, name).toBeUndefined();
      }
    },
  );

  test.each([
    [/high dynamic range/, 9, 16],
    [/high dynamic range/, 1, 18],
    [/transfer function 9 /, 1, 9],
    [/transfer function 17 /, 1, 17],
    [/primaries 10 /, 10, 13],
  ])("%s: refused with the cause", async (detail, primaries, transfer) => {
    for (const [name, bytes] of Object.entries(await described("#804020", primaries, transfer)))
      await expect(looks(bytes), name).rejects.toMatchObject({
        code: "image_unreadable",
        detail: expect.stringMatching(detail),
      });
  });

  test("10 bits, transparent and upright: the size, the places and the backgrounds stay", async () => {
    const half = Uint8Array.from({ length: 16 * 8 * 4 }, (_, i) => [64, 64, 64, i < 16 * 4 * 4 ? 255 : 0][i % 4] ?? 0);
    const avif = await sharp(half, { raw: { width: 16, height: 8, channels: 4 } })
      .avif({ lossless: true, bitdepth: 10 })
      .toBuffer();
    const { width, height, frames } = await decodeImage(withNclx(avif, { primaries: 1, transfer: 8 }), DEFAULT_LIMITS);
    expect([width, height]).toEqual([16, 8]);
    const corners = frames.map(({ index, rgb }) => [index, rgb[0], rgb.at(-1)]);
    for (const [index, , bottom] of corners) expect([index, typeof bottom]).toEqual([0, "number"]);
    expectNear(
      corners.map(([, top = -1]) => top),
      [137, 137, 137, 137, 64],
      "the opaque half",
    );
    expectNear(
      corners.map(([, , bottom = -1]) => bottom),
      [128, 255, 0, 137, 64],
      "the transparent half",
    );
  });

  test("an AVIF with a profile and codes: both looks are judged, the profile's first", async () => {
    const avif = flat("#404040").withIccProfile("p3").avif({ quality: 100, chromaSubsampling: "4:4:4" });
    expect((await sharp(await avif.toBuffer()).metadata()).icc).toBeDefined();
    expect(await looks(await avif.toBuffer())).toHaveLength(1);
    const [profile, codes, plain] = await looks(
      withSequenceColours(await avif.toBuffer(), { primaries: 1, transfer: 8 }),
    );
    expectNear(profile, [64, 64, 64], "profile");
    expectNear(codes, [137, 137, 137], "codes");
    expectNear(plain, [64, 64, 64], "neither");
  });

  test("a PNG that tells two things, of which one is far from sRGB, is refused", async () => {
    const cicp = (primaries: number, transfer: number) => pngChunk("cICP", Buffer.of(primaries, transfer, 0, 1));
    const bare = await flat("#404040").toBuffer();
    const p3 = await flat("#404040").withIccProfile("p3").toBuffer();
    expect(await looks(withPngChunks(p3, cicp(12, 13)))).toHaveLength(1);
    expect(await looks(withPngChunks(bare, cicp(1, 13), gAMA(20)))).toHaveLength(2);
    for (const bytes of [withPngChunks(p3, cicp(1, 8)), withPngChunks(bare, cicp(1, 8), gAMA(20))])
      await expect(looks(bytes)).rejects.toMatchObject({ detail: expect.stringMatching(/several ways/) });
  });

  test("a PNG that is handed out anew shows what was judged, and so does an AVIF", async () => {
    for (const [name, bytes] of Object.entries(await described("#804020", 1, 8))) {
      const mediaType = name === "PNG" ? "image/png" : "image/avif";
      const { data } = await uprightInSrgb(bytes, mediaType);
      expectNear([...data.subarray(0, 3)], [188, 137, 99], name);
    }
  });
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
