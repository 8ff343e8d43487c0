import type { Limits } from "../contract/limits.ts";
import { blurImage } from "../models/blur.ts";
import { decodeImage } from "../models/decode.ts";
import { opaqueImage } from "../models/opaque.ts";
import { recogniseImage } from "../models/recognise.ts";
import { releaseImage } from "../models/release.ts";
import { stripImage } from "../models/strip.ts";
import type { Imaging } from "../pipeline/parts.ts";

export function imagingWithin(limits: Limits): Imaging {
  return {
    decode: (bytes) => decodeImage(bytes, limits),
    recognise: (bytes) => recogniseImage(bytes, limits),
    blur: blurImage,
    async release(image, metadata) {
      const shown = await opaqueImage(releaseImage(image));
      return metadata === "strip" ? stripImage(shown) : shown;
    },
    strip: ({ bytes, mediaType, width, height }) => stripImage({ bytes, mediaType, width, height }),
  };
}
