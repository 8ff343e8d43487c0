import { PgBoss } from "pg-boss";
import { z } from "zod";
import { SafelightError } from "../contract/errors.ts";

const QUEUE = "safelight-scan-shards";
/** A worker that says nothing for so long is taken for dead, and its shard is given to another one. The least that pg-boss knows. */
const HEARTBEAT_SECONDS = 10;
/** How often it is looked after dead workers. */
const MONITOR_SECONDS = 5;
/** How long one shard may take in all. */
const SHARD_SECONDS = 6 * 3_600;
const RETRIES = 5;

/** A part of a scan: the pictures of a range of keys. */
export const ScanShardSchema = z.object({
  scan: z.string(),
  source: z.string(),
  policy: z.string(),
  after: z.string().nullable(),
  upTo: z.string().nullable(),
});
export type ScanShard = z.infer<typeof ScanShardSchema>;

/** The parts of scans, given out to workers on any machines. Each is done at least once. */
export interface ScanShards {
  /** Those of a scan that wait already, or are under way, are not added again. */
  add(shards: readonly ScanShard[]): Promise<void>;
  /**
   * Takes one shard after the other until `close`.
   * @param work is aborted when the shard takes too long, or this closes. What it throws gives the shard back, a few times.
   */
  work(work: (shard: ScanShard, signal: AbortSignal) => Promise<void>): Promise<void>;
  /** Takes no more shards, and gives back the one under way. */
  close(): Promise<void>;
}

/**
 * @param url of the PostgreSQL database that all workers share
 * @param onError is told of what goes wrong between shards: a lost connection, which is taken up again
 * @throws SafelightError `storage_failed`
 */
export async function openScanShards(url: string, onError: (error: unknown) => void): Promise<ScanShards> {
  const boss = new PgBoss({
    connectionString: url,
    application_name: "safelight",
    schema: "safelight_jobs",
    schedule: false,
    superviseIntervalSeconds: MONITOR_SECONDS,
    monitorIntervalSeconds: MONITOR_SECONDS,
  });
  boss.on("error", onError);
  try {
    await boss.start();
    await boss.createQueue(QUEUE, {
      policy: "exclusive",
      retryLimit: RETRIES,
      retryDelay: 1,
      expireInSeconds: SHARD_SECONDS,
      heartbeatSeconds: HEARTBEAT_SECONDS,
    });
  } catch (cause) {
    await boss.stop({ graceful: false }).catch(() => {});
    throw new SafelightError("storage_failed", "the job queue (PostgreSQL) cannot be opened", { cause });
  }
  const closing = new AbortController();
  const under = new Set<Promise<void>>();
  return {
    async add(shards) {
      const jobs = shards.map((data) => ({ data, singletonKey: JSON.stringify([data.scan, data.after]) }));
      await boss.insert(QUEUE, jobs);
    },
    async work(work) {
      await boss.work(QUEUE, { batchSize: 1, pollingIntervalSeconds: 0.5 }, async ([job]) => {
        if (!job) return;
        const done = work(ScanShardSchema.parse(job.data), AbortSignal.any([job.signal, closing.signal]));
        under.add(done);
        try {
          await done;
        } finally {
          under.delete(done);
        }
      });
    },
    async close() {
      closing.abort(new SafelightError("interrupted", "the worker was told to stop"));
      await Promise.allSettled(under);
      await boss.stop({ graceful: true, timeout: 5_000 });
    },
  };
}
