import { existsSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { GenerationRecord } from "../../src/contract/generation.ts";
import { openStore } from "../../src/store/embedded.ts";
import { Connection } from "../../src/store/sqlite/connection.ts";
import { databaseFailure } from "../../src/store/sqlite/failures.ts";
import { SCHEMA_VERSION } from "../../src/store/sqlite/migrations.ts";
import type { Store } from "../../src/store/store.ts";
import { picture, record, recordOf } from "./samples.ts";

let folder: string;
let store: Store | undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "safelight-embedded-"));
});
afterEach(async () => {
  vi.restoreAllMocks();
  await store?.close();
  store = undefined;
  await rm(folder, { recursive: true, force: true });
});

const open = async () => {
  store = await openStore(folder);
  return store;
};
const fileOf = (digest: string) => join(folder, "pictures", digest.slice(7, 9), digest.slice(9));
const turns = async (count: number) => {
  for (let turn = 0; turn < count; turn++) await nextTurn();
};
const raw = () => new DatabaseSync(join(folder, "safelight.db"));

describe("opening a data folder", () => {
  test("makes it, with all above it, for the owner's eyes only", async () => {
    const deep = join(folder, "a", "b");
    await (await openStore(deep)).close();
    expect((await readdir(deep)).toSorted()).toEqual(["pictures", "safelight.db"]);
    if (process.platform !== "win32") expect((await stat(deep)).mode & 0o777).toBe(0o700);
  });

  test.each([
    ["is a file", "file", "it is a file, not a folder"],
    ["lies below a file", "file/data", "a part of the path is a file, not a folder"],
    ["has too long a name", "x".repeat(300), "the path is too long"],
  ])("that %s is a clear error that names it", async (_, name, why) => {
    await writeFile(join(folder, "file"), "");
    const detail = `The data folder "${join(folder, name)}" cannot be used: ${why}.`;
    await expect(openStore(join(folder, name))).rejects.toMatchObject({ code: "config_invalid", detail });
  });

  test("that a newer Safelight has written is refused, and left as it is", async () => {
    await (await openStore(folder)).close();
    const database = raw();
    database.exec(`insert into schema_version values (${SCHEMA_VERSION + 6}, 'tomorrow')`);
    database.close();
    const detail = expect.stringMatching(/newer Safelight \(schema 7; this one knows 1\)/);
    await expect(openStore(folder)).rejects.toMatchObject({ code: "config_invalid", detail });
  });

  test("whose database is something else is an error, and the file is left as it is", async () => {
    const path = join(folder, "safelight.db");
    await writeFile(path, "dear diary, ".repeat(1_000));
    const detail = "The database file is not a database.";
    await expect(openStore(folder)).rejects.toMatchObject({ code: "storage_failed", detail });
    expect(await readFile(path, "utf8")).toBe("dear diary, ".repeat(1_000));
  });
});

