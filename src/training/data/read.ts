import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { SafelightError } from "../../contract/errors.ts";
import { csvRecords } from "./csv.ts";
import { isManifestLine, readManifest } from "./ground-truth.ts";
import { jsonLines, readLabelledTexts } from "./json-lines.ts";
import type { Problem } from "./problems.ts";
import { type Limits, type Row, RowCollector } from "./rows.ts";

export const FORMATS = {
  "multi-class": "CSV without a header, CLASS,text (Amazon Comprehend)",
  "multi-label": "CSV without a header, CLASS|CLASS,text (Amazon Comprehend)",
  jsonl: 'JSON Lines, {"text": "…", "labels": {"<class>": 0 or 1}}; an absent class is not labelled',
  manifest: "augmented manifest of SageMaker Ground Truth",
} as const satisfies Record<string, string>;
export type Format = keyof typeof FORMATS;

/** One class a text, or any number of them, each judged by itself. */
export type Mode = "multi-class" | "multi-label";

export interface ReadOptions extends Limits {
  /** Found out from the content when absent. */
  readonly format?: Format;
  /** Between the classes of a multi-label CSV. */
  readonly delimiter: string;
  /** The label attribute of a manifest. */
  readonly attribute?: string;
}

/** Comprehend's own limit for one document is 10 KB. */
export const READ_DEFAULTS: ReadOptions = { maxBytes: 10_000, delimiter: "|" };

export interface ReadFile {
  readonly format: Format;
  readonly mode: Mode;
  /** `sha256:<hex>` of the file. */
  readonly digest: string;
  /** Rows in the file, good and bad. */
  readonly total: number;
  readonly rows: readonly Row[];
  readonly problems: readonly Problem[];
}

/** A CSV counts as multi-label from this share of rows on that have the delimiter in their class. */
const MULTI_LABEL_SHARE = 0.005;

/**
 * Reads labelled texts. Rows that cannot be used are among the problems.
 * @throws SafelightError `invalid_request` when the file cannot be read at all
 */
export async function readLabelled(path: string, options: ReadOptions): Promise<ReadFile> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    throw new SafelightError("invalid_request", `the file of labelled texts cannot be read: ${whyUnreadable(cause)}`, {
      cause,
    });
  }
  return parseLabelled(bytes, options);
}

export function parseLabelled(bytes: Uint8Array, options: ReadOptions): ReadFile {
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) {
    throw new SafelightError(
      "invalid_request",
      "the file is UTF-16; it must be UTF-8: iconv -f UTF-16 -t UTF-8 FILE > NEW",
    );
  }
  const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
  const content = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
  const into = new RowCollector(options);
  const { format, mode } = parse(content, options, into);
  const { rows, problems } = into;
  return { format, mode, digest, total: rows.length + problems.length, rows, problems };
}

function parse(bytes: Uint8Array, options: ReadOptions, into: RowCollector): { format: Format; mode: Mode } {
  const format = options.format ?? formatOf(bytes);
  switch (format) {
    case "jsonl":
      readLabelledTexts(bytes, into);
      return { format, mode: "multi-label" };
    case "manifest":
      return { format, mode: readManifest(bytes, options.attribute, into).mode };
    case "csv":
    case "multi-class":
    case "multi-label": {
      const mode = readCsv(bytes, format === "csv" ? undefined : format, options.delimiter, into);
      return { format: mode, mode };
    }
    default:
      return format satisfies never;
  }
}

function formatOf(bytes: Uint8Array): "csv" | "jsonl" | "manifest" {
  const first = bytes.find((byte) => byte > 0x20);
  if (first !== 0x7b) return "csv";
  for (const line of jsonLines(bytes)) if (line.value) return isManifestLine(line) ? "manifest" : "jsonl";
  return "jsonl";
}

function readCsv(bytes: Uint8Array, wanted: Mode | undefined, delimiter: string, into: RowCollector): Mode {
  const records: { line: number; label: string; text: string }[] = [];
  for (const record of csvRecords(bytes)) {
    if ("problem" in record) {
      into.refuse(record.line, record.problem);
      continue;
    }
    const [label, text, ...more] = record.fields;
    if (label === undefined || text === undefined || more.length > 0) {
      into.refuse(record.line, "columns", `${record.fields.length} columns`);
    } else records.push({ line: record.line, label, text });
  }
  const joined = records.filter(({ label }) => label.includes(delimiter)).length;
  const mode = wanted ?? (joined > 0 && joined >= MULTI_LABEL_SHARE * records.length ? "multi-label" : "multi-class");
  for (const { line, label, text } of records) {
    const has = mode === "multi-label" ? label.split(delimiter) : [label];
    into.add({ line, text, has: [...new Set(has.map((name) => name.trim()))], hasNot: "others" });
  }
  return mode;
}

function whyUnreadable(cause: unknown): string {
  const { code } = cause as NodeJS.ErrnoException; // what the file system throws
  if (code === "ENOENT") return "there is no such file";
  if (code === "EISDIR") return "it is a folder";
  if (code === "EACCES") return "permission denied";
  return code === "ERR_FS_FILE_TOO_LARGE" ? "it is larger than 2 GiB" : "the disk did not give it";
}
