import { crc32 } from "node:zlib";

/** The parts that the container formats are made of, walked without decoding a pixel. Offsets are in bytes, `end` exclusive. */
export interface Part {
  /** PNG chunk type, JPEG marker as two hexadecimal digits, or RIFF chunk type. */
  readonly type: string;
  /** Where the whole part begins and ends, with its header and its checksum or padding. */
  readonly start: number;
  readonly end: number;
  /** What it carries, without header and checksum. */
  readonly data: Uint8Array;
}

export const SIGNATURE: Uint8Array = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");

/** A PNG chunk with its length and checksum. */
export function pngChunk(type: string, data: Uint8Array): Buffer {
  const chunk = Buffer.alloc(12 + data.length);
  chunk.writeUInt32BE(data.length, 0);
  chunk.write(type, 4, "latin1");
  chunk.set(data, 8);
  chunk.writeUInt32BE(crc32(chunk.subarray(4, 8 + data.length)), 8 + data.length);
  return chunk;
}

/** The chunks of a PNG up to IEND, as far as they are whole. */
export function* pngChunks(bytes: Uint8Array): Generator<Part> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let start = 8; start + 12 <= bytes.length; ) {
    const length = view.getUint32(start);
    const end = start + 12 + length;
    if (end > bytes.length) return;
    const type = ascii(bytes, start + 4, start + 8);
    yield { type, start, end, data: bytes.subarray(start + 8, end - 4) };
    if (type === "IEND") return;
    start = end;
  }
}

/** The segments of a JPEG between SOI and the first SOS, as far as they are whole. */
export function* jpegSegments(bytes: Uint8Array): Generator<Part> {
  for (let start = 2; start + 4 <= bytes.length; ) {
    let at = start;
    while (bytes[at] === 0xff && bytes[at + 1] === 0xff) at++; // fill bytes before a marker
    const marker = bytes[at + 1];
    if (bytes[at] !== 0xff || marker === undefined || marker === 0xda || marker === 0xd9) return;
    const length = ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
    const end = at + 2 + length;
    if (length < 2 || end > bytes.length) return;
    yield { type: marker.toString(16), start, end, data: bytes.subarray(at + 4, end) };
    start = end;
  }
}

/** The chunks of a WebP, as far as they are whole. */
export function* webpChunks(bytes: Uint8Array): Generator<Part> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const total = Math.min(bytes.length, view.getUint32(4, true) + 8);
  for (let start = 12; start + 8 <= total; ) {
    const length = view.getUint32(start + 4, true);
    const end = start + 8 + length + (length % 2);
    if (start + 8 + length > total) return;
    yield { type: ascii(bytes, start, start + 4), start, end, data: bytes.subarray(start + 8, start + 8 + length) };
    start = end;
  }
}

/** Whether a PNG has the `acTL` chunk of the animation extension, which stands before the first pixels. */
export function isAnimatedPng(bytes: Uint8Array): boolean {
  for (const { type } of pngChunks(bytes)) {
    if (type === "acTL") return true;
    if (type === "IDAT") return false;
  }
  return false;
}

/**
 * The number of frames in a GIF; undefined when it is cut short or damaged between its blocks, or a frame reaches beyond the
 * screen. A decoder that skips what is left of a cut frame, or crops one, would judge less than a browser shows.
 * @see https://www.w3.org/Graphics/GIF/spec-gif89a.txt
 */
export function countGifFrames(bytes: Uint8Array): number | undefined {
  const colours = (packed: number) => (packed & 0x80 ? 3 * 2 ** ((packed & 7) + 1) : 0);
  const u16 = (at: number) => (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
  let frames = 0;
  let at = 13 + colours(bytes[10] ?? 0);
  while (at < bytes.length) {
    const block = bytes[at];
    if (block === 0x3b) return frames;
    if (block === 0x2c) {
      if (u16(at + 1) + u16(at + 5) > u16(6) || u16(at + 3) + u16(at + 7) > u16(8)) return undefined;
      frames += 1;
      at += 11 + colours(bytes[at + 9] ?? 0); // the descriptor, its colours, and the LZW code size
    } else if (block === 0x21) {
      at += 2; // an extension and its label
    } else {
      return undefined;
    }
    while (bytes[at]) at += (bytes[at] as number) + 1; // sub-blocks, up to the empty one; inside the array, as just seen
    at += 1;
  }
  return undefined;
}

/** Kinds of pictures in a multi-picture file that a viewer may show beside the first: panorama, stereo, other angles. */
const SHOWN_BESIDE = new Set([0x02_0001, 0x02_0002, 0x02_0003]);
const MP_ENTRY = 0xb002;

/**
 * How many pictures beside the first a JPEG says are to be shown. Previews and gain maps, which cameras put behind most
 * photographs, do not count.
 * @see CIPA DC-007 (Multi-Picture Format), section 5.2
 */
export function countMultiPictures(bytes: Uint8Array): number {
  let count = 0;
  for (const { type, data } of jpegSegments(bytes)) {
    if (type !== "e2" || ascii(data, 0, 4) !== "MPF\0") continue;
    const tiff = data.subarray(4);
    const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength);
    const little = ascii(tiff, 0, 2) === "II";
    const u16 = (at: number) => (at + 2 <= tiff.length ? view.getUint16(at, little) : 0);
    const u32 = (at: number) => (at + 4 <= tiff.length ? view.getUint32(at, little) : 0);
    for (let i = 0, ifd = u32(4); i < u16(ifd); i++) {
      const entry = ifd + 2 + i * 12;
      if (u16(entry) !== MP_ENTRY) continue;
      const [length, start] = [u32(entry + 4), u32(entry + 8)];
      // the first is the picture itself
      for (let at = start + 16; at + 16 <= Math.min(start + length, tiff.length); at += 16)
        if (SHOWN_BESIDE.has(u32(at) & 0xff_ffff)) count += 1;
    }
  }
  return count;
}

export function ascii(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let at = start; at < end && at < bytes.length; at++) text += String.fromCharCode(bytes[at] ?? 0);
  return text;
}
