import fc from "fast-check";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { encodeWithin, MOST_BYTES, type VendorLimits } from "../../src/models/vendor-picture.ts";
import { picture, pngChunk, rgbNoise, withPngChunks } from "../pictures/seeds.ts";
import { colourOf, decoded, plain, slides } from "./pictures.ts";

const PNG_AND_JPEG: VendorLimits = { bytes: 1_000_000, types: ["image/png", "image/jpeg"] };

async function only(bytes: Uint8Array, limits: VendorLimits) {
  const [one, ...more] = await encodeWithin(await decoded(bytes), limits);
  if (!one || more.length > 0) throw new Error(`expected one picture, got ${more.length + 1}`);
  const { width, height, format } = await sharp(one.bytes).metadata();
  return { ...one, width, height, format };
}

describe("a picture for a vendor", () => {
  test("goes as it is when it fits", async () => {
    for (const bytes of [await picture().png().toBuffer(), await picture().jpeg().toBuffer()]) {
      const [one] = await encodeWithin(await decoded(bytes), { ...PNG_AND_JPEG, longestSide: 96, shortestSide: 80 });
      expect(one?.bytes).toBe(bytes);
      expect(one?.frame).toBe(0);
    }
  });

  test("leaves the prompt behind that its generator wrote into it", async () => {
    const text = pngChunk("tEXt", Buffer.from("parameters\0a castle\nSteps: 20", "latin1"));
    const { bytes, format } = await only(withPngChunks(await plain(64, 64), text), PNG_AND_JPEG);
    expect(format).toBe("png");
    expect(Buffer.from(bytes).includes("a castle")).toBe(false);
  });

  test("that is transparent goes as often as it looks different: over grey, white and black, and without its alpha", async () => {
    const clear = await sharp({ create: { width: 64, height: 64, channels: 4, background: "#ff000000" } })
      .png()
      .toBuffer();
    const looks = await encodeWithin(await decoded(clear), PNG_AND_JPEG);
    expect(looks.map(({ frame, mediaType }) => [frame, mediaType])).toEqual(Array(4).fill([0, "image/jpeg"]));
    const colours = [
      [128, 128, 128],
      [255, 255, 255],
      [0, 0, 0],
      [255, 0, 0],
    ];
    for (const [i, { bytes }] of looks.entries()) {
      const seen = (await sharp(bytes).raw().toBuffer()).subarray(0, 3);
      colours[i]?.forEach((value, c) => {
        expect(Math.abs((seen[c] ?? 0) - value)).toBeLessThan(4);
      });
    }
  });

  test("that is turned goes upright", async () => {
    const turned = await picture().withMetadata({ orientation: 6 }).jpeg().toBuffer();
    const upright = await only(turned, PNG_AND_JPEG);
    expect([upright.width, upright.height, (await sharp(upright.bytes).metadata()).orientation]).toEqual([
      80,
      96,
      undefined,
    ]);
  });

  test("becomes a JPEG of the same size when the vendor does not take its type", async () => {
    const webp = await picture().webp().toBuffer();
    expect(await only(webp, PNG_AND_JPEG)).toMatchObject({
      format: "jpeg",
      width: 96,
      height: 80,
      mediaType: "image/jpeg",
    });
  });

  test("never has more bytes than the event loop can well turn into JSON, whatever the vendor takes", async () => {
    const noise = await sharp(rgbNoise(900, 900), { raw: { width: 900, height: 900, channels: 3 } })
      .png({ compressionLevel: 0 })
      .toBuffer();
    expect(noise.length).toBeGreaterThan(MOST_BYTES);
    const { bytes, format, width } = await only(noise, { types: ["image/png"] });
    expect([format, width]).toEqual(["jpeg", 900]);
    expect(bytes.length).toBeLessThanOrEqual(MOST_BYTES);
  });

  test("becomes smaller when it has too many bytes", async () => {
    const noise = sharp(rgbNoise(600, 400), { raw: { width: 600, height: 400, channels: 3 } });
    const {
      bytes,
      width = 0,
      height = 0,
    } = await only(await noise.png().toBuffer(), { ...PNG_AND_JPEG, bytes: 20_000 });
    expect(bytes.length).toBeLessThanOrEqual(20_000);
    expect(width).toBeLessThan(600);
    expect(width / height).toBeCloseTo(1.5, 1);
  });

  test("is not made smaller where a lower quality is enough", async () => {
    const bytes = await picture().png({ compressionLevel: 0 }).toBuffer();
    const { format, width } = await only(bytes, { ...PNG_AND_JPEG, bytes: bytes.length - 1 });
    expect([format, width]).toEqual(["jpeg", 96]);
  });

  test("of which no size has few enough bytes cannot be judged", async () => {
    await expect(
      encodeWithin(await decoded(await plain(64, 64)), { ...PNG_AND_JPEG, bytes: 50 }),
    ).rejects.toMatchObject({
      code: "detector_failed",
      detail: expect.stringContaining("50 bytes"),
    });
  });

  test("with frames goes as one JPEG for each judged frame, with its index", async () => {
    const image = await decoded(await slides(["#e00000", "#00e000", "#0000e0"]));
    const pictures = await encodeWithin(image, { ...PNG_AND_JPEG, types: ["image/gif"] });
    expect(pictures.map(({ frame }) => frame)).toEqual([0, 1, 2]);
    expect(await Promise.all(pictures.map(({ bytes }) => colourOf(bytes)))).toEqual(["red", "green", "blue"]);
    for (const { mediaType, bytes } of pictures)
      expect([mediaType, (await sharp(bytes).metadata()).format]).toEqual(["image/jpeg", "jpeg"]);
  });

  test("of any size comes out within the limits, in its proportions, and with a margin only where both limits ask for it", async () => {
    const side = fc.integer({ min: 1, max: 400 });
    await fc.assert(
      fc.asyncProperty(side, side, async (width, height) => {
        const limits = { ...PNG_AND_JPEG, longestSide: 200, shortestSide: 50 };
        const found = await only(await plain(width, height), limits);
        const sides = [found.width ?? 0, found.height ?? 0];
        expect(Math.max(...sides)).toBeLessThanOrEqual(200);
        expect(Math.min(...sides)).toBeGreaterThanOrEqual(50);
        const narrow = Math.max(width, height) / Math.min(width, height) > 4;
        if (!narrow)
          expect(Math.abs((sides[0] ?? 0) * height - (sides[1] ?? 0) * width)).toBeLessThanOrEqual(width + height);
      }),
      { numRuns: 40 },
    );
  });

  test("that is too narrow has grey beside it, and itself in the middle", async () => {
    const { bytes, width, height } = await only(await plain(8, 400, "#e00000"), {
      ...PNG_AND_JPEG,
      longestSide: 200,
      shortestSide: 50,
    });
    expect([width, height]).toEqual([50, 200]);
    const pixels = await sharp(bytes).raw().toBuffer();
    const at = (x: number) => [...pixels.subarray((100 * 50 + x) * 3, (100 * 50 + x) * 3 + 3)];
    for (const edge of [at(2), at(47)]) for (const value of edge) expect(Math.abs(value - 128)).toBeLessThan(12);
    expect((at(25)[0] ?? 0) - (at(25)[1] ?? 0)).toBeGreaterThan(120);
  });
});
