import { createWriteStream } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { stringify } from "csv-stringify";
import { SafelightError } from "../../contract/errors.ts";
import type { ScanItem } from "../../contract/scan.ts";
import type { ScanStore } from "../../store/scans/scan-store.ts";
import { everyCopies, everyItem, everyProblem } from "../scan/pages.ts";
import { isJudged } from "../scan/summary.ts";

/** A line for each picture, in the order of their keys; two scans that found the same wrote the same bytes. */
export const RESULTS_JSONL = "results.jsonl";
/** The same as a table. */
export const RESULTS_CSV = "results.csv";
/** A line for everything wrong that belongs to no picture. */
export const PROBLEMS_JSONL = "problems.jsonl";
/** A line for each group of pictures that are copies of each other. */
export const COPIES_JSONL = "copies.jsonl";

/** Writes the results of a finished scan into a folder, each file whole or not at all. @throws SafelightError `storage_*` */
export async function writeResults(folder: string, store: ScanStore, scan: string): Promise<void> {
  await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    throw writeFailure(error);
  });
  await writeWhole(join(folder, RESULTS_JSONL), lines(everyItem(store, scan)));
  await writeWhole(join(folder, PROBLEMS_JSONL), lines(everyProblem(store, scan)));
  await writeWhole(join(folder, COPIES_JSONL), lines(everyCopies(store, scan)));
  const table = stringify({ header: true, columns: [...CSV_COLUMNS], escape_formulas: true });
  const rows = Readable.from(csvRows(everyItem(store, scan)));
  rows.on("error", (error) => table.destroy(error));
  await writeWhole(join(folder, RESULTS_CSV), rows.pipe(table));
}

/** Writes beside the place, and moves there when all is on disk. @throws SafelightError `storage_*`; what `content` throws */
export async function writeWhole(path: string, content: AsyncIterable<string | Uint8Array>): Promise<void> {
  const unfinished = `${path}.${crypto.randomUUID()}.tmp`;
  try {
    await pipeline(Readable.from(content), createWriteStream(unfinished, { flags: "wx", flush: true }));
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw writeFailure(error);
  }
}

function writeFailure(error: unknown): unknown {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (error instanceof SafelightError || code === "") return error;
  if (code === "ENOSPC" || code === "EDQUOT")
    return new SafelightError("storage_full", "the disk is full", { cause: error });
  return new SafelightError("storage_failed", `the results cannot be written (${code})`, { cause: error });
}

async function* lines(values: AsyncIterable<unknown>): AsyncGenerator<string> {
  for await (const value of values) yield `${JSON.stringify(value)}\n`;
}

const CSV_COLUMNS = [
  "key",
  "action",
  "judged",
  "category",
  "score",
  "threshold",
  "detector",
  "label",
  "caption_action",
  "problems",
  "bytes",
  "media_type",
  "width",
  "height",
  "faces",
  "sha256",
] as const;

async function* csvRows(items: AsyncIterable<ScanItem>): AsyncGenerator<readonly (string | number | null)[]> {
  for await (const item of items) {
    const [worst] = item.reasons;
    const captions = item.captions.map(({ action }) => action).join(" ");
    const problems = item.problems.map(({ code }) => code).join(" ");
    yield [
      item.key,
      item.action,
      isJudged(item) ? "yes" : "no",
      worst?.category ?? null,
      worst?.score ?? null,
      worst?.threshold ?? null,
      worst?.detector ?? null,
      worst?.label ?? null,
      captions,
      problems,
      item.bytes,
      item.media_type,
      item.width,
      item.height,
      item.faces,
      item.sha256,
    ];
  }
}
