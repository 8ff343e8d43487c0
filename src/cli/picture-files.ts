import { lstat, rm, stat, writeFile } from "node:fs/promises";
import { dirname, extname, resolve } from "node:path";
import { SafelightError } from "../contract/errors.ts";
import type { Picture } from "../pipeline/parts.ts";
import { UsageError } from "./command.ts";

/** Where pictures go: `out.png`, or `out-1.png`, `out-2.png` where there are several. */
export class PictureFiles {
  readonly #names: readonly string[];
  readonly #force: boolean;
  readonly #cwd: string;

  constructor(out: string, n: number, force: boolean, cwd: string) {
    const extension = extname(out);
    const stem = out.slice(0, out.length - extension.length);
    this.#names = n === 1 ? [out] : Array.from({ length: n }, (_, index) => `${stem}-${index + 1}${extension}`);
    this.#force = force;
    this.#cwd = cwd;
  }

  /** To be called before anything is made. @throws UsageError when a picture could not be written, or a file is there already */
  async assertWritable(): Promise<void> {
    for (const name of this.#names) {
      const path = resolve(this.#cwd, name);
      const folder = await stat(dirname(path)).catch(() => undefined);
      if (!folder?.isDirectory()) throw new UsageError(`--out: there is no folder ${dirname(path)}`);
      const there = await lstat(path).catch(() => undefined);
      if (there?.isDirectory()) throw new UsageError(`--out: ${name} is a folder`);
      if (there && !this.#force) throw new UsageError(`--out: ${name} is there already; --force writes over it`);
    }
  }

  /** @returns the names written, by the index of the picture */
  async write(pictures: ReadonlyMap<number, Picture>): Promise<ReadonlyMap<number, string>> {
    const written = new Map<number, string>();
    for (const [index, { bytes }] of pictures) {
      const name = this.#names[index];
      if (name === undefined) continue;
      await this.#writeOne(name, bytes);
      written.set(index, name);
    }
    return written;
  }

  async #writeOne(name: string, bytes: Uint8Array): Promise<void> {
    const path = resolve(this.#cwd, name);
    try {
      await writeFile(path, bytes, { flag: this.#force ? "w" : "wx" });
    } catch (error) {
      const code = error instanceof Error && "code" in error ? String(error.code) : "";
      if (code === "EEXIST") throw new UsageError(`--out: ${name} is there already; --force writes over it`);
      await rm(path, { force: true }).catch(() => {});
      const full = code === "ENOSPC";
      throw new SafelightError(
        full ? "storage_full" : "storage_failed",
        `${name}: ${full ? "the disk is full" : `could not be written (${code})`}`,
        {
          cause: error,
        },
      );
    }
  }
}
