import { setImmediate } from "node:timers/promises";
import { ascii } from "./containers.ts";

/** Of a BMP. */
export interface BmpHeader {
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  readonly topDown: boolean;
  readonly bits: 1 | 4 | 8 | 16 | 24 | 32;
  readonly encoding: "plain" | "rle4" | "rle8";
  /** Of pixels with 16 and 32 bits: red, green, blue and alpha (0 where there is none). */
  readonly masks: readonly [number, number, number, number];
  /** Of pixels with up to 8 bits: R G B, one after the other. */
  readonly palette: Uint8Array;
  /** Where the pixels begin. */
  readonly start: number;
  /** The profile that a version 5 header may come with. */
  readonly icc: Uint8Array | undefined;
}

const FILE_HEADER = 14;
/** OS/2 1, Windows 3, Windows 3 with masks (two kinds), OS/2 2, versions 4 and 5. */
const CORE = 12;
const OS2 = 64;
const HEADERS = [CORE, 40, 52, 56, OS2, 108, 124];
const COMPRESSION = ["plain", "rle8", "rle4", "masks", "JPEG", "PNG", "masks and alpha"] as const;
/** Output pixels between two pauses for other work: a few milliseconds. */
const SLICE = 500_000;

/**
 * Reads the header of a BMP with 1, 4, 8, 16, 24 or 32 bits a pixel, plain, run-length encoded or with masks. Whatever viewers could
 * understand differently is refused: overlapping or broken masks, colours outside the palette, unusual calibrated gamma.
 * @throws Error saying what is wrong
 * @see https://learn.microsoft.com/windows/win32/gdi/bitmap-storage and `BITMAPV5HEADER`
 */
export function readBmpHeader(bytes: Uint8Array): BmpHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < FILE_HEADER + CORE) throw new Error("a header that is cut short");
  const headerSize = view.getUint32(14, true);
  if (!HEADERS.includes(headerSize) || FILE_HEADER + headerSize > bytes.length)
    throw new Error(`a header of ${headerSize} bytes`);
  const core = headerSize === CORE;
  const width = core ? view.getUint16(18, true) : view.getInt32(18, true);
  const tall = core ? view.getUint16(20, true) : view.getInt32(22, true);
  const planes = view.getUint16(core ? 22 : 26, true);
  const bits = view.getUint16(core ? 24 : 28, true);
  const compression = COMPRESSION[core ? 0 : view.getUint32(30, true)];
  if (width <= 0 || tall === 0 || planes !== 1) throw new Error(`${width} × ${tall} pixels in ${planes} planes`);
  if (!isDepth(bits)) throw new Error(`${bits} bits a pixel`);
  if (headerSize === OS2 && compression !== "plain") throw new Error("a compression of OS/2");
  const masked = compression === "masks" || compression === "masks and alpha";
  const runs = compression === "rle8" || compression === "rle4";
  const fits = { plain: true, rle8: bits === 8, rle4: bits === 4, JPEG: false, PNG: false };
  if (!compression || !(masked ? bits === 16 || bits === 32 : fits[compression]) || (runs && tall < 0))
    throw new Error(`compression ${compression} with ${bits} bits a pixel`);
  const masksAfter = masked && headerSize === 40 ? (compression === "masks" ? 12 : 16) : 0;
  const afterHeader = FILE_HEADER + headerSize + masksAfter;
  const start = view.getUint32(10, true);
  if (afterHeader > bytes.length || start < afterHeader || start > bytes.length)
    throw new Error(`pixels at byte ${start} of ${bytes.length}`);
  return {
    width,
    height: Math.abs(tall),
    topDown: tall < 0,
    bits,
    encoding: runs ? compression : "plain",
    masks: readMasks(view, bits, masked, (headerSize >= 56 && headerSize !== OS2) || masksAfter === 16),
    palette: bits <= 8 ? readPalette(bytes, afterHeader, start, core ? 3 : 4, 2 ** bits, core ? 0 : used(view)) : NONE,
    start,
    icc: headerSize >= 108 ? readColourSpace(bytes, view, headerSize) : undefined,
  };
}

const NONE = new Uint8Array();

function isDepth(bits: number): bits is BmpHeader["bits"] {
  return [1, 4, 8, 16, 24, 32].includes(bits);
}

