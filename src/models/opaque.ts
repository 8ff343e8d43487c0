import sharp from "sharp";
import type { ReleasedImage } from "./blur.ts";
import { pngChunks } from "./containers.ts";
import { BACKGROUND } from "./decode.ts";

/** By the colour type in a PNG's header: whether pixels have an alpha of their own. */
const PNG_WITH_ALPHA = new Set([4, 6]);
const COLOUR_TYPE_AT = 25;

/**
 * A picture as it was judged: over the grey that stood behind its transparent parts. On the white page of a viewer they could show what
 * no detector saw. A picture without any is handed back as it is; the others are encoded anew, without loss where their format can,
 * and keep their metadata.
 */
export async function opaqueImage(image: ReleasedImage): Promise<ReleasedImage> {
  const { bytes, mediaType, width, height } = image;
  if (!(await mayBeTransparent(image))) return image;
  const all = { animated: true };
  if ((await sharp(bytes, all).stats()).isOpaque) return image;
  const flat = sharp(bytes, all).keepMetadata().flatten({ background: BACKGROUND });
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
