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
  { is: "LZ4", starts: /^\x04\x22\x4d\x18/ },
  { is: "lzip", starts: /^LZIP[\0\x01]/ },
  { is: "7z", starts: /^7z\xbc\xaf\x27\x1c/ },
  { is: "RAR", starts: /^Rar!\x1a\x07/ },
  { is: "Parquet", starts: /^PAR1/ },
  { is: "Arrow", starts: /^ARROW1/ },
  { is: "HDF5", starts: /^\x89HDF\r\n\x1a\n/ },
  { is: "NumPy", starts: /^\x93NUMPY/ },
  { is: "pickle", starts: /^\x80[\x02-\x05]/ },
  { is: "PNM", starts: /^P[1-7]\s(?:\s|#[^\n]*\n)*(?:\d+(?:\s|#[^\n]*\n)+\d|WIDTH)/ },
  { is: "PFM", starts: /^P[fF]\n\d+ \d+\n/ },
  { is: "PCX", starts: /^\x0a[\0\x02-\x05]\x01[\x01\x02\x04\x08]/ },
  { is: "DDS", starts: /^DDS \x7c\0\0\0/ },
  { is: "ICNS", starts: /^icns\0/ },
  { is: "QOI", starts: /^qoif.{8}[\x03\x04][\0\x01]/s },
  { is: "SGI", starts: /^\x01\xda[\0\x01][\x01\x02]/ },
  { is: "JPEG 2000", starts: /^\xff\x4f\xff\x51/ },
  { is: "PostScript", starts: /^(?:%!PS|\xc5\xd0\xd3\xc6)/ },
  { is: "DIB", starts: /^\x28\0\0\0.{8}\x01\0[\x01\x04\x08\x10\x18\x20]\0/s },
  { is: "XPM", starts: /^\/\* XPM \*\// },
  { is: "XBM", starts: /^\s*#define\s+\S+_width\s+\d/ },
  { is: "CUR or TGA", starts: /^\0\0[\x02\x0a]\0/ },
  { is: "Sun raster", starts: /^\x59\xa6\x6a\x95/ },
  { is: "FITS", starts: /^SIMPLE {2}= +T/ },
  { is: "OpenEXR", starts: /^\x76\x2f\x31\x01/ },
  { is: "Radiance HDR", starts: /^#\?(?:RADIANCE|RGBE)\n/ },
  { is: "GIMP XCF", starts: /^gimp xcf (?:file|v\d{3})\0/ },
  { is: "DICOM", starts: /^.{128}DICM/s },
  { is: "WMF", starts: /^\xd7\xcd\xc6\x9a/ },
  { is: "EMF", starts: /^\x01\0\0\0.{36} EMF/s },
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
  const found = OPAQUE.find(({ starts }) => starts.test(text));
  return found && { kind: "opaque", format: found.is };
}
