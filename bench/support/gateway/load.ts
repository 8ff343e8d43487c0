/** The load generator, a process of its own: does one job at a time that it gets by message, and answers with what it measured. */
import { quantile } from "../harness.ts";
import { type Asked, Connection, requestOf } from "./connection.ts";

export interface Job extends Asked {
  readonly connections: number;
  readonly seconds: number;
}

export interface Measured {
  readonly requests_per_s: number;
  readonly p50_ms: number;
  readonly p99_ms: number;
  readonly requests: number;
  /** Answers with another status than 200, broken connections, and requests without an answer when time was up. */
  readonly failures: number;
}

const MOST_REQUESTS = 500_000;
/** For requests that are under way when the time is over. */
const GRACE_MS = 10_000;

async function run({ connections, seconds, ...asked }: Job): Promise<Measured> {
  const request = requestOf(asked);
  const times: number[] = [];
  let failures = 0;
  const all = Array.from({ length: connections }, () => new Connection(asked.port, request));
  const start = performance.now();
  const end = start + seconds * 1_000;
  const timer = setTimeout(() => all.forEach((each) => void each.close()), seconds * 1_000 + GRACE_MS);
  await Promise.all(
    all.map(async (connection) => {
      while (performance.now() < end && times.length < MOST_REQUESTS) {
        const began = performance.now();
        const status = await connection.ask().catch(() => 0);
        if (status === 200) times.push(performance.now() - began);
        else failures++;
        if (status === 0) return;
      }
    }),
  );
  const took = performance.now() - start;
  clearTimeout(timer);
  for (const each of all) each.close();
  const sorted = times.sort((a, b) => a - b);
  return {
    requests_per_s: (sorted.length / took) * 1_000,
    p50_ms: quantile(sorted, 0.5),
    p99_ms: quantile(sorted, 0.99),
    requests: sorted.length,
    failures,
  };
}

process.on("message", async (job: Job) => process.send?.(await run(job)));
