/**
 * Stretches a picture by bilinear interpolation with corners aligned: the centres of the corner pixels stay where they are.
 * The same arithmetic as TensorFlow.js's `resizeBilinear(image, size, alignCorners = true)`, which nsfwjs uses, so that
 * scores agree; like it, a picture made much smaller is sampled, not averaged.
 * @param rgb `height × width × 3` values, row by row
 * @returns `toHeight × toWidth × 3` values, not rounded
 * @see tfjs-backend-cpu/src/kernels/ResizeBilinear.ts
 */
export function resizeBilinear(
  rgb: Uint8Array,
  width: number,
  height: number,
  toWidth: number,
  toHeight: number,
): Float32Array {
  const out = new Float32Array(toWidth * toHeight * 3);
  const columns = positions(width, toWidth);
  const rows = positions(height, toHeight);
  const stride = width * 3;
  let o = 0;
  for (let y = 0; y < toHeight; y++) {
    const top = (rows.low[y] as number) * stride;
    const bottom = (rows.high[y] as number) * stride;
    const down = rows.fraction[y] as number;
    for (let x = 0; x < toWidth; x++) {
      const left = (columns.low[x] as number) * 3;
      const right = (columns.high[x] as number) * 3;
      const across = columns.fraction[x] as number;
      for (let c = 0; c < 3; c++) {
        // In range by construction: `as number` only drops the `undefined` of unchecked indices.
        const a = rgb[top + left + c] as number;
        const b = rgb[bottom + left + c] as number;
        const upper = a + ((rgb[top + right + c] as number) - a) * across;
        const lower = b + ((rgb[bottom + right + c] as number) - b) * across;
        out[o++] = upper + (lower - upper) * down;
      }
    }
  }
  return out;
}

/**
 * Shrinks a picture: each place of the result is the mean of four pixels, spread over what it covers. Rough where that is more than
 * a few pixels, and as quick for a large picture as for a small one.
 * @param rgb `height × width × 3` values, row by row
 * @returns `toHeight × toWidth × 3` values, not rounded; no side is longer than before
 */
export function shrinkByFour(
  rgb: Uint8Array,
  width: number,
  height: number,
  toWidth: number,
  toHeight: number,
): Float32Array {
  const out = new Float32Array(toWidth * toHeight * 3);
  const columns = quarters(width, toWidth, 3);
  const rows = quarters(height, toHeight, width * 3);
  let o = 0;
  for (let y = 0; y < toHeight * 2; y += 2) {
    const upper = rows[y] as number;
    const lower = rows[y + 1] as number;
    for (let x = 0; x < toWidth * 2; x += 2) {
      const left = columns[x] as number;
      const right = columns[x + 1] as number;
      for (let c = 0; c < 3; c++) {
        const above = (rgb[upper + left + c] as number) + (rgb[upper + right + c] as number);
        const below = (rgb[lower + left + c] as number) + (rgb[lower + right + c] as number);
        out[o++] = (above + below) / 4;
      }
    }
  }
  return out;
}

/** For each place in the output: the input places at a quarter and three quarters of what it covers, each times `stride`. */
function quarters(from: number, to: number, stride: number): Int32Array {
  return Int32Array.from({ length: to * 2 }, (_, i) => Math.floor(((2 * i + 1) * from) / (4 * to)) * stride);
}

/** For each place in the output: the two input places around it, and how far it lies between them. */
function positions(from: number, to: number) {
  const ratio = to > 1 ? (from - 1) / (to - 1) : from / to;
  const low = new Int32Array(to);
  const high = new Int32Array(to);
  const fraction = new Float64Array(to);
  for (let i = 0; i < to; i++) {
    const exact = ratio * i;
    low[i] = Math.floor(exact);
    high[i] = Math.min(from - 1, Math.ceil(exact));
    fraction[i] = exact - Math.floor(exact);
  }
  return { low, high, fraction };
}
