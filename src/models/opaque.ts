import sharp from "sharp";
import { type Animation, composed, readAnimation } from "./apng.ts";
import type { ReleasedImage } from "./blur.ts";
import { isAnimatedPng, pngChunks } from "./containers.ts";
import { bmpInRgba, frameInRgba } from "./decode.ts";
import { BACKGROUND } from "./views.ts";

/** By the colour type in a PNG's header: whether pixels have an alpha of their own. */
const PNG_WITH_ALPHA = new Set([4, 6]);
const COLOUR_TYPE_AT = 25;

/**
 * A picture as it was judged: over the grey that stood behind its transparent parts. On the white page of a viewer they could show what
 * no detector saw. A picture without any is handed back as it is; the others are encoded anew, without loss where their format can,
 * and keep their metadata. An animated PNG becomes a WebP then, of a TIFF's pages the first is left, as a PNG, and a BMP, which few
 * programs read, always becomes one.
 */
export async function opaqueImage(image: ReleasedImage): Promise<ReleasedImage> {
  const { bytes, mediaType, width, height } = image;
  if (mediaType === "image/bmp") return bmpAsPng(image);
  if (mediaType === "image/png" && isAnimatedPng(bytes)) return opaqueAnimation(image);
  if (!(await mayBeTransparent(image))) return image;
  const all = { animated: true };
  if ((await sharp(bytes, all).stats()).isOpaque) return image;
  const moving = mediaType === "image/webp" || mediaType === "image/gif";
  const flat = sharp(bytes, { animated: moving }).keepMetadata().flatten({ background: BACKGROUND });
  switch (mediaType) {
    case "image/webp":
      return { bytes: await flat.webp({ lossless: true }).toBuffer(), mediaType, width, height };
    case "image/gif":
      return { bytes: await flat.gif().toBuffer(), mediaType, width, height };
    default:
      return { bytes: await flat.png().toBuffer(), mediaType: "image/png", width, height };
  }
}

async function mayBeTransparent({ bytes, mediaType }: ReleasedImage): Promise<boolean> {
  if (mediaType === "image/jpeg") return false;
  if (mediaType !== "image/png") return (await sharp(bytes).metadata()).hasAlpha;
  if (PNG_WITH_ALPHA.has(bytes[COLOUR_TYPE_AT] ?? 0)) return true;
  for (const { type } of pngChunks(bytes)) {
    if (type === "tRNS") return true;
    if (type === "IDAT") return false;
  }
  return false;
}

async function bmpAsPng({ bytes, width, height }: ReleasedImage): Promise<ReleasedImage> {
  const flat = sharp(await bmpInRgba(bytes), { raw: { width, height, channels: 4 } }).flatten({
    background: BACKGROUND,
  });
  return { bytes: await flat.png().toBuffer(), mediaType: "image/png", width, height };
}

/** Without the picture that viewers without animations would show, and without metadata, where anything is transparent. */
async function opaqueAnimation(image: ReleasedImage): Promise<ReleasedImage> {
  const { bytes, width, height } = image;
  const animation = readAnimation(bytes);
  const stills = animation.still ? [await frameInRgba(animation.still)] : [];
  let opaque = stills.every(isOpaque);
  const frames: Buffer[] = [];
  for await (const canvas of composed(animation, frameInRgba)) {
    opaque &&= isOpaque(canvas);
    const flat = sharp(canvas, { raw: { width, height, channels: 4 } }).flatten({ background: BACKGROUND });
    frames.push(await flat.raw().toBuffer());
  }
  if (opaque) return image;
  return { bytes: await animationAsWebp(animation, frames, 3), mediaType: "image/webp", width, height };
}

/** The most that WebP can tell. */
const WEBP_LOOPS = 65_535;

/**
 * Without loss, each frame as long and the whole as often as it was shown.
 * @param composed frames of `height × width × channels` bytes
 */
export async function animationAsWebp(
  { width, height, frames, plays }: Animation,
  composed: readonly Uint8Array[],
  channels: 3 | 4,
): Promise<Uint8Array> {
  const strip = { width, height: height * composed.length, channels, pageHeight: height } as const;
  const delay = frames.map(({ delayMs }) => Math.round(delayMs));
  return await sharp(Buffer.concat(composed), { raw: strip, limitInputPixels: false })
    .webp({ lossless: true, delay, loop: Math.min(plays, WEBP_LOOPS) })
    .toBuffer();
}

function isOpaque(rgba: Uint8Array): boolean {
  for (let at = 3; at < rgba.length; at += 4) if (rgba[at] !== 255) return false;
  return true;
}
