import sharp from "sharp";
import type { MediaType } from "../contract/detector.ts";
import { SafelightError } from "../contract/errors.ts";
import type { Limits } from "../contract/limits.ts";
import { countGifFrames, isAnimatedPng, pngChunks } from "./containers.ts";
import { ACCEPTED, sniff } from "./sniff.ts";

export type HeaderLimits = Pick<Limits, "image_bytes" | "image_pixels" | "image_frames">;

/**
 * What the bytes are, whatever anyone says they are, and whether they keep the limits that need no decoder.
 * @throws SafelightError `image_unreadable`, `image_too_large`
 */
export function identify(bytes: Uint8Array, limits: HeaderLimits): MediaType {
  if (bytes.length === 0) throw new SafelightError("image_unreadable", "the image is empty: it has 0 bytes");
  if (bytes.length > limits.image_bytes) {
    throw new SafelightError(
      "image_too_large",
      `the image has ${bytes.length} bytes; the limit is ${limits.image_bytes} (image_bytes)`,
    );
  }
  const sniffed = sniff(bytes);
  if (!sniffed?.mediaType) {
    const found = sniffed ? `the content is ${sniffed.name}` : "the content is no known image format";
    throw new SafelightError("image_unreadable", `${found}; accepted are ${ACCEPTED}`);
  }
  if (sniffed.mediaType === "image/png") checkPng(bytes, limits);
  return sniffed.mediaType;
}

/** What libvips would not say: the size where it is beyond what libvips can hold, and frames after the first. */
function checkPng(bytes: Uint8Array, limits: HeaderLimits): void {
  const { value: first } = pngChunks(bytes).next();
  if (first?.type === "IHDR" && first.data.length >= 8) {
    const header = new DataView(first.data.buffer, first.data.byteOffset);
    checkSize(header.getUint32(0), header.getUint32(4), 1, limits);
  }
  if (isAnimatedPng(bytes)) {
    throw new SafelightError(
      "image_unreadable",
      "the content is an animated PNG, of which only the first frame could be judged; send a GIF or an animated WebP",
    );
  }
}

/** What libvips says of a picture before it decodes any pixel. @throws SafelightError `image_unreadable` */
export async function readHeader(bytes: Uint8Array, mediaType: MediaType) {
  try {
    const header = await sharp(bytes, { limitInputPixels: false, failOn: "warning" }).metadata();
    const whole = mediaType !== "image/gif" || countGifFrames(bytes) === (header.pages ?? 1);
    // libvips goes by signatures of its own: where it finds another format, the file is two things at once.
    if (whole && header.mediaType === mediaType) return header;
  } catch (cause) {
    throw unreadable(mediaType, cause);
  }
  throw unreadable(mediaType);
}

/** @throws SafelightError `image_too_large` */
export function checkSize(width: number, height: number, frames: number, limits: HeaderLimits): void {
  if (frames > limits.image_frames) {
    throw new SafelightError(
      "image_too_large",
      `the image has ${frames} frames; the limit is ${limits.image_frames} (image_frames)`,
    );
  }
  const pixels = width * height * frames;
  if (pixels > limits.image_pixels) {
    const times = frames > 1 ? ` × ${frames} frames` : "";
    throw new SafelightError(
      "image_too_large",
      `the image has ${width} × ${height}${times} = ${pixels} pixels; the limit is ${limits.image_pixels} (image_pixels)`,
    );
  }
}

export function unreadable(mediaType: MediaType, cause?: unknown): SafelightError {
  const name = mediaType.slice("image/".length).toUpperCase();
  return new SafelightError("image_unreadable", `the image begins as ${name}, but is damaged or cut short`, { cause });
}
