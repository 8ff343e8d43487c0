import { sniff } from "../../models/sniff.ts";
import type { FileKind } from "../../store/scans/scan-store.ts";
import { isHeader } from "./tar-headers.ts";

/** So much of a file tells what it is. */
export const HEAD_BYTES = 1024;

/** What trainers and image libraries open by their content, whatever it is called, and is not judged here. In Latin-1. */
const OPAQUE: readonly { readonly is: string; readonly starts: RegExp }[] = [
  { is: "gzip", starts: /^\x1f\x8b\x08/ },
  { is: "compress", starts: /^\x1f\x9d/ },
  { is: "bzip2", starts: /^BZh[1-9]1AY&SY/ },
  { is: "XZ", starts: /^\xfd7zXZ\0/ },
  { is: "Zstandard", starts: /^\x28\xb5\x2f\xfd/ },
  { is: "LZ4", starts: /^(?:\x04\x22\x4d\x18|\x02\x21\x4c\x18)/ },
  { is: "lzip", starts: /^LZIP[\0\x01]/ },
  { is: "7z", starts: /^7z\xbc\xaf\x27\x1c/ },
  { is: "RAR", starts: /^Rar!\x1a\x07/ },
  { is: "Parquet", starts: /^PAR1/ },
  { is: "Arrow", starts: /^ARROW1/ },
  { is: "HDF5", starts: /^\x89HDF\r\n\x1a\n/ },
  { is: "NumPy", starts: /^\x93NUMPY/ },
  { is: "pickle", starts: /^\x80[\x02-\x05]/ },
  { is: "PCX", starts: /^\x0a[\0\x02-\x05].[\x01\x02\x04\x08]/s },
  { is: "DDS", starts: /^DDS \x7c\0\0\0/ },
  { is: "ICNS", starts: /^icns[\0-\x08]/ },
  { is: "QOI", starts: /^qoif(?:[\0-\x08]|.{4}\0)/s },
  { is: "SGI", starts: /^\x01\xda[\0\x01][\x01\x02]/ },
  { is: "JPEG 2000", starts: /^\xff\x4f\xff\x51/ },
  { is: "PostScript", starts: /^(?:%!PS|\xc5\xd0\xd3\xc6)/ },
  { is: "DIB", starts: /^(?:\x0c\0\0\0.{6}|[\x28\x34\x38\x40\x6c\x7c]\0\0\0.{10})[\x01\x02\x04\x08\x10\x18\x20]\0/s },
  { is: "XPM", starts: /^\/\* XPM \*\// },
  { is: "CUR or TGA", starts: /^\0\0[\x02\x0a]\0/ },
  { is: "Sun raster", starts: /^\x59\xa6\x6a\x95/ },
  { is: "FITS", starts: /^SIMPLE\s\s\s*=?\s*T\s*(?:\/|(?<=^.{80}))/s },
  { is: "OpenEXR", starts: /^\x76\x2f\x31\x01/ },
  { is: "Radiance HDR", starts: /^#\?(?:RADIANCE|RGBE)\b/ },
  { is: "GIMP XCF", starts: /^gimp xcf (?:file|v\d{3})\0/ },
  { is: "DICOM", starts: /^.{128}DICM/s },
  { is: "WMF", starts: /^\xd7\xcd\xc6\x9a/ },
  { is: "EMF", starts: /^\x01\0\0\0.{36} EMF/s },
  { is: "DCX", starts: /^\xb1\x68\xde\x3a/ },
  { is: "FLIC", starts: /^.{4}[\x11\x12]\xaf.{8}[\0\x03]\0/s },
  { is: "PIXAR", starts: /^\x80\xe8\0\0/ },
  { is: "BLP", starts: /^BLP[12].\0\0\0/s },
  { is: "FTEX", starts: /^FTEX.{7}\0/s },
  { is: "MSP", starts: /^(?:DanM|LinS)(?=.{0,27}[\0-\x08])/s },
  { is: "GIMP brush", starts: /^.{4}\0\0\0[\x01\x02].{8}\0\0\0[\x01\x04]/s },
  { is: "SPIDER", starts: /^.{16}(?:\x3f\x80\0\0|\0\0\x80\x3f)/s },
  { is: "McIDAS", starts: /^\0{7}\x04/ },
  { is: "IM", starts: /^(?:\r?[A-Za-z][^:\n]*:[^\n]*\n)+\r?[\0\x1a]/ },
  { is: "IM Tools", starts: /^(?=[^\x0c]*\bwidth \d)(?=[^\x0c]*\bheight \d)(?=[^\x0c]*\bpixel n8)[^\x0c]*\x0c/ },
  { is: "IPTC", starts: /^\x1c[\x01-\x09\xf0]/ },
  { is: "OLE", starts: /^\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1/ },
  { is: "DjVu", starts: /^AT&TFORM/ },
  { is: "Matroska", starts: /^\x1a\x45\xdf\xa3/ },
  { is: "Ogg", starts: /^OggS\0/ },
  { is: "AVI", starts: /^RIFF.{4}AVI /s },
  { is: "MPEG", starts: /^\0\0\x01[\xb3\xba]/ },
  { is: "FLV", starts: /^FLV\x01/ },
];

/** What a file is in truth, and the format's name. */
export interface Content {
  readonly kind: Extract<FileKind, "picture" | "archive" | "opaque">;
  readonly format: string;
}

/** @returns undefined for what is none of these, such as text */
export function contentOf(head: Uint8Array): Content | undefined {
  const sniffed = sniff(head);
  if (sniffed?.mediaType) return { kind: "picture", format: sniffed.name };
  if (sniffed && sniffed.name !== "HTML") return { kind: "opaque", format: sniffed.name };
  const text = Buffer.from(head.subarray(0, HEAD_BYTES)).toString("latin1");
  if (isHeader(head)) return { kind: "archive", format: "tar" };
  const found = isNetpbm(text) ? "PNM" : isXbm(text) ? "XBM" : OPAQUE.find(({ starts }) => starts.test(text))?.is;
  return found === undefined ? undefined : { kind: "opaque", format: found };
}

const NETPBM =
  /^P(?:[14]\s+\d[\d_]*\s+\d|(?:[2356fF]\s|yP\s|0CMYK|yRGBA|yCMYK)\s*\d[\d_]*\s+\d[\d_]*\s+[-.\d]|7\s+(?:WIDTH|HEIGHT|DEPTH|MAXVAL|TUPLTYPE|332)\b)/;
const NETPBM_BEGUN = /^P(?:[1-7fF]\s|yP\s|0CMYK|yRGBA|yCMYK)[\s\d_]*$/;

/** Comments may stand anywhere in a header, even inside a number, and may be longer than what is seen of it here. */
function isNetpbm(text: string): boolean {
  if (!text.startsWith("P")) return false;
  const header = text.replaceAll(/#[^\r\n]*[\r\n]?/g, "").replaceAll(/(?<=\s)\+(?=\d)/g, "");
  return NETPBM.test(header) || (text.length === HEAD_BYTES && NETPBM_BEGUN.test(header));
}

/** Source code in C that begins by defining a width and a height, in any order. */
function isXbm(text: string): boolean {
  const code = text.replaceAll(/\/\*.*?\*\//gs, "");
  const [defines = ""] = /^\s*(?:#define[ \t].*\s+)*/.exec(code) ?? [];
  return /width[ \t]+\d/.test(defines) && /height[ \t]+\d/.test(defines);
}
