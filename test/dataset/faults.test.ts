import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { SafelightError } from "../../src/contract/errors.ts";
import { takeOut } from "../../src/dataset/consequences/apply.ts";
import { JOURNAL, Journal } from "../../src/dataset/consequences/journal.ts";
import { makeFolder, openFolder } from "../../src/dataset/files/folder.ts";
import { openFiles } from "../../src/dataset/files/open.ts";
import { writeResults } from "../../src/dataset/output/results.ts";
import { everyItem } from "../../src/dataset/scan/pages.ts";
import { createScan, finishScan, type ScanParts } from "../../src/dataset/scan/scan.ts";
import { openEmbeddedScans } from "../../src/store/scans/embedded.ts";
import type { ScanStore } from "../../src/store/scans/scan-store.ts";
import { shows, textJudge } from "./judge.ts";
import { s3Options } from "./s3-server.ts";
import { never, parts, plant, startS3, temporaryFolder } from "./world.ts";

const OPTIONS = { width: 4 };
const finish = (id: string, given: ScanParts) => finishScan(id, given, OPTIONS, never, () => {});

/** What mounts can do here; a container may forbid it. */
const mounts = canMount();

function canMount(): boolean {
  const folder = temporaryPlace();
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], { stdio: "ignore" });
    execFileSync("umount", [folder]);
    return true;
  } catch {
    console.warn("\n*** Nothing can be mounted here: TESTS OF FULL AND READ-ONLY DISKS ARE SKIPPED. ***\n");
    return false;
  }
}

function temporaryPlace(): string {
  return execFileSync("mktemp", ["-d"], { encoding: "utf8" }).trim();
}

/** A disk of its own in memory. */
function disk(size: string): string {
  const folder = join(temporaryFolder(), "disk");
  mkdirSync(folder);
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", folder]);
  onTestFinished(() => {
    execFileSync("umount", ["-l", folder]);
  });
  return folder;
}

function many(count: number, note = ""): Record<string, string> {
  return Object.fromEntries(
    Array.from({ length: count }, (_, i) => [`${String(i).padStart(3, "0")}.png`, shows("nothing", `${i} ${note}`)]),
  );
}

describe("a scan that cannot go on", () => {
  test("says that the credentials have expired, and goes on with new ones where it was", async () => {
    const s3 = await startS3("bucket");
    await s3.put("bucket", many(40));
    const judge = textJudge();
    const store = openEmbeddedScans(temporaryFolder());
    const files = await openFiles("s3://bucket", s3Options(s3));
    onTestFinished(async () => {
      await files.close();
      await store.close();
    });
    const given = { files, store, judge };
    const { id } = await createScan(given, new Date());
    let reads = 0;
    s3.fault = (_, key) => (key.endsWith(".png") && ++reads > 20 ? { status: 400, code: "ExpiredToken" } : undefined);
    await expect(finish(id, given)).rejects.toMatchObject({
      code: "config_invalid",
      detail: expect.stringContaining("credentials have expired"),
    });
    const { done } = await store.counts(id);
    expect(done).toBeGreaterThan(20 - OPTIONS.width); // what was under way is not waited for
    expect(done).toBeLessThanOrEqual(20);
    s3.fault = () => undefined;
    expect(await finish(id, given)).toMatchObject({ state: "finished", total: 40, summary: { unjudged: 0 } });
    expect(judge.seen.length).toBeLessThan(40 + OPTIONS.width);
  });

  test("keeps what it has when its own store has no room, and goes on when there is some", async () => {
    const given = await parts(plant(temporaryFolder(), many(600)));
    const { id } = await createScan(given, new Date());
    let saves = 0;
    const full: ScanStore = new Proxy(given.store, {
      get(store, name) {
        const value = Reflect.get(store, name);
        if (typeof value !== "function") return value;
        if (name !== "save") return value.bind(store);
        return async (...all: Parameters<ScanStore["save"]>) => {
          if (++saves === 2) throw new SafelightError("storage_full", "the disk is full");
          return store.save(...all);
        };
      },
    });
    await expect(finish(id, { ...given, store: full })).rejects.toMatchObject({ code: "storage_full" });
    const { done } = await given.store.counts(id);
    expect(done).toBeGreaterThan(0);
    expect(done).toBeLessThan(600);
    expect(await finish(id, given)).toMatchObject({ state: "finished", done: 600 });
  });
});

test("a file of 2 GB is told, and not read", async () => {
  const source = plant(temporaryFolder(), { "a.png": shows("nothing") });
  writeFileSync(join(source, "huge.png"), "");
  truncateSync(join(source, "huge.png"), 2 ** 31);
  const given = await parts(source);
  const { id } = await createScan(given, new Date());
  const before = process.memoryUsage.rss();
  const { summary } = await finish(id, given);
  expect(process.memoryUsage.rss() - before).toBeLessThan(2 ** 29);
  expect(summary).toMatchObject({ pictures: 2, unjudged: 1, problems: { too_large: 1 } });
});

describe.skipIf(!mounts)("disks", () => {
  test("results that do not fit are not there by halves", async () => {
    const given = await parts(plant(temporaryFolder(), many(1_000, "x".repeat(500))));
    const { id } = await createScan(given, new Date());
    await finish(id, given);
    const folder = disk("64k");
    await expect(writeResults(folder, given.store, id)).rejects.toMatchObject({ code: "storage_full" });
    expect(readdirSync(folder)).toEqual([]);
  });

  test("what is rejected stays where the folder is read-only, and is told", async () => {
    const source = disk("1m");
    plant(source, { "a.png": shows("gore"), "b.png": shows("nothing") });
    const given = await parts(source);
    const { id } = await createScan(given, new Date());
    await finish(id, given);
    execFileSync("mount", ["-o", "remount,ro", source]);
    const results = temporaryFolder();
    const open = {
      ...given,
      quarantine: await makeFolder(join(results, "held")),
      backup: await makeFolder(join(results, "backup")),
      journal: await Journal.open(join(results, JOURNAL)),
    };
    const taken = takeOut(id, open, never);
    await expect(taken).rejects.toMatchObject({ code: "storage_failed" });
    await open.journal.close();
    expect(readdirSync(source).sort()).toEqual(["a.png", "b.png"]);
  });

  test("a quarantine without room loses nothing", async () => {
    const source = plant(temporaryFolder(), { "a.png": shows("gore", "x".repeat(9_000)), "b.png": shows("nothing") });
    const given = await parts(source);
    const { id } = await createScan(given, new Date());
    await finish(id, given);
    const results = temporaryFolder();
    const held = disk("4k");
    const open = {
      ...given,
      quarantine: await openFolder(held),
      backup: await makeFolder(join(results, "backup")),
      journal: await Journal.open(join(results, JOURNAL)),
    };
    await expect(takeOut(id, open, never)).rejects.toMatchObject({ code: "storage_full" });
    await open.journal.close();
    expect(readdirSync(source).sort()).toEqual(["a.png", "b.png"]);
    expect((await Array.fromAsync(everyItem(given.store, id))).map(({ key }) => key)).toEqual(["a.png", "b.png"]);
  });
});
