import { KEPT, lowFrequencies } from "./dct.ts";
import { PDQ_BITS, PDQ_WORDS, type PdqHash } from "./hash.ts";
import { reduce, SIDE } from "./reduce.ts";

/** Hashes of pictures with less quality say too little to be compared: the advice of those who made PDQ. */
export const PDQ_MIN_QUALITY = 50;

/** The distance up to which two hashes count as the same picture: likewise. */
export const PDQ_MAX_DISTANCE = 31;

/** Pixels. Of a picture with a shorter side there is no hash. */
const SHORTEST_SIDE = 5;

/** What was done to the picture: turned clockwise, or mirrored. `as-is` comes first. */
export const ORIENTATIONS = {
  "as-is": { swapped: false, negateOddColumns: false, negateOddRows: false },
  mirrored: { swapped: false, negateOddColumns: true, negateOddRows: false },
  "upside-down mirrored": { swapped: false, negateOddColumns: false, negateOddRows: true },
  "turned by 90°": { swapped: true, negateOddColumns: true, negateOddRows: false },
  "turned by 180°": { swapped: false, negateOddColumns: true, negateOddRows: true },
  "turned by 270°": { swapped: true, negateOddColumns: false, negateOddRows: true },
  "mirrored at the falling diagonal": { swapped: true, negateOddColumns: false, negateOddRows: false },
  "mirrored at the rising diagonal": { swapped: true, negateOddColumns: true, negateOddRows: true },
} as const satisfies Record<string, Symmetry>;
export type Orientation = keyof typeof ORIENTATIONS;

/** What a turn does to a DCT: rows and columns change places, and odd frequencies change their sign where their axis is reversed. */
interface Symmetry {
  readonly swapped: boolean;
  readonly negateOddColumns: boolean;
  readonly negateOddRows: boolean;
}

export interface Pdq {
  readonly hash: PdqHash;
  /** From 0, a plain area, to 100: how much there is in the picture that the hash could hold on to. */
  readonly quality: number;
  /** The hash that the picture would have after this was done to it. */
  turned(orientation: Orientation): PdqHash;
}

/**
 * The PDQ hash of a picture, at its full resolution, as Hasher-Matcher-Actioner and `pdqhash` compute it.
 * @param rgb `height × width × 3` bytes, row by row
 * @returns undefined for a picture with a side of less than 5 pixels
 * @see Davis and Rosen, "The TMK+PDQF Video-Hashing Algorithm and the PDQ Image-Hashing Algorithm", 2019
 */
export async function pdqOf(rgb: Uint8Array, width: number, height: number): Promise<Pdq | undefined> {
  if (Math.min(width, height) < SHORTEST_SIDE) return undefined;
  const reduced = await reduce(rgb, width, height);
  const frequencies = lowFrequencies(reduced);
  return {
    hash: aboveMedian(frequencies),
    quality: qualityOf(reduced),
    turned: (orientation) => aboveMedian(turn(frequencies, ORIENTATIONS[orientation])),
  };
}

/** The steps between neighbours that are worth a percent of the range, summed and scaled as the paper has it. */
function qualityOf(reduced: Float64Array): number {
  let sum = 0;
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      const here = reduced[y * SIDE + x] as number;
      if (y + 1 < SIDE) sum += percents(here - (reduced[(y + 1) * SIDE + x] as number));
      if (x + 1 < SIDE) sum += percents(here - (reduced[y * SIDE + x + 1] as number));
    }
  }
  return Math.min(100, Math.floor(sum / 90));
}

function percents(step: number): number {
  return Math.floor((Math.abs(step) * 100) / 255);
}

function turn(frequencies: Float64Array, { swapped, negateOddColumns, negateOddRows }: Symmetry): Float64Array {
  const turned = new Float64Array(frequencies.length);
  for (let row = 0; row < KEPT; row++) {
    for (let column = 0; column < KEPT; column++) {
      const value = frequencies[swapped ? column * KEPT + row : row * KEPT + column] as number;
      // row and column 0 hold frequency 1
      const negated = (negateOddColumns && column % 2 === 0) !== (negateOddRows && row % 2 === 0);
      turned[row * KEPT + column] = negated ? -value : value;
    }
  }
  return turned;
}

/** A bit for each frequency: whether it is above the median, which is the lower one of the two in the middle. The last bit comes first. */
function aboveMedian(frequencies: Float64Array): PdqHash {
  const median = frequencies.toSorted()[PDQ_BITS / 2 - 1] as number;
  const hash = new Uint32Array(PDQ_WORDS);
  for (let bit = 0; bit < PDQ_BITS; bit++) {
    if ((frequencies[bit] as number) <= median) continue;
    const word = PDQ_WORDS - 1 - (bit >>> 5);
    hash[word] = (hash[word] as number) | (1 << (bit & 31));
  }
  return hash;
}