function used(view: DataView): number {
  return view.getUint32(46, true);
}

/** Browsers take the alpha mask of a longer header also where the other masks do not count. */
function readMasks(view: DataView, bits: number, masked: boolean, alpha: boolean): BmpHeader["masks"] {
  if (bits !== 16 && bits !== 32) return [0, 0, 0, 0];
  const usual = bits === 16 ? [0x7c00, 0x3e0, 0x1f] : [0xff_0000, 0xff00, 0xff];
  const [r = 0, g = 0, b = 0] = masked ? [54, 58, 62].map((at) => view.getUint32(at, true)) : usual;
  const masks = [r, g, b, alpha ? view.getUint32(66, true) : 0] as const;
  let all = 0n;
  for (const mask of masks.map(BigInt)) {
    const run = mask === 0n ? 0n : mask / (mask & -mask);
    if ((run & (run + 1n)) !== 0n || (all & mask) !== 0n || mask >> BigInt(bits) !== 0n)
      throw new Error("masks that are broken or overlap");
    all |= mask;
  }
  if (masks.slice(0, 3).includes(0)) throw new Error("a colour without a mask");
  return masks;
}

function readPalette(bytes: Uint8Array, from: number, to: number, entry: number, most: number, told: number) {
  if (told > most) throw new Error(`a palette of ${told} colours`);
  const count = told === 0 ? Math.min(most, Math.floor((to - from) / entry)) : told;
  if (count === 0 || from + count * entry > to) throw new Error("a palette that is cut short");
  const palette = new Uint8Array(count * 3);
  for (let i = 0; i < count; i++) {
    for (let c = 0; c < 3; c++) palette[i * 3 + c] = bytes[from + i * entry + 2 - c] ?? 0;
  }
  return palette;
}

/** The three gammas of a calibrated colour space, in 16.16 fixed point, behind its end points. */
const GAMMAS_AT = [110, 114, 118];
/** What is near to sRGB's curve, in either of the two directions that writers take the field for. */
const ORDINARY_GAMMA = [
  [1.7, 2.7],
  [0.37, 0.59],
] as const;

function readColourSpace(bytes: Uint8Array, view: DataView, headerSize: number): Uint8Array | undefined {
  const kind = view.getUint32(70, true);
  if (kind === 0) {
    for (const at of GAMMAS_AT) {
      const gamma = view.getUint32(at, true) / 65_536;
      if (gamma !== 0 && !ORDINARY_GAMMA.some(([low, high]) => gamma >= low && gamma <= high))
        throw new Error(`a calibrated colour space with gamma ${gamma}`);
    }
    return undefined;
  }
  const name = ascii(bytes, 70, 74);
  if (name === "KNIL") throw new Error("a colour profile in another file");
  if (name !== "DEBM") return undefined; // sRGB, or the system's
  const start = FILE_HEADER + view.getUint32(126, true);
  const end = start + view.getUint32(130, true);
  if (headerSize < 124 || start >= end || end > bytes.length) throw new Error("a colour profile that is cut short");
  return bytes.subarray(start, end);
}

/**
 * All pixels. What a run-length encoding leaves out is transparent; so are no pixels of a picture whose alpha is 0 everywhere:
 * such files come from writers that know of no alpha, and most viewers show them.
 * @returns `height × width × 4` bytes, row by row, R G B A
 * @throws Error when it is cut short, or a row or the palette is left
 */
export async function decodeBmp(bytes: Uint8Array, header: BmpHeader): Promise<Uint8Array> {
  const { width, height, encoding, bits } = header;
  const rgba = new Uint8Array(width * height * 4);
  if (encoding === "plain") await readRows(bytes, header, rgba);
  else await readRuns(bytes, header, rgba, bits === 4);
  return rgba;
}

