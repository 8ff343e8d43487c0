import { crc32 } from "node:zlib";
import type { DecodedImage } from "../contract/detector.ts";
import type { ReleasedImage } from "./blur.ts";
import { ascii, jpegSegments, type Part, pngChunks, webpChunks } from "./containers.ts";

/**
 * Keywords of PNG text chunks that hold prompts and settings: AUTOMATIC1111 (`parameters`), ComfyUI (`prompt`, `workflow`) and
 * InvokeAI (the others). In lower case.
 */
const GENERATION_KEYWORDS = new Set([
  "parameters",
  "prompt",
  "workflow",
  "invokeai_metadata",
  "invokeai_graph",
  "invokeai_workflow",
  "sd-metadata",
  "dream",
]);

/**
 * The bytes of a clear picture as they may be handed out: the original ones, unless a PNG, JPEG or WebP carries the prompt
 * and settings it was made with. Those are cut out, or in EXIF blanked; every other byte stays, pixels and provenance
 * (XMP, C2PA) included. A C2PA signature over the whole file no longer holds then, and says so.
 */
export function releaseImage(image: DecodedImage): ReleasedImage {
  const { base64, mediaType, width, height } = image;
  const bytes = withoutGenerationData(image);
  return { bytes, ...(base64 && bytes === image.bytes ? { base64 } : {}), mediaType, width, height };
}

function withoutGenerationData({ bytes, mediaType }: DecodedImage): Uint8Array {
  switch (mediaType) {
    case "image/png":
      return rebuilt(bytes, pngChunks(bytes), cleanPngChunk);
    case "image/jpeg":
      return rebuilt(bytes, jpegSegments(bytes), cleanJpegSegment);
    case "image/webp":
      return rebuilt(bytes, webpChunks(bytes), ({ type, data }, whole) =>
        type === "EXIF" ? replaced(whole, 8, blankedExif(data)) : whole,
      );
    default:
      return bytes;
  }
}

/** @param clean answers a part's bytes as they shall be: `whole` itself to keep them, undefined to leave them out. */
function rebuilt(
  bytes: Uint8Array,
  parts: Iterable<Part>,
  clean: (part: Part, whole: Uint8Array) => Uint8Array | undefined,
): Uint8Array {
  const pieces: Uint8Array[] = [];
  let copied = 0;
  for (const part of parts) {
    const whole = bytes.subarray(part.start, part.end);
    const cleaned = clean(part, whole);
    if (cleaned === whole) continue;
    pieces.push(bytes.subarray(copied, part.start));
    if (cleaned) pieces.push(cleaned);
    copied = part.end;
  }
  return copied === 0 ? bytes : Buffer.concat([...pieces, bytes.subarray(copied)]);
}

function cleanPngChunk({ type, data }: Part, whole: Uint8Array): Uint8Array | undefined {
  if (type === "tEXt" || type === "iTXt" || type === "zTXt") {
    const end = data.indexOf(0);
    return GENERATION_KEYWORDS.has(ascii(data, 0, end < 0 ? 0 : Math.min(end, 79)).toLowerCase()) ? undefined : whole;
  }
  if (type !== "eXIf") return whole;
  const cleaned = replaced(whole, 8, blankedExif(data));
  if (cleaned !== whole) {
    const end = cleaned.length - 4;
    new DataView(cleaned.buffer, cleaned.byteOffset).setUint32(end, crc32(cleaned.subarray(4, end)));
  }
  return cleaned;
}

function cleanJpegSegment({ type, data }: Part, whole: Uint8Array): Uint8Array {
  if (type !== "e1" || ascii(data, 0, 6) !== "Exif\0\0") return whole;
  return replaced(whole, whole.length - data.length + 6, blankedExif(data.subarray(6)));
}

/** A copy of `whole` with `part` written at `at`; `whole` itself when there is nothing to write. */
function replaced(whole: Uint8Array, at: number, part: Uint8Array | undefined): Uint8Array {
  if (!part) return whole;
  const copy = Uint8Array.from(whole);
  copy.set(part, at);
  return copy;
}

const EXIF_IFD = 0x8769;
const USER_COMMENT = 0x9286;
const IMAGE_DESCRIPTION = 0x010e;
const MAKE_AND_MODEL = [0x010f, 0x0110];

/**
 * EXIF with the fields that generators write zeroed in place, so that every offset in it still holds: UserComment
 * (AUTOMATIC1111), ImageDescription, and Make and Model where ComfyUI put `prompt:` or `workflow:` there.
 * @param exif a TIFF structure, or one after `Exif\0\0`, as some write into WebP
 * @returns undefined when there is nothing to blank
 * @see CIPA DC-008 (Exif 2.32), sections 4.5 and 4.6
 */
function blankedExif(exif: Uint8Array): Uint8Array | undefined {
  const base = ascii(exif, 0, 6) === "Exif\0\0" ? 6 : 0;
  const copy = Uint8Array.from(exif);
  const tiff = copy.subarray(base);
  if (tiff.length < 8) return undefined;
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength);
  const little = ascii(tiff, 0, 2) === "II";
  const u16 = (at: number) => (at + 2 <= tiff.length ? view.getUint16(at, little) : 0);
  const u32 = (at: number) => (at + 4 <= tiff.length ? view.getUint32(at, little) : 0);
  let blanked = false;
  const walk = (ifd: number, nested: boolean): void => {
    for (let i = 0; i < u16(ifd); i++) {
      const entry = ifd + 2 + i * 12;
      if (entry + 12 > tiff.length) return;
      const tag = u16(entry);
      if (tag === EXIF_IFD && !nested) walk(u32(entry + 8), true);
      const length = u32(entry + 4); // ASCII and UNDEFINED: one byte each
      const start = length <= 4 ? entry + 8 : u32(entry + 8);
      const value = tiff.subarray(start, start + length);
      const wanted =
        tag === USER_COMMENT ||
        tag === IMAGE_DESCRIPTION ||
        (MAKE_AND_MODEL.includes(tag) && /^(?:prompt|workflow):/i.test(ascii(value, 0, 9)));
      if (!wanted || value.every((byte) => byte === 0)) continue;
      value.fill(0);
      blanked = true;
    }
  };
  walk(u32(4), false);
  return blanked ? copy : undefined;
}
