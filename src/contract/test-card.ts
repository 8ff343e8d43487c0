import { BUILT_IN_CATEGORIES, type Category, isCategory } from "./categories.ts";

/** What a test card tells the image stage to report: a category with its score, or that a detector failed. */
export type TestCard =
  | { readonly kind: "score"; readonly category: Category; readonly score: number }
  | { readonly kind: "error" };

/**
 * Where the code lies in the picture, as fractions of its width and height, and how many cells it has. Fractions, so
 * that it is found again in a picture that was resized, with or without its proportions.
 */
export const TEST_CARD_GRID = { columns: 32, rows: 15, x: 0.08, y: 0.56, width: 0.84, height: 0.38 } as const;

/** The picture's smallest side, in pixels, for which a card can be read again. */
export const TEST_CARD_MIN_SIDE = 64;

/** A category's code is its place here, so new ones belong at the end. */
const CODES: readonly Category[] = BUILT_IN_CATEGORIES;
const CELLS = TEST_CARD_GRID.columns * TEST_CARD_GRID.rows;
const MAGIC = 0b1011_0010_1110_0100;
const MAGIC_BITS = 16;
const VERSION = 1;
const SCORE_STEPS = 10_000;
const CUSTOM = 62;
const ERROR = 63;
const LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789._-";
const PREFIX = "custom:";
/** Magic 16, version 2, category 6, score 14, length of the name 6, checksum 32. A letter of the name takes 6. */
const FIXED_BITS = 76;
const LETTER_BITS = 6;
const LONGEST_NAME = 64;
/** Written in place of a name's length, which is 1 to 64. */
const LENGTH_OFFSET = 1;
const MAGIC_MISTAKES = 3;
const LEAST_CONTRAST = 48;

/** The cells of a card, row by row: true is white. The code is repeated as often as it fits. */
export function testCardCells(card: TestCard): readonly boolean[] {
  const bits = encode(card);
  return Array.from({ length: CELLS }, (_, cell) => bits[cell % bits.length] !== mask(cell));
}

/**
 * Reads a card back from a picture.
 * @param lightnessAt of the cell in this column and row, 0 to 255. Asked for 16 cells only when there is no card.
 * @returns undefined when there is no card, or it is damaged beyond repair.
 */
export function readTestCard(lightnessAt: (column: number, row: number) => number): TestCard | undefined {
  const lightness = (cell: number) =>
    lightnessAt(cell % TEST_CARD_GRID.columns, Math.floor(cell / TEST_CARD_GRID.columns));

  const first = Array.from({ length: MAGIC_BITS }, (_, cell) => lightness(cell));
  const middle = (Math.min(...first) + Math.max(...first)) / 2;
  if (Math.max(...first) - Math.min(...first) < LEAST_CONTRAST) return undefined;
  const wrong = first.filter((value, cell) => (value > middle !== mask(cell)) !== bitOf(MAGIC, MAGIC_BITS, cell));
  if (wrong.length > MAGIC_MISTAKES) return undefined;

  const unmasked = Float32Array.from({ length: CELLS }, (_, cell) => {
    const value = (first[cell] ?? lightness(cell)) - middle;
    return mask(cell) ? -value : value;
  });
  const plain = decode(unmasked, 0);
  if (plain) return plain;
  for (let letters = 1; letters <= LONGEST_NAME; letters++) {
    const custom = decode(unmasked, letters);
    if (custom) return custom;
  }
  return undefined;
}

function encode(card: TestCard): readonly boolean[] {
  const name = card.kind === "score" && card.category.startsWith(PREFIX) ? card.category.slice(PREFIX.length) : "";
  const bits: boolean[] = [];
  const put = (value: number, width: number) => {
    for (let i = 0; i < width; i++) bits.push(bitOf(value, width, i));
  };
  put(MAGIC, MAGIC_BITS);
  put(VERSION, 2);
  put(card.kind === "error" ? ERROR : name !== "" ? CUSTOM : builtInCode(card.category), 6);
  put(card.kind === "error" ? 0 : Math.round(card.score * SCORE_STEPS), 14);
  put(name === "" ? 0 : name.length - LENGTH_OFFSET, 6);
  for (const letter of name) put(LETTERS.indexOf(letter), LETTER_BITS);
  put(checksum(bits), 32);
  return bits;
}

/** Repeats of a bit are added up before it is judged, so that noise in one of them is outvoted. */
function decode(unmasked: Float32Array, letters: number): TestCard | undefined {
  const length = FIXED_BITS + letters * LETTER_BITS;
  const sums = new Float32Array(length);
  for (const [cell, value] of unmasked.entries()) sums[cell % length] = (sums[cell % length] ?? 0) + value;
  const bits = Array.from(sums, (sum) => sum > 0);

  let at = 0;
  const take = (width: number) => {
    let value = 0;
    for (let i = 0; i < width; i++) value = value * 2 + (bits[at++] === true ? 1 : 0);
    return value;
  };
  if (take(MAGIC_BITS) !== MAGIC || take(2) !== VERSION) return undefined;
  const code = take(6);
  const score = take(14) / SCORE_STEPS;
  const nameLength = take(6) + LENGTH_OFFSET;
  const name = Array.from({ length: letters }, () => LETTERS[take(LETTER_BITS)] ?? "").join("");
  if (take(32) !== checksum(bits.slice(0, -32))) return undefined;

  if (code === ERROR) return { kind: "error" };
  const category = code === CUSTOM ? `${PREFIX}${name}` : (CODES[code] ?? "");
  if (code === CUSTOM && nameLength !== letters) return undefined;
  return isCategory(category) && score <= 1 ? { kind: "score", category, score } : undefined;
}

function builtInCode(category: Category): number {
  return CODES.indexOf(category);
}

function bitOf(value: number, width: number, index: number): boolean {
  return ((value >>> (width - 1 - index)) & 1) === 1;
}

/** Breaks up the stripes that a repeated code would show. */
function mask(cell: number): boolean {
  return (((cell + 1) * 0x9e37_79b1) & 0x0800_0000) !== 0;
}

/** CRC-32 (IEEE 802.3) over bits. */
function checksum(bits: readonly boolean[]): number {
  let crc = 0xffff_ffff;
  for (const bit of bits) crc = (crc >>> 1) ^ (((crc & 1) === 1) !== bit ? 0xedb8_8320 : 0);
  return (crc ^ 0xffff_ffff) >>> 0;
}
