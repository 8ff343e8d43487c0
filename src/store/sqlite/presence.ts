import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileFailure } from "../failures.ts";
import { databaseFailure, primaryCode } from "./failures.ts";

const ID = /^\d+-[0-9a-f]{16}$/;

/**
 * Shows to other processes that this one lives: a lock on a file of its own, which the operating system drops when the process
 * ends, however it ends. A process id could not do that: it is used again, and means nothing in another container that
 * shares the folder. The lock is SQLite's, the only file lock that Node has.
 */
export class Presence {
  readonly id = `${process.pid}-${randomBytes(8).toString("hex")}`;
  readonly #path: string;
  readonly #lock: DatabaseSync;

  /** @param folder made if it is not there. @throws SafelightError `storage_full`, `storage_failed` */
  constructor(folder: string) {
    this.#path = join(folder, this.id);
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      this.#lock = new DatabaseSync(this.#path);
      this.#lock.exec("pragma journal_mode = memory; begin exclusive");
    } catch (error) {
      throw primaryCode(error) === undefined ? fileFailure(error) : databaseFailure(error);
    }
  }

  /** @returns true as long as the process with this presence lives, and true when that cannot be found out. */
  static lives(folder: string, id: string): boolean {
    const path = join(folder, id);
    if (!ID.test(id) || !existsSync(path)) return false;
    try {
      const file = new DatabaseSync(path, { readOnly: true, timeout: 0 });
      try {
        file.prepare("select count(*) from sqlite_schema").get();
        return false;
      } finally {
        file.close();
      }
    } catch {
      return true;
    }
  }

  /** Removes the files of processes that died, if they were made at or before `time`. @returns how many. */
  static removeDead(folder: string, time: Date): number {
    if (!existsSync(folder)) return 0;
    try {
      const dead = readdirSync(folder).filter((id) => {
        const made = statSync(join(folder, id), { throwIfNoEntry: false })?.mtimeMs ?? Number.POSITIVE_INFINITY;
        return ID.test(id) && made <= time.getTime() && !Presence.lives(folder, id);
      });
      for (const id of dead) rmSync(join(folder, id), { force: true });
      return dead.length;
    } catch (error) {
      throw fileFailure(error);
    }
  }

  end(): void {
    this.#lock.close();
    rmSync(this.#path, { force: true });
  }
}
