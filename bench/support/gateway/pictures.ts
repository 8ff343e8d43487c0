import { crc32 } from "node:zlib";
import sharp from "sharp";

/** What the dummy back end answers: pictures whose answers are about so long, by the side that is asked for. */
export const ANSWERS = {
  "4 KB": { side: 64, grain: 1.2 },
  "1.5 MB": { side: 1024, grain: 4.05 },
} as const;
export type AnswerSize = keyof typeof ANSWERS;

/** A soft sky with grain: no model objects to it, and the grain decides how well it compresses. */
export async function drawing({ side, grain }: { readonly side: number; readonly grain: number }): Promise<Buffer> {
  let state = 7;
  const noise = () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor(((state >>> 16) / 65_536) * grain);
  };
  const rgb = new Uint8Array(side * side * 3);
  for (let y = 0, at = 0; y < side; y++) {
    const height = y / side;
    for (let x = 0; x < side; x++) {
      rgb[at++] = 90 + 90 * height + noise();
      rgb[at++] = 140 + 60 * height + noise();
      rgb[at++] = 220 - 20 * height + noise();
    }
  }
  return sharp(rgb, { raw: { width: side, height: side, channels: 3 } })
    .png()
    .toBuffer();
}

/** The signature and IHDR of a PNG: a multiple of three bytes, so that base64 can be put together from pieces. */
const HEAD = 33;
const MARK = 36;

/**
 * The base64 of a PNG, each time with another mark in a text chunk: as from a model, no two pictures have the same bytes. Only the mark is
 * encoded anew.
 */
export class Marked {
  readonly #head: string;
  readonly #rest: string;
  readonly #chunk = Buffer.alloc(MARK);
  #count = 0;

  constructor(png: Uint8Array) {
    this.#head = Buffer.from(png.subarray(0, HEAD)).toString("base64");
    this.#rest = Buffer.from(png.subarray(HEAD)).toString("base64");
    this.#chunk.writeUInt32BE(MARK - 12, 0);
    this.#chunk.write("tEXtComment\0", 4, "latin1");
  }

  next(): string {
    this.#chunk.write(String(this.#count++).padStart(MARK - 20, "0"), 16, "latin1");
    this.#chunk.writeUInt32BE(crc32(this.#chunk.subarray(4, MARK - 4)), MARK - 4);
    return this.#head + this.#chunk.toString("base64") + this.#rest;
  }
}
