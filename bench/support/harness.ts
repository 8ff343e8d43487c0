import { cpus, totalmem } from "node:os";
import { parseArgs } from "node:util";

export interface Row {
  readonly name: string;
  readonly p50_ms: number;
  readonly p95_ms: number;
  readonly mean_ms: number;
  readonly iterations: number;
  readonly [extra: string]: string | number | boolean;
}

/** The machine that the figures belong to, in one line. */
export function machine(): string {
  const cores = cpus();
  return `${cores.length} × ${cores[0]?.model.trim() ?? "unknown CPU"}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}, ${process.platform}-${process.arch}`;
}

export function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}

/** Milliseconds of `run`, one call at a time. `check` throws when an answer is wrong: a wrong answer is not worth timing. */
export async function measure<T>(
  name: string,
  run: (iteration: number) => T | Promise<T>,
  options: { iterations: number; warmup?: number; check?: (answer: T) => void },
): Promise<Row> {
  for (let i = 0; i < (options.warmup ?? Math.ceil(options.iterations / 10)); i++) {
    const answer = await run(i);
    options.check?.(answer);
  }
  const times: number[] = [];
  for (let i = 0; i < options.iterations; i++) {
    const start = performance.now();
    const answer = await run(i);
    times.push(performance.now() - start);
    options.check?.(answer);
  }
  const sorted = times.toSorted((a, b) => a - b);
  return {
    name,
    p50_ms: round(quantile(sorted, 0.5)),
    p95_ms: round(quantile(sorted, 0.95)),
    mean_ms: round(times.reduce((sum, t) => sum + t, 0) / times.length),
    iterations: times.length,
  };
}

export function round(value: number, digits = 4): number {
  return Number(value.toFixed(digits));
}

/** Prints a result: a table for people, or one JSON object with `--json`. */
export function report(title: string, rows: readonly object[], notes: Readonly<Record<string, unknown>> = {}): void {
  const { values } = parseArgs({ options: { json: { type: "boolean" } }, strict: false });
  if (values.json) {
    console.log(JSON.stringify({ title, machine: machine(), rows, ...notes }));
    return;
  }
  console.log(`\n${title}\n${machine()}`);
  console.table(rows);
  for (const [key, value] of Object.entries(notes))
    console.log(`${key}: ${typeof value === "string" ? value : JSON.stringify(value)}`);
}