describe("the database", () => {
  test("waits for the disk before it acknowledges", async () => {
    const connection = new Connection(join(folder, "safelight.db"));
    const pragma = (name: string) =>
      connection.run({ ...connection.queries.selectNoFrom([]).compile(), sql: `pragma ${name}` });
    expect([
      pragma("journal_mode"),
      pragma("synchronous"),
      pragma("foreign_keys"),
      pragma("busy_timeout"),
    ]).toMatchObject([[{ journal_mode: "wal" }], [{ synchronous: 2 }], [{ foreign_keys: 1 }], [{ timeout: 5000 }]]);
    connection.close();
  });

  test("takes saves that arrive together in one transaction", async () => {
    const transaction = vi.spyOn(Connection.prototype, "transaction");
    const all = Array.from({ length: 40 }, () => record());
    const it = await open();
    transaction.mockClear();
    await Promise.all(all.map((each) => it.save(each, [])));
    expect(transaction).toHaveBeenCalledTimes(1);
  });

  test("acknowledges a save only once the disk has it, and takes those that come meanwhile together", async () => {
    const it = await open();
    const syncs: PromiseWithResolvers<void>[] = [];
    vi.spyOn(Connection.prototype, "sync").mockImplementation(() => {
      const sync = Promise.withResolvers<void>();
      syncs.push(sync);
      return sync.promise;
    });
    const done: string[] = [];
    const save = (each: GenerationRecord) => it.save(each, []).then(() => done.push(each.id));
    const [first, second, third] = [record(), record(), record()];
    const saving = [save(first)];
    await vi.waitFor(() => expect(syncs).toHaveLength(1));
    saving.push(save(second), save(third));
    await turns(5);
    expect(done).toEqual([]);
    expect(syncs).toHaveLength(1);
    syncs[0]?.resolve();
    await vi.waitFor(() => expect(syncs).toHaveLength(2));
    expect(done).toEqual([first.id]);
    await turns(5);
    expect(done).toEqual([first.id]);
    syncs[1]?.resolve();
    await Promise.all(saving);
    expect(done).toEqual([first.id, second.id, third.id]);
  });

  test("loses no more to a power cut than what was not acknowledged yet", async () => {
    const it = await open();
    const kept = Array.from({ length: 3 }, () => record());
    for (const each of kept) await it.save(each, []);
    const log = join(folder, "safelight.db-wal");
    const { size } = await stat(log);
    await it.save(record(), []);
    for (const torn of [0, 1_000, 5_000]) {
      const after = join(folder, `after-${torn}`);
      await mkdir(after);
      await copyFile(join(folder, "safelight.db"), join(after, "safelight.db"));
      await copyFile(log, join(after, "safelight.db-wal"));
      await truncate(join(after, "safelight.db-wal"), size + torn);
      const again = await openStore(after);
      expect((await again.list({ limit: 10 })).records.map(({ id }) => id).toSorted()).toEqual(
        kept.map(({ id }) => id).toSorted(),
      );
      await again.close();
    }
  });

  test.each([
    ["ENOSPC", "storage_full"],
    ["EIO", "storage_failed"],
  ])("a disk that answers %s fails the saves that wait for it, and no others", async (code, failure) => {
    const it = await open();
    const error = databaseFailure(Object.assign(new Error(code), { code }));
    vi.spyOn(Connection.prototype, "sync").mockRejectedValueOnce(error);
    const results = await Promise.allSettled([it.save(record(), []), it.save(record(), [])]);
    for (const result of results) expect(result).toMatchObject({ status: "rejected", reason: { code: failure } });
    const next = record();
    await it.save(next, []);
    expect(await it.get(next.id)).toEqual(next);
  });

  test("removes a picture only once the disk has it that no record names it any more", async () => {
    const it = await open();
    const saved = recordOf([picture(1)]);
    await it.save(saved, [picture(1)]);
    await it.save({ ...saved, images: [] }, []);
    const there: boolean[] = [];
    vi.spyOn(Connection.prototype, "syncNow").mockImplementation(() => {
      there.push(existsSync(fileOf(picture(1).digest)));
    });
    expect(await it.sweepOrphans(new Date(Date.now() + 3_600_000))).toBe(1);
    expect(there).toEqual([true]);
    expect(existsSync(fileOf(picture(1).digest))).toBe(false);
  });

  test("refuses to change or remove a reveal, whoever asks", async () => {
    const it = await open();
    const saved = record();
    await it.save(saved, []);
    await it.recordReveal({ id: saved.id, index: 0, at: "2026-01-01T00:00:00Z", by: "me" });
    const database = raw();
    expect(() => database.exec("update reveals set by = 'nobody'")).toThrow(/append-only/);
    expect(() => database.exec("delete from reveals")).toThrow(/append-only/);
    database.close();
  });

  test("holds no letter of what was forgotten, in no corner of its files", async () => {
    const it = await open();
    const saved = record({ expires_at: "2026-01-01T00:00:00Z" });
    const text = "pomegranate ".repeat(900);
    await it.save({ ...saved, request: { ...saved.request, prompt: text } }, []);
    await it.save(record(), []);
    const bytes = async () =>
      Buffer.concat(
        await Promise.all(
          (await readdir(folder))
            .filter((name) => name.startsWith("safelight.db"))
            .map((name) => readFile(join(folder, name))),
        ),
      );
    expect((await bytes()).includes("pomegranate")).toBe(true);
    await it.forgetExpired(new Date());
    expect((await bytes()).includes("pomegranate")).toBe(false);
  });

  test("tells a removed data folder from a working one", async () => {
    const it = await open();
    await it.check();
    await rm(folder, { recursive: true });
    await expect(it.check()).rejects.toMatchObject({ code: "storage_failed" });
  });

  test("an error tells neither path nor prompt", async () => {
    const it = await open();
    const saved = record();
    await it.save(saved, []);
    const database = raw();
    database.exec("drop table generation_pictures");
    database.close();
    const failure = await it.save(saved, []).then(String, (error: Error) => error.message);
    expect(failure).toMatch(/^storage_failed: /);
    expect(failure).not.toContain(folder);
    expect(failure).not.toContain("generation_pictures");
  });
});

