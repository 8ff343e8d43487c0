import { sniff } from "../../models/sniff.ts";
import type { FileKind } from "../../store/scans/scan-store.ts";

/** So much of a file tells what it is. */
export const HEAD_BYTES = 1024;

/** What trainers and image libraries open by their content, whatever it is called, and is not judged here. In Latin-1. */
const OPAQUE: readonly { readonly is: string; readonly starts: RegExp }[] = [
  { is: "gzip", starts: /^\x1f\x8b\x08/ },
  { is: "bzip2", starts: /^BZh[1-9]1AY&SY/ },
  { is: "XZ", starts: /^\xfd7zXZ\0/ },
  { is: "Zstandard", starts: /^\x28\xb5\x2f\xfd/ },
  { is: "7z", starts: /^7z\xbc\xaf\x27\x1c/ },
  { is: "RAR", starts: /^Rar!\x1a\x07/ },
  { is: "Parquet", starts: /^PAR1/ },
  { is: "Arrow", starts: /^ARROW1/ },
  { is: "HDF5", starts: /^\x89HDF\r\n\x1a\n/ },
  { is: "NumPy", starts: /^\x93NUMPY/ },
  { is: "PNM", starts: /^P[1-7]\s(?:#[^\n]*\n|\s)*(?:\d+\s+\d|WIDTH)/ },
  { is: "Matroska", starts: /^\x1a\x45\xdf\xa3/ },
  { is: "Ogg", starts: /^OggS\0/ },
  { is: "AVI", starts: /^RIFF.{4}AVI /s },
  { is: "MPEG", starts: /^\0\0\x01[\xb3\xba]/ },
];
/** "ustar", where POSIX and GNU put it. */
const TAR = /^.{257}ustar[\0 ]/s;

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
  if (TAR.test(text)) return { kind: "archive", format: "tar" };
  const found = OPAQUE.find(({ starts }) => starts.test(text));
  return found && { kind: "opaque", format: found.is };
}
