import { stat } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { SafelightError } from "../contract/errors.ts";
import type { GenerationRecord } from "../contract/generation.ts";
import { DiskPictures } from "./blobs/disk.ts";
import { fileFailure, systemCode } from "./failures.ts";
import { makeDurableFolder } from "./folders.ts";
import { picturesOf } from "./forget.ts";
import { Connection } from "./sqlite/connection.ts";
import { GroupCommit } from "./sqlite/group-commit.ts";
import { migrate } from "./sqlite/migrations.ts";
import { Presence } from "./sqlite/presence.ts";
import { Records, wellFormed } from "./sqlite/records.ts";
import type { PictureToKeep, RecordPage, RecordQuery, Reveal, Store } from "./store.ts";

/** How much one transaction takes on in upkeep: other processes wait for its end, and this one's event loop does. */
const UPKEEP_BATCH = 20;
/** Younger files may belong to a write that is under way. */
const ORPHAN_AGE_MS = 10 * 60 * 1000;
const SAVE_ROUNDS = 3;

/**
 * Opens the embedded store, SQLite for the records and the disk for the pictures, in one data folder:
 *
 *     safelight.db      records, with its log beside it
 *     pictures/ab/cdef… pictures under their digest
 *     live/…            one locked file for each process that runs generations
 *
 * Several processes of one machine may have it open at the same time.
 * @param folder made if it is not there.
 * @throws SafelightError `config_invalid` when the folder cannot be used or was written by a newer Safelight;
 * `storage_full`, `storage_failed`.
 */
export async function openStore(folder: string): Promise<Store> {
  const pictures = await openFolder(folder);
  const path = join(folder, "safelight.db");
  const connection = new Connection(path);
  try {
    migrate(connection, new Date());
    const { ino } = await stat(path);
    return new EmbeddedStore({ connection, pictures, path, ino, live: join(folder, "live") });
  } catch (error) {
    connection.close();
    throw fileFailure(error);
  }
}

const UNUSABLE: Readonly<Record<string, string>> = {
  EEXIST: "it is a file, not a folder",
  ENOTDIR: "a part of the path is a file, not a folder",
  EACCES: "permission is denied",
  EPERM: "permission is denied",
  EROFS: "the file system is read-only",
  ENAMETOOLONG: "the path is too long",
  ELOOP: "the path leads in a circle of links",
};

async function openFolder(folder: string): Promise<DiskPictures> {
  try {
    await makeDurableFolder(folder);
    return await DiskPictures.open(join(folder, "pictures"));
  } catch (error) {
    const trouble = UNUSABLE[systemCode(error) ?? ""];
    if (trouble === undefined) throw fileFailure(error);
    // The one detail that names a path: this stops the start, and it is read by whoever wrote the path into the settings.
    throw new SafelightError("config_invalid", `The data folder "${folder}" cannot be used: ${trouble}.`, {
      cause: error,
    });
  }
}

interface Parts {
  readonly connection: Connection;
  readonly pictures: DiskPictures;
  readonly path: string;
  readonly ino: number;
  readonly live: string;
}

/**
 * How pictures and records keep together, although one lies outside the database: a picture is removed, and its presence is
 * confirmed for a record that names it, only while holding the database's one write lock. So whoever comes second sees what
 * the first has done, in this process or another.
 */