async function readRows(bytes: Uint8Array, header: BmpHeader, rgba: Uint8Array): Promise<void> {
  const { width, height, topDown, bits, start } = header;
  const stride = Math.ceil((width * bits) / 32) * 4;
  if (start + stride * height > bytes.length) throw new Error("fewer pixels than the header says");
  const read = bits <= 8 ? rowOfIndices(header) : bits === 24 ? rowOfBytes : rowOfMasks(header);
  const pause = Math.max(1, Math.floor(SLICE / width));
  for (let y = 0; y < height; y++) {
    const row = bytes.subarray(start + y * stride, start + (y + 1) * stride);
    const to = topDown ? y : height - 1 - y;
    read(row, rgba.subarray(to * width * 4, (to + 1) * width * 4));
    if ((y + 1) % pause === 0) await setImmediate();
  }
  if (header.masks[3] !== 0 && isClear(rgba)) for (let at = 3; at < rgba.length; at += 4) rgba[at] = 255;
}

type ReadRow = (row: Uint8Array, out: Uint8Array) => void;

function isClear(rgba: Uint8Array): boolean {
  for (let at = 3; at < rgba.length; at += 4) if (rgba[at] !== 0) return false;
  return true;
}

function rowOfIndices({ bits, palette }: BmpHeader): ReadRow {
  const inByte = 8 / bits;
  const mask = 2 ** bits - 1;
  return (row, out) => {
    for (let x = 0; x < out.length / 4; x++) {
      const byte = row[Math.floor(x / inByte)] as number; // inside the row, which is long enough
      paint(out, x, palette, (byte >> (8 - bits - (x % inByte) * bits)) & mask);
    }
  };
}

function paint(out: Uint8Array, pixel: number, palette: Uint8Array, index: number): void {
  if (index * 3 >= palette.length) throw new Error(`colour ${index} of ${palette.length / 3}`);
  for (let c = 0; c < 3; c++) out[pixel * 4 + c] = palette[index * 3 + c] as number;
  out[pixel * 4 + 3] = 255;
}

const rowOfBytes: ReadRow = (row, out) => {
  for (let from = 0, to = 0; to < out.length; from += 3, to += 4) {
    out[to] = row[from + 2] as number; // inside the row, here and below
    out[to + 1] = row[from + 1] as number;
    out[to + 2] = row[from] as number;
    out[to + 3] = 255;
  }
};

function rowOfMasks({ bits, masks }: BmpHeader): ReadRow {
  const step = bits / 8;
  const channels = masks.map((mask) => {
    const shift = mask === 0 ? 0 : 31 - Math.clz32(mask & -mask);
    return { mask, shift, most: mask >>> shift };
  });
  return (row, out) => {
    for (let from = 0, to = 0; to < out.length; from += step) {
      let value = (row[from] as number) | ((row[from + 1] as number) << 8);
      if (step === 4) value |= ((row[from + 2] as number) << 16) | ((row[from + 3] as number) << 24);
      for (const { mask, shift, most } of channels)
        out[to++] = most === 0 ? 255 : most === 255 ? (value & mask) >>> shift : scaled((value & mask) >>> shift, most);
    }
  };
}

function scaled(value: number, most: number): number {
  return Math.round((value / most) * 255);
}

async function readRuns(bytes: Uint8Array, header: BmpHeader, rgba: Uint8Array, half: boolean): Promise<void> {
  const { width, height, palette } = header;
  const byte = (): number => {
    const value = bytes[at++];
    if (value === undefined) throw new Error("runs without an end");
    return value;
  };
  let at = header.start;
  let x = 0;
  let y = 0;
  let since = 0;
  const put = (index: number): void => {
    if (x >= width || y >= height) throw new Error("a run that leaves its row");
    paint(rgba, (height - 1 - y) * width + x, palette, index);
    x += 1;
    since += 1;
  };
  const of = (pair: number, i: number) => (half ? (i % 2 === 0 ? pair >> 4 : pair & 15) : pair);
  for (;;) {
    const count = byte();
    const value = byte();
    if (count > 0) for (let i = 0; i < count; i++) put(of(value, i));
    else if (value === 0) {
      x = 0;
      y += 1;
    } else if (value === 1) break;
    else if (value === 2) {
      x += byte();
      y += byte();
    } else {
      const length = half ? Math.ceil(value / 2) : value;
      const end = at + length + (length % 2);
      for (let i = 0, pair = 0; i < value; i++) {
        if (!half || i % 2 === 0) pair = byte();
        put(of(pair, i));
      }
      at = end;
    }
    if (since > SLICE) {
      since = 0;
      await setImmediate();
    }
  }
}
