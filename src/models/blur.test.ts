import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { pngChunk, withPngChunks } from "../../test/pictures/seeds.ts";
import { DEFAULT_LIMITS } from "../contract/limits.ts";
import { blurImage } from "./blur.ts";
import { decodeImage } from "./decode.ts";

const decode = (bytes: Uint8Array) => decodeImage(bytes, DEFAULT_LIMITS);
const SIDE = 256;
/** The square of `pixelate` at this radius, in pixels. */
const RADIUS = 0.0625;
const SQUARE = 32;
const REGION = { x: 0.375, y: 0.25, width: 0.2, height: 0.3 };
/** It, widened to whole squares: pixels, ends exclusive. */
const [LEFT, TOP, RIGHT, BOTTOM] = [96, 64, 160, 160];

type Rgb = readonly [number, number, number];
const drawn = async (colour: (x: number, y: number) => Rgb) => {
  const rgb = Buffer.from(Array.from({ length: SIDE * SIDE }, (_, i) => colour(i % SIDE, Math.floor(i / SIDE))).flat());
  return decode(
    await sharp(rgb, { raw: { width: SIDE, height: SIDE, channels: 3 } })
      .png()
      .toBuffer(),
  );
};
const inside = (x: number, y: number) => x >= LEFT && x < RIGHT && y >= TOP && y < BOTTOM;
const slope = (x: number, y: number): Rgb => [x, y, 128];
/** A pattern in the region whose every square has the same mean, whatever the shift; a slope around it. */
const original = (shift: number) =>
  drawn((x, y) => {
    if (!inside(x, y)) return slope(x, y);
    const value = (((x + shift * 5) % SQUARE) * 7 + ((y + shift * 3) % SQUARE) * 11) % 256;
    return [value, 255 - value, value >> 1];
  });
const pixels = async (bytes: Uint8Array) => (await decode(bytes)).frames[0]?.rgb ?? new Uint8Array();

describe("a picture pixelated in regions", () => {
  const extent = { style: "pixelate", regions: [REGION] } as const;

  test("is the same to the byte for many originals that differ only inside the squares", async () => {
    const originals = await Promise.all(Array.from({ length: 12 }, (_, shift) => original(shift)));
    expect(new Set(originals.map(({ digest }) => digest)).size).toBe(12);
    const outputs = await Promise.all(originals.map((each) => blurImage(each, RADIUS, extent)));
    expect(new Set(outputs.map(({ bytes }) => Buffer.from(bytes).toString("base64"))).size).toBe(1);
  });

  test("holds one colour for each square of the region, and the original around it", async () => {
    const rgb = await pixels((await blurImage(await original(0), RADIUS, extent)).bytes);
    const at = (x: number, y: number) => [...rgb.subarray((y * SIDE + x) * 3, (y * SIDE + x) * 3 + 3)];
    for (const [x, y] of [
      [LEFT, TOP],
      [LEFT + SQUARE, TOP],
      [LEFT, TOP + 2 * SQUARE],
    ] as const) {
      const middle = at(x + 16, y + 16);
      for (const [dx, dy] of [
        [10, 10],
        [22, 10],
        [10, 22],
        [22, 22],
      ] as const) {
        at(x + dx, y + dy).forEach((value, c) => {
          expect(Math.abs(value - (middle[c] ?? -99))).toBeLessThanOrEqual(2);
        });
      }
    }
    for (const [x, y] of [
      [20, 20],
      [230, 40],
      [40, 200],
      [200, 200],
      [128, 40],
      [128, 190],
    ] as const) {
      at(x, y).forEach((value, c) => {
        expect(Math.abs(value - (slope(x, y)[c] ?? -99))).toBeLessThanOrEqual(8);
      });
    }
  });
});

test("a picture blurred in regions is nearly the same for originals that differ in detail only", async () => {
  const extent = { style: "blur", regions: [REGION] } as const;
  const board = (phase: number) =>
    drawn((x, y) => {
      if (x < 96 || x >= 152 || y < 64 || y >= 144) return slope(x, y); // the region, widened to cells of 8 pixels
      const value = ((x >> 2) + (y >> 2) + phase) % 2 ? 255 : 0;
      return [value, value, value];
    });
  const [one, two] = await Promise.all(
    [0, 1].map(async (phase) => pixels((await blurImage(await board(phase), RADIUS, extent)).bytes)),
  );
  let most = 0;
  one?.forEach((value, i) => {
    most = Math.max(most, Math.abs(value - (two?.[i] ?? -99)));
  });
  expect(most).toBeLessThanOrEqual(12); // of 255, which they differed by
  const clear = (20 * SIDE + 20) * 3;
  expect(Math.abs((one?.[clear] ?? -99) - 20)).toBeLessThanOrEqual(8);
});

test("a small picture is not shown as it is by squares of one pixel", async () => {
  const rgb = Buffer.from(Array.from({ length: 16 * 16 * 3 }, (_, i) => ((i / 3) % 2 < 1 ? 0 : 255)));
  const small = await sharp(rgb, { raw: { width: 16, height: 16, channels: 3 } })
    .png()
    .toBuffer();
  const shown = await pixels((await blurImage(await decode(small), 0.03, { style: "pixelate" })).bytes);
  expect(Math.max(...shown) - Math.min(...shown)).toBeLessThan(12);
});

test.each(["blur", "pixelate"] as const)(
  "%s leaves no EXIF, XMP, GPS or C2PA behind, in regions either",
  async (style) => {
    const exif = { IFD0: { Artist: "somebody" }, IFD3: { GPSLatitudeRef: "N", GPSLatitude: "52/1 31/1 0/1" } };
    const jpeg = await sharp({ create: { width: 64, height: 64, channels: 3, background: "#385" } })
      .withExif(exif)
      .withXmp("<x:xmpmeta xmlns:x='adobe:ns:meta/'>somebody</x:xmpmeta>")
      .png()
      .toBuffer();
    const signed = withPngChunks(jpeg, pngChunk("caBX", Buffer.from("jumb c2pa somebody")));
    expect(signed.includes("caBX")).toBe(true);
    for (const extent of [{ style }, { style, regions: [REGION] }]) {
      const { bytes } = await blurImage(await decode(signed), RADIUS, extent);
      const { exif: left, xmp, iptc } = await sharp(bytes).metadata();
      expect([left, xmp, iptc]).toEqual([undefined, undefined, undefined]);
      expect(Buffer.from(bytes).includes("somebody")).toBe(false);
      expect(Buffer.from(bytes).includes("c2pa")).toBe(false);
    }
  },
);

test("a blurred picture that is very wide has no seam", async () => {
  const [width, height] = [20_000, 24];
  const rgb = Buffer.from(Array.from({ length: width * height * 3 }, (_, i) => (Math.floor(i / 3) % width) >> 7));
  const image = await decode(
    await sharp(rgb, { raw: { width, height, channels: 3 } })
      .png()
      .toBuffer(),
  );
  const seen = await pixels((await blurImage(image, 0.2)).bytes);
  const off = Array.from({ length: width }, (_, x) => Math.abs((seen[(12 * width + x) * 3] ?? 0) - (x >> 7)));
  expect(Math.max(...off)).toBeLessThanOrEqual(3);
});
