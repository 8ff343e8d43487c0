import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir } from "node:fs/promises";
import path from "node:path";
import { type Category, isCategory } from "../../../contract/categories.ts";
import { SafelightError } from "../../../contract/errors.ts";
import type { Entries } from "./entries.ts";
import { readEntry } from "./entry.ts";
import type { HashesOptions } from "./options.ts";

const SHIPPED = path.resolve(import.meta.dirname, "../../../../policies/hashes");
const EXTENSION = ".txt";

/** Each takes about 150 bytes of memory. */
const MOST_ENTRIES = 4_000_000;
const LONGEST_LINE = 4_096;
const MISTAKES_SHOWN = 10;
/** What is read before others get their turn: some milliseconds. */
const BYTES_AT_ONCE = 256 * 1024;

type Reference = HashesOptions["lists"][number];

/** Names of the lists in `policies/hashes/`, in alphabetical order. */
async function shippedLists(): Promise<string[]> {
  const files = await readdir(SHIPPED);
  return files
    .filter((file) => file.endsWith(EXTENSION))
    .map((file) => file.slice(0, -EXTENSION.length))
    .sort();
}

function fileOf(reference: Reference, folder: string): string {
  const name = typeof reference === "string" ? reference : reference.file;
  return isPath(name) ? path.resolve(folder, name) : path.join(SHIPPED, `${name}${EXTENSION}`);
}

function isPath(name: string): boolean {
  return /[/\\.]/.test(name);
}

/** The files that change what is found. */
export function listSources(lists: HashesOptions["lists"], folder: string): string[] {
  return lists.map((reference) => fileOf(reference, folder));
}

/** What was read of a list, besides its entries. */
export interface ReadList {
  readonly name: string;
  /** SHA-256 of the file, hexadecimal. */
  readonly sha256: string;
  /** Of an entry that would follow the last line and name none. */
  readonly category: Category | undefined;
}

/**
 * Reads one list into `entries`, as a stream.
 * @param reference a shipped list's name, or a path from `folder` when it holds a `/` or a `.`
 * @throws SafelightError `config_invalid` that tells the first mistakes, each with file and line
 */
export async function readList(reference: Reference, folder: string, entries: Entries): Promise<ReadList> {
  const given = typeof reference === "string" ? reference : reference.file;
  const file = fileOf(reference, folder);
  const shown = isPath(given) ? given : `policies/hashes/${given}${EXTENSION}`;
  const reader = new ListReader(file, shown, entries, typeof reference === "string" ? undefined : reference.category);
  try {
    for await (const bytes of createReadStream(file, { highWaterMark: BYTES_AT_ONCE })) reader.read(bytes);
  } catch (cause) {
    if (cause instanceof SafelightError) throw cause;
    const hint = isPath(given) ? "" : `; those that ship: ${(await shippedLists()).join(", ")}`;
    throw new SafelightError("config_invalid", `hashes: there is no readable list ${JSON.stringify(given)}${hint}`, {
      cause,
    });
  }
  return reader.end();
}

class ListReader {
  readonly #shown: string;
  readonly #entries: Entries;
  readonly #sha256 = createHash("sha256");
  readonly #decoder = new TextDecoder("utf-8", { fatal: true });
  readonly #mistakes: string[] = [];
  #name: string;
  #category: Category | undefined;
  #rest = "";
  #line = 0;

  constructor(file: string, shown: string, entries: Entries, category: Category | undefined) {
    this.#shown = shown;
    this.#entries = entries;
    this.#category = category;
    this.#name = path.basename(file, path.extname(file));
  }

  read(bytes: Uint8Array): void {
    this.#sha256.update(bytes);
    const lines = (this.#rest + this.#decoded(bytes)).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#readLine(line);
    if (this.#rest.length > LONGEST_LINE) this.#fail(this.#line + 1, `is longer than ${LONGEST_LINE} characters`);
    this.#throwMistakes(MISTAKES_SHOWN);
  }

  /** @throws SafelightError for what was wrong in the file */
  end(): ReadList {
    this.#readLine(this.#rest + this.#decoded(undefined));
    this.#throwMistakes(1);
    return { name: this.#name, sha256: this.#sha256.digest("hex"), category: this.#category };
  }

  #decoded(bytes: Uint8Array | undefined): string {
    try {
      return bytes ? this.#decoder.decode(bytes, { stream: true }) : this.#decoder.decode();
    } catch {
      throw new SafelightError(
        "config_invalid",
        `${this.#shown}: is not UTF-8 text, from about line ${this.#line + 1} on`,
      );
    }
  }

  #readLine(text: string): void {
    this.#line += 1;
    const line = text.trim();
    if (line === "") return;
    if (line.startsWith("#")) {
      this.#readComment(line);
      return;
    }
    if (line.length > LONGEST_LINE) {
      this.#fail(this.#line, `is longer than ${LONGEST_LINE} characters`);
      return;
    }
    const entry = readEntry(line);
    if (typeof entry === "string") {
      this.#fail(this.#line, entry);
      return;
    }
    const category = entry.category ?? this.#category;
    if (category === undefined) {
      this.#fail(this.#line, "names no category, and neither does a line “# category: …” above, nor the configuration");
      return;
    }
    if (this.#entries.size >= MOST_ENTRIES) {
      throw new SafelightError(
        "config_invalid",
        `${this.#shown}:${this.#line}: more than ${MOST_ENTRIES} entries in all`,
      );
    }
    this.#entries.add(entry.kind, entry.words, { list: this.#name, line: this.#line, category, note: entry.note });
  }

  /** `# name: …` and `# category: …` hold for the lines below; any other comment is for people. */
  #readComment(line: string): void {
    const [, key, value = ""] = /^#\s*(name|category)\s*:\s*(.*)$/.exec(line) ?? [];
    if (key === "name") {
      if (!/^[^\p{Cc}]{1,100}$/u.test(value)) this.#fail(this.#line, "a name must be 1 to 100 characters");
      else this.#name = value;
    }
    if (key === "category") {
      if (isCategory(value)) this.#category = value;
      else
        this.#fail(this.#line, `${JSON.stringify(value)} is no category: it must be a built-in one, or custom:<name>`);
    }
  }

  #fail(line: number, message: string): void {
    this.#mistakes.push(`${this.#shown}:${line}: ${message}`);
  }

  #throwMistakes(from: number): void {
    if (this.#mistakes.length < from) return;
    throw new SafelightError("config_invalid", this.#mistakes.slice(0, MISTAKES_SHOWN).join("\n"));
  }
}
