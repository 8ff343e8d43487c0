import { constants, createReadStream } from "node:fs";
import { type FileHandle, open, realpath, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import type { Category } from "../../../contract/categories.ts";
import { SafelightError } from "../../../contract/errors.ts";
import { Entries } from "./entries.ts";
import { entryText, HASH_KINDS, type HashKind, type PictureHash } from "./entry.ts";
import { ExactIndex } from "./exact.ts";
import { readList } from "./list.ts";

const HEAD =
  "# Known pictures, one a line: kind:hash,category,note. Safelight's docs/detectors/hashes.md tells more.\n";
const LINE_FEED = 0x0a;

export interface Addition {
  /** The list's own when undefined. */
  readonly category: Category | undefined;
  /** Of one line. */
  readonly note: string | undefined;
}

/** What became of a hash: whether it is new in the list, and the category that it has there. */
export interface Appended extends PictureHash {
  readonly added: boolean;
  readonly category: Category;
}

/**
 * Puts hashes on a list, or makes one of them. The file is replaced as a whole, so that nobody ever reads half of it. While it is
 * being made the new one stands beside it as `<file>.new`, which keeps a second writer out.
 * @param file absolute
 * @returns for each hash, in order; one that the list has under the same category already is not added again
 * @throws SafelightError `config_invalid` for a list with mistakes, or without any category for the hashes; `conflict` while
 *   another is writing; `storage_failed`, `storage_full`
 */
export async function appendToList(
  file: string,
  hashes: readonly PictureHash[],
  { category, note }: Addition,
): Promise<readonly Appended[]> {
  const target = await realpath(file).catch(() => file); // a link stays a link
  const next = `${target}.new`;
  const handle = await openNew(next);
  let renamed = false;
  try {
    // only now: until the new file stood there, another could make the list
    const mode = await modeOf(target);
    if (mode !== undefined) await handle.chmod(mode);
    const entries = new Entries();
    const list = mode === undefined ? undefined : await readList(target, dirname(target), entries);
    const own = category ?? list?.category;
    if (own === undefined) {
      throw new SafelightError("config_invalid", `${file}: the list has no category of its own, so one must be given`);
    }
    const appended = await withoutKnown(hashes, own, entries);
    const lines = appended
      .filter(({ added }) => added)
      .map((each) => `${entryText({ ...each, category: own, note })}\n`);
    if (lines.length > 0) {
      if (list === undefined) await handle.write(HEAD);
      else await copy(target, handle);
      await handle.write(lines.join(""));
      await handle.sync();
      await handle.close();
      await rename(next, target);
      renamed = true;
    }
    return appended;
  } catch (error) {
    throw asStorageError(error, file);
  } finally {
    await handle.close().catch(() => {});
    if (!renamed) await rm(next, { force: true }); // else it is the next writer's
  }
}

async function withoutKnown(
  hashes: readonly PictureHash[],
  category: Category,
  entries: Entries,
): Promise<readonly Appended[]> {
  const known = new Map<HashKind, ExactIndex>();
  for (const kind of HASH_KINDS) known.set(kind, await ExactIndex.build(entries.words(kind)));
  const seen = new Set<string>();
  return hashes.map(({ kind, words }) => {
    const listed = known
      .get(kind)
      ?.find(words)
      .some((place) => entries.at(kind, place).category === category);
    const key = `${kind}:${words.join()}`;
    const added = !listed && !seen.has(key);
    seen.add(key);
    return { kind, words, category, added };
  });
}

/** Undefined: there is no such file. */
async function modeOf(file: string): Promise<number | undefined> {
  try {
    return (await stat(file)).mode & 0o777;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

async function openNew(next: string): Promise<FileHandle> {
  try {
    return await open(next, constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY);
  } catch (error) {
    throw asStorageError(error, next);
  }
}

/** With a line feed after the last line. */
async function copy(from: string, to: FileHandle): Promise<void> {
  let last = LINE_FEED;
  for await (const bytes of createReadStream(from)) {
    await to.writeFile(bytes); // on a handle: from where the last one ended
    last = bytes.at(-1) ?? last;
  }
  if (last !== LINE_FEED) await to.write("\n");
}

function asStorageError(error: unknown, file: string): unknown {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (error instanceof SafelightError || code === "") return error;
  if (code === "EEXIST") {
    const detail = `${file} is there: another process is writing this list. If none is, remove that file`;
    return new SafelightError("conflict", detail, { cause: error });
  }
  if (code === "ENOSPC") return new SafelightError("storage_full", `${file}: the disk is full`, { cause: error });
  return new SafelightError("storage_failed", `${file}: could not be written (${code})`, { cause: error });
}
