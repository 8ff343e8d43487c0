/** How a BMP is to be written. `rle8` leaves out pixels of colour 0 in rows that begin with it; the rest is plain. */
export interface BmpForm {
  readonly bits: 1 | 4 | 8 | 16 | 24 | 32;
  /** Of the header, in bytes: 12 (OS/2 1), 40, 108 (version 4) or 124 (version 5). */
  readonly header?: 12 | 40 | 108 | 124;
  readonly topDown?: boolean;
  readonly rle?: boolean;
  /** Red, green, blue, alpha: with 16 and 32 bits a pixel. */
  readonly masks?: readonly [number, number, number, number];
  readonly icc?: Uint8Array;
}

/** Every kind of BMP that is read. 16 and fewer bits round colours. */
export const BMP_FORMS: Readonly<Record<string, BmpForm>> = {
  bmp: { bits: 24 },
  "bmp, 1 bit": { bits: 1 },
  "bmp, 4 bits": { bits: 4 },
  "bmp, 8 bits": { bits: 8 },
  "bmp, 8 bits, OS/2": { bits: 8, header: 12 },
  "bmp, 4 bits, runs": { bits: 4, rle: true },
  "bmp, 8 bits, runs": { bits: 8, rle: true },
  "bmp, 16 bits": { bits: 16 },
  "bmp, 16 bits, masks": { bits: 16, masks: [0xf800, 0x7e0, 0x1f, 0] },
  "bmp, 24 bits, top down": { bits: 24, topDown: true },
  "bmp, 32 bits": { bits: 32 },
  "bmp, 32 bits, version 4": { bits: 32, header: 108, masks: [0xff, 0xff00, 0xff_0000, 0xff00_0000] },
  "bmp, 32 bits, version 5": { bits: 32, header: 124, masks: [0x3ff, 0xffc00, 0x3ff0_0000, 0] },
};

/** Colours of a picture with fewer than 16 bits: grey in even steps. */
export function greyLevels(bits: number): number {
  return 2 ** bits;
}

/**
 * @param rgba `height × width × 4` bytes; with 8 and fewer bits the green channel is rounded to even steps of grey, and alpha is lost
 * without a mask for it
 */
export function encodeBmp(rgba: Uint8Array, width: number, height: number, form: BmpForm): Buffer {
  const { bits, header = 40, topDown = false, masks, icc } = form;
  const levels = greyLevels(bits);
  const masksAfter = masks && header === 40 ? 12 : 0;
  const palette = bits <= 8 ? levels * (header === 12 ? 3 : 4) : 0;
  const start = 14 + header + masksAfter + palette;
  const order = Array.from({ length: height }, (_, i) => (topDown ? i : height - 1 - i));
  const rows = order.map((y) => rgba.subarray(y * width * 4, (y + 1) * width * 4));
  const pixels = form.rle ? runs(rows, bits) : Buffer.concat(rows.map((row) => plain(row, form)));
  const head = Buffer.alloc(start);
  head.write("BM", "latin1");
  head.writeUInt32LE(start + pixels.length + (icc?.length ?? 0), 2);
  head.writeUInt32LE(start, 10);
  head.writeUInt32LE(header, 14);
  if (header === 12) {
    [width, height, 1, bits].forEach((value, i) => {
      head.writeUInt16LE(value, 18 + i * 2);
    });
  } else {
    head.writeInt32LE(width, 18);
    head.writeInt32LE(topDown ? -height : height, 22);
    head.writeUInt16LE(1, 26);
    head.writeUInt16LE(bits, 28);
    head.writeUInt32LE(masks ? 3 : form.rle ? (bits === 8 ? 1 : 2) : 0, 30);
    masks?.slice(0, header === 40 ? 3 : 4).forEach((mask, i) => {
      head.writeUInt32LE(mask >>> 0, 54 + i * 4);
    });
    if (header >= 108) head.write(icc ? "DEBM" : "BGRs", 70, "latin1");
    if (icc) head.writeUInt32LE(start + pixels.length - 14, 126);
    if (icc) head.writeUInt32LE(icc.length, 130);
  }
  for (let i = 0; palette > 0 && i < levels; i++) {
    const entry = header === 12 ? 3 : 4;
    head.fill(Math.round((i * 255) / (levels - 1)), start - palette + i * entry, start - palette + i * entry + 3);
  }
  return Buffer.concat([head, pixels, icc ?? Buffer.alloc(0)]);
}

function plain(row: Uint8Array, { bits, masks }: BmpForm): Buffer {
  const width = row.length / 4;
  const out = Buffer.alloc(Math.ceil((width * bits) / 32) * 4);
  const [red, green, blue, alpha] = masks ?? (bits === 16 ? [0x7c00, 0x3e0, 0x1f, 0] : [0xff_0000, 0xff00, 0xff, 0]);
  for (let x = 0; x < width; x++) {
    const [r = 0, g = 0, b = 0, a = 0] = row.subarray(x * 4, x * 4 + 4);
    if (bits <= 8)
      out[(x * bits) >> 3] = (out[(x * bits) >> 3] ?? 0) | (index(g, bits) << (8 - bits - ((x * bits) % 8)));
    else if (bits === 24) out.set([b, g, r], x * 3);
    else {
      const value = (under(r, red) | under(g, green) | under(b, blue) | under(a, alpha)) >>> 0;
      if (bits === 16) out.writeUInt16LE(value, x * 2);
      else out.writeUInt32LE(value, x * 4);
    }
  }
  return out;
}

function under(value: number, mask: number): number {
  if (mask === 0) return 0;
  const shift = 31 - Math.clz32(mask & -mask);
  return Math.round((value / 255) * (mask >>> shift)) << shift;
}

function index(value: number, bits: number): number {
  return Math.round((value / 255) * (greyLevels(bits) - 1));
}

/** Pairs as encoded runs, every other row as one literal run where it is long enough. */
function runs(rows: readonly Uint8Array[], bits: number): Buffer {
  const out: number[] = [];
  rows.forEach((row, y) => {
    const indices = Array.from({ length: row.length / 4 }, (_, x) => index(row[x * 4 + 1] ?? 0, bits));
    if (y % 2 === 1 && indices.length >= 3 && indices.length < 256) {
      const packed =
        bits === 8
          ? indices
          : Array.from({ length: Math.ceil(indices.length / 2) }, (_, i) =>
              [indices[i * 2] ?? 0, indices[i * 2 + 1] ?? 0].reduce((high, low) => high * 16 + low),
            );
      out.push(0, indices.length, ...packed, ...(packed.length % 2 === 1 ? [0] : []));
    } else {
      for (let x = 0; x < indices.length; x += 2) {
        const [one = 0, two] = indices.slice(x, x + 2);
        if (bits === 4) out.push(two === undefined ? 1 : 2, one * 16 + (two ?? 0));
        else if (one === two) out.push(2, one);
        else out.push(1, one, ...(two === undefined ? [] : [1, two]));
      }
    }
    out.push(0, 0);
  });
  return Buffer.from([...out, 0, 1]);
}
