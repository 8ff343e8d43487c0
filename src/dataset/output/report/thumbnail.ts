import sharp from "sharp";
import type { Limits } from "../../../contract/limits.ts";
import { decodeImage } from "../../../models/decode.ts";

/** Pixels of the longer side. */
const SIDE = 144;

/** Pixels of the longer side, of a thumbnail that shows nothing but colours. */
const BLURRED_SIDE = 6;

/** The same, of which only a few pixels are left. */
export async function blurredThumbnail(thumbnail: Uint8Array): Promise<Uint8Array> {
  const { width, height } = await sharp(thumbnail).metadata();
  const few = await sharp(thumbnail).resize(BLURRED_SIDE, BLURRED_SIDE, { fit: "inside" }).png().toBuffer();
  return sharp(few).resize(width, height, { fit: "fill", kernel: "cubic" }).jpeg({ quality: 60 }).toBuffer();
}

/** A small JPEG of a picture's first frame, made from its pixels alone; undefined when it cannot be read. */
export async function thumbnailOf(bytes: Uint8Array, limits: Limits): Promise<Uint8Array | undefined> {
  try {
    const { frames } = await decodeImage(bytes, { ...limits, frames_judged: 1 });
    const [frame] = frames;
    if (!frame) return undefined;
    const { width, height, rgb } = frame;
    return await sharp(rgb, { raw: { width, height, channels: 3 } })
      .resize(SIDE, SIDE, { fit: "inside", withoutEnlargement: true })
      .jpeg({ quality: 60 })
      .toBuffer();
  } catch {
    return undefined; // its item says why
  }
}
