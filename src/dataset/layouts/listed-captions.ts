import { Readable } from "node:stream";
import { CsvError, parse } from "csv-parse";
import { z } from "zod";
import type { ScanProblem } from "../../contract/scan.ts";
import { linesOf } from "../../pipeline/streaming.ts";
import type { InventoryCaption } from "../../store/scans/scan-store.ts";
import { folderOf, keyProblem, METADATA_CSV, nameOf } from "./kinds.ts";

/** Longer lines were never meant. */
export const MOST_LINE_BYTES = 1024 * 1024;

/** The column that names the picture. */
export const FILE_NAME = "file_name";
/** The columns that trainers read captions from, by the names that Hugging Face's scripts and guides use. */
const CAPTION_COLUMNS = ["text", "caption", "prompt", "additional_feature"];

const RowSchema = z.record(z.string(), z.unknown());

/**
 * The captions of a Hugging Face imagefolder's `metadata.jsonl` or `metadata.csv`: each row names a picture, relative to the file's
 * folder, in `file_name`, and its captions in `text`, `caption` or `prompt`.
 * @param pieces the file's content
 * @returns captions one after the other, and a problem for each row that is none
 */
export async function* listedCaptions(
  file: string,
  pieces: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<InventoryCaption | ScanProblem> {
  const rows = nameOf(file).toLowerCase() === METADATA_CSV ? csvRows(pieces, signal) : jsonRows(pieces);
  for await (const { line, row, wrong } of rows) {
    const problem = (detail: string): ScanProblem => ({ code: "metadata_invalid", detail: `line ${line}: ${detail}` });
    if (!row) {
      yield problem(wrong);
      continue;
    }
    const name = row[FILE_NAME];
    if (typeof name !== "string" || name === "") {
      yield problem(`"${FILE_NAME}" is missing or no text`);
      continue;
    }
    const picture = pictureNamed(file, name);
    if (picture === undefined) {
      yield problem(`"${FILE_NAME}" leads out of the data set`);
      continue;
    }
    const tooLong = keyProblem(picture);
    if (tooLong) {
      yield problem(`"${FILE_NAME}": ${tooLong.detail}`);
      continue;
    }
    for (const column of CAPTION_COLUMNS) {
      const text = row[column];
      if (text === undefined || text === null) continue;
      if (typeof text !== "string") yield problem(`"${column}" is no text`);
      else if (text.includes("\0")) yield problem(`"${column}" holds a NUL`);
      else yield { picture, file, place: `line ${line}, ${column}`, text };
    }
  }
}

type Row =
  | { readonly line: number; readonly row: Readonly<Record<string, unknown>>; readonly wrong?: undefined }
  | { readonly line: number; readonly row: undefined; readonly wrong: string };

async function* jsonRows(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Row> {
  for await (const { number, bytes } of linesOf(pieces, MOST_LINE_BYTES)) {
    const line = number;
    if (!bytes) {
      yield { line, row: undefined, wrong: `it is longer than ${MOST_LINE_BYTES} bytes` };
      continue;
    }
    if (bytes.every((byte) => byte <= 0x20)) continue;
    try {
      const row = RowSchema.safeParse(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)));
      yield row.success ? { line, row: row.data } : { line, row: undefined, wrong: "it is no JSON object" };
    } catch {
      yield { line, row: undefined, wrong: "it is not JSON in UTF-8" };
    }
  }
}

async function* csvRows(pieces: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncGenerator<Row> {
  const parser = parse({
    bom: true,
    columns: true,
    info: true,
    max_record_size: MOST_LINE_BYTES,
    relax_column_count: true,
    skip_empty_lines: true,
  });
  const source = Readable.from(pieces);
  source.on("error", (error) => parser.destroy(error));
  source.pipe(parser);
  let line = 0;
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: unknown; info: { lines: number } }>) {
      line = info.lines;
      const row = RowSchema.safeParse(record);
      if (row.success) yield { line, row: row.data };
    }
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof CsvError)) throw error;
    yield { line: line + 1, row: undefined, wrong: "from here on it is no CSV (RFC 4180)" };
  } finally {
    source.destroy();
  }
}

/** The key of the picture that a row of a metadata file names; undefined when it names none, or leads out of the source. */
export function pictureNamed(file: string, name: unknown): string | undefined {
  if (typeof name !== "string" || name.startsWith("/") || name.includes("\\")) return undefined;
  const parts: string[] = folderOf(file)
    .split("/")
    .filter((part) => part !== "");
  for (const part of name.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts.join("/");
}
