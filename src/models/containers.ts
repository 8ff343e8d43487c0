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

export function ascii(bytes: Uint8Array, start: number, end: number): string {
  return String.fromCharCode(...bytes.subarray(start, end));
}
