import sharp from "sharp";
import type { DecodedImage } from "../../src/contract/detector.ts";
import { DEFAULT_LIMITS } from "../../src/contract/limits.ts";
import { decodeImage } from "../../src/models/decode.ts";

export const decoded = (bytes: Uint8Array): Promise<DecodedImage> =>
  decodeImage(bytes, { ...DEFAULT_LIMITS, image_bytes: 64 * 1024 * 1024 });

/** One colour, as a PNG. */
export const plain = (width: number, height: number, colour = "#336699"): Promise<Buffer> =>
  sharp({ create: { width, height, channels: 3, background: colour } })
    .png()
    .toBuffer();

/** A GIF of one colour a frame. */
export async function slides(colours: readonly string[], side = 80): Promise<Buffer> {
  const frames = await Promise.all(
    colours.map((background) =>
      sharp({ create: { width: side, height: side, channels: 3, background } })
        .raw()
        .toBuffer(),
    ),
  );
  const raw = { width: side, height: side * colours.length, channels: 3 as const, pageHeight: side };
  return sharp(Buffer.concat(frames), { raw })
    .gif({ delay: colours.map(() => 100) })
    .toBuffer();
}

/** The colour in the middle of an encoded picture: `red`, `green` or `blue`, whichever is strongest. */
export async function colourOf(bytes: Uint8Array): Promise<"red" | "green" | "blue"> {
  const { dominant } = await sharp(bytes).stats();
  const { r, g, b } = dominant;
  return r > g && r > b ? "red" : g > b ? "green" : "blue";
}
