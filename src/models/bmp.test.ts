import fc from "fast-check";
import { expect, test } from "vitest";
import { BMP_FORMS, type BmpForm, encodeBmp, greyLevels } from "../../test/pictures/bmp.ts";
import { decodeBmp, readBmpHeader } from "./bmp.ts";

const WIDTH = 13;
const HEIGHT = 7;

const decode = async (bytes: Uint8Array) => decodeBmp(bytes, readBmpHeader(bytes));
const of = (form: BmpForm, rgba = ramp()) => encodeBmp(rgba, WIDTH, HEIGHT, form);

function ramp(alpha = (i: number) => (i * 37) % 256): Uint8Array {
  return Uint8Array.from({ length: WIDTH * HEIGHT * 4 }, (_, i) => (i % 4 === 3 ? alpha(i) : (i * 89) % 256));
}

/** What is left of a value in so many bits. */
function rounded(value: number, bits: number): number {
  const most = 2 ** bits - 1;
  return Math.round((Math.round((value / 255) * most) / most) * 255);
}

/** What a form keeps of a pixel. */
function kept(form: BmpForm, [r = 0, g = 0, b = 0, a = 0]: readonly number[]): number[] {
  if (form.bits <= 8) {
    const grey = rounded(g, Math.log2(greyLevels(form.bits)));
    return [grey, grey, grey, 255];
  }
  const bits = (i: number, otherwise: number) =>
    form.masks ? (form.masks[i] ?? 0).toString(2).replaceAll("0", "").length : otherwise;
  const colour = form.bits === 16 ? 5 : 8;
  const alpha = form.masks?.[3] ? rounded(a, bits(3, 8)) : 255;
  return [rounded(r, bits(0, colour)), rounded(g, bits(1, colour)), rounded(b, bits(2, colour)), alpha];
}

test.each(Object.entries(BMP_FORMS))(
  "%s: every pixel is where and what it was, whatever the picture",
  async (_name, form) => {
    const pictures = fc
      .record({ width: fc.integer({ min: 1, max: 40 }), height: fc.integer({ min: 1, max: 9 }), seed: fc.nat(999) })
      .map(({ width, height, seed }) => ({
        width,
        height,
        rgba: Uint8Array.from(
          { length: width * height * 4 },
          (_, i) => (Math.imul(i + seed, 2_654_435_761) >>> 13) & 255,
        ),
      }));
    await fc.assert(
      fc.asyncProperty(pictures, async ({ width, height, rgba }) => {
        const pixels = Array.from({ length: width * height }, (_, i) =>
          kept(form, [...rgba.subarray(i * 4, i * 4 + 4)]),
        );
        const clear = pixels.every(([, , , a]) => a === 0);
        const expected = pixels.flatMap(([r = 0, g = 0, b = 0, a = 0]) => [r, g, b, clear ? 255 : a]);
        expect([...(await decode(encodeBmp(rgba, width, height, form)))]).toEqual(expected);
      }),
      { numRuns: 40 },
    );
  },
);

test("what runs leave out is transparent", async () => {
  const whole = of({ bits: 8, rle: true });
  const runs = Buffer.from([0, 2, 3, 1, 2, 9, 0, 0, 0, 1]); // three to the right and one up, two pixels, the end
  const rgba = await decode(Buffer.concat([whole.subarray(0, whole.readUInt32LE(10)), runs]));
  const seen = [...rgba.keys()].filter((i) => i % 4 === 3 && rgba[i] === 255).map((i) => (i - 3) / 4);
  expect(seen).toEqual([(HEIGHT - 2) * WIDTH + 3, (HEIGHT - 2) * WIDTH + 4]);
});

test("alpha that is 0 everywhere is none", async () => {
  const form = BMP_FORMS["bmp, 32 bits, version 4"] as BmpForm; // one of them
  const rgba = await decode(
    of(
      form,
      ramp(() => 0),
    ),
  );
  expect(rgba.every((value, i) => i % 4 !== 3 || value === 255)).toBe(true);
});

