/**
 * Milliseconds from encoded bytes to the frames that detectors see, for every format, one picture at a time. Libvips may use all cores.
 *
 *   node bench/decode.ts [--json]
 */
import sharp, { type Sharp } from "sharp";
import type { DecodedImage } from "../src/contract/detector.ts";
import { DEFAULT_LIMITS } from "../src/contract/limits.ts";
import { decodeImage } from "../src/models/decode.ts";
import { encodeApng } from "../test/pictures/apng.ts";
import { encodeBmp } from "../test/pictures/bmp.ts";
import { picture, pngChunk, rgbaNoise, withPngChunks } from "../test/pictures/seeds.ts";
import { measure, type Row, report } from "./support/harness.ts";

const SIDES = [512, 1024] as const;
const FRAMES = 12;

type Encode = (of: Sharp, side: number) => Promise<Buffer>;

const FORMATS: Readonly<Record<string, Encode>> = {
  png: (of) => of.png().toBuffer(),
  "png, alpha channel, opaque": (of) => of.ensureAlpha().png().toBuffer(),
  "png, half transparent": (of) => of.ensureAlpha(0.5).png().toBuffer(),
  "png, 16 bits": (of) => of.toColourspace("rgb16").png().toBuffer(),
  "png, Display P3": (of) => of.withIccProfile("p3").png().toBuffer(),
  "png, gamma": async (of) =>
    withPngChunks(await of.png().toBuffer(), pngChunk("gAMA", Buffer.from([0, 0, 0xd6, 0xd8]))),
  [`png, ${FRAMES} frames`]: (_, side) =>
    encodeApng(
      Array.from({ length: FRAMES }, (_, i) => ({ rgba: rgbaNoise(side, side, i), width: side, height: side })),
    ),
  jpeg: (of) => of.jpeg().toBuffer(),
  "jpeg, progressive": (of) => of.jpeg({ progressive: true }).toBuffer(),
  "jpeg, CMYK": (of) => of.toColourspace("cmyk").jpeg().toBuffer(),
  webp: (of) => of.webp().toBuffer(),
  "webp, lossless": (of) => of.webp({ lossless: true, effort: 1 }).toBuffer(),
  [`webp, ${FRAMES} frames`]: (_, side) => animated(side).webp().toBuffer(),
  avif: (of) => of.avif({ effort: 0 }).toBuffer(),
  gif: (of) => of.gif({ effort: 1 }).toBuffer(),
  [`gif, ${FRAMES} frames`]: (_, side) => animated(side).gif({ effort: 1 }).toBuffer(),
  tiff: (of) => of.tiff({ compression: "lzw" }).toBuffer(),
  bmp: async (_, side) => encodeBmp(rgbaNoise(side, side), side, side, { bits: 24 }),
  "bmp, 8 bits, runs": async (_, side) => encodeBmp(rgbaNoise(side, side), side, side, { bits: 8, rle: true }),
};

function animated(side: number): Sharp {
  const strip = Buffer.concat(
    Array.from({ length: FRAMES }, (_, i) => rgbaNoise(side, side, i).filter((_, at) => at % 4 !== 3)),
  );
  return sharp(strip, { raw: { width: side, height: side * FRAMES, channels: 3, pageHeight: side } });
}

async function row(name: string, side: number, bytes: Uint8Array): Promise<Row> {
  const check = ({ width, height, frames }: DecodedImage) => {
    const grey = frames[0]?.rgb.reduce((sum, value) => sum + value, 0) ?? 0;
    const mean = grey / (side * side * 3);
    if (width !== side || height !== side || !(mean > 100 && mean < 180)) throw new Error(`${name}: a wrong answer`);
  };
  check(await decodeImage(bytes, DEFAULT_LIMITS));
  const { frames } = await decodeImage(bytes, DEFAULT_LIMITS);
  const timed = await measure(`${name}, ${side} × ${side}`, () => decodeImage(bytes, DEFAULT_LIMITS), {
    iterations: 40,
  });
  return { ...timed, frames: frames.length, kib: Math.round(bytes.length / 1024) };
}

const rows: Row[] = [];
for (const [name, encode] of Object.entries(FORMATS)) {
  for (const side of SIDES) rows.push(await row(name, side, await encode(picture(side, side), side)));
}
report("From encoded bytes to RGB frames", rows);
