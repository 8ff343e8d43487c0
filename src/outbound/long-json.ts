import { isAscii } from "node:buffer";
import { randomUUID } from "node:crypto";

/** Shorter strings are as fast without. */
export const LEAST_BYTES = 64 * 1024;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const BLANKS: ReadonlySet<number | undefined> = new Set([0x20, 0x09, 0x0a, 0x0d]);

/** Stands for a string that was taken out. */
const MARK = `long:${randomUUID()}:`;

/** A long string of a JSON body, as the bytes that it has there, in the pieces that it came in: ASCII, without a backslash. */
export class LongText {
  readonly pieces: readonly Buffer[];

  constructor(pieces: readonly Buffer[]) {
    this.pieces = pieces.filter(({ length }) => length > 0);
  }

  get length(): number {
    return lengthOf(this.pieces);
  }
}

/**
 * `JSON.parse` of UTF-8, for bodies that are mostly base64: long strings of plain ASCII stay where they are, and come as {@link LongText}.
 * The parser would look at every character of them and copy them twice.
 * @param body in the pieces that it came in, which are not put together
 * @throws SyntaxError
 */
export function parseLongJson(body: readonly Uint8Array[]): unknown {
  const chunks = body.map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength));
  const { rest, long } = taken(chunks);
  const [first] = rest;
  const json = (rest.length === 1 && first ? first : Buffer.concat(rest)).toString("utf8");
  if (long.length === 0) return JSON.parse(json);
  return JSON.parse(json, (_key, each: unknown) =>
    typeof each === "string" && each.startsWith(MARK) ? long[Number(each.slice(MARK.length))] : each,
  );
}

/** Takes the long strings out, and leaves marks in their places. */
function taken(chunks: readonly Buffer[]): { readonly rest: readonly Buffer[]; readonly long: readonly LongText[] } {
  if (lengthOf(chunks) < LEAST_BYTES) return { rest: chunks, long: [] };
  const rest: Buffer[] = [];
  const long: LongText[] = [];
  /** Of a string that began in an earlier chunk. */
  let begun: Buffer[] | undefined;
  let escaping = false;
  for (const [i, chunk] of chunks.entries()) {
    let copied = 0;
    let open = begun ? -1 : chunk.indexOf(QUOTE);
    while (begun || open >= 0) {
      const close = endOfString(chunk, open + 1, escaping);
      if (close < 0) {
        if (!begun) rest.push(chunk.subarray(copied, open + 1));
        begun ??= [];
        begun.push(chunk.subarray(open + 1));
        escaping = isEscape(chunk, chunk.length, open + 1, escaping);
        copied = chunk.length;
        break;
      }
      if (begun || close - open > LEAST_BYTES) {
        const text = new LongText([...(begun ?? []), chunk.subarray(open + 1, close)]);
        if (isPlain(text) && !isKey(chunks, i, close + 1)) {
          if (!begun) rest.push(chunk.subarray(copied, open + 1));
          rest.push(Buffer.from(`${MARK}${long.length}`));
          long.push(text);
          copied = close;
        } else if (begun) {
          rest.push(...begun);
        }
      }
      begun = undefined;
      escaping = false;
      open = chunk.indexOf(QUOTE, close + 1);
    }
    rest.push(chunk.subarray(copied));
  }
  return { rest: [...rest, ...(begun ?? [])], long };
}

function lengthOf(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, { length }) => sum + length, 0);
}

function isPlain({ pieces, length }: LongText): boolean {
  return length >= LEAST_BYTES && pieces.every((piece) => isAscii(piece) && !piece.includes(BACKSLASH));
}

/** Whether a colon comes next. */
function isKey(chunks: readonly Buffer[], chunk: number, after: number): boolean {
  for (let [i, at] = [chunk, after]; i < chunks.length; i++, at = 0) {
    const bytes = chunks[i];
    while (BLANKS.has(bytes?.[at])) at++;
    if (bytes && at < bytes.length) return bytes[at] === COLON;
  }
  return false;
}

/**
 * Where the string whose bytes here begin at `from` has its closing quote; -1 when not in this chunk.
 * @param escaping whether what came before it escapes its first byte
 */
function endOfString(chunk: Buffer, from: number, escaping: boolean): number {
  let end = chunk.indexOf(QUOTE, from);
  while (end >= 0 && isEscape(chunk, end, from, escaping)) end = chunk.indexOf(QUOTE, end + 1);
  return end;
}

/** Whether the backslashes before `end`, none of them before `from`, escape what stands there. */
function isEscape(chunk: Buffer, end: number, from: number, escaping: boolean): boolean {
  let slashes = 0;
  while (end - slashes > from && chunk[end - 1 - slashes] === BACKSLASH) slashes++;
  const odd = slashes % 2 === 1;
  return end - slashes === from && escaping ? !odd : odd;
}
