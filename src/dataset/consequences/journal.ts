import { createReadStream } from "node:fs";
import { type FileHandle, mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";
import { SafelightError } from "../../contract/errors.ts";
import { linesOf } from "../../pipeline/streaming.ts";

export const JOURNAL = "consequences.jsonl";
const MOST_LINE_BYTES = 1024 * 1024;

const digest = z.string();

/** What is about to be done to a file, and what was done: the former is on disk before the latter begins. */
const EntrySchema = z.discriminatedUnion("step", [
  z.object({
    step: z.literal("begin"),
    scan: z.string(),
    source: z.string(),
    /** Where files go that leave; null: they are removed. */
    destination: z.string().nullable(),
    /** Where the former content of rewritten files goes. */
    backup: z.string(),
  }),
  /** A file leaves, as it is now. */
  z.object({ step: z.literal("leaving"), key: z.string(), bytes: z.int(), sha256: digest }),
  z.object({ step: z.literal("left"), key: z.string() }),
  /** A metadata file or an archive loses what belongs to files that leave. */
  z.object({
    step: z.literal("rewriting"),
    key: z.string(),
    sha256: digest,
    becomes: digest,
    /** Where its former content is kept. */
    saved: z.enum(["destination", "backup"]).nullable(),
  }),
  z.object({ step: z.literal("rewritten"), key: z.string() }),
  z.object({
    step: z.literal("restored"),
    key: z.string(),
    /** The data set; absent: that of the last beginning. */
    source: z.string().optional(),
  }),
  z.object({
    step: z.literal("done"),
    /** Absent: that of the last beginning. */
    scan: z.string().optional(),
  }),
]);
export type JournalEntry = z.infer<typeof EntrySchema>;
export type JournalBegin = Extract<JournalEntry, { step: "begin" }>;

/** What was done to a data set because of a scan, in order: an undo reads it backwards. */
export class Journal {
  readonly #path: string;
  readonly #file: FileHandle;

  private constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  static async open(path: string): Promise<Journal> {
    try {
      await mkdir(dirname(path), { recursive: true });
      const file = await open(path, "a+");
      await endTornLine(file);
      return new Journal(path, file);
    } catch (cause) {
      throw new SafelightError("storage_failed", `the journal ${path} cannot be written`, { cause });
    }
  }

  /** Durable when it resolves. */
  async add(...entries: readonly JournalEntry[]): Promise<void> {
    try {
      await this.#file.appendFile(entries.map((entry) => `${JSON.stringify(entry)}\n`).join(""));
      await this.#file.datasync();
    } catch (cause) {
      throw new SafelightError("storage_failed", "the journal of what is moved cannot be written", { cause });
    }
  }

  /** All so far. */
  async entries(): Promise<readonly JournalEntry[]> {
    return (await readJournal(this.#path)) ?? [];
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

/** A crash may have cut the last line off: what is written next must not become a part of it. */
async function endTornLine(file: FileHandle): Promise<void> {
  const { size } = await file.stat();
  if (size === 0) return;
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  if (buffer[0] !== 0x0a) await file.appendFile("\n");
}

/** The entries of a journal; undefined where there is none. A last line that a crash cut off is none. */
export async function readJournal(path: string): Promise<readonly JournalEntry[] | undefined> {
  const entries: JournalEntry[] = [];
  try {
    for await (const { bytes } of linesOf(createReadStream(path), MOST_LINE_BYTES)) {
      const entry = EntrySchema.safeParse(json(bytes));
      if (entry.success) entries.push(entry.data);
    }
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw new SafelightError("storage_failed", `the journal ${path} cannot be read`, { cause: error });
  }
  return entries;
}

function json(bytes: Uint8Array | undefined): unknown {
  try {
    return JSON.parse(Buffer.from(bytes ?? []).toString("utf8"));
  } catch {
    return undefined;
  }
}
