import sharp from "sharp";
import type { DecodedImage, Frame, MediaType } from "../contract/detector.ts";
import { SafelightError } from "../contract/errors.ts";
import { releaseImage } from "./release.ts";
import { BACKGROUND } from "./views.ts";

/** What a vendor takes. Every vendor takes JPEG. */
export interface VendorLimits {
  /** Of the encoded picture, before any base64; {@link MOST_BYTES} when absent. */
  readonly bytes?: number;
  /** Pixels. */
  readonly longestSide?: number;
  /** Pixels. */
  readonly shortestSide?: number;
  readonly types: readonly MediaType[];
}

export interface VendorPicture {
  /** The frame's index in the file: 0 for a still picture. */
  readonly frame: number;
  readonly bytes: Uint8Array;
  readonly mediaType: MediaType;
}

/** All known vendors take this much. More in base64 and JSON would hold up the event loop, and classifiers see no more in it. */
export const MOST_BYTES = 2 * 1024 * 1024;

interface Size {
  readonly width: number;
  readonly height: number;
}

/** From the best to the least that a classifier sees no difference in; then the picture is made smaller. */
const QUALITIES = [92, 80, 65] as const;
const SMALLER = 0.7;

/**
 * A picture as a vendor can take it: a still one that fits goes as it is, but for the prompt that generators write into metadata.
 * Anything else, and what a vendor might see otherwise than we do (turned by EXIF, or transparent), goes as one JPEG for each of its
 * judged frames, made smaller or larger in proportion where the vendor's limits ask for it, with a grey margin where it is too
 * narrow for both. libvips works in its own threads.
 * @throws SafelightError `detector_failed` when no size fits the vendor's limit of bytes
 */
export async function encodeWithin(image: DecodedImage, limits: VendorLimits): Promise<readonly VendorPicture[]> {
  const { bytes, mediaType } = releaseImage(image);
  const still = image.frameCount === 1 && limits.types.includes(mediaType);
  if (still && bytes.length <= mostBytes(limits) && fits(image, limits) && (await isPlain(bytes)))
    return [{ frame: 0, bytes, mediaType }];
  return Promise.all(image.frames.map((frame) => asJpeg(frame, limits)));
}

function mostBytes({ bytes = MOST_BYTES }: VendorLimits): number {
  return bytes;
}

async function isPlain(bytes: Uint8Array): Promise<boolean> {
  const { hasAlpha, orientation = 1 } = await sharp(bytes).metadata();
  return !hasAlpha && orientation === 1;
}

function fits({ width, height }: Size, { longestSide = Number.POSITIVE_INFINITY, shortestSide = 1 }: VendorLimits) {
  return Math.max(width, height) <= longestSide && Math.min(width, height) >= shortestSide;
}

async function asJpeg(frame: Frame, limits: VendorLimits): Promise<VendorPicture> {
  const most = mostBytes(limits);
  for (let part = 1; ; part *= SMALLER) {
    const { inner, outer } = placed(frame, limits, part);
    for (const quality of QUALITIES) {
      const bytes = await encoded(frame, inner, outer, quality);
      if (bytes.length <= most) return { frame: frame.index, bytes, mediaType: "image/jpeg" };
    }
    if (Math.max(inner.width, inner.height) === 1)
      throw new SafelightError("detector_failed", `no picture fits into the ${most} bytes that it takes`);
  }
}

/** The longest side that JPEG can hold. */
const JPEG_SIDE = 65_535;

/** The size that the frame gets, and that of the canvas it lies on: the same, unless it is too narrow. */
function placed({ width, height }: Size, limits: VendorLimits, part: number): { inner: Size; outer: Size } {
  const { longestSide = JPEG_SIDE, shortestSide = 1 } = limits;
  const enlarged = Math.max(1, shortestSide / Math.min(width, height));
  const scale = Math.min(enlarged, longestSide / Math.max(width, height)) * part;
  const inner = { width: scaled(width, scale), height: scaled(height, scale) };
  return {
    inner,
    outer: { width: Math.max(inner.width, shortestSide), height: Math.max(inner.height, shortestSide) },
  };
}

function scaled(side: number, scale: number): number {
  return Math.max(1, Math.round(side * scale));
}

function encoded({ rgb, width, height }: Frame, inner: Size, outer: Size, quality: number): Promise<Uint8Array> {
  const right = outer.width - inner.width;
  const bottom = outer.height - inner.height;
  const left = Math.floor(right / 2);
  const top = Math.floor(bottom / 2);
  return sharp(rgb, { raw: { width, height, channels: 3 } })
    .resize(inner.width, inner.height, { fit: "fill" })
    .extend({ left, top, right: right - left, bottom: bottom - top, background: BACKGROUND })
    .jpeg({ quality })
    .toBuffer();
}
