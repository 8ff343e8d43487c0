import type { MediaType } from "../contract/detector.ts";

/** What the bytes are, whatever anyone says they are. `name` is for people; `mediaType` is there when it is accepted. */
export interface Sniffed {
  readonly name: string;
  readonly mediaType?: MediaType;
}

/** For messages: "PNG, JPEG, WebP, GIF, AVIF, TIFF and BMP". */
export const ACCEPTED = "PNG, JPEG, WebP, GIF, AVIF, TIFF and BMP";

const SIGNATURES: readonly { readonly at?: number; readonly magic: string; readonly is: Sniffed }[] = [
  { magic: "\x89PNG\r\n\x1a\n", is: { name: "PNG", mediaType: "image/png" } },
  { magic: "\xff\xd8\xff", is: { name: "JPEG", mediaType: "image/jpeg" } },
  { magic: "GIF87a", is: { name: "GIF", mediaType: "image/gif" } },
  { magic: "GIF89a", is: { name: "GIF", mediaType: "image/gif" } },
  { magic: "II*\0", is: { name: "TIFF", mediaType: "image/tiff" } },
  { magic: "MM\0*", is: { name: "TIFF", mediaType: "image/tiff" } },
  { magic: "II+\0", is: { name: "TIFF", mediaType: "image/tiff" } },
  { magic: "MM\0+", is: { name: "TIFF", mediaType: "image/tiff" } },
  { magic: "\0\0\x01\0", is: { name: "ICO" } },
  { magic: "\xff\x0a", is: { name: "JPEG XL" } },
  { magic: "\0\0\0\x0cJXL ", is: { name: "JPEG XL" } },
  { magic: "\0\0\0\x0cjP  ", is: { name: "JPEG 2000" } },
  { magic: "8BPS", is: { name: "Photoshop" } },
  { magic: "%PDF-", is: { name: "PDF" } },
  { magic: "PK\x03\x04", is: { name: "ZIP" } },
];

/** "BM" alone begins many a text: the size of the header that follows says more. */
const BMP = /^BM.{12}[\x0c\x28\x34\x38\x40\x6c\x7c]\0\0\0/s;

/** The first kilobyte alone decides, by the signatures that the formats' specifications give. */
export function sniff(bytes: Uint8Array): Sniffed | undefined {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 1024)).toString("latin1");
  if (head.startsWith("RIFF") && head.startsWith("WEBP", 8)) return { name: "WebP", mediaType: "image/webp" };
  if (head.startsWith("ftyp", 4)) return isoMedia(bytes, head);
  if (BMP.test(head)) return { name: "BMP", mediaType: "image/bmp" };
  const known = SIGNATURES.find(({ magic }) => head.startsWith(magic));
  if (known) return known.is;
  if (/^(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>|<!--.*?-->|<!DOCTYPE svg[^>]*>|\s)*<svg\b/is.test(head))
    return { name: "SVG" };
  if (/^(?:\xef\xbb\xbf)?\s*<(?:!doctype html|html|head|body|script)\b/i.test(head)) return { name: "HTML" };
  return undefined;
}

/** ISO base media file: the brands in the `ftyp` box say what kind. An image sequence (`avis`) may hide frames: not accepted. */
function isoMedia(bytes: Uint8Array, head: string): Sniffed {
  const size = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  const brands = [head.slice(8, 12)];
  for (let at = 16; at + 4 <= Math.min(size, head.length); at += 4) brands.push(head.slice(at, at + 4));
  if (brands.includes("avis")) return { name: "an AVIF image sequence" };
  if (brands.includes("avif")) return { name: "AVIF", mediaType: "image/avif" };
  if (brands.some((brand) => /^(?:heic|heix|hevc|hevx|heim|heis|mif1|msf1)$/.test(brand))) return { name: "HEIC" };
  return { name: "a video or another ISO media file" };
}
