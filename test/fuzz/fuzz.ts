/**
 * Judges mutated pictures of every format, and picture and something else in one file, by the default policy. Ends with 1 when anything crashes,
 * hangs, or passes without having been judged; each such case is told with the command that makes it again.
 *
 *   node test/fuzz/fuzz.ts [--cases 30000] [--seed 1] [--from 0] [--write file]
 *
 * The cases are judged in a process of their own, so that a crash ends that and not the report. `--write` writes the one case that
 * `--from` names to a file instead.
 */
import { type ChildProcess, fork } from "node:child_process";
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { z } from "zod";
import { seeds } from "../pictures/seeds.ts";
import { openJudge } from "./judge.ts";
import { caseOf } from "./mutate.ts";
import { Random } from "./random.ts";

const number = (fallback: number) => z.coerce.number().int().min(0).default(fallback);
const Options = z.strictObject({
  cases: number(2_000),
  seed: number(1),
  from: number(0),
  write: z.string().optional(),
  child: z.boolean().default(false),
});
const string = { type: "string" } as const;
const { values } = parseArgs({
  options: { cases: string, seed: string, from: string, write: string, child: { type: "boolean" } },
});
const options = Options.parse(values);

const Message = z.union([
  z.strictObject({ starts: z.number() }),
  z.strictObject({ outcome: z.string(), ms: z.number(), rss_mib: z.number(), name: z.string() }),
  z.strictObject({ broken: z.string(), name: z.string() }),
]);

async function judgeAll({ from, cases, seed }: { from: number; cases: number; seed: number }): Promise<void> {
  const originals = await seeds();
  const judge = await openJudge();
  const tell = (message: z.infer<typeof Message>) => process.send?.(message);
  for (let index = from; index < cases; index++) {
    tell({ starts: index });
    const one = caseOf(new Random(seed, index), originals);
    const start = performance.now();
    try {
      const outcome = await judge.judge(one, originals);
      const rss = Math.round(process.memoryUsage.rss() / 2 ** 20);
      tell({ outcome, ms: performance.now() - start, rss_mib: rss, name: one.name });
    } catch (error) {
      tell({ broken: error instanceof Error ? error.message : String(error), name: one.name });
    }
  }
  await judge.close();
  process.disconnect?.();
}

/** Judges from `from` on, in a child. @returns the case that ended it, or `cases` when it came to the end */
function run(from: number, heard: (message: z.infer<typeof Message>) => void): Promise<number> {
  const { cases, seed } = options;
  return new Promise((resolve, reject) => {
    const argv = ["--child", "--from", String(from), "--cases", String(cases), "--seed", String(seed)];
    const child: ChildProcess = fork(import.meta.filename, argv);
    let at = from;
    child.on("message", (raw) => {
      const message = Message.parse(raw);
      if ("starts" in message) at = message.starts;
      else heard(message);
    });
    child.on("error", reject);
    child.on("exit", (code, signal) => {
      if (code === 0) return resolve(cases);
      heard({ broken: `the process ended with ${signal ?? code}`, name: "" });
      resolve(at + 1);
    });
  });
}

async function main(): Promise<number> {
  const { cases, seed, from } = options;
  const outcomes = new Map<string, number>();
  const times: number[] = [];
  let slowest = { ms: 0, name: "", index: 0 };
  let mostMemory = 0;
  let broken = 0;
  let done = from;
  const start = performance.now();
  for (let next = from; next < cases; ) {
    done = next;
    next = await run(next, (message) => {
      if ("broken" in message) {
        broken += 1;
        console.error(`case ${done}: ${message.broken} (${message.name})`);
        console.error(`  again: node test/fuzz/fuzz.ts --seed ${seed} --from ${done} --cases ${done + 1}`);
      } else if ("outcome" in message) {
        outcomes.set(message.outcome, (outcomes.get(message.outcome) ?? 0) + 1);
        times.push(message.ms);
        mostMemory = Math.max(mostMemory, message.rss_mib);
        if (message.ms > slowest.ms) slowest = { ms: message.ms, name: message.name, index: done };
      }
      done += 1;
      if (done % 1_000 === 0) console.error(`${done} of ${cases}`);
    });
  }
  const sorted = times.toSorted((a, b) => a - b);
  const at = (part: number) => Number((sorted[Math.floor(part * sorted.length)] ?? 0).toFixed(1));
  const result = {
    seed,
    cases: cases - from,
    ...Object.fromEntries(outcomes),
    broken,
    p50_ms: at(0.5),
    p99_ms: at(0.99),
    slowest: { ...slowest, ms: Math.round(slowest.ms) },
    rss_mib: mostMemory,
    seconds: Math.round((performance.now() - start) / 1_000),
  };
  console.log(JSON.stringify(result, undefined, 2));
  return broken > 0 ? 1 : 0;
}

if (options.child) await judgeAll(options);
else if (options.write === undefined) process.exitCode = await main();
else writeFileSync(options.write, caseOf(new Random(options.seed, options.from), await seeds()).bytes);
