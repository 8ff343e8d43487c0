import { hash, randomBytes } from "node:crypto";
import { existsSync, rmSync } from "node:fs";
import { type FileHandle, open, readdir, readFile, rename, rm, stat, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { SafelightError } from "../../contract/errors.ts";
import { fileFailure, storageFull, systemCode } from "../failures.ts";
import { makeDurableFolder, syncFolder } from "../folders.ts";

const DIGEST = /^sha256:([0-9a-f]{2})([0-9a-f]{62})$/;
const FAN_OUT = /^[0-9a-f]{2}$/;
const REST = /^[0-9a-f]{62}$/;
const TEMPORARY = "tmp";
const ATTEMPTS = 3;
const LEAST_ROOM_BYTES = 2 ** 20;

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${hash("sha256", bytes, "hex")}`;
}

/**
 * Pictures as files under their digest: `sha256:abcdef…` lies in `ab/cdef…`, complete or not at all. They are written under
 * another name in `tmp`, and only once the disk has them do they get their own. Methods that throw throw SafelightError
 * `storage_full` or `storage_failed`.
 */
export class DiskPictures {
  readonly #folder: string;
  readonly #temporary: string;
  /** Folders whose own name is known to be on the disk. */
  readonly #durable: Set<string>;
  readonly #writing = new Map<string, Promise<void>>();

  private constructor(folder: string, durable: Iterable<string>) {
    this.#folder = folder;
    this.#temporary = join(folder, TEMPORARY);
    this.#durable = new Set(durable);
  }

  /** @param folder made if it is not there. @throws the system's own error. */
  static async open(folder: string): Promise<DiskPictures> {
    await makeDurableFolder(join(folder, TEMPORARY));
    const names = await readdir(folder);
    await syncFolder(folder); // whoever made them may not have come this far
    return new DiskPictures(
      folder,
      names.map((name) => join(folder, name)),
    );
  }

  /**
   * Resolves when the bytes are on the disk under their digest. Writing the same picture twice costs a read.
   * @throws SafelightError also `internal` when the digest is not that of the bytes.
   */
  async put(digest: string, bytes: Uint8Array): Promise<void> {
    if (digestOf(bytes) !== digest)
      throw new SafelightError("internal", "A picture does not have the digest it was given.");
    const underWay = this.#writing.get(digest);
    if (underWay) return underWay;
    const writing = this.#put(digest, bytes).finally(() => this.#writing.delete(digest));
    this.#writing.set(digest, writing);
    return writing;
  }

  async #put(digest: string, bytes: Uint8Array): Promise<void> {
    const { folder, path } = this.#place(digest);
    for (let attempt = 1; ; attempt++) {
      try {
        if (!this.#durable.has(folder)) {
          await makeDurableFolder(folder);
          this.#durable.add(folder);
        }
        // One that the disk has damaged is written anew.
        if ((await digestOfFile(path)) !== digest) await this.#write(path, bytes);
        await syncFolder(folder); // also when the file was there: whoever put it there may not have come this far
        return;
      } catch (error) {
        if (systemCode(error) !== "ENOENT" || attempt === ATTEMPTS) throw fileFailure(error);
        // Somebody removed the folders, or a sweep took the file of a machine that had slept: begin again.
        await makeDurableFolder(this.#temporary).catch((failure: unknown) => Promise.reject(fileFailure(failure)));
        this.#durable.clear();
      }
    }
  }

  async #write(path: string, bytes: Uint8Array): Promise<void> {
    const temporary = this.#newTemporary();
    let file: FileHandle | undefined;
    try {
      file = await open(temporary, "wx", 0o600);
      await file.writeFile(bytes);
      await file.datasync();
      await file.close();
      file = undefined;
      await rename(temporary, path);
    } catch (error) {
      await file?.close().catch(() => undefined);
      await rm(temporary, { force: true }).catch(() => undefined);
      throw error;
    }
  }

  /** @returns bytes that have this digest, or undefined when there are none under it. */
  async read(digest: string): Promise<Uint8Array | undefined> {
    if (!DIGEST.test(digest)) return undefined;
    let bytes: Uint8Array;
    try {
      bytes = await readFile(this.#place(digest).path);
    } catch (error) {
      if (systemCode(error) === "ENOENT") return undefined;
      throw fileFailure(error);
    }
    if (digestOf(bytes) !== digest) {
      throw new SafelightError(
        "storage_failed",
        "A picture was damaged on the disk: its bytes no longer have its digest.",
      );
    }
    return bytes;
  }

  /** Resolves when a file can be made in the folder, and there is room for a picture. */
  async check(): Promise<void> {
    const path = this.#newTemporary();
    try {
      const { bavail, bsize } = await statfs(this.#folder);
      if (bavail * bsize < LEAST_ROOM_BYTES) throw storageFull(undefined);
      await writeFile(path, "", { flag: "wx" });
      await rm(path);
    } catch (error) {
      throw fileFailure(error);
    }
  }

  /** At once, in this turn of the event loop, so that it can be asked inside a database transaction. */
  hasNow(digest: string): boolean {
    return DIGEST.test(digest) && existsSync(this.#place(digest).path);
  }

  /** At once, as {@link hasNow}. Removing one that is not there is no error. */
  removeNow(digest: string): void {
    try {
      rmSync(this.#place(digest).path, { force: true });
    } catch (error) {
      throw fileFailure(error);
    }
  }

  /** Digests of the pictures last written at or before `time`, in batches: one for every folder that has any. */
  async *writtenBefore(time: Date): AsyncGenerator<readonly string[]> {
    for (const two of (await this.#names(this.#folder)).filter((name) => FAN_OUT.test(name))) {
      const old: string[] = [];
      for (const rest of (await this.#names(join(this.#folder, two))).filter((name) => REST.test(name))) {
        if (await this.#isOld(join(this.#folder, two, rest), time)) old.push(`sha256:${two}${rest}`);
      }
      if (old.length > 0) yield old;
    }
  }

  /** Removes what is left of writes that ended in a crash at or before `time`. @returns how many files. */
  async removeTemporary(time: Date): Promise<number> {
    let removed = 0;
    for (const name of await this.#names(this.#temporary)) {
      const path = join(this.#temporary, name);
      if (!(await this.#isOld(path, time))) continue;
      await rm(path, { force: true }).catch((error: unknown) => Promise.reject(fileFailure(error)));
      removed++;
    }
    return removed;
  }

  async #names(folder: string): Promise<readonly string[]> {
    try {
      return await readdir(folder);
    } catch (error) {
      throw fileFailure(error);
    }
  }

  /** False for a file that is gone by now. */
  async #isOld(path: string, time: Date): Promise<boolean> {
    try {
      return (await stat(path)).mtimeMs <= time.getTime();
    } catch (error) {
      if (systemCode(error) === "ENOENT") return false;
      throw fileFailure(error);
    }
  }

  #newTemporary(): string {
    return join(this.#temporary, `${process.pid}-${randomBytes(8).toString("hex")}`);
  }

  #place(digest: string): { folder: string; path: string } {
    const match = DIGEST.exec(digest);
    if (!match) throw new SafelightError("internal", "A picture's digest is not of the form sha256:<64 hex digits>.");
    const [, two = "", rest = ""] = match;
    const folder = join(this.#folder, two);
    return { folder, path: join(folder, rest) };
  }
}

async function digestOfFile(path: string): Promise<string | undefined> {
  try {
    return digestOf(await readFile(path));
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    throw error;
  }
}
