import { setImmediate } from "node:timers/promises";
import sharp from "sharp";
import { BACKGROUND } from "../../../../models/views.ts";
import type { Picture } from "../../../../pipeline/parts.ts";

/** Rows between two pauses for other work: about 2 ms. */
const ROWS = 64;
const JPEG_QUALITY = 95;
/** Nothing may come to light that no detector saw. */
const JUDGED_OVER = { background: BACKGROUND };

/** A picture to be answered, or the size of one that is not shown. */
export interface Shown {
  readonly picture: Picture | undefined;
  readonly width: number;
  readonly height: number;
}

/** In place of a picture that is not shown stands a black one, as the safety checker of diffusers does it. */
function pixels({ picture, width, height }: Shown) {
  if (picture) return sharp(picture.bytes).autoOrient();
  return sharp({ create: { width, height, channels: 3, background: "black" } });
}

/** Provenance (XMP) goes along. */
export async function asJpeg(shown: Shown): Promise<string> {
  if (shown.picture?.mediaType === "image/jpeg") return base64(shown.picture.bytes);
  return base64(await pixels(shown).flatten(JUDGED_OVER).keepXmp().jpeg({ quality: JPEG_QUALITY }).toBuffer());
}

export async function asPng(shown: Shown): Promise<string> {
  if (shown.picture?.mediaType === "image/png") return base64(shown.picture.bytes);
  return base64(await pixels(shown).keepXmp().png().toBuffer());
}

/** JSON of height × width × 3 numbers, 0 to 255. */
export async function asPixels(shown: Shown): Promise<string> {
  const { data, info } = await pixels(shown)
    .flatten(JUDGED_OVER)
    .toColourspace("srgb")
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const rows: string[] = [];
  for (let y = 0; y < info.height; y++) {
    let row = "";
    for (let at = y * info.width * 3; at < (y + 1) * info.width * 3; at += 3)
      row += `${row === "" ? "" : ","}[${data[at]},${data[at + 1]},${data[at + 2]}]`;
    rows.push(`[${row}]`);
    if (y % ROWS === ROWS - 1) await setImmediate();
  }
  return `[${rows.join(",")}]`;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}
