import { setImmediate as turn } from "node:timers/promises";

/** The side of the reduced picture. */
export const SIDE = 64;

/** What is worked through before others get their turn: some two milliseconds. */
const PIXELS_AT_ONCE = 400_000;

/**
 * A picture's luminance, smoothed by a tent filter and sampled at 64 × 64 places: the first half of PDQ. The tent is two box
 * filters after each other, each about half of what one of the 64 places stands for; at the edges a box is the mean of what is
 * left of it. Both are linear and work on rows and columns apart, so only the 64 × 64 values that are sampled are computed.
 *
 * Large pictures are worked through in slices, so that the event loop stays free.
 * @param rgb `height × width × 3` bytes, row by row
 * @returns 64 × 64 values from 0 to 255, row by row
 * @see Davis and Rosen, "The TMK+PDQF Video-Hashing Algorithm and the PDQ Image-Hashing Algorithm", 2019: luminance, Jarosz filters
 */
export async function reduce(rgb: Uint8Array, width: number, height: number): Promise<Float64Array> {
  const across = tents(width);
  const rows = new Float64Array(height * SIDE);
  const atOnce = Math.max(1, Math.floor(PIXELS_AT_ONCE / width));
  for (let from = 0; from < height; from += atOnce) {
    if (from > 0) await turn();
    reduceRows(rgb, width, from, Math.min(height, from + atOnce), across, rows);
  }
  return reduceColumns(rows, tents(height));
}

function reduceRows(
  rgb: Uint8Array,
  width: number,
  from: number,
  to: number,
  { starts, weights, taps }: Tents,
  rows: Float64Array,
): void {
  const luma = new Float64Array(width + taps); // what lies beyond the edge has no weight
  let at = from * width * 3;
  let out = from * SIDE;
  for (let y = from; y < to; y++) {
    for (let x = 0; x < width; x++, at += 3) {
      luma[x] = 0.299 * (rgb[at] as number) + 0.587 * (rgb[at + 1] as number) + 0.114 * (rgb[at + 2] as number);
    }
    for (let place = 0; place < SIDE; place++) {
      const start = starts[place] as number;
      const own = place * taps;
      let sum = 0;
      for (let tap = 0; tap < taps; tap++) sum += (luma[start + tap] as number) * (weights[own + tap] as number);
      rows[out++] = sum;
    }
  }
}

function reduceColumns(rows: Float64Array, { starts, weights, taps }: Tents): Float64Array {
  const reduced = new Float64Array(SIDE * SIDE);
  for (let place = 0; place < SIDE; place++) {
    for (let tap = 0; tap < taps; tap++) {
      const weight = weights[place * taps + tap] as number;
      if (weight === 0) continue;
      const row = ((starts[place] as number) + tap) * SIDE;
      for (let x = 0; x < SIDE; x++) {
        const at = place * SIDE + x;
        reduced[at] = (reduced[at] as number) + weight * (rows[row + x] as number);
      }
    }
  }
  return reduced;
}

/** For each of the 64 places along a side: where its tent begins, and `taps` weights that sum to 1. */
interface Tents {
  readonly taps: number;
  readonly starts: Int32Array;
  readonly weights: Float64Array;
}

function tents(length: number): Tents {
  const window = Math.ceil(length / (2 * SIDE));
  const after = Math.floor(window / 2);
  const before = window - 1 - after;
  const taps = 2 * window - 1;
  const starts = new Int32Array(SIDE);
  const weights = new Float64Array(SIDE * taps);
  for (let place = 0; place < SIDE; place++) {
    const centre = Math.floor(((place + 0.5) * length) / SIDE);
    const start = Math.max(0, centre - 2 * before);
    starts[place] = start;
    const [left, right] = box(centre, before, after, length);
    for (let i = left; i <= right; i++) {
      const [from, to] = box(i, before, after, length);
      const share = 1 / ((right - left + 1) * (to - from + 1));
      for (let k = from; k <= to; k++) {
        const at = place * taps + k - start;
        weights[at] = (weights[at] as number) + share;
      }
    }
  }
  return { taps, starts, weights };
}

function box(centre: number, before: number, after: number, length: number): readonly [first: number, last: number] {
  return [Math.max(0, centre - before), Math.min(length - 1, centre + after)];
}
