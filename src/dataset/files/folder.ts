import { createHash } from "node:crypto";
import { type BigIntStats, constants, type Dirent } from "node:fs";
import { type FileHandle, lstat, mkdir, open, opendir, realpath, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { SafelightError } from "../../contract/errors.ts";
import type { ScanProblem } from "../../contract/scan.ts";
import { type ByteRange, FileProblem, type Files, type ListedFile, type Unlistable } from "./files.ts";
import { isWithin, realPlace } from "./places.ts";

const PIECE = 256 * 1024;
/** How long it is believed that a folder of the data set is no link that leads out of it. */
const REMEMBERED_MS = 1_000;
/** How often a file that changes under the reader is read again. */
const READINGS = 3;
const LINKED: ScanProblem = { code: "linked_file", detail: "it is a link to another file of the data set" };

/** @throws SafelightError `invalid_request` when there is no such folder */
export async function openFolder(path: string): Promise<Files> {
  let root: string;
  try {
    root = await realpath(path);
    if (!(await stat(root)).isDirectory()) throw new Error("not a folder");
  } catch (cause) {
    throw new SafelightError("invalid_request", `${path} is not a folder that can be read`, { cause });
  }
  return new Folder(root);
}

/** Like {@link openFolder}, for writing into: makes the folder where there is none. */
export async function makeFolder(path: string): Promise<Files> {
  try {
    await mkdir(path, { recursive: true });
  } catch (error) {
    throw ofPlace(error);
  }
  return openFolder(path);
}

class Folder implements Files {
  readonly uri: string;
  readonly rooted = true;
  /** Files are read folder by folder: the way to the last one is not looked up anew for each. */
  #lastFolder: { readonly path: string; readonly real: string; readonly at: number } | undefined;

  constructor(root: string) {
    this.uri = root;
  }

  async *list(signal: AbortSignal): AsyncGenerator<ListedFile | Unlistable> {
    yield* this.#below(this.uri, signal);
  }

  async read(key: string, most: number, signal: AbortSignal, range?: ByteRange) {
    for (let reading = 1; ; reading++) {
      signal.throwIfAborted();
      const { file, before } = await this.#open(key);
      try {
        const { start, end } = range ?? { start: 0, end: Number(before.size) };
        if (end - start > most) throw tooLarge(end - start, most);
        const bytes = await readFully(file, start, end);
        const after = await file.stat({ bigint: true });
        if (bytes && stampOf(before) === stampOf(after)) return { bytes, stamp: stampOf(after) };
      } catch (error) {
        throw ofFile(error);
      } finally {
        await file.close();
      }
      if (reading === READINGS) throw new FileProblem("changed", `it changed while it was read, ${READINGS} times`);
    }
  }

  async *stream(key: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const { file, before } = await this.#open(key);
    try {
      for (let at = 0; ; ) {
        signal.throwIfAborted();
        const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(PIECE), 0, PIECE, at);
        if (bytesRead === 0) break;
        at += bytesRead;
        yield buffer.subarray(0, bytesRead);
      }
      if (stampOf(await file.stat({ bigint: true })) !== stampOf(before))
        throw new FileProblem("changed", "it changed while it was read");
    } catch (error) {
      throw ofFile(error);
    } finally {
      await file.close();
    }
  }

  async stat(key: string): Promise<ListedFile | undefined> {
    try {
      const found = await stat(await this.#inside(key), { bigint: true });
      return found.isFile() ? { key, bytes: Number(found.size), stamp: stampOf(found) } : undefined;
    } catch (error) {
      if (error instanceof FileProblem && error.code === "vanished") return undefined;
      throw ofFile(error);
    }
  }

  async write(key: string, content: () => AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void> {
    const path = this.#path(key);
    const unfinished = unfinishedName(path);
    if (!isWithin(await realPlace(dirname(path)), this.uri, sep))
      throw new FileProblem("leaves_source", "its folder is a link that leads out");
    try {
      await mkdir(dirname(path), { recursive: true });
      await rm(unfinished, { force: true }); // of a write that a crash broke off
      const file = await open(unfinished, "wx");
      try {
        for await (const piece of content()) {
          signal.throwIfAborted();
          await file.writeFile(piece);
        }
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(unfinished, path);
      await syncFolder(dirname(path));
    } catch (error) {
      await rm(unfinished, { force: true }).catch(() => {});
      signal.throwIfAborted();
      throw ofWriting(error);
    }
  }

  async remove(key: string): Promise<void> {
    const path = this.#path(key);
    try {
      await rm(path, { force: true });
      await syncFolder(dirname(path));
    } catch (error) {
      if (codeOf(error) !== "ENOENT") throw ofWriting(error);
    }
  }

  async close(): Promise<void> {}

  async *#below(folder: string, signal: AbortSignal): AsyncGenerator<ListedFile | Unlistable> {
    let entries: AsyncIterable<Dirent<Buffer>>;
    try {
      entries = (await opendir(folder, { encoding: "buffer" as BufferEncoding })) as unknown as AsyncIterable<
        Dirent<Buffer>
      >; // the types know no buffers here
    } catch (error) {
      if (folder === this.uri) throw ofPlace(error);
      yield { key: this.#key(folder), problem: ofFileOnly(error).problem };
      return;
    }
    for await (const entry of entries) {
      signal.throwIfAborted();
      const name = entry.name.toString("utf8");
      if (!Buffer.from(name).equals(entry.name)) {
        const detail = "its name is not UTF-8, so no manifest or metadata file could name it";
        yield { key: this.#key(join(folder, escaped(entry.name))), problem: { code: "name_not_utf8", detail } };
        continue;
      }
      const path = join(folder, name);
      if (entry.isDirectory()) yield* this.#below(path, signal);
      else yield* await this.#look(path, entry);
    }
  }

  async #look(path: string, entry: Dirent<Buffer>): Promise<readonly (ListedFile | Unlistable)[]> {
    const key = this.#key(path);
    try {
      const target = entry.isSymbolicLink() ? await this.#inside(key) : path;
      const found = await (entry.isSymbolicLink() ? stat : lstat)(target, { bigint: true });
      if (found.isFile()) {
        const file = { key, bytes: Number(found.size), stamp: stampOf(found) };
        return entry.isSymbolicLink() ? [file, { key, problem: LINKED }] : [file];
      }
      const linked = found.isDirectory();
      const code = linked ? "linked_folder" : "no_regular_file";
      const detail = linked ? "it is a link to a folder; links to folders are not followed" : "it is no regular file";
      return [{ key, problem: { code, detail } }];
    } catch (error) {
      return [{ key, problem: ofFileOnly(error).problem }];
    }
  }

  /** Where a key really lies. @throws FileProblem `leaves_source` for a link that leads out of the folder, `vanished` */
  async #inside(key: string): Promise<string> {
    let real: string;
    try {
      real = await realpath(this.#path(key));
    } catch (error) {
      throw ofFile(error);
    }
    if (real === this.uri || real.startsWith(this.uri + sep) || this.uri === sep) return real;
    throw new FileProblem("leaves_source", "it is a link that leads out of the data set");
  }

  async #open(key: string): Promise<{ readonly file: FileHandle; readonly before: BigIntStats }> {
    const path = this.#path(key);
    const folder = await this.#realFolder(dirname(path));
    try {
      return await openFile(folder === undefined ? await this.#inside(key) : join(folder, basename(path)));
    } catch (error) {
      // it is a link itself, or its folder has become another one
      if (folder === undefined || !["ELOOP", "ENOENT", "ENOTDIR"].includes(codeOf(error))) throw ofFile(error);
    }
    try {
      return await openFile(await this.#inside(key));
    } catch (error) {
      throw ofFile(error);
    }
  }

  /** Where a folder of the data set really lies, as of a moment ago; undefined where that must be asked file by file. */
  async #realFolder(folder: string): Promise<string | undefined> {
    if (folder === this.#lastFolder?.path && performance.now() - this.#lastFolder.at < REMEMBERED_MS)
      return this.#lastFolder.real;
    const real = await realpath(folder).catch(() => undefined);
    if (real === undefined || !(real === this.uri || real.startsWith(this.uri + sep) || this.uri === sep))
      return undefined;
    this.#lastFolder = { path: folder, real, at: performance.now() };
    return real;
  }

  #path(key: string): string {
    const path = resolve(this.uri, key);
    if (path.startsWith(this.uri + sep) || this.uri === sep) return path;
    throw new FileProblem("leaves_source", "its name leads out of the folder");
  }

  #key(path: string): string {
    return relative(this.uri, path).split(sep).join("/");
  }
}

/** Without blocking: what was a file may be a pipe by now. A link is not followed. */
async function openFile(path: string): Promise<{ readonly file: FileHandle; readonly before: BigIntStats }> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const before = await file.stat({ bigint: true });
    if (!before.isFile()) throw new FileProblem("no_regular_file", "it is no regular file");
    return { file, before };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** @returns undefined when the file ends before `end` */
async function readFully(file: FileHandle, start: number, end: number): Promise<Uint8Array | undefined> {
  const bytes = Buffer.allocUnsafe(end - start);
  for (let at = 0; at < bytes.length; ) {
    const { bytesRead } = await file.read(bytes, at, bytes.length - at, start + at);
    if (bytesRead === 0) return undefined;
    at += bytesRead;
  }
  return bytes;
}

function stampOf({ size, mtimeNs, ctimeNs, ino }: BigIntStats): string {
  return createHash("sha1").update(`${size} ${mtimeNs} ${ctimeNs} ${ino}`).digest("base64url").slice(0, 16);
}

/** A name that is not UTF-8, with the bytes that are not ASCII as `%xx`. */
function escaped(name: Buffer): string {
  return [...name]
    .map((byte) => (byte < 0x20 || byte > 0x7e ? `%${byte.toString(16).padStart(2, "0")}` : String.fromCharCode(byte)))
    .join("");
}

/** Beside the file, shorter than what names may be, and the same when the write is tried again. */
function unfinishedName(path: string): string {
  const name = createHash("sha256").update(basename(path)).digest("hex").slice(0, 32);
  return join(dirname(path), `.safelight-${name}.tmp`);
}

/** So that a file that was put into a folder, or taken out of it, still is after a power cut. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

export function tooLarge(bytes: number, most: number): FileProblem {
  return new FileProblem("too_large", `it has ${bytes} bytes; the limit is ${most} (image_bytes)`);
}

/** The system's error number by its name. An abort has a code as well: a number. */
function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}

const OF_FILE = {
  EACCES: ["access_denied", "it may not be read: permission denied"],
  EPERM: ["access_denied", "it may not be read: permission denied"],
  ENOENT: ["vanished", "it is not there any more, or is a link to nothing"],
  ENOTDIR: ["vanished", "it is not there any more"],
  ELOOP: ["leaves_source", "it is a link in a circle"],
  ENAMETOOLONG: ["access_denied", "its name is too long"],
} as const satisfies Record<string, readonly [FileProblem["code"], string]>;

function ofFileOnly(error: unknown): FileProblem {
  if (error instanceof FileProblem) return error;
  const code = codeOf(error);
  const [problem, detail] = Object.hasOwn(OF_FILE, code)
    ? OF_FILE[code as keyof typeof OF_FILE]
    : (["access_denied", `it cannot be read (${code || "unknown error"})`] as const);
  return new FileProblem(problem, detail, { cause: error });
}

/** What went wrong with one file; whatever has no error number of the system passes unchanged. */
function ofFile(error: unknown): unknown {
  return codeOf(error) === "" || error instanceof FileProblem ? error : ofFileOnly(error);
}

const OF_PLACE: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "permission denied",
  EROFS: "the file system is read-only",
  ENOENT: "a folder is missing",
};

function ofPlace(error: unknown): unknown {
  const code = codeOf(error);
  if (code === "" || error instanceof SafelightError || error instanceof FileProblem) return error;
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new SafelightError("storage_full", "the disk is full", { cause: error });
  }
  return new SafelightError("storage_failed", `a file cannot be written: ${OF_PLACE[code] ?? code}`, { cause: error });
}

/** What is wrong with one name there: others may well be written. */
const IN_THE_WAY: Readonly<Record<string, string>> = {
  ENAMETOOLONG: "its name is too long for the place",
  EEXIST: "a file lies where its folder is to be",
  ENOTDIR: "a file lies where its folder is to be",
  EISDIR: "a folder lies in its place",
};

/** What went wrong with writing or removing one file. */
function ofWriting(error: unknown): unknown {
  const inTheWay = IN_THE_WAY[codeOf(error)];
  return inTheWay === undefined ? ofPlace(error) : new FileProblem("access_denied", inTheWay, { cause: error });
}
