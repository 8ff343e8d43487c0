import { PassThrough, Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { CsvError, parse } from "csv-parse";
import { extract, pack } from "tar-stream";
import { linesOf } from "../../pipeline/streaming.ts";
import { FileProblem, type Files } from "../files/files.ts";
import { damaged, isReadable, memberName } from "../layouts/archive.ts";
import { METADATA_CSV, nameOf, quoted } from "../layouts/kinds.ts";
import { FILE_NAME, MOST_LINE_BYTES, pictureNamed } from "../layouts/listed-captions.ts";

/** Tells of keys whether they leave the data set. */
export type Leaves = (keys: readonly string[]) => Promise<ReadonlySet<string>>;

const BATCH = 500;

/** A metadata file without the rows of pictures that leave; every other byte stays. */
export function metadataWithout(
  file: string,
  files: Files,
  leaves: Leaves,
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  const isCsv = nameOf(file).toLowerCase() === METADATA_CSV;
  return rowsStaying(isCsv ? csvRows(file, files, signal) : jsonRows(file, files, signal), leaves);
}

interface RawRow {
  readonly raw: Uint8Array;
  readonly picture: string | undefined;
}

async function* rowsStaying(rows: AsyncIterable<RawRow>, leaves: Leaves): AsyncGenerator<Uint8Array> {
  let batch: RawRow[] = [];
  async function* staying(): AsyncGenerator<Uint8Array> {
    const gone = await leaves(batch.flatMap(({ picture }) => picture ?? []));
    for (const { raw, picture } of batch) {
      if (picture === undefined || !gone.has(picture)) yield raw;
    }
    batch = [];
  }
  for await (const row of rows) if (batch.push(row) >= BATCH) yield* staying();
  yield* staying();
}

async function* jsonRows(file: string, files: Files, signal: AbortSignal): AsyncGenerator<RawRow> {
  const size = (await files.stat(file, signal))?.bytes ?? 0;
  let at = 0;
  for await (const { bytes } of linesOf(files.stream(file, signal), MOST_LINE_BYTES)) {
    if (!bytes) throw new FileProblem("metadata_invalid", `a line is longer than ${MOST_LINE_BYTES} bytes`);
    at += bytes.length + 1;
    const raw = at <= size ? Buffer.concat([bytes, Buffer.from("\n")]) : bytes;
    yield { raw, picture: pictureNamed(file, nameIn(bytes)) };
  }
}

function nameIn(line: Uint8Array): unknown {
  try {
    const row: unknown = JSON.parse(new TextDecoder().decode(line)); // without a byte order mark, as it was read
    return typeof row === "object" && row !== null && FILE_NAME in row ? row[FILE_NAME] : undefined;
  } catch {
    return undefined;
  }
}

async function* csvRows(file: string, files: Files, signal: AbortSignal): AsyncGenerator<RawRow> {
  // Latin-1 keeps every byte as it is, whatever the encoding; the signs of CSV are ASCII.
  const parser = parse({ info: true, encoding: "latin1", relax_column_count: true, max_record_size: MOST_LINE_BYTES });
  const read = new BytesRead();
  const source = Readable.from(read.of(files.stream(file, signal)));
  source.on("error", (error) => parser.destroy(error));
  source.pipe(parser);
  let column: number | undefined;
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: { bytes: number } }>) {
      const cells = record.map((cell) => Buffer.from(cell, "latin1").toString("utf8"));
      const picture = column === undefined ? undefined : pictureNamed(file, cells[column]);
      const empty = cells.length === 1 && cells[0] === "";
      if (!empty) column ??= cells.indexOf(FILE_NAME);
      yield { raw: read.upTo(info.bytes), picture };
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new FileProblem("metadata_invalid", "it is no CSV (RFC 4180): its rows stay as they are", { cause: error });
  } finally {
    source.destroy();
  }
  yield { raw: read.upTo(Number.POSITIVE_INFINITY), picture: undefined };
}

const BYTE_ORDER_MARK = Buffer.from("\ufeff");

/** The bytes that went by, until they are taken. A byte order mark is kept, and not passed on. */
class BytesRead {
  #kept = Buffer.alloc(0);
  #start = 0;
  #mark = 0;

  async *of(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    let first = true;
    for await (const piece of pieces) {
      this.#kept = Buffer.concat([this.#kept, piece]);
      if (first && BYTE_ORDER_MARK.equals(piece.subarray(0, 3))) this.#mark = BYTE_ORDER_MARK.length;
      yield first ? piece.subarray(this.#mark) : piece;
      first = false;
    }
  }

  /** @param end counted from the start of what was passed on */
  upTo(end: number): Uint8Array {
    const taken = this.#kept.subarray(0, end + this.#mark - this.#start);
    this.#kept = this.#kept.subarray(taken.length);
    this.#start += taken.length;
    return taken;
  }
}

/**
 * A tar archive without the members that leave.
 * @param leaves tells of a member's key, which has that of the archive before its name
 */
export async function* archiveWithout(
  archive: string,
  files: Files,
  leaves: (member: string) => boolean,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const source = Readable.from(files.stream(archive, signal));
  const entries = extract();
  const output = pack();
  const through = new PassThrough();
  source.on("error", (error) => entries.destroy(error));
  output.on("error", (error) => through.destroy(error));
  source.pipe(entries);
  output.pipe(through);
  const copying = (async () => {
    for await (const entry of entries) {
      const { header } = entry;
      if (leaves(`${archive}/${memberName(header)}`)) {
        entry.resume();
        continue;
      }
      if (!isReadable(header))
        throw new FileProblem("not_looked_into", `${quoted(header.name)} in it cannot be copied`);
      await pipeline(entry, output.entry(header));
    }
    output.finalize();
  })();
  copying.catch((error: Error) => through.destroy(error));
  try {
    yield* through as AsyncIterable<Uint8Array>;
    await copying;
  } catch (error) {
    signal.throwIfAborted();
    throw damaged(error);
  } finally {
    source.destroy();
  }
}
