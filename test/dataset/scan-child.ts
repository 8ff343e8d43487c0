/**
 * One process of a scan, to be killed: `node scan-child.ts alone|coordinator|worker SOURCE PLACE`, where PLACE is a data folder or the
 * URL of a database. Says each picture that it looks at, and "finished" at its end.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { openFolder } from "../../src/dataset/files/folder.ts";
import { createScan, finishScan, unfinishedScan } from "../../src/dataset/scan/scan.ts";
import { finishShared, workShard } from "../../src/dataset/scan/shared.ts";
import { openScanShards } from "../../src/jobs/scan-shards.ts";
import { openEmbeddedScans } from "../../src/store/scans/embedded.ts";
import { openPostgresScans } from "../../src/store/scans/postgres.ts";
import { textJudge } from "./judge.ts";

const [role, source = "", place = ""] = process.argv.slice(2);
const PICTURE_MS = 2;
const WIDTH = 4;

const judge = textJudge("1", async (text) => {
  process.stdout.write(`${text}\n`);
  await sleep(PICTURE_MS);
});
const never = new AbortController().signal;
const options = { width: WIDTH };
const files = await openFolder(source);
const store = role === "alone" ? openEmbeddedScans(place) : await openPostgresScans(place);
const parts = { files, store, judge };

if (role === "worker") {
  const shards = await openScanShards(place, () => {});
  await shards.work((shard, signal) => workShard(shard, parts, WIDTH, signal));
  process.stdout.write("ready\n");
} else {
  const { id } = (await unfinishedScan(parts)) ?? (await createScan(parts, new Date()));
  if (role === "alone") await finishScan(id, parts, options, never, () => {});
  else {
    const shards = await openScanShards(place, () => {});
    await finishShared(id, parts, shards, never, () => {});
    await shards.close();
  }
  process.stdout.write(`finished ${id}\n`);
  await store.close();
}