describe("pictures on the disk", () => {
  test.each([
    ["changed", (path: string) => writeFile(path, "something else")],
    ["cut off", (path: string) => truncate(path, 10)],
  ])("one that was %s is an error, never shown, and is mended by saving it again", async (_, damage) => {
    const it = await open();
    const [it1] = [picture(1)];
    const saved = recordOf([it1]);
    await it.save(saved, [it1]);
    await damage(fileOf(it1.digest));
    await expect(it.picture(it1.digest)).rejects.toMatchObject({ code: "storage_failed" });
    await it.save(saved, [it1]);
    expect(await it.picture(it1.digest)).toEqual(Buffer.from(it1.bytes));
  });

  test("saving goes on when somebody removed a folder of pictures", async () => {
    const it = await open();
    const saved = recordOf([picture(1)]);
    await it.save(saved, [picture(1)]);
    await rm(join(folder, "pictures"), { recursive: true });
    await it.save(saved, [picture(1)]);
    expect(await it.picture(picture(1).digest)).toBeDefined();
  });

  test("a failed save takes its pictures back, unless another record has them", async () => {
    const it = await open();
    await it.save(recordOf([picture(1)]), [picture(1)]);
    const bad = recordOf([picture(1), picture(2), picture(3)]);
    await expect(it.save(bad, [picture(1), picture(2)])).rejects.toMatchObject({ code: "internal" });
    expect(existsSync(fileOf(picture(1).digest))).toBe(true);
    expect(existsSync(fileOf(picture(2).digest))).toBe(false);
  });

  test("the sweep takes what crashes left, and nothing else", async () => {
    const it = await open();
    const kept = recordOf([picture(1)]);
    await it.save(kept, [picture(1)]);
    await it.save(record({ state: "running" }), []); // has a file in `live`
    const old = new Date(Date.now() - 11 * 60_000);
    const orphan = fileOf(picture(2).digest);
    await mkdir(join(orphan, ".."), { recursive: true });
    const leftovers = [
      orphan,
      join(folder, "pictures", "tmp", "1-ab"),
      join(folder, "live", "999999-0123456789abcdef"),
    ];
    const strangers = [
      join(folder, "pictures", "notes.txt"),
      join(folder, "live", "README"),
      join(orphan, "..", "mine.png"),
    ];
    for (const path of [...leftovers, ...strangers]) {
      await writeFile(path, "");
      await utimes(path, old, old);
    }
    const young = join(folder, "pictures", "tmp", "2-cd");
    await writeFile(young, "");
    const [alive] = (await readdir(join(folder, "live"))).filter((name) => name.startsWith(`${process.pid}-`));
    await utimes(join(folder, "live", alive ?? ""), old, old);

    expect(await it.sweepOrphans(new Date())).toBe(leftovers.length);
    for (const path of leftovers) expect(existsSync(path), path).toBe(false);
    for (const path of [...strangers, young, join(folder, "live", alive ?? ""), fileOf(picture(1).digest)]) {
      expect(existsSync(path), path).toBe(true);
    }
  });
});
