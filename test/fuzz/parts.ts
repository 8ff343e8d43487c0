import { crc32 } from "node:zlib";
import { pngChunks } from "../../src/models/containers.ts";

/** Where the parts of a file begin and end, and where each tells its length. Good enough to damage it; not a reader. */
export interface FilePart {
  readonly start: number;
  readonly end: number;
  readonly lengthAt: number;
  readonly lengthBytes: 1 | 2 | 4;
  readonly little: boolean;
}

export function partsOf(bytes: Buffer): readonly FilePart[] {
  const head = bytes.toString("latin1", 0, 12);
  if (head.startsWith("\x89PNG")) return pngParts(bytes);
  if (head.startsWith("\xff\xd8")) return jpegParts(bytes);
  if (head.startsWith("RIFF")) return boxes(bytes, 12, 4, true, 8);
  if (head.startsWith("ftyp", 4)) return boxes(bytes, 0, 0, false, 0);
  if (head.startsWith("GIF")) return gifParts(bytes);
  if (head.startsWith("BM")) return fields(bytes, 2, 138, 4, true);
  if (/^(?:II|MM)/.test(head)) return tiffParts(bytes, head.startsWith("II"));
  return [];
}

function pngParts(bytes: Buffer): FilePart[] {
  return [...pngChunks(bytes)].map(({ start, end }) => ({
    start,
    end,
    lengthAt: start,
    lengthBytes: 4,
    little: false,
  }));
}

function jpegParts(bytes: Buffer): FilePart[] {
  const parts: FilePart[] = [];
  for (let at = 2; at + 4 <= bytes.length && bytes[at] === 0xff; ) {
    const end = at + 2 + bytes.readUInt16BE(at + 2);
    parts.push({ start: at, end: Math.min(end, bytes.length), lengthAt: at + 2, lengthBytes: 2, little: false });
    at = end;
  }
  return parts;
}

function boxes(bytes: Buffer, from: number, lengthAt: number, little: boolean, extra: number): FilePart[] {
  const parts: FilePart[] = [];
  for (let at = from; at + 8 <= bytes.length; ) {
    const length = (little ? bytes.readUInt32LE(at + lengthAt) : bytes.readUInt32BE(at + lengthAt)) + extra;
    const end = Math.min(at + Math.max(8, length + (little ? length % 2 : 0)), bytes.length);
    parts.push({ start: at, end, lengthAt: at + lengthAt, lengthBytes: 4, little });
    at = end;
  }
  return parts;
}

function gifParts(bytes: Buffer): FilePart[] {
  const parts: FilePart[] = [];
  for (let at = bytes.indexOf("!", 13); at > 0 && at + 3 < bytes.length; at = bytes.indexOf("!", at + 1)) {
    const end = Math.min(at + 4 + (bytes[at + 2] ?? 0), bytes.length);
    parts.push({ start: at, end, lengthAt: at + 2, lengthBytes: 1, little: true });
  }
  return [...parts, ...fields(bytes, 6, 13, 2, true)];
}

function tiffParts(bytes: Buffer, little: boolean): FilePart[] {
  const ifd = little ? bytes.readUInt32LE(4) : bytes.readUInt32BE(4);
  return fields(bytes, ifd + 2, ifd + 2 + 12 * 24, 4, little);
}

function fields(bytes: Buffer, from: number, to: number, size: 2 | 4, little: boolean): FilePart[] {
  const parts: FilePart[] = [];
  for (let at = from; at + size <= Math.min(to, bytes.length); at += size)
    parts.push({ start: at, end: at + size, lengthAt: at, lengthBytes: size, little });
  return parts;
}

/** With the checksums of all chunks made right, so that damage reaches what lies behind them. */
export function withChecksums(png: Buffer): Buffer {
  const fixed = Buffer.from(png);
  for (const { start, end } of pngChunks(fixed))
    fixed.writeUInt32BE(crc32(fixed.subarray(start + 4, end - 4)), end - 4);
  return fixed;
}
