import { FileProblem } from "../files/files.ts";

const BLOCK = 512;

/** Of a header block, POSIX.1-2001: where it begins, and how long it is. */
type Field = readonly [at: number, length: number];

const NAME: Field = [0, 100];
const SIZE: Field = [124, 12];
const CHECKSUM: Field = [148, 8];
const TYPE = 156;
const MAGIC: Field = [257, 6];
const PREFIX = 345;
/** In a global header, each of these is of every member that follows, or of none: readers disagree. */
const GLOBAL = /^(?:path|linkpath|size|GNU\.sparse)/;

/** Of one member. tar-stream reads extended headers of up to 4 MiB, and one member has no more than a few. */
const MOST_HEADER_BYTES = 32 * 1024 * 1024;

/**
 * Bytes of a stream that are still wanted when they have gone by. Memory holds no more than what was read ahead and one member's headers.
 * Blocks of zeros before what is wanted are left out: an archive may end with any number of them.
 */
export class GoneBy {
  #pieces: { readonly at: number; readonly bytes: Uint8Array }[] = [];
  #end = 0;
  #wanted = 0;
  #zerosTo = 0;

  /** @throws FileProblem `archive_damaged` where headers have no end, and what reading throws */
  async *of(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const bytes of pieces) {
      if (this.#end - this.#wanted > MOST_HEADER_BYTES)
        throw new FileProblem("archive_damaged", "a member's headers are too long");
      if (this.#end + bytes.length > this.#wanted) this.#pieces.push({ at: this.#end, bytes });
      this.#end += bytes.length;
      this.#skipZeros();
      yield bytes;
    }
  }

  /**
   * From where the last call said, to `end`.
   * @param next from where the next one will want them
   */
  take(end: number, next: number): Uint8Array {
    const from = this.#wanted;
    const parts = this.#pieces.map(({ at, bytes }) => bytes.subarray(Math.max(0, from - at), Math.max(0, end - at)));
    this.#zerosTo = next;
    this.#want(next);
    this.#skipZeros();
    return Buffer.concat(parts);
  }

  /** From where the last call said, to the end. */
  rest(): Uint8Array {
    return this.take(this.#end, this.#end);
  }

  #want(from: number): void {
    this.#wanted = from;
    this.#pieces = this.#pieces.filter(({ at, bytes }) => at + bytes.length > from);
  }

  #skipZeros(): void {
    for (const { at, bytes } of this.#pieces) {
      const ahead = bytes.subarray(Math.max(0, this.#zerosTo - at));
      const zeros = ahead.findIndex((byte) => byte !== 0);
      this.#zerosTo += zeros < 0 ? ahead.length : zeros;
      if (zeros >= 0) break;
    }
    const blocks = Math.floor((this.#zerosTo - this.#wanted) / BLOCK);
    if (blocks > 0) this.#want(this.#wanted + blocks * BLOCK);
  }
}

/** What a member takes up in an archive: its content, to the end of a block. */
export function padded(size: number): number {
  return Math.ceil(size / BLOCK) * BLOCK;
}

/** Whether a block is the header of a member, by its checksum: archives from before 1988 have no other sign. */
export function isHeader(block: Uint8Array): boolean {
  if (block.length < BLOCK) return false;
  const [from, length] = CHECKSUM;
  let unsigned = 0;
  let signed = 0;
  for (let i = 0; i < BLOCK; i++) {
    const byte = i >= from && i < from + length ? 0x20 : (block[i] ?? 0);
    unsigned += byte;
    signed += byte < 0x80 ? byte : byte - 0x100; // as some old archivers count
  }
  const stored = wholeNumber(block, CHECKSUM);
  return stored !== undefined && (stored === unsigned || stored === signed);
}

/**
 * Readers of tar disagree on headers that the standards do not foresee: what one of them takes for harmless, another may not see, or may
 * see as something else.
 * @param headers the blocks before the content of one member: extended ones, and its own as the last
 * @returns what can be read in two ways, for people
 * @see IEEE 1003.1 pax; tar-stream's `headers.js` and `extract.js`; CPython's `Lib/tarfile.py`
 */
export function ambiguityIn(headers: Uint8Array): string | undefined {
  const extended: Extended = { seen: { x: 0, g: 0, L: 0, K: 0 }, named: false, sized: false };
  const own = headers.length - BLOCK;
  for (let at = 0; ; ) {
    const block = headers.subarray(at, at + BLOCK);
    const size = wholeNumber(block, SIZE);
    if (size === undefined) return "its size is no octal number";
    if (at === own) return ownAmbiguity(block, size, extended);
    const end = at + BLOCK + padded(size);
    if (end > own) return "a header measures another one in";
    const ambiguity = extendedAmbiguity(block, headers.subarray(at + BLOCK, end), size, extended);
    if (ambiguity !== undefined) return ambiguity;
    at = end;
  }
}

/** What the extended headers of a member say of it. */
interface Extended {
  readonly seen: Record<"x" | "g" | "L" | "K", number>;
  named: boolean;
  sized: boolean;
}

function extendedAmbiguity(block: Uint8Array, blocks: Uint8Array, size: number, found: Extended): string | undefined {
  const type = typeOf(block);
  if (type !== "x" && type !== "g" && type !== "L" && type !== "K")
    return type === "N" ? "its name is in a form that is no longer in use" : "a header stands where none is expected";
  if (size === 0) return "an extended header is empty";
  if (blocks.subarray(size).some((byte) => byte !== 0)) return "an extended header goes on behind its end";
  if (type !== "g" && ++found.seen[type] > 1) return "two extended headers of one kind";
  if (type === "L" || type === "K") return blocks[0] === 0 ? "an extended header is empty" : undefined;
  const keys = paxKeys(blocks.subarray(0, size));
  if (!keys) return "an extended header is malformed";
  if (type === "g")
    return keys.some((key) => GLOBAL.test(key)) ? "a global header names or measures members" : undefined;
  found.named = keys.includes("path") || keys.includes("linkpath");
  found.sized = keys.includes("size");
  return undefined;
}

function ownAmbiguity(block: Uint8Array, size: number, { seen, named, sized }: Extended): string | undefined {
  if (named && seen.L + seen.K > 0) return "two extended headers name it";
  if (text(block, MAGIC) !== "ustar\0" && block[PREFIX] !== 0) return "it has a prefix that is not of the standard";
  const isFolder = typeOf(block) === "\0" && /^[^\0]*\/(?:\0|$)/.test(text(block, NAME));
  if (isFolder && (size > 0 || sized)) return "it is an old folder, and has a content";
  return undefined;
}

function typeOf(block: Uint8Array): string {
  return String.fromCharCode(block[TYPE] ?? 0);
}

/** Octal digits, with spaces before and spaces or NULs after them; or, beyond 8 GiB, 88 bits of GNU's. */
function wholeNumber(block: Uint8Array, field: Field): number | undefined {
  const [at, length] = field;
  if (block[at] === 0x80) return block.subarray(at + 1, at + length).reduce((value, byte) => value * 256 + byte, 0);
  const digits = /^ *([0-7]*)[ \0]*$/.exec(text(block, field));
  return digits ? Number.parseInt(digits[1] || "0", 8) : undefined;
}

/** The keys of "LENGTH KEY=VALUE\n" records; undefined when they are not such to the last byte. */
function paxKeys(content: Uint8Array): readonly string[] | undefined {
  const records = Buffer.from(content).toString("latin1");
  const keys: string[] = [];
  for (let at = 0; at < records.length; ) {
    const record = /^(\d{1,8}) ([^=\n\0]+)=/.exec(records.slice(at, at + 300));
    const length = Number(record?.[1]);
    if (!record || length <= record[0].length || records[at + length - 1] !== "\n") return undefined;
    const [, , key = ""] = record;
    const value = records.slice(at + record[0].length, at + length - 1);
    if (key === "size" ? !/^\d+$/.test(value) : key === "path" && value === "") return undefined;
    keys.push(key);
    at += length;
  }
  return keys;
}

function text(block: Uint8Array, [at, length]: Field): string {
  return Buffer.from(block.subarray(at, at + length)).toString("latin1");
}
