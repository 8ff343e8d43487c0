import sharp from "sharp";
import type { DecodedImage, Frame, MediaType } from "../contract/detector.ts";
import { SafelightError } from "../contract/errors.ts";
import type { Limits } from "../contract/limits.ts";
import { RgbFrame } from "./frame.ts";
import { checkSize, type HeaderLimits, identify, readHeader, unreadable } from "./header.ts";

/** Pictures are decoded once, so that libvips' cache of results could only hold on to what should be forgotten. */
sharp.cache(false);

/** Behind whatever is transparent: what detectors see there, and so what anybody may be shown. */
export const BACKGROUND = { r: 128, g: 128, b: 128 };

/** No picture within the default limits takes a tenth of this. */
const PATIENCE_SECONDS = 20;

export type DecodeLimits = HeaderLimits & Pick<Limits, "frames_judged">;

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

async function sha256(bytes: Uint8Array): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>);
  return `sha256:${Buffer.from(hash).toString("hex")}`;
}
