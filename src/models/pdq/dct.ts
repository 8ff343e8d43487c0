import { SIDE } from "./reduce.ts";

/** The side of the square of frequencies that are kept. */
export const KEPT = 16;

/** Row `u`: the DCT-II basis of frequency `u + 1` over 64 samples. The constant is left out. */
const BASIS = Float64Array.from({ length: KEPT * SIDE }, (_, i) => {
  const frequency = Math.floor(i / SIDE) + 1;
  return Math.sqrt(2 / SIDE) * Math.cos((Math.PI / (2 * SIDE)) * frequency * (2 * (i % SIDE) + 1));
});

/**
 * The two-dimensional DCT-II of a picture of 64 × 64, frequencies 1 to 16 each way.
 * @returns `16 × 16` values, a row for each vertical frequency
 */
export function lowFrequencies(picture: Float64Array): Float64Array {
  const down = new Float64Array(KEPT * SIDE);
  for (let v = 0; v < KEPT; v++) {
    for (let y = 0; y < SIDE; y++) {
      const weight = BASIS[v * SIDE + y] as number;
      for (let x = 0; x < SIDE; x++) {
        const at = v * SIDE + x;
        down[at] = (down[at] as number) + weight * (picture[y * SIDE + x] as number);
      }
    }
  }
  const frequencies = new Float64Array(KEPT * KEPT);
  for (let v = 0; v < KEPT; v++) {
    for (let u = 0; u < KEPT; u++) {
      let sum = 0;
      for (let x = 0; x < SIDE; x++) sum += (BASIS[u * SIDE + x] as number) * (down[v * SIDE + x] as number);
      frequencies[v * KEPT + u] = sum;
    }
  }
  return frequencies;
}
