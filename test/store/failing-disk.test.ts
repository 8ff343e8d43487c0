import type fs from "node:fs";
import { copyFile, mkdir, mkdtemp, rm, stat, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { openStore } from "../../src/store/embedded.ts";
import { record } from "./samples.ts";

const disk = vi.hoisted(() => ({ fails: false }));
vi.mock(import("node:fs"), async (original) => {
  const real = await original();
  const fdatasync = ((fd: number, done: fs.NoParamCallback) =>
    disk.fails
      ? done(Object.assign(new Error("EIO"), { code: "EIO" }))
      : real.fdatasync(fd, done)) as typeof fs.fdatasync;
  return { ...real, fdatasync };
});

test("once the disk has failed to take the log, nothing that is acknowledged later depends on that log", async () => {
  const folder = await mkdtemp(join(tmpdir(), "safelight-failing-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const store = await openStore(folder);
  const [before, failed, after] = [record(), record(), record()];
  await store.save(before, []);
  disk.fails = true;
  await expect(store.save(failed, [])).rejects.toMatchObject({ code: "storage_failed" });
  disk.fails = false;
  await store.save(after, []);
  expect((await stat(join(folder, "safelight.db-wal"))).size).toBe(0);
  await store.save(record(), []);

  const again = join(folder, "after-power-cut");
  await mkdir(again);
  for (const file of ["safelight.db", "safelight.db-wal"]) await copyFile(join(folder, file), join(again, file));
  await truncate(join(again, "safelight.db-wal"), 0);
  await store.close();
  const reopened = await openStore(again);
  for (const each of [before, after]) expect(await reopened.get(each.id)).toEqual(each);
  await reopened.close();
});
