import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { encodeApng } from "../../test/pictures/apng.ts";
import { encodeBmp } from "../../test/pictures/bmp.ts";
import type { MediaType } from "../contract/detector.ts";
import { DEFAULT_LIMITS } from "../contract/limits.ts";
import { decodeImage } from "./decode.ts";
import { opaqueImage } from "./opaque.ts";

const SIDE = 32;
/** Grey letters on nothing: over the judges' grey there is nothing to be seen, over a white page they can be read. */
const hidden = () => {
  const pixels = Buffer.alloc(SIDE * SIDE * 4, 128);
  for (let at = 3; at < pixels.length; at += 4) pixels[at] = at % 24 < 12 ? 255 : 0;
  return sharp(pixels, { raw: { width: SIDE, height: SIDE, channels: 4 } });
};
const of = (bytes: Uint8Array, mediaType: MediaType) => ({ bytes, mediaType, width: SIDE, height: SIDE });

describe("a picture with transparent parts", () => {
  test.each(["png", "webp", "gif", "avif", "tiff"] as const)("as %s is shown as it was judged", async (format) => {
    const bytes = await hidden().toFormat(format).toBuffer();
    const shown = await opaqueImage(of(bytes, `image/${format}`));
    expect((await sharp(shown.bytes).stats()).isOpaque).toBe(true);
    const [judged] = (await decodeImage(bytes, DEFAULT_LIMITS)).frames;
    const [seen] = (await decodeImage(shown.bytes, DEFAULT_LIMITS)).frames;
    const most = Math.max(...(judged?.rgb ?? []).map((value, i) => Math.abs(value - (seen?.rgb[i] ?? 0))));
    expect(most).toBeLessThanOrEqual(format === "avif" || format === "gif" ? 4 : 0);
  });

  test("and several pages, as TIFF, is its first one", async () => {
    const pages = await hidden().toBuffer();
    const strip = { width: SIDE, height: 3 * SIDE, channels: 4, pageHeight: SIDE } as const;
    const bytes = await sharp(Buffer.concat([pages, Buffer.alloc(pages.length, 90), pages]), { raw: strip })
      .tiff({ compression: "deflate" })
      .toBuffer();
    expect((await sharp(bytes).metadata()).pages).toBe(3);
    const shown = await opaqueImage(of(bytes, "image/tiff"));
    const [judged] = (await decodeImage(bytes, DEFAULT_LIMITS)).frames;
    expect((await decodeImage(shown.bytes, DEFAULT_LIMITS)).frames[0]?.rgb).toEqual(judged?.rgb);
  });

  test("and moves, as PNG, is shown as often and as long as before", async () => {
    const rgba = await hidden().raw().toBuffer();
    const size = { width: SIDE, height: SIDE };
    const frames = [
      { ...size, rgba, delay: 10 },
      { ...size, rgba: rgba.toReversed(), delay: 25 },
    ];
    const bytes = await encodeApng(frames, undefined, 3);
    const shown = await opaqueImage(of(bytes, "image/png"));
    expect(shown.mediaType).toBe("image/webp");
    const { loop, delay } = await sharp(shown.bytes, { animated: true }).metadata();
    expect({ loop, delay }).toEqual({ loop: 3, delay: [100, 250] });
  });

  test("as PNG with a transparent colour is found by that", async () => {
    const bytes = await sharp(await hidden().png().toBuffer())
      .png({ palette: true })
      .toBuffer();
    expect(Buffer.from(bytes).includes("tRNS")).toBe(true);
    expect((await sharp((await opaqueImage(of(bytes, "image/png"))).bytes).stats()).isOpaque).toBe(true);
  });
});

describe("a picture without", () => {
  test.each(["png", "jpeg", "webp", "gif", "avif", "tiff"] as const)("as %s stays as it is", async (format) => {
    const image = of(await hidden().flatten().toFormat(format).toBuffer(), `image/${format}`);
    expect(await opaqueImage(image)).toBe(image);
  });

  test("stays as it is also where it could have some", async () => {
    const image = of(await hidden().flatten().ensureAlpha().png().toBuffer(), "image/png");
    expect(await opaqueImage(image)).toBe(image);
  });
});

test("a BMP leaves as PNG, with the pixels that were judged", async () => {
  const rgba = Uint8Array.from({ length: SIDE * SIDE * 4 }, (_, i) => (i * 89) % 256);
  const { icc } = await sharp(await hidden().withIccProfile("p3").png().toBuffer()).metadata();
  const bmp = encodeBmp(rgba, SIDE, SIDE, {
    bits: 32,
    header: 124,
    masks: [0xff, 0xff00, 0xff_0000, 0xff00_0000],
    icc: icc ?? Buffer.alloc(0),
  });
  const shown = await opaqueImage(of(bmp, "image/bmp"));
  expect(shown.mediaType).toBe("image/png");
  const [judged] = (await decodeImage(bmp, DEFAULT_LIMITS)).frames;
  const [seen] = (await decodeImage(shown.bytes, DEFAULT_LIMITS)).frames;
  expect(seen?.rgb).toEqual(judged?.rgb);
});
