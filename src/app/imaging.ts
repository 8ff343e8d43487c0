import type { Limits } from "../contract/limits.ts";
import { blurImage } from "../models/blur.ts";
import { decodeImage } from "../models/decode.ts";
import { opaqueImage } from "../models/opaque.ts";
import { recogniseImage } from "../models/recognise.ts";
import { releaseImage } from "../models/release.ts";
import type { Imaging } from "../pipeline/parts.ts";

export function imagingWithin(limits: Limits): Imaging {
  return {
    decode: (bytes) => decodeImage(bytes, limits),
    recognise: (bytes) => recogniseImage(bytes, limits),
    blur: blurImage,
    release: (image) => opaqueImage(releaseImage(image)),
  };
}