test("an alpha mask counts, as in browsers, also where the other masks do not", async () => {
  const bytes = of({ bits: 32, header: 108 });
  bytes.writeUInt32LE(0xff00_0000, 66);
  bytes.writeUInt32LE(0x80_102030, bytes.readUInt32LE(10));
  const rgba = await decode(bytes);
  expect([...rgba.subarray((HEIGHT - 1) * WIDTH * 4).subarray(0, 4)]).toEqual([0x10, 0x20, 0x30, 0x80]);
  bytes.writeUInt32LE(0x3ff0_0000, 66);
  await expect(decode(bytes)).rejects.toThrow(/masks that are broken or overlap/);
});

test("the profile of a version 5 header is found", () => {
  const icc = Buffer.from("a profile");
  expect(readBmpHeader(of({ bits: 24, header: 124, icc })).icc).toEqual(icc);
});

const patched = (form: BmpForm, at: number, value: number) => {
  const bytes = of(form);
  bytes.writeUInt32LE(value >>> 0, at);
  return bytes;
};
const masked: BmpForm = { bits: 32, header: 108, masks: [0xff, 0xff00, 0xff_0000, 0xff00_0000] };

function calibrated(gamma: number): Buffer {
  const bytes = of(masked);
  bytes.writeUInt32LE(0, 70);
  bytes.writeUInt32LE(gamma * 65_536, 110);
  return bytes;
}

test.each([
  ["no header", Buffer.from("BM"), /cut short/],
  ["a header of another size", patched({ bits: 24 }, 14, 41), /header of 41 bytes/],
  ["no width", patched({ bits: 24 }, 18, 0), /0 × 7 pixels/],
  ["a negative width", patched({ bits: 24 }, 18, -3), /-3 × 7 pixels/],
  ["two planes", patched({ bits: 24 }, 26, 0x18_0002), /2 planes/],
  ["2 bits", patched({ bits: 24 }, 26, 0x02_0001), /2 bits a pixel/],
  ["a JPEG inside", patched({ bits: 24 }, 30, 4), /compression JPEG/],
  ["a PNG inside", patched({ bits: 24 }, 30, 5), /compression PNG/],
  ["an unknown compression", patched({ bits: 24 }, 30, 77), /compression undefined/],
  ["runs from the top", patched({ bits: 8, rle: true }, 22, -HEIGHT), /compression rle8/],
  ["too large a palette", patched({ bits: 8 }, 46, 257), /palette of 257/],
  ["a colour beyond the palette", patched({ bits: 8 }, 46, 100), /colour \d+ of 100/],
  ["pixels inside the header", patched({ bits: 24 }, 10, 20), /pixels at byte 20/],
  ["pixels behind the end", patched({ bits: 24 }, 10, 99_999), /pixels at byte 99999/],
  ["a mask with a hole", patched(masked, 54, 0b1011), /masks that are broken/],
  ["masks that overlap", patched(masked, 54, 0x1ff), /masks that are broken/],
  ["a colour without a mask", patched(masked, 54, 0), /colour without a mask/],
  ["a profile elsewhere", patched(masked, 70, Buffer.from("KNIL").readUInt32LE()), /profile in another file/],
  ["a gamma that hides", calibrated(20), /gamma 20/],
  ["more rows than there are", patched({ bits: 24 }, 22, HEIGHT + 1), /fewer pixels/],
] as const)("%s is refused", async (_name, bytes, why) => {
  await expect(decode(bytes)).rejects.toThrow(why);
});

test.each([
  ["a run beyond its row", [14, 1, 0, 1], /leaves its row/],
  ["a row too many", [...Array.from({ length: HEIGHT * 2 }, () => 0), 1, 1, 0, 1], /leaves its row/],
  ["no end", [1, 1], /without an end/],
  ["an end inside a literal run", [0, 5, 1, 2], /without an end/],
] as const)("runs with %s are refused", async (_name, runs, why) => {
  const whole = of({ bits: 8, rle: true });
  const bytes = Buffer.concat([whole.subarray(0, whole.readUInt32LE(10)), Buffer.from(runs)]);
  await expect(decode(bytes)).rejects.toThrow(why);
});
