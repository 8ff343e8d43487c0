import { setImmediate } from "node:timers/promises";
import sharp from "sharp";
import { SafelightError } from "../../contract/errors.ts";

/** Bytes of JSON between two pauses for other work: about 2 ms. */
const SLICE = 256 * 1024;

const KEYS = new Set(["generated_image", "generated_images"]);

/**
 * Pictures that a container answers as nested arrays, `generated_image` height × width × 3 or `generated_images` with one more
 * level around, each number a byte. Read straight from the JSON, with pauses: as objects, one picture would be a million numbers.
 * @returns PNGs; undefined when the answer holds no such arrays
 * @throws SafelightError `provider_failed` when the arrays are no pictures
 */
export async function readPixels(json: Uint8Array): Promise<readonly Uint8Array[] | undefined> {
  const start = findArrays(json);
  if (start === undefined) return undefined;
  const { depth, values, shape } = await readArrays(json, start);
  const [channels = 0, width = 0, height = 0] = shape; // innermost first
  const size = width * height * channels;
  if (depth < 3 || depth > 4 || channels !== 3 || size === 0) throw noPicture();
  const count = values.length / size;
  return Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const rgb = values.subarray(i * size, (i + 1) * size);
      return new Uint8Array(await sharp(rgb, { raw: { width, height, channels } }).png().toBuffer());
    }),
  );
}

function noPicture(): SafelightError {
  return new SafelightError(
    "provider_failed",
    "it gives a picture that is no array of height × width × 3 numbers from 0 to 255",
  );
}

const [QUOTE, BACKSLASH, COLON, COMMA, DOT] = [0x22, 0x5c, 0x3a, 0x2c, 0x2e];
const [OPEN, CLOSE, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/** Where the value of one of the keys begins, when it is an array of arrays. Only the outermost object is searched. */
function findArrays(json: Uint8Array): number | undefined {
  let depth = 0;
  let key = "";
  for (let at = 0; at < json.length; at++) {
    const char = json[at];
    if (char === QUOTE) {
      const end = endOfString(json, at);
      if (depth === 1) key = Buffer.from(json.subarray(at + 1, Math.min(end, at + 32))).toString("latin1");
      at = end;
    } else if (char === COLON && depth === 1 && KEYS.has(key)) {
      const value = afterBlanks(json, at + 1);
      if (json[value] === OPEN && json[afterBlanks(json, value + 1)] === OPEN) return value;
    } else if (char === OPEN || char === OPEN_OBJECT) depth++;
    else if (char === CLOSE || char === CLOSE_OBJECT) depth--;
  }
  return undefined;
}

/** Where the quote is that no backslash escapes: strings may be megabytes of base64. */
function endOfString(json: Uint8Array, start: number): number {
  for (let at = json.indexOf(QUOTE, start + 1); at >= 0; at = json.indexOf(QUOTE, at + 1)) {
    let backslashes = 0;
    while (json[at - 1 - backslashes] === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return at;
  }
  return json.length;
}

function isBlank(char: number | undefined): boolean {
  return char === 0x20 || char === 0x0a || char === 0x0d || char === 0x09;
}

function afterBlanks(json: Uint8Array, start: number): number {
  let at = start;
  while (isBlank(json[at])) at++;
  return at;
}

/** @returns the numbers in order; `shape` is how many elements the arrays of each level have, the innermost level first */
async function readArrays(json: Uint8Array, start: number) {
  let values = new Uint8Array(1024 * 1024);
  let length = 0;
  const counts: number[] = [];
  const shape = new Map<number, number>(); // by level, the outermost is 1
  let deepest = 0;
  let level = 0;
  let number = -1;
  let fraction = false;
  const take = () => {
    if (number < 0) return;
    if (number > 255 || (deepest !== 0 && level !== deepest)) throw noPicture();
    deepest = level;
    if (length === values.length) {
      const larger = new Uint8Array(length * 2);
      larger.set(values);
      values = larger;
    }
    values[length++] = number;
    counts[level] = (counts[level] ?? 0) + 1;
    number = -1;
    fraction = false;
  };
  for (let at = start; at < json.length; at++) {
    if ((at - start) % SLICE === SLICE - 1) await setImmediate();
    const char = json[at] ?? 0;
    if (char >= 0x30 && char <= 0x39) {
      if (!fraction) number = Math.max(0, number) * 10 + (char - 0x30);
      if (number > 255) throw noPicture();
    } else if (char === COMMA) take();
    else if (char === OPEN) counts[++level] = 0;
    else if (char === CLOSE) {
      take();
      const count = counts[level] ?? 0;
      if (level > 1 && (shape.get(level) ?? count) !== count) throw noPicture(); // rows of different lengths
      shape.set(level, count);
      level--;
      if (level === 0) {
        const levels = Array.from({ length: deepest }, (_, i) => shape.get(deepest - i) ?? 0);
        return { depth: deepest, values: values.subarray(0, length), shape: levels };
      }
      counts[level] = (counts[level] ?? 0) + 1;
    } else if (char === DOT && number >= 0) fraction = true;
    else if (!isBlank(char)) throw noPicture();
  }
  throw new SafelightError("provider_failed", "its answer is not JSON");
}
