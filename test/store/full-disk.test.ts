import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, onTestFinished, test } from "vitest";
import { Connection } from "../../src/store/sqlite/connection.ts";
import { GroupCommit } from "../../src/store/sqlite/group-commit.ts";
import { migrate } from "../../src/store/sqlite/migrations.ts";
import { Records } from "../../src/store/sqlite/records.ts";
import { record } from "./samples.ts";

const FULL = ["storage_full", "There is no room left for records and pictures."];
const disk = mkdtempSync(join(tmpdir(), "safelight-disk-"));
afterAll(() => rmSync(disk, { recursive: true, force: true }));

/** Runs a command on a disk of 6 MB that nobody else sees and that goes away with it: root may, and others where the kernel lets them. */
function onSmallDisk(namespace: string, command: readonly string[]) {
  const script = 'mount -t tmpfs -o size=6m none "$0" && exec "$@"';
  return spawnSync("unshare", [namespace, "sh", "-c", script, disk, ...command], { encoding: "utf8" });
}

const namespace = ["-m", "-Urm"].find((flag) => onSmallDisk(flag, ["true"]).status === 0);
if (namespace === undefined)
  console.warn("SKIPPED: the full-disk test, for no small disk can be mounted on this machine.");

describe("a full disk", () => {
  test.skipIf(namespace === undefined)("is a clear error, loses nothing, and is over when there is room again", () => {
    const child = join(import.meta.dirname, "full-disk-child.ts");
    const { stdout, stderr } = onSmallDisk(namespace ?? "", [process.execPath, child, join(disk, "data")]);
    expect(stderr).toBe("");
    const { afterPictures, afterRecords, afterwards, reopened } = JSON.parse(stdout);

    expect(afterPictures.saved).toBeGreaterThan(10);
    expect(afterPictures).toMatchObject({
      error: FULL,
      readable: afterPictures.saved,
      failedFound: false,
      failedPicture: false,
      temporary: 0,
    });
    expect(afterRecords).toMatchObject({ error: FULL, lastFound: true, failedFound: false, check: FULL });
    expect(afterwards.readable).toBe(afterPictures.saved + 1);
    expect(reopened.found).toBe(afterPictures.saved + 1 + afterRecords.saved);
  });

  test("in the database alone: every write of a group is refused or kept, by what was told", async () => {
    const folder = mkdtempSync(join(tmpdir(), "safelight-full-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const connection = new Connection(join(folder, "safelight.db"));
    migrate(connection, new Date());
    const [records, writes] = [new Records(connection), new GroupCommit(connection)];
    connection.script("pragma max_page_count = 60");

    const all = Array.from({ length: 100 }, () => record());
    const save = () => Promise.allSettled(all.map((it) => writes.write(() => records.putNow(it, null))));
    const results = await save();
    const kept = results.filter(({ status }) => status === "fulfilled");
    expect(kept.length).toBeGreaterThan(5);
    expect(kept.length).toBeLessThan(100);
    for (const [i, result] of results.entries()) {
      const found = await records.get(all[i]?.id ?? "");
      if (result.status === "fulfilled") expect(found).toEqual(all[i]);
      else {
        expect([result.reason.code, result.reason.detail]).toEqual(FULL);
        expect(found).toBeUndefined();
      }
    }

    connection.script("pragma max_page_count = 10000");
    expect((await save()).every(({ status }) => status === "fulfilled")).toBe(true);
    for (const it of all) expect(await records.get(it.id)).toEqual(it);
    connection.close();
  });

  test.skipIf(process.platform === "win32")("a picture that the system cuts off half-way leaves nothing", async () => {
    const folder = mkdtempSync(join(tmpdir(), "safelight-limit-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const child = join(import.meta.dirname, "file-limit-child.ts");
    // ulimit counts 512 bytes in some shells and 1024 in others: 1 to 2 MiB.
    const script = 'ulimit -f 2048 && exec "$@"';
    const { stdout, stderr } = spawnSync("sh", ["-c", script, "sh", process.execPath, child, folder], {
      encoding: "utf8",
    });
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toEqual({
      error: ["storage_failed", "A picture could not be read or written (EFBIG)."],
      recordFound: false,
      pictureFound: false,
      smallFound: true,
    });
    expect(await readdir(join(folder, "pictures", "tmp"))).toEqual([]);
  });
});
