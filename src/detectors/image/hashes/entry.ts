import { type Category, isCategory } from "../../../contract/categories.ts";
import { pdqBitsSet, pdqFromHex, pdqToHex } from "../../../models/pdq/hash.ts";

/**
 * What an entry is a hash of. `sha256`: the bytes of the file. `pixels`: SHA-256 of the decoded pixels, R G B, row by row.
 * `pdq`: the picture as it looks.
 */
export const HASH_KINDS = ["pdq", "sha256", "pixels"] as const;
export type HashKind = (typeof HASH_KINDS)[number];

/** 256 bits as eight 32-bit words, of whatever kind. */
export interface PictureHash {
  readonly kind: HashKind;
  readonly words: Uint32Array;
}

/** One line of a list that is no comment. */
export interface Entry extends PictureHash {
  readonly category: Category | undefined;
  readonly note: string | undefined;
}

export const LONGEST_NOTE = 500;

/** PDQ sets the bits above the median, which are half of them at most. */
const MOST_PDQ_BITS = 128;

/**
 * Reads `[kind:]hash[,category[,note]]`. 64 hexadecimal digits without a kind are a PDQ hash, as ThreatExchange exports them.
 * @returns what is wrong with the line, as a string
 */
export function readEntry(line: string): Entry | string {
  const comma = line.indexOf(",");
  const hash = readHash(comma < 0 ? line.trim() : line.slice(0, comma).trim());
  if (typeof hash === "string") return hash;
  if (comma < 0) return { ...hash, category: undefined, note: undefined };
  const rest = line.slice(comma + 1);
  const end = rest.indexOf(",");
  const category = (end < 0 ? rest : rest.slice(0, end)).trim();
  const note = end < 0 ? "" : unquoted(rest.slice(end + 1).trim());
  if (category !== "" && !isCategory(category)) {
    return `${JSON.stringify(category)} is no category: it must be a built-in one, or custom:<name>`;
  }
  if (note.length > LONGEST_NOTE) return `the note has ${note.length} characters; the limit is ${LONGEST_NOTE}`;
  return { ...hash, category: isCategory(category) ? category : undefined, note: note === "" ? undefined : note };
}

/** @returns what is wrong with it, as a string */
export function readHash(text: string): PictureHash | string {
  const colon = text.indexOf(":");
  const given = colon < 0 ? undefined : text.slice(0, colon).toLowerCase();
  const kind = HASH_KINDS.find((known) => known === (given ?? "pdq"));
  if (!kind) return `${JSON.stringify(given)} is no kind of hash; there are ${HASH_KINDS.join(", ")}`;
  const words = pdqFromHex(text.slice(colon + 1));
  if (!words) return "must begin with a hash: 64 hexadecimal digits, perhaps after sha256:, pixels: or pdq:";
  if (given === undefined && pdqBitsSet(words) > MOST_PDQ_BITS) {
    return `no PDQ hash has ${pdqBitsSet(words)} bits set: is it a SHA-256? Then it must begin with sha256:`;
  }
  return { kind, words };
}

export function hashText({ kind, words }: PictureHash): string {
  return `${kind}:${pdqToHex(words)}`;
}

/** The line that {@link readEntry} reads back. The note must be of one line. */
export function entryText({ category, note, ...hash }: Entry): string {
  const line = `${hashText(hash)},${category ?? ""}`;
  return note === undefined ? line : `${line},${/^".*"$|^\s|\s$/.test(note) ? quoted(note) : note}`;
}

/** As spreadsheets write a field that holds a comma. */
function quoted(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}

function unquoted(text: string): string {
  return text.length > 1 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1).replaceAll('""', '"') : text;
}
