import sharp, { type Metadata } from "sharp";
import type { MediaType } from "../contract/detector.ts";
import { SafelightError } from "../contract/errors.ts";
import type { Limits } from "../contract/limits.ts";
import { declaredColours } from "./avif.ts";
import { type ColourDescription, profileOfDescriptions } from "./colour.ts";
import { ascii, countGifFrames, countMultiPictures, jpegSegments, pngChunks } from "./containers.ts";
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
  if (sniffed.mediaType === "image/jpeg") checkJpeg(bytes);
  if (sniffed.mediaType === "image/gif") checkSize(...gifScreen(bytes), 1, limits);
  return sniffed.mediaType;
}

/** What libvips would not say: the size where it is beyond what libvips can hold, and colours that viewers do not agree on. */
function checkPng(bytes: Uint8Array, limits: HeaderLimits): void {
  for (const { type, data } of pngChunks(bytes)) {
    if (type === "IDAT") return;
    if (type === "IHDR" && data.length >= 8) {
      const header = new DataView(data.buffer, data.byteOffset);
      checkSize(header.getUint32(0), header.getUint32(4), 1, limits);
    }
    if (type === "cICP") profileFor("image/png", [{ primaries: data[0] ?? 0, transfer: data[1] ?? 0 }]);
  }
}

/**
 * What an AVIF says its colours are, which libvips does not look at, as an ICC profile; undefined where that is sRGB.
 * @throws SafelightError `image_unreadable`
 */
export function profileOfAvif(bytes: Uint8Array): Buffer | undefined {
  let said: readonly ColourDescription[];
  try {
    said = declaredColours(bytes);
  } catch (cause) {
    throw unreadable("image/avif", cause);
  }
  return profileFor("image/avif", said);
}

function profileFor(mediaType: MediaType, said: readonly ColourDescription[]): Buffer | undefined {
  try {
    return profileOfDescriptions(said);
  } catch (cause) {
    throw unjudgeable(mediaType, cause);
  }
}

/** What viewers do not agree on: further pictures, and colours of ink that may be a negative. */
function checkJpeg(bytes: Uint8Array): void {
  const more = countMultiPictures(bytes);
  if (more > 0) {
    throw new SafelightError(
      "image_unreadable",
      `the content is a multi-picture JPEG (MPO) with ${more + 1} pictures, of which only the first could be judged; send them one by one`,
    );
  }
  let components = 0;
  let adobe = false;
  for (const { type, data } of jpegSegments(bytes)) {
    if (/^c[0-35-7]$/.test(type)) components = data[5] ?? 0;
    if (type === "ee" && ascii(data, 0, 5) === "Adobe") adobe = true;
  }
  if (components === 4 && !adobe) {
    throw new SafelightError(
      "image_unreadable",
      "the content is a CMYK JPEG that does not say whether it is inverted (it has no Adobe segment); send it in RGB",
    );
  }
}

/** What libvips says of a picture before it decodes any pixel. @throws SafelightError `image_unreadable` */
export async function readHeader(bytes: Uint8Array, mediaType: MediaType) {
  try {
    const header = await sharp(bytes, { limitInputPixels: false, failOn: "warning" }).metadata();
    const whole = mediaType !== "image/gif" || isWholeGif(bytes, header);
    // libvips goes by signatures of its own: where it finds another format, the file is two things at once.
    if (whole && header.mediaType === mediaType) return header;
  } catch (cause) {
    throw unreadable(mediaType, cause);
  }
  throw unreadable(mediaType);
}

/** libvips leaves out damaged frames, and takes a large screen for a mistake; browsers show all of both. */
function isWholeGif(bytes: Uint8Array, { pages = 1, width, height }: Metadata): boolean {
  const [across, down] = gifScreen(bytes);
  return countGifFrames(bytes) === pages && width === across && height === down;
}

/** Pixels. */
function gifScreen(bytes: Uint8Array): readonly [width: number, height: number] {
  const u16 = (at: number) => (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
  return [u16(6), u16(8)];
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

/** For what Safelight itself takes apart. */
export function unjudgeable(mediaType: MediaType, cause: unknown): SafelightError {
  if (cause instanceof SafelightError) return cause;
  const why = cause instanceof Error && !("code" in cause) ? `: ${cause.message.split("\n", 1)[0]}` : "";
  const name = mediaType.slice("image/".length).toUpperCase();
  return new SafelightError("image_unreadable", `the image begins as ${name}, but cannot be judged${why}`, { cause });
}
