import sharp from "sharp";
import type { MediaType } from "../contract/detector.ts";
import { composed, readAnimation } from "./apng.ts";
import type { ReleasedImage } from "./blur.ts";
import { isAnimatedPng } from "./containers.ts";
import { bmpInRgba, frameInRgba, uprightInSrgb } from "./decode.ts";
import { animationAsWebp } from "./opaque.ts";
import { orientationOf } from "./orientation.ts";
import { strippedGif } from "./strip-gif.ts";
import { strippedJpeg } from "./strip-jpeg.ts";
import { strippedPng } from "./strip-png.ts";
import { strippedWebp } from "./strip-webp.ts";

/**
 * A picture with nothing but what is needed to show it the same: EXIF (but for the orientation), XMP, IPTC, C2PA, comments,
 * thumbnails, unknown parts and whatever follows its end are gone. The encoded pixels of a PNG, JPEG, WebP and GIF stay to the byte.
 *
 * BMP, TIFF and AVIF, and any file that cannot be walked to its end, are encoded anew from their decoded pixels, without loss, in 8 bits of
 * sRGB as they were judged: as PNG, and as WebP where they move. Of several pages or pictures in one file, the one that viewers show is left.
 * @throws Error when a picture that must be encoded anew cannot be decoded
 */
export async function stripImage(image: ReleasedImage): Promise<ReleasedImage> {
  const { bytes, mediaType, width, height } = image;
  const stripped = await strippedFile(bytes, mediaType);
  if (!stripped) return encodedAnew(image);
  return Buffer.compare(stripped, bytes) === 0 ? image : { bytes: stripped, mediaType, width, height };
}

async function strippedFile(bytes: Uint8Array, mediaType: MediaType): Promise<Uint8Array | undefined> {
  switch (mediaType) {
    case "image/jpeg":
      return strippedJpeg(bytes, await orientationOf(bytes));
    case "image/png":
      return strippedPng(bytes, await orientationOf(bytes));
    case "image/webp":
      return strippedWebp(bytes, await orientationOf(bytes));
    case "image/gif":
      return strippedGif(bytes);
    case "image/avif":
    case "image/tiff":
    case "image/bmp":
      return undefined;
  }
}

async function encodedAnew({ bytes, mediaType, width, height }: ReleasedImage): Promise<ReleasedImage> {
  if (mediaType === "image/png" && isAnimatedPng(bytes)) {
    return { bytes: await animatedPngAsWebp(bytes), mediaType: "image/webp", width, height };
  }
  if (mediaType === "image/webp" || mediaType === "image/gif") {
    const moving = { animated: true, failOn: "warning", limitInputPixels: false } as const;
    const { pages = 1 } = await sharp(bytes, moving).metadata();
    if (pages > 1) {
      const webp = await sharp(bytes, moving).webp({ lossless: true }).toBuffer();
      return { bytes: webp, mediaType: "image/webp", width, height };
    }
  }
  const raw =
    mediaType === "image/bmp"
      ? { data: await bmpInRgba(bytes), info: { width, height, channels: 4 as const } }
      : await uprightInSrgb(bytes, mediaType);
  const { channels } = raw.info;
  if (raw.info.width !== width || raw.info.height !== height) throw new Error("it was judged in another size");
  const png = await sharp(raw.data, { raw: { width, height, channels }, limitInputPixels: false }).png().toBuffer();
  return { bytes: png, mediaType: "image/png", width, height };
}

async function animatedPngAsWebp(bytes: Uint8Array): Promise<Uint8Array> {
  const animation = readAnimation(bytes);
  const frames: Uint8Array[] = [];
  for await (const canvas of composed(animation, frameInRgba)) frames.push(Uint8Array.from(canvas));
  return await animationAsWebp(animation, frames, 4);
}
