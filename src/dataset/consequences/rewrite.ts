import { PassThrough, Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { CsvError, parse } from "csv-parse";
import { extract, pack } from "tar-stream";
import { linesOf } from "../../pipeline/streaming.ts";
import { Digesting } from "../files/digest.ts";
import { FileProblem } from "../files/files.ts";
import { damaged, isReadable, memberName } from "../layouts/archive.ts";
import { METADATA_CSV, nameOf, quoted } from "../layouts/kinds.ts";
import { CSV, FILE_NAME, MOST_LINE_BYTES, pictureNamed } from "../layouts/listed-captions.ts";

/** Tells of keys whether they leave the data set. */
export type Leaves = (keys: readonly string[]) => Promise<ReadonlySet<string>>;

const BATCH = 500;

/**
 * A metadata file without the rows of pictures that leave; every other byte stays.
 * @param pieces its content
 */
export function metadataWithout(
  file: string,
  pieces: AsyncIterable<Uint8Array>,
  leaves: Leaves,
): AsyncIterable<Uint8Array> {
  const isCsv = nameOf(file).toLowerCase() === METADATA_CSV;
  return rowsStaying(isCsv ? csvRows(file, pieces) : jsonRows(file, pieces), leaves);
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

async function* jsonRows(file: string, pieces: AsyncIterable<Uint8Array>): AsyncGenerator<RawRow> {
  const read = new Digesting();
  let at = 0;
  for await (const { bytes } of linesOf(read.of(pieces), MOST_LINE_BYTES)) {
    if (!bytes) throw new FileProblem("metadata_invalid", `a line is longer than ${MOST_LINE_BYTES} bytes`);
    at += bytes.length + 1;
    // the last line may have no end: everything is read by then
    const raw = at <= read.bytes ? Buffer.concat([bytes, Buffer.from("\n")]) : bytes;
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

async function* csvRows(file: string, pieces: AsyncIterable<Uint8Array>): AsyncGenerator<RawRow> {
  // Latin-1 keeps every byte as it is, whatever the encoding; the signs of CSV are ASCII.
  const parser = parse({ ...CSV, info: true, encoding: "latin1" });
  const read = new BytesRead();
  const source = Readable.from(read.of(pieces));
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
 * @param pieces the archive
 * @param leaves tells of a member's key, which has that of the archive before its name
 */
export async function* archiveWithout(
  archive: string,
  pieces: AsyncIterable<Uint8Array>,
  leaves: (member: string) => boolean,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const source = Readable.from(pieces);
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
