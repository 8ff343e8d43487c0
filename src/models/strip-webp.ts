import { ascii } from "./containers.ts";
import { minimalExif } from "./orientation.ts";

interface Chunk {
  readonly type: string;
  readonly data: Uint8Array;
}

/** Bits in the first byte of VP8X. */
const [ANIMATED, EXIF, ALPHA, PROFILE] = [0x02, 0x08, 0x10, 0x20];
const FRAME_HEADER = 16;

/**
 * A WebP with pixels, animation, profile and orientation, and nothing else.
 * @returns undefined when its chunks do not fill it exactly, or do not make one picture or one animation
 * @see RFC 9649, section 2
 */
export function strippedWebp(bytes: Uint8Array, orientation: number): Uint8Array | undefined {
  const size = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(4, true) + 8;
  const chunks = size <= bytes.length ? chunksOf(bytes.subarray(12, size)) : undefined;
  const [first] = chunks ?? [];
  if (!chunks || !first) return undefined;
  if (first.type !== "VP8X") {
    const simple = first.type === "VP8 " || first.type === "VP8L";
    return simple && orientation === 1 ? riff([first]) : undefined;
  }
  if (first.data.length !== 10) return undefined;
  const flags = first.data[0] ?? 0;
  const profile = flags & PROFILE ? chunks.filter(({ type }) => type === "ICCP") : [];
  const pixels = flags & ANIMATED ? animation(chunks) : still(chunks);
  if (!pixels || profile.length > 1) return undefined;
  const exif = minimalExif(orientation);
  const told = (flags & (ANIMATED | ALPHA)) | (profile.length > 0 ? PROFILE : 0) | (exif ? EXIF : 0);
  const header = Buffer.concat([Buffer.from([told, 0, 0, 0]), first.data.subarray(4)]);
  return riff([{ type: "VP8X", data: header }, ...profile, ...pixels, ...(exif ? [{ type: "EXIF", data: exif }] : [])]);
}

/** @returns undefined unless chunks fill `bytes`; the padding of the last one may be missing */
function chunksOf(bytes: Uint8Array): readonly Chunk[] | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const chunks: Chunk[] = [];
  let at = 0;
  while (at + 8 <= bytes.length) {
    const length = view.getUint32(at + 4, true);
    if (at + 8 + length > bytes.length) return undefined;
    chunks.push({ type: ascii(bytes, at, at + 4), data: bytes.subarray(at + 8, at + 8 + length) });
    at += 8 + length + (length % 2);
  }
  return at >= bytes.length ? chunks : undefined;
}

/** The chunks of one picture: its pixels, perhaps with alpha before them. */
function still(chunks: readonly Chunk[]): readonly Chunk[] | undefined {
  const kept = chunks.filter(({ type }) => type === "ALPH" || type === "VP8 " || type === "VP8L");
  const types = kept.map(({ type }) => type).join();
  return types === "VP8 " || types === "VP8L" || types === "ALPH,VP8 " ? kept : undefined;
}

function animation(chunks: readonly Chunk[]): readonly Chunk[] | undefined {
  const controls = chunks.filter(({ type }) => type === "ANIM");
  const frames = chunks.filter(({ type }) => type === "ANMF").map(({ data }) => frame(data));
  if (controls.length !== 1 || controls[0]?.data.length !== 6 || frames.length === 0) return undefined;
  const sound = frames.filter((each) => each !== undefined);
  return sound.length === frames.length ? [...controls, ...sound] : undefined;
}

function frame(data: Uint8Array): Chunk | undefined {
  const parts = data.length > FRAME_HEADER ? chunksOf(data.subarray(FRAME_HEADER)) : undefined;
  const pixels = parts && still(parts);
  if (!pixels) return undefined;
  const header = Uint8Array.from(data.subarray(0, FRAME_HEADER));
  header[FRAME_HEADER - 1] = (header[FRAME_HEADER - 1] ?? 0) & 3; // blending and disposal; the rest is reserved
  return { type: "ANMF", data: Buffer.concat([header, ...pixels.map(encoded)]) };
}

function riff(chunks: readonly Chunk[]): Uint8Array {
  const file = Buffer.concat([Buffer.from("RIFF\0\0\0\0WEBP", "latin1"), ...chunks.map(encoded)]);
  file.writeUInt32LE(file.length - 8, 4);
  return file;
}

function encoded({ type, data }: Chunk): Uint8Array {
  const chunk = Buffer.alloc(8 + data.length + (data.length % 2));
  chunk.write(type, "latin1");
  chunk.writeUInt32LE(data.length, 4);
  chunk.set(data, 8);
  return chunk;
}
