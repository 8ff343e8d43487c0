import sharp from "sharp";
import { BACKGROUND } from "../../../models/views.ts";
import type { Picture } from "../../../pipeline/parts.ts";

/** How a caller wants the pictures. */
export interface Encoding {
  /** As it was made when undefined. */
  readonly format: PictureFormat | undefined;
  /** 0 to 100, of JPEG and WebP; 100 when undefined. */
  readonly quality: number | undefined;
  /** Without transparent parts. */
  readonly opaque: boolean;
}

export type PictureFormat = "png" | "jpeg" | "webp";

export interface EncodedPicture extends Pick<Picture, "bytes" | "base64"> {
  readonly format: PictureFormat;
}

/**
 * A released picture in the format that was asked for, in libvips' own threads. Its bytes stay as they are where they already are what
 * was asked for. A picture that is encoded anew keeps its XMP, which says how it was made, and its colours become sRGB.
 */
export async function encodePicture(picture: Picture, { format, quality, opaque }: Encoding): Promise<EncodedPicture> {
  const made = formatOf(picture);
  const wanted = format ?? made ?? "png";
  if (wanted === made && quality === undefined && !(opaque && (await hasAlpha(picture)))) {
    return { ...picture, format: made };
  }
  const image = sharp(picture.bytes).autoOrient().keepXmp();
  if (opaque || wanted === "jpeg") image.flatten({ background: BACKGROUND });
  const level = Math.max(1, quality ?? 100);
  const encoded =
    wanted === "png"
      ? image.png()
      : wanted === "jpeg"
        ? image.jpeg({ quality: level })
        : image.webp({ quality: level });
  return { bytes: await encoded.toBuffer(), format: wanted };
}

function formatOf({ mediaType }: Picture): PictureFormat | undefined {
  switch (mediaType) {
    case "image/png":
      return "png";
    case "image/jpeg":
      return "jpeg";
    case "image/webp":
      return "webp";
    default:
      return undefined;
  }
}

async function hasAlpha({ bytes }: Picture): Promise<boolean> {
  return (await sharp(bytes).metadata()).hasAlpha;
}
