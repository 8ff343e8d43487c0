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

/** How `metadata.csv` is read: lines may end in any way, each in its own. */
export const CSV = {
  max_record_size: MOST_LINE_BYTES,
  record_delimiter: ["\r\n", "\n", "\r"],
  relax_column_count: true,
};

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
  for await (const { line, cells, wrong } of rows) {
    const problem = (detail: string): ScanProblem => ({ code: "metadata_invalid", detail: `line ${line}: ${detail}` });
    if (wrong !== undefined) yield problem(wrong);
    if (!cells) continue;
    const name = cells.find(([column]) => column === FILE_NAME)?.[1];
    if (typeof name !== "string" || name === "") {
      yield problem(`"${FILE_NAME}" is missing or no text`);
      continue;
    }
    const picture = pictureNamed(file, name);
    if (picture === undefined) {
      yield problem(`"${FILE_NAME}" leads out of the data set`);
      continue;
    }
    const unusable = keyProblem(picture);
    if (unusable) {
      yield problem(`"${FILE_NAME}": ${unusable.detail}`);
      continue;
    }
    const places = new Set<string>();
    for (const [column, text] of cells) {
      if (!CAPTION_COLUMNS.includes(column) || text === undefined || text === null) continue;
      const place = places.has(column) ? `line ${line}, ${column} again` : `line ${line}, ${column}`;
      places.add(column);
      if (typeof text !== "string") yield problem(`"${column}" is no text`);
      else if (text.includes("\0")) yield problem(`"${column}" holds a NUL`);
      else yield { picture, file, place, text };
    }
  }
}

interface Row {
  readonly line: number;
  /** By column, of which a table may have more than one of a name; undefined where there is no row. */
  readonly cells: readonly (readonly [string, unknown])[] | undefined;
  /** What is wrong with it, although it may be read. */
  readonly wrong?: string;
}

async function* jsonRows(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Row> {
  for await (const { number, bytes } of linesOf(pieces, MOST_LINE_BYTES)) {
    const line = number;
    if (!bytes) {
      yield { line, cells: undefined, wrong: `it is longer than ${MOST_LINE_BYTES} bytes` };
      continue;
    }
    if (bytes.every((byte) => byte <= 0x20)) continue;
    try {
      const row = RowSchema.safeParse(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)));
      yield row.success
        ? { line, cells: Object.entries(row.data) }
        : { line, cells: undefined, wrong: "it is no JSON object" };
    } catch {
      yield { line, cells: undefined, wrong: "it is not JSON in UTF-8" };
    }
  }
}

async function* csvRows(pieces: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncGenerator<Row> {
  const parser = parse({ ...CSV, bom: true, info: true, skip_empty_lines: true });
  const source = Readable.from(pieces);
  source.on("error", (error) => parser.destroy(error));
  source.pipe(parser);
  let line = 0;
  let header: readonly string[] | undefined;
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: { lines: number } }>) {
      line = info.lines;
      if (header) yield csvRow(line, header, record);
      else {
        header = record;
        const twice = [FILE_NAME, ...CAPTION_COLUMNS].filter(
          (name) => record.indexOf(name) !== record.lastIndexOf(name),
        );
        if (twice.length > 0) yield { line, cells: undefined, wrong: `${twice.join(", ")}: more than one column` };
      }
    }
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof CsvError)) throw error;
    yield { line: line + 1, cells: undefined, wrong: "from here on it is no CSV (RFC 4180)" };
  } finally {
    source.destroy();
  }
}

/** Readers disagree on which cell of a row that is longer than the header, or shorter, is of which column. */
function csvRow(line: number, header: readonly string[], record: readonly string[]): Row {
  const cells = header.flatMap((column, i) => (i < record.length ? [[column, record[i]] as const] : []));
  if (record.length === header.length) return { line, cells };
  return { line, cells, wrong: `it has ${record.length} cells, and the header ${header.length}` };
}

/** The key of the picture that a row of a metadata file names; undefined when it names none, or leads out of the source. */
export function pictureNamed(file: string, name: unknown): string | undefined {
  if (typeof name !== "string" || name.startsWith("/") || name.includes("\\")) return undefined;
  let folder = folderOf(file); // as it is: a list may call it /data/set/ or s3://bucket/set/
  const parts: string[] = [];
  for (const part of name.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) {
      if (ROOT.test(folder)) return undefined;
      folder = folderOf(folder.slice(0, -1));
    }
  }
  return folder + parts.join("/");
}

const ROOT = /^(?:s3:\/\/[^/]*)?\/?$/;
