import { isAscii } from "node:buffer";
import { randomUUID } from "node:crypto";

/** Shorter strings are as fast without. */
const LEAST_BYTES = 64 * 1024;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const BLANKS: ReadonlySet<number | undefined> = new Set([0x20, 0x09, 0x0a, 0x0d]);

/** Stands for a string that was taken out. */
const MARK = `long:${randomUUID()}:`;

/** A long string of a JSON body, as the bytes that it has there: ASCII, without a backslash. */
export class LongText {
  readonly bytes: Buffer;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }
}

/**
 * `JSON.parse` of UTF-8, for bodies that are mostly base64: long strings of plain ASCII stay where they are, and come as {@link LongText}.
 * The parser would look at every character of them and copy them twice.
 * @throws SyntaxError
 */
export function parseLongJson(body: Uint8Array): unknown {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const long: LongText[] = [];
  const rest: string[] = [];
  let copied = 0;
  for (let open = bytes.indexOf(QUOTE); open >= 0 && bytes.length - open > LEAST_BYTES; ) {
    const close = endOfString(bytes, open + 1);
    if (close < 0) break;
    const inside = bytes.subarray(open + 1, close);
    if (inside.length >= LEAST_BYTES && isPlain(inside) && !isKey(bytes, close + 1)) {
      rest.push(bytes.toString("utf8", copied, open + 1), MARK, String(long.length));
      long.push(new LongText(inside));
      copied = close;
    }
    open = bytes.indexOf(QUOTE, close + 1);
  }
  rest.push(bytes.toString("utf8", copied));
  if (long.length === 0) return JSON.parse(rest.join(""));
  const value: unknown = JSON.parse(rest.join(""), (_key, each: unknown) =>
    typeof each === "string" && each.startsWith(MARK) ? long[Number(each.slice(MARK.length))] : each,
  );
  return value;
}

function isPlain(inside: Buffer): boolean {
  return isAscii(inside) && !inside.includes(BACKSLASH);
}

/** Whether a colon comes next. */
function isKey(bytes: Buffer, after: number): boolean {
  let at = after;
  while (BLANKS.has(bytes[at])) at++;
  return bytes[at] === COLON;
}

/** Where the string that begins at `from` has its closing quote; -1 when it has none. */
function endOfString(bytes: Buffer, from: number): number {
  for (let end = bytes.indexOf(QUOTE, from); end >= 0; end = bytes.indexOf(QUOTE, end + 1)) {
    let slashes = 0;
    while (bytes[end - 1 - slashes] === BACKSLASH) slashes++;
    if (slashes % 2 === 0) return end;
  }
  return -1;
}
