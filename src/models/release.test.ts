import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { picture, pngChunk, withPngChunks } from "../../test/pictures/seeds.ts";
import type { DecodedImage } from "../contract/detector.ts";
import { DEFAULT_LIMITS } from "../contract/limits.ts";
import { blurImage } from "./blur.ts";
import { decodeImage } from "./decode.ts";
import { releaseImage } from "./release.ts";

const decode = (bytes: Uint8Array) => decodeImage(bytes, DEFAULT_LIMITS);
const text = (type: string, keyword: string, value: string) =>
  pngChunk(type, Buffer.from(`${keyword}\0${value}`, "latin1"));
const SECRET = "a secret prompt, Steps: 20";

async function expectSamePixels(released: Uint8Array, original: DecodedImage): Promise<void> {
  expect((await decode(released)).frames[0]?.rgb).toEqual(original.frames[0]?.rgb);
}

describe("a clear picture", () => {
  test("without generation data is handed out byte for byte", async () => {
    for (const format of ["png", "jpeg", "webp", "gif", "avif", "tiff"] as const) {
      const image = await decode(await picture().toFormat(format).toBuffer());
      expect(releaseImage(image).bytes, format).toBe(image.bytes);
    }
  });

  test("keeps the base64 it came as only when none of its bytes is changed", async () => {
    const png = await picture().png().toBuffer();
    const base64 = [Buffer.from("the base64")];
    const clear = { ...(await decode(png)), base64 };
    const telling = { ...(await decode(withPngChunks(png, text("tEXt", "parameters", SECRET)))), base64 };
    expect(releaseImage(clear).base64).toBe(base64);
    expect(releaseImage(telling).base64).toBeUndefined();
    expect((await blurImage(clear, 0.1)).base64).toBeUndefined();
  });

  test("as PNG loses the chunks with prompts, and nothing else", async () => {
    const png = await picture().png().toBuffer();
    const kept = [
      text("tEXt", "Software", "safelight"),
      text("iTXt", "XML:com.adobe.xmp", "\0\0\0\0<x:xmpmeta/>"),
      pngChunk("caBX", Buffer.from("c2pa")),
    ];
    const image = await decode(
      withPngChunks(
        png,
        text("tEXt", "parameters", SECRET),
        ...kept,
        text("iTXt", "prompt", `\0\0\0\0${SECRET}`),
        text("zTXt", "workflow", "\0squeezed"),
      ),
    );
    const { bytes } = releaseImage(image);
    expect(Buffer.from(bytes)).toEqual(withPngChunks(png, ...kept));
    await expectSamePixels(bytes, image);
  });

  test.each(["png", "jpeg", "webp"] as const)(
    "as %s has its EXIF comment blanked, orientation and size kept",
    async (format) => {
      const bytes = await picture()
        .withExif({ IFD0: { ImageDescription: SECRET, Artist: "kept" }, IFD2: { UserComment: SECRET } })
        .withMetadata({ orientation: 6 })
        .toFormat(format)
        .toBuffer();
      expect(bytes.includes("secret")).toBe(true);
      const image = await decode(bytes);
      const released = releaseImage(image);
      expect(Buffer.from(released.bytes).includes("secret")).toBe(false);
      expect(released.bytes).toHaveLength(bytes.length);
      expect([released.width, released.height]).toEqual([80, 96]);
      expect((await sharp(released.bytes).metadata()).orientation).toBe(6);
      expect(Buffer.from(released.bytes).includes("kept")).toBe(true);
      await expectSamePixels(released.bytes, image);
    },
  );

  test("keeps its provenance: C2PA in a JPEG's APP11 and in a WebP's chunk, byte for byte", async () => {
    const jumbf = Buffer.from("JP\0\x01\0\0\0\x01\0\0\0\x10jumbc2pa", "latin1");
    const head = Buffer.from([0xff, 0xeb, 0, jumbf.length + 2]);
    const jpeg = await picture().jpeg().toBuffer();
    const signedJpeg = Buffer.concat([jpeg.subarray(0, 2), head, jumbf, jpeg.subarray(2)]);
    const webp = await picture().webp().toBuffer();
    const chunk = Buffer.from("C2PA\x04\0\0\0jumb", "latin1");
    const signedWebp = Buffer.concat([webp, chunk]);
    signedWebp.writeUInt32LE(signedWebp.length - 8, 4);
    for (const signed of [signedJpeg, signedWebp]) {
      const image = await decode(signed);
      expect(releaseImage(image).bytes).toBe(image.bytes);
      expect(Buffer.from((await blurImage(image, 0.06)).bytes).includes("jumb")).toBe(false);
    }
  });

  test("with EXIF that is damaged or points outside itself is handed out all the same", async () => {
    const png = await picture().png().toBuffer();
    for (const exif of [
      "",
      "II",
      "II*\0\xff\xff\xff\xff",
      "MM\0*\0\0\0\x08\xff\xff\x92\x86\0\x07\xff\xff\xff\xff\xff\xff\xff\xff",
    ]) {
      const image = await decode(withPngChunks(png, pngChunk("eXIf", Buffer.from(exif, "latin1"))));
      expect(releaseImage(image).bytes).toBe(image.bytes);
    }
  });
});

