import { crc32 } from "node:zlib";
import type { DecodedImage, MediaType } from "../contract/detector.ts";
import { sha256 } from "../pipeline/digest.ts";
import { isAnimatedPng, jpegSegments, type Part, pngChunks } from "./containers.ts";
import { type DecodeLimits, decodeImage } from "./decode.ts";
import { checkSize, identify, readHeader, unreadable } from "./header.ts";

type Size = Pick<DecodedImage, "width" | "height" | "frameCount">;

/**
 * A picture within the same hard limits as {@link decodeImage}, for when nobody looks at its pixels: `frames` is empty.
 * That it is whole is told from how it is built: the checksums of a PNG, the end of a JPEG, the length of a WebP. The
 * other formats do not show it, and are decoded.
 * @throws SafelightError `image_too_large`, `image_unreadable`
 */
export async function recogniseImage(bytes: Uint8Array, limits: DecodeLimits): Promise<DecodedImage> {
  const mediaType = identify(bytes, limits);
  const size = await sizeOfWhole(bytes, mediaType);
  if (!size) return { ...(await decodeImage(bytes, limits)), frames: [] };
  checkSize(size.width, size.height, size.frameCount, limits);
  return { digest: sha256(bytes), bytes, mediaType, ...size, frames: [] };
}

/** @returns undefined for a format that does not show whether it is whole */
async function sizeOfWhole(bytes: Uint8Array, mediaType: MediaType): Promise<Size | undefined> {
  switch (mediaType) {
    case "image/png":
      if (isAnimatedPng(bytes)) return undefined;
      return sizeOfPng(bytes) ?? (await sizeInHeader(bytes, mediaType));
    case "image/jpeg":
      if (!hasEndOfJpeg(bytes)) throw unreadable(mediaType);
      return sizeInHeader(bytes, mediaType);
    case "image/webp":
      if (new DataView(bytes.buffer, bytes.byteOffset).getUint32(4, true) + 8 > bytes.length)
        throw unreadable(mediaType);
      return sizeInHeader(bytes, mediaType);
    default:
      return undefined;
  }
}

async function sizeInHeader(bytes: Uint8Array, mediaType: MediaType): Promise<Size> {
  const { autoOrient, pages } = await readHeader(bytes, mediaType);
  return { width: autoOrient.width, height: autoOrient.height, frameCount: pages ?? 1 };
}

/**
 * Walks the chunks and their checksums.
 * @returns undefined when the size does not say how the picture is to be shown: EXIF may turn it
 * @throws SafelightError `image_unreadable` unless every chunk is there
 */
function sizeOfPng(bytes: Uint8Array): Size | undefined {
  const parts = [...pngChunks(bytes)];
  const types = new Set(parts.map(({ type }) => type));
  const [header] = parts;
  const whole = header?.type === "IHDR" && header.data.length === 13 && types.has("IDAT") && types.has("IEND");
  if (!whole || !parts.every((part) => isSound(bytes, part))) throw unreadable("image/png");
  if (types.has("eXIf")) return undefined;
  const view = new DataView(header.data.buffer, header.data.byteOffset);
  return { width: view.getUint32(0), height: view.getUint32(4), frameCount: 1 };
}

function isSound(bytes: Uint8Array, { start, end }: Part): boolean {
  const sum = new DataView(bytes.buffer, bytes.byteOffset).getUint32(end - 4);
  return crc32(bytes.subarray(start + 4, end - 4)) === sum;
}

/** Whether the marker EOI follows what the segments describe. */
function hasEndOfJpeg(bytes: Uint8Array): boolean {
  const after = [...jpegSegments(bytes)].at(-1)?.end ?? 2;
  return Buffer.from(bytes.buffer, bytes.byteOffset + after, bytes.length - after).includes("\xff\xd9", 0, "latin1");
}
