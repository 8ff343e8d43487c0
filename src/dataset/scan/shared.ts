import { setTimeout as sleep } from "node:timers/promises";
import { SafelightError } from "../../contract/errors.ts";
import type { Scan } from "../../contract/scan.ts";
import type { ScanShard, ScanShards } from "../../jobs/scan-shards.ts";
import { closeScan, judgeRange, listScan, type ScanParts, type ScanProgress } from "./scan.ts";

/** Pictures in one shard: some seconds of work, so that little is done twice when a worker dies. */
const SHARD_PICTURES = 250;
const LOOK_MS = 500;
/** Shards are given out anew when nothing has been judged for so long: their jobs may have failed too often. */
const STALLED_MS = 120_000;

/**
 * Takes a scan to its end together with all workers that take shards from the same queue. Ended early, by abort or a crash, the
 * workers go on; called again, it joins them.
 */
export async function finishShared(
  id: string,
  parts: ScanParts,
  shards: ScanShards,
  signal: AbortSignal,
  progress: (progress: ScanProgress) => void,
): Promise<Scan> {
  const { store, judge } = parts;
  const scan = await listScan(id, parts, signal, progress);
  if (scan.state === "finished") return scan;
  const give = async () => {
    const ranges = await store.shards(id, SHARD_PICTURES);
    const { source } = scan;
    await shards.add(ranges.map((r) => ({ scan: id, source, policy: judge.policy.name, ...r })));
  };
  await give();
  let last = { done: -1, at: performance.now() };
  for (;;) {
    signal.throwIfAborted();
    const { total, done } = await store.counts(id);
    progress({ phase: "judging", total, done, item: undefined });
    if (done === total) return closeScan(id, parts, new Date());
    if (done !== last.done) last = { done, at: performance.now() };
    else if (performance.now() - last.at > STALLED_MS) {
      await give();
      last = { done, at: performance.now() };
    }
    await sleep(LOOK_MS, undefined, { signal }).catch(() => {});
  }
}

/** What a worker does with one shard. */
export async function workShard(
  { scan, after, upTo }: ScanShard,
  parts: ScanParts,
  width: number,
  signal: AbortSignal,
): Promise<void> {
  const found = await parts.store.get(scan);
  if (found?.state !== "judging") return; // deleted, cancelled or finished meanwhile
  if (found.source !== parts.files.uri) throw new SafelightError("conflict", `${found.source} is another place here`);
  await judgeRange(scan, parts, { width }, { after, upTo }, signal, () => {});
}