class EmbeddedStore implements Store {
  readonly #parts: Parts;
  readonly #records: Records;
  readonly #writes: GroupCommit;
  readonly #underWay = new Set<Promise<unknown>>();
  #presence: Presence | undefined;
  #closing: Promise<void> | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#records = new Records(parts.connection);
    this.#writes = new GroupCommit(parts.connection);
  }

  save(record: GenerationRecord, pictures: readonly PictureToKeep[]): Promise<void> {
    return this.#doing(async () => {
      const kept = wellFormed(record);
      const named = new Set(picturesOf(kept).map((picture) => picture.digest));
      // Nothing may lie in the store that the record does not own up to: it could never be forgotten on time.
      if (pictures.some(({ digest }) => !named.has(digest))) {
        throw new SafelightError("internal", "A picture was given to keep that its record does not name.");
      }
      try {
        await this.#save(kept, named, pictures);
      } catch (error) {
        await this.#removeUnnamed(pictures.map(({ digest }) => digest)).catch(() => 0); // then the sweep will
        throw error;
      }
    });
  }

  async #save(record: GenerationRecord, named: Iterable<string>, pictures: readonly PictureToKeep[]): Promise<void> {
    const owner = record.state === "running" ? this.#ownPresence().id : null;
    for (let round = 0; round < SAVE_ROUNDS; round++) {
      await Promise.all(pictures.map(({ digest, bytes }) => this.#parts.pictures.put(digest, bytes)));
      const missing = await this.#writes.write(() => {
        const gone = [...named].filter((digest) => !this.#parts.pictures.hasNow(digest));
        if (gone.length === 0) this.#records.putNow(record, owner);
        return gone;
      });
      if (missing.length === 0) return;
      if (missing.some((digest) => !pictures.some((picture) => picture.digest === digest))) {
        throw new SafelightError("internal", "A record names a picture that was never given to keep.");
      }
      // Somebody removed it as an orphan after it was found to be there already. Now it is written anew, and is not old.
    }
    throw new SafelightError("storage_failed", "Pictures disappear from the disk while they are being written.");
  }

  get(id: string): Promise<GenerationRecord | undefined> {
    return this.#doing(() => this.#records.get(id));
  }

  list(query: RecordQuery): Promise<RecordPage> {
    return this.#doing(() => this.#records.list(query));
  }

  picture(digest: string): Promise<Uint8Array | undefined> {
    return this.#doing(() => this.#parts.pictures.read(digest));
  }

  recordReveal(reveal: Reveal): Promise<void> {
    return this.#doing(() => this.#writes.write(() => this.#records.addRevealNow(reveal)));
  }

  reveals(id: string): Promise<readonly Reveal[]> {
    return this.#doing(() => this.#records.reveals(id));
  }

  recoverInterrupted(now: Date): Promise<number> {
    return this.#doing(async () => {
      const owners = await this.#records.owners();
      const dead = owners.filter((id) => id !== this.#presence?.id && !Presence.lives(this.#parts.live, id));
      let ended = 0;
      for (const owner of dead) {
        for (let count = UPKEEP_BATCH; count === UPKEEP_BATCH; ended += count) {
          count = this.#parts.connection.transaction(() => this.#records.interruptNow(owner, UPKEEP_BATCH, now));
          await nextTurn();
        }
      }
      return ended;
    });
  }

  forgetExpired(now: Date): Promise<number> {
    return this.#doing(async () => {
      let changed = 0;
      for (let count = UPKEEP_BATCH; count === UPKEEP_BATCH; changed += count) {
        const batch = this.#parts.connection.transaction(() => this.#records.forgetNow(UPKEEP_BATCH, now));
        // Only after the commit: a crash in between leaves orphans for the sweep, never a record without its pictures.
        await this.#removeUnnamed(batch.digests);
        count = batch.forgotten;
      }
      if (changed > 0) this.#parts.connection.checkpoint();
      return changed;
    });
  }

  sweepOrphans(now: Date): Promise<number> {
    return this.#doing(async () => {
      const { pictures, live } = this.#parts;
      const time = new Date(now.getTime() - ORPHAN_AGE_MS);
      let removed = (await pictures.removeTemporary(time)) + Presence.removeDead(live, time);
      for await (const digests of pictures.writtenBefore(time)) removed += await this.#removeUnnamed(digests);
      return removed;
    });
  }

  check(): Promise<void> {
    return this.#doing(async () => {
      const there = await stat(this.#parts.path).catch(() => undefined);
      if (there?.ino !== this.#parts.ino) {
        throw new SafelightError(
          "storage_failed",
          "The data folder was removed or replaced while Safelight was running.",
        );
      }
      await this.#parts.pictures.check();
      await this.#writes.write(() => this.#records.beatNow(new Date()));
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await Promise.allSettled(this.#underWay);
    this.#presence?.end();
    this.#parts.connection.close();
  }

  async #doing<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closing) throw new SafelightError("storage_failed", "The store is closed.");
    const promise = work();
    this.#underWay.add(promise);
    try {
      return await promise;
    } finally {
      this.#underWay.delete(promise);
    }
  }

  #ownPresence(): Presence {
    this.#presence ??= new Presence(this.#parts.live);
    return this.#presence;
  }

  /** Removes those of the pictures that no record names. @returns how many. */
  async #removeUnnamed(digests: readonly string[]): Promise<number> {
    const { connection, pictures } = this.#parts;
    let removed = 0;
    for (let from = 0; from < digests.length; from += UPKEEP_BATCH) {
      const batch = digests.slice(from, from + UPKEEP_BATCH);
      const unnamed = batch.filter((digest) => !this.#records.isNamedNow(digest));
      if (unnamed.length > 0) {
        connection.transaction(() => {
          connection.syncNow(); // or a power cut could bring back a record that named them
          for (const digest of unnamed) {
            if (this.#records.isNamedNow(digest)) continue;
            pictures.removeNow(digest);
            removed++;
          }
        });
      }
      await nextTurn();
    }
    return removed;
  }
}