describe("a blurred picture", () => {
  test("keeps its upright size, loses its metadata, and shows the mean colours only", async () => {
    const stripes = Buffer.alloc(200 * 120 * 3);
    for (let i = 0; i < 200 * 120; i++) stripes.fill(i % 200 < 100 ? 40 : i % 2 ? 255 : 145, i * 3, i * 3 + 3);
    const source = await sharp(stripes, { raw: { width: 200, height: 120, channels: 3 } })
      .withExif({ IFD0: { ImageDescription: SECRET } })
      .png()
      .toBuffer();
    const blurred = await blurImage(await decode(source), 0.06);
    expect([blurred.mediaType, blurred.width, blurred.height]).toEqual(["image/jpeg", 200, 120]);
    expect(Buffer.from(blurred.bytes).includes("secret")).toBe(false);
    const rgb = (await decode(blurred.bytes)).frames[0]?.rgb ?? new Uint8Array();
    const at = (x: number, y: number) => rgb[(y * 200 + x) * 3] ?? -1;
    expect(Math.abs(at(10, 60) - 40)).toBeLessThan(5);
    expect(Math.abs(at(190, 60) - 200)).toBeLessThan(5);
    expect(Math.abs(at(190, 60) - at(191, 60))).toBeLessThan(3); // the stripes are gone
    expect(Math.abs(at(100, 60) - 120)).toBeLessThan(25); // half way between the halves
  });

  test("cannot be sharpened back: two pictures that differ in detail only become the same", async () => {
    const board = (phase: number) =>
      Buffer.from(
        Array.from({ length: 256 * 256 * 3 }, (_, i) => {
          const [x, y] = [Math.floor(i / 3) % 256, Math.floor(i / 768)];
          return ((x >> 2) + (y >> 2) + phase) % 2 ? 255 : 0;
        }),
      );
    const [one, two] = await Promise.all(
      [0, 1].map(async (phase) => {
        const png = await sharp(board(phase), { raw: { width: 256, height: 256, channels: 3 } })
          .png()
          .toBuffer();
        return (await decode((await blurImage(await decode(png), 0.06)).bytes)).frames[0]?.rgb ?? new Uint8Array();
      }),
    );
    let most = 0;
    one?.forEach((value, i) => {
      most = Math.max(most, Math.abs(value - (two?.[i] ?? 0)));
    });
    expect(most).toBeLessThanOrEqual(6);
  });

  test("can be one pixel, a line, or the first frame of an animation", async () => {
    for (const [width, height] of [
      [1, 1],
      [300, 1],
      [1, 300],
      [17, 31],
    ] as const) {
      const { bytes, ...size } = await blurImage(await decode(await picture(width, height).png().toBuffer()), 0.2);
      expect(size).toMatchObject({ width, height });
      expect(await sharp(bytes).metadata()).toMatchObject({ width, height, format: "jpeg" });
    }
  });

  test("that JPEG cannot hold becomes a PNG", async () => {
    const wide = await sharp({ create: { width: 70_000, height: 4, channels: 3, background: "#fa0" } })
      .png()
      .toBuffer();
    const blurred = await blurImage(await decode(wide), 0.06);
    expect([blurred.mediaType, blurred.width, blurred.height]).toEqual(["image/png", 70_000, 4]);
  });

  test("asks for a radius that makes sense", async () => {
    const image = await decode(await picture().png().toBuffer());
    for (const radius of [0, -1, 0.6, Number.NaN]) await expect(blurImage(image, radius)).rejects.toThrow(RangeError);
  });
});
