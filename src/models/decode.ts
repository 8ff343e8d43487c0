import sharp from "sharp";
import type { DecodedImage, Frame, MediaType } from "../contract/detector.ts";
import { SafelightError } from "../contract/errors.ts";
import type { Limits } from "../contract/limits.ts";
import { countGifFrames, isAnimatedPng, pngChunks } from "./containers.ts";
import { resizeBilinear } from "./resize.ts";
import { ACCEPTED, sniff } from "./sniff.ts";

/** Pictures are decoded once, so that libvips' cache of results could only hold on to what should be forgotten. */
sharp.cache(false);

/** Behind whatever is transparent. */
const BACKGROUND = { r: 128, g: 128, b: 128 };

/** No picture within the default limits takes a tenth of this. */
const PATIENCE_SECONDS = 20;

type DecodeLimits = Pick<Limits, "image_bytes" | "image_pixels" | "image_frames" | "frames_judged">;

/**
 * Decodes a picture within hard limits, which are held against its header before any pixel is decoded. What the bytes
 * are decides, not what anyone calls them. libvips works in its own threads.
 *
 * Every warning of a decoder fails the picture: half a picture must not be judged as if it were whole.
 * @throws SafelightError `image_too_large` naming the value and the limit; `image_unreadable` for anything that is not a
 *   whole PNG, JPEG, WebP, GIF, AVIF or TIFF; animated PNG and AVIF are refused, because only their first frame could be judged
 */
export async function decodeImage(bytes: Uint8Array, limits: DecodeLimits): Promise<DecodedImage> {
  const mediaType = identify(bytes, limits);
  const header = await readHeader(bytes, mediaType);
  const frameCount = header.pages ?? 1;
  checkSize(header.width, header.height, frameCount, limits);
  const chosen = spread(frameCount, limits.frames_judged);
  const [digest, frames] = await Promise.all([
    sha256(bytes),
    Promise.all(chosen.map((index) => decodeFrame(bytes, mediaType, index, limits))),
  ]);
  const [first] = frames;
  const { width, height } = header.autoOrient;
  if (first?.width !== width || first.height !== height) throw unreadable(mediaType);
  return { digest, bytes, mediaType, width, height, frameCount, frames };
}

function identify(bytes: Uint8Array, limits: DecodeLimits): MediaType {
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
function checkPng(bytes: Uint8Array, limits: DecodeLimits): void {
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

async function readHeader(bytes: Uint8Array, mediaType: MediaType) {
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

function checkSize(width: number, height: number, frames: number, limits: DecodeLimits): void {
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

/** At most `most` of the indices 0 to count - 1, evenly spread; the first always, and the last when there is more than one. */
function spread(count: number, most: number): readonly number[] {
  if (count <= most) return Array.from({ length: count }, (_, i) => i);
  if (most === 1) return [0];
  return Array.from({ length: most }, (_, i) => Math.round((i * (count - 1)) / (most - 1)));
}

async function decodeFrame(
  bytes: Uint8Array,
  mediaType: MediaType,
  index: number,
  limits: DecodeLimits,
): Promise<Frame> {
  try {
    const { data, info } = await sharp(bytes, {
      page: index,
      pages: 1,
      failOn: "warning",
      autoOrient: true,
      // The pages of a TIFF differ in size: each is held against the limit once more.
      limitInputPixels: limits.image_pixels,
    })
      .flatten({ background: BACKGROUND })
      .toColourspace("srgb")
      .timeout({ seconds: PATIENCE_SECONDS })
      .raw({ depth: "uchar" })
      .toBuffer({ resolveWithObject: true });
    if (info.channels !== 3) throw new Error(`${info.channels} channels after conversion to sRGB`);
    return new RgbFrame(index, info.width, info.height, data);
  } catch (cause) {
    if (cause instanceof Error && cause.message.includes("exceeds pixel limit")) {
      throw new SafelightError(
        "image_too_large",
        `frame ${index} of the image has more pixels than the limit of ${limits.image_pixels} (image_pixels)`,
        { cause },
      );
    }
    throw unreadable(mediaType, cause);
  }
}

function unreadable(mediaType: MediaType, cause?: unknown): SafelightError {
  const name = mediaType.slice("image/".length).toUpperCase();
  return new SafelightError("image_unreadable", `the image begins as ${name}, but is damaged or cut short`, { cause });
}

async function sha256(bytes: Uint8Array): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>);
  return `sha256:${Buffer.from(hash).toString("hex")}`;
}

class RgbFrame implements Frame {
  readonly index: number;
  readonly width: number;
  readonly height: number;
  readonly rgb: Uint8Array;
  readonly #resized = new Map<string, Float32Array>();

  constructor(index: number, width: number, height: number, rgb: Uint8Array) {
    this.index = index;
    this.width = width;
    this.height = height;
    this.rgb = rgb;
  }

  async resized(width: number, height: number): Promise<Float32Array> {
    const key = `${width}×${height}`;
    let pixels = this.#resized.get(key);
    if (!pixels) {
      pixels = resizeBilinear(this.rgb, this.width, this.height, width, height);
      this.#resized.set(key, pixels);
    }
    return pixels;
  }
}
