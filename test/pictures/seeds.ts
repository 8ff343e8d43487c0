import { deflateSync } from "node:zlib";
import sharp, { type Sharp } from "sharp";
import { pngChunk } from "../../src/models/containers.ts";
import { encodeApng } from "./apng.ts";
import { withNclx } from "./avif.ts";
import { BMP_FORMS, encodeBmp } from "./bmp.ts";

export { pngChunk };

/** Small pictures in every accepted format and the odd variants of each, made on the spot: 96 × 80 unless said otherwise. */
export const WIDTH = 96;
export const HEIGHT = 80;

/** Grain over waves, so that hardly a byte of any encoding repeats. */
export function rgbNoise(width: number, height: number, phase = 0): Uint8Array {
  return Uint8Array.from(
    { length: width * height * 3 },
    (_, i) => Math.sin(i / 37 + phase) * 80 + 128 + ((i * 7919 + phase * 104_729) % 40),
  );
}

export function picture(width = WIDTH, height = HEIGHT): Sharp {
  return sharp(rgbNoise(width, height), { raw: { width, height, channels: 3 } });
}

/** An animation whose frames all differ. */
export async function animation(
  format: "gif" | "webp",
  frames: number,
  width = WIDTH,
  height = HEIGHT,
): Promise<Buffer> {
  const strip = Buffer.concat(Array.from({ length: frames }, (_, i) => rgbNoise(width, height, i)));
  const image = sharp(strip, { raw: { width, height: height * frames, channels: 3, pageHeight: height } });
  const delay = Array.from({ length: frames }, () => 100);
  return await (format === "gif" ? image.gif({ delay }) : image.webp({ delay })).toBuffer();
}

/** The same grain with an alpha channel. */
export function rgbaNoise(width: number, height: number, phase = 0, alpha = 255): Uint8Array {
  const rgb = rgbNoise(width, height, phase);
  return Uint8Array.from({ length: width * height * 4 }, (_, i) =>
    i % 4 === 3 ? alpha : (rgb[Math.floor(i / 4) * 3 + (i % 4)] ?? 0),
  );
}

export async function seeds(): Promise<Readonly<Record<string, Buffer>>> {
  const base = picture();
  return {
    png: await base.clone().png().toBuffer(),
    "png, palette": await base.clone().png({ palette: true }).toBuffer(),
    "png, interlaced": await base.clone().png({ progressive: true }).toBuffer(),
    "png, 16 bits": await base.clone().toColourspace("rgb16").png().toBuffer(),
    "png, grey": await base.clone().toColourspace("b-w").png().toBuffer(),
    "png, grey and alpha": await base.clone().toColourspace("b-w").ensureAlpha(0.5).png().toBuffer(),
    "png, alpha": await base.clone().ensureAlpha(0.5).png().toBuffer(),
    "png, animated": await encodeApng(
      Array.from({ length: 12 }, (_, i) => ({ rgba: rgbaNoise(WIDTH, HEIGHT, i), width: WIDTH, height: HEIGHT })),
    ),
    "png, 16 bits, Display P3": await base.clone().toColourspace("rgb16").withIccProfile("p3").png().toBuffer(),
    "png, Display P3": await base.clone().withIccProfile("p3").png().toBuffer(),
    jpeg: await base.clone().jpeg().toBuffer(),
    "jpeg, progressive": await base.clone().jpeg({ progressive: true }).toBuffer(),
    "jpeg, grey": await base.clone().toColourspace("b-w").jpeg().toBuffer(),
    "jpeg, CMYK": await base.clone().toColourspace("cmyk").jpeg().toBuffer(),
    webp: await base.clone().webp().toBuffer(),
    "webp, lossless": await base.clone().webp({ lossless: true }).toBuffer(),
    "webp, animated": await animation("webp", 12),
    gif: await base.clone().gif().toBuffer(),
    "gif, animated": await animation("gif", 12),
    "gif, transparent": await sharp(rgbaNoise(WIDTH, HEIGHT, 0, 255), {
      raw: { width: WIDTH, height: HEIGHT, channels: 4 },
    })
      .composite([{ input: Buffer.from([0, 0, 0, 255]), raw: { width: 1, height: 1, channels: 4 }, blend: "dest-out" }])
      .gif()
      .toBuffer(),
    "avif, 10 bits": await base.clone().avif({ effort: 0, bitdepth: 10 }).toBuffer(),
    "avif, alpha": await base.clone().ensureAlpha(0.5).avif({ effort: 0 }).toBuffer(),
    "avif, Display P3 in codes": withNclx(await base.clone().avif({ effort: 0, lossless: true }).toBuffer(), {
      primaries: 12,
      transfer: 13,
    }),
    avif: await base.clone().avif({ effort: 0 }).toBuffer(),
    tiff: await base.clone().tiff().toBuffer(),
    "tiff, LZW": await base.clone().tiff({ compression: "lzw" }).toBuffer(),
    "tiff, deflate": await base.clone().tiff({ compression: "deflate", predictor: "horizontal" }).toBuffer(),
    "tiff, tiled": await base.clone().tiff({ tile: true, tileWidth: 32, tileHeight: 32 }).toBuffer(),
    "tiff, 16 bits": await base.clone().toColourspace("rgb16").tiff({ compression: "none" }).toBuffer(),
    "tiff, CMYK": await base.clone().toColourspace("cmyk").tiff({ compression: "deflate" }).toBuffer(),
    "tiff, bilevel": await base
      .clone()
      .toColourspace("b-w")
      .threshold(110)
      .tiff({ bitdepth: 1, compression: "ccittfax4" })
      .toBuffer(),
    ...Object.fromEntries(
      Object.entries(BMP_FORMS).map(([name, form]) => [name, encodeBmp(rgbaNoise(WIDTH, HEIGHT), WIDTH, HEIGHT, form)]),
    ),
  };
}

/** `png` with chunks put in after IHDR. */
export function withPngChunks(png: Uint8Array, ...chunks: readonly Uint8Array[]): Buffer {
  return Buffer.concat([png.subarray(0, 33), ...chunks, png.subarray(33)]);
}

/** A PNG of some 80 bytes that says it has this size. */
export function pngBomb(width: number, height: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2], 8);
  return Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    pngChunk("IHDR", header),
    pngChunk("IDAT", deflateSync(Buffer.alloc(64))),
    pngChunk("IEND", Buffer.alloc(0)),
  ]);
}
