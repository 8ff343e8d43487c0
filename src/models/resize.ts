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
 * Shrinks a picture by averaging: each place of the result is the mean of the whole pixels that it covers. Rough for sizes that do not
 * divide each other, and quick.
 * @param rgb `height × width × 3` values, row by row
 * @returns `toHeight × toWidth × 3` values, not rounded; no side is longer than before
 */
export function shrinkByMean(
  rgb: Uint8Array,
  width: number,
  height: number,
  toWidth: number,
  toHeight: number,
): Float32Array {
  const out = new Float32Array(toWidth * toHeight * 3);
  for (let y = 0; y < toHeight; y++) {
    const [top, bottom] = [Math.floor((y * height) / toHeight), Math.floor(((y + 1) * height) / toHeight)];
    for (let x = 0; x < toWidth; x++) {
      const [left, right] = [Math.floor((x * width) / toWidth), Math.floor(((x + 1) * width) / toWidth)];
      let [red, green, blue] = [0, 0, 0];
      for (let row = top; row < bottom; row++) {
        const end = (row * width + right) * 3;
        for (let at = (row * width + left) * 3; at < end; at += 3) {
          red += rgb[at] as number;
          green += rgb[at + 1] as number;
          blue += rgb[at + 2] as number;
        }
      }
      const pixels = (bottom - top) * (right - left);
      const to = (y * toWidth + x) * 3;
      out[to] = red / pixels;
      out[to + 1] = green / pixels;
      out[to + 2] = blue / pixels;
    }
  }
  return out;
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
