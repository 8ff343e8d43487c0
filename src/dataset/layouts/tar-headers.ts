const BLOCK = 512;
/** Fields of a header block, POSIX.1-2001: where they begin, and how long they are. */
const SIZE = [124, 12] as const;
const TYPE = 156;
const MAGIC = [257, 6] as const;
const PREFIX = 345;
/** In a global header, each of these is of every member that follows, or of none: readers disagree. */
const GLOBAL = /^(?:path|linkpath|size|GNU\.sparse)/;

/** Bytes of a stream that are still wanted when they have gone by. Memory holds no more than what was read ahead. */
export class GoneBy {
  #pieces: { readonly at: number; readonly bytes: Uint8Array }[] = [];
  #end = 0;
  #wanted = 0;

  async *of(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const bytes of pieces) {
      if (this.#end + bytes.length > this.#wanted) this.#pieces.push({ at: this.#end, bytes });
      this.#end += bytes.length;
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
    this.#wanted = next;
    this.#pieces = this.#pieces.filter(({ at, bytes }) => at + bytes.length > next);
    return Buffer.concat(parts);
  }
}

/** What a member takes up in an archive: its content, to the end of a block. */
export function padded(size: number): number {
  return Math.ceil(size / BLOCK) * BLOCK;
}

/** Whether a block is the header of a member, by its checksum: archives from before 1988 have no other sign. */
export function isHeader(block: Uint8Array): boolean {
  if (block.length < BLOCK) return false;
  let sum = 0;
  for (let i = 0; i < BLOCK; i++) sum += i >= 148 && i < 156 ? 0x20 : (block[i] ?? 0);
  const stored = field(block, [148, 8]).replace(/[\0 ]+$/, "");
  return /^ *[0-7]+$/.test(stored) && Number.parseInt(stored, 8) === sum;
}

/**
 * Readers of tar disagree on headers that the standards do not foresee: what one of them takes for harmless, another may not see, or may
 * see as something else.
 * @param headers all the blocks before the content of one member: its own, and extended ones before it
 * @returns what can be read in two ways, for people
 * @see IEEE 1003.1 pax; tar-stream's `headers.js` and `extract.js`; CPython's `Lib/tarfile.py`
 */
export function ambiguityIn(headers: Uint8Array): string | undefined {
  const seen = { x: 0, L: 0, K: 0 };
  let names = false;
  for (let at = 0; at + BLOCK <= headers.length; ) {
    const block = headers.subarray(at, at + BLOCK);
    if (block.every((byte) => byte === 0)) {
      at += BLOCK; // the end of one archive, and another one after it
      continue;
    }
    const size = wholeNumber(block);
    if (size === undefined) return "its size is no octal number";
    const type = String.fromCharCode(block[TYPE] ?? 0);
    if (type !== "x" && type !== "g" && type !== "L" && type !== "K") return ownAmbiguity(block, seen, names);
    const keys = type === "x" || type === "g" ? paxKeys(headers.subarray(at + BLOCK, at + BLOCK + size)) : [];
    if (!keys) return "an extended header is malformed";
    if (type === "g" && keys.some((key) => GLOBAL.test(key))) return "a global header names or measures members";
    if (type !== "g" && ++seen[type] > 1) return "two extended headers of one kind";
    if (type === "x") names = keys.includes("path") || keys.includes("linkpath");
    at += BLOCK + padded(size);
  }
  return undefined;
}

function ownAmbiguity(block: Uint8Array, { L, K }: { L: number; K: number }, names: boolean): string | undefined {
  if (names && L + K > 0) return "two extended headers name it";
  if (field(block, MAGIC) !== "ustar\0" && block[PREFIX] !== 0) return "it has a prefix that is not of the standard";
  return undefined;
}

/** Of a header: octal digits, with spaces before and spaces or NULs after them; or, beyond 8 GiB, 88 bits of GNU's. */
function wholeNumber(block: Uint8Array): number | undefined {
  const [at, length] = SIZE;
  if (block[at] === 0x80) return block.subarray(at + 1, at + length).reduce((value, byte) => value * 256 + byte, 0);
  const digits = /^ *([0-7]*)[ \0]*$/.exec(field(block, SIZE));
  return digits ? Number.parseInt(digits[1] || "0", 8) : undefined;
}

/** The keys of "LENGTH KEY=VALUE\n" records; undefined when they are not such to the last byte. */
function paxKeys(content: Uint8Array): readonly string[] | undefined {
  const text = Buffer.from(content).toString("latin1");
  const keys: string[] = [];
  for (let at = 0; at < text.length; ) {
    const record = /^(\d{1,8}) ([^=\n\0]+)=/.exec(text.slice(at, at + 300));
    const length = Number(record?.[1]);
    if (!record || length <= record[0].length || text[at + length - 1] !== "\n") return undefined;
    const [, , key = ""] = record;
    if (key === "size" && !/^\d+$/.test(text.slice(at + record[0].length, at + length - 1))) return undefined;
    keys.push(key);
    at += length;
  }
  return keys;
}

function field(block: Uint8Array, [at, length]: readonly [number, number]): string {
  return Buffer.from(block.subarray(at, at + length)).toString("latin1");
}
