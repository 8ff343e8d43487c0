import type { ProblemKind } from "./problems.ts";

/** One record of a CSV file (RFC 4180), or what is wrong with it. */
export type CsvRecord =
  | { readonly line: number; readonly fields: readonly string[] }
  | { readonly line: number; readonly problem: ProblemKind };

const QUOTE = 0x22;
const COMMA = 0x2c;
const LF = 0x0a;
const CR = 0x0d;

/** A quoted field that goes on for longer was never meant: the file has lost a quote. */
const MOST_QUOTED_BYTES = 1 << 20;

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * The records of a file, in order. Lines end with LF or CR LF; blank lines are skipped. A quote inside an unquoted field is
 * an ordinary character. After a record that cannot be read, reading goes on with the next line, so that one lost
 * quote costs one row and not the rest of the file.
 * @param bytes without a byte order mark
 */
export function* csvRecords(bytes: Uint8Array): Generator<CsvRecord> {
  let at = 0;
  let line = 1;
  while (at < bytes.length) {
    const start = at;
    const record = readRecord(bytes, start);
    const next = record.problem === undefined ? record.end : lineEnd(bytes, start);
    if (record.problem !== undefined) yield { line, problem: record.problem };
    else if (record.fields.length > 1 || record.fields[0] !== "" || bytes[start] === QUOTE) {
      yield { line, fields: record.fields };
    }
    for (let i = start; i < next; i++) if (bytes[i] === LF) line += 1;
    at = next;
  }
}

type Read =
  | { readonly fields: readonly string[]; readonly end: number; readonly problem?: undefined }
  | { readonly problem: ProblemKind };

/** @returns the fields, and where the next record starts */
function readRecord(bytes: Uint8Array, start: number): Read {
  const fields: string[] = [];
  let at = start;
  for (;;) {
    const quoted = bytes[at] === QUOTE;
    const end = quoted ? closingQuote(bytes, at + 1) : fieldEnd(bytes, at);
    if (end === undefined) return { problem: "unclosed_quote" };
    const field = decoded(bytes.subarray(quoted ? at + 1 : at, end));
    if (field === undefined) return { problem: "encoding" };
    fields.push(quoted ? field.replaceAll('""', '"') : field);
    at = quoted ? end + 1 : end;
    if (bytes[at] === COMMA) {
      at += 1;
      continue;
    }
    if (at >= bytes.length) return { fields, end: at };
    if (bytes[at] === LF) return { fields, end: at + 1 };
    if (bytes[at] === CR && (bytes[at + 1] === LF || at + 1 === bytes.length)) return { fields, end: at + 2 };
    return { problem: "quoting" };
  }
}

function closingQuote(bytes: Uint8Array, from: number): number | undefined {
  const most = Math.min(bytes.length, from + MOST_QUOTED_BYTES);
  for (let at = from; at < most; at++) {
    if (bytes[at] !== QUOTE) continue;
    if (bytes[at + 1] !== QUOTE) return at;
    at += 1;
  }
  return undefined;
}

function fieldEnd(bytes: Uint8Array, from: number): number {
  let at = from;
  while (at < bytes.length && bytes[at] !== COMMA && bytes[at] !== LF) at += 1;
  const lineBreak = at > from && bytes[at] !== COMMA && bytes[at - 1] === CR;
  return lineBreak ? at - 1 : at;
}

function lineEnd(bytes: Uint8Array, from: number): number {
  const at = bytes.indexOf(LF, from);
  return at < 0 ? bytes.length : at + 1;
}

/** `undefined` when the bytes are not UTF-8. */
export function decoded(bytes: Uint8Array): string | undefined {
  try {
    return UTF8.decode(bytes);
  } catch {
    return undefined;
  }
}
