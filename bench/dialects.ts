/**
 * What each dialect adds to the native route that has the same work done: both are called in turn, on one connection each, so that
 * whatever else the machine does hits both alike; the median of the differences is told. The back end answers at once, and the
 * policy has cheap checks.
 *
 *   node bench/dialects.ts [--json] [--calls 400]
 */
import { parseArgs } from "node:util";
import { Connection, requestOf } from "./support/gateway/connection.ts";
import { type Call, CHEAP_CHECKS, cases } from "./support/gateway/dialect-cases.ts";
import { Processes } from "./support/gateway/processes.ts";
import { machine, quantile, report, round } from "./support/harness.ts";

const AIM_MS = 0.3;
const { values: flags } = parseArgs({
  options: { json: { type: "boolean" }, calls: { type: "string", default: "400" } },
});
const calls = Number(flags.calls);
if (!Number.isInteger(calls) || calls < 10 || calls > 10_000)
  throw new RangeError(`--calls must be 10 to 10000, not ${flags.calls}`);

/** @throws when the answer is not the right one: not worth timing */
async function check(name: string, port: number, { path, headers, body, answer }: Call): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { method: "POST", headers, body });
  const told: unknown = await response.json();
  if (response.status !== 200 || !answer.safeParse(told).success)
    throw new Error(`${name}: wrong answer ${response.status} of ${path}: ${JSON.stringify(told).slice(0, 2_000)}`);
}

async function milliseconds(connection: Connection): Promise<number> {
  const start = performance.now();
  const status = await connection.ask();
  if (status !== 200) throw new Error(`wrong answer: ${status}`);
  return performance.now() - start;
}

if (!flags.json) console.log(machine());
const rows = await Processes.within(async (processes) => {
  const backEnd = await processes.server("back-end", ["bench/support/gateway/back-end.ts", "0"]);
  const port = await processes.safelight(
    "safelight",
    {
      image_cache: { entries: 0 },
      generators: { dummy: { kind: "openai", url: `http://127.0.0.1:${backEnd}/v1`, model: "dummy" } },
      policies: ["cheap.yaml"],
    },
    { "cheap.yaml": CHEAP_CHECKS },
  );
  const rows: object[] = [];
  for (const { name, dialect, native } of await cases()) {
    await check(name, port, dialect);
    await check(name, port, native);
    const ours = new Connection(port, requestOf({ port, ...native }));
    const theirs = new Connection(port, requestOf({ port, ...dialect }));
    const pairs: { native: number; dialect: number }[] = [];
    for (let i = 0; i < calls * 1.25; i++) {
      const first = await milliseconds(i % 2 === 0 ? ours : theirs);
      const second = await milliseconds(i % 2 === 0 ? theirs : ours);
      pairs.push(i % 2 === 0 ? { native: first, dialect: second } : { native: second, dialect: first });
    }
    ours.close();
    theirs.close();
    const measured = pairs.slice(-calls); // those before were to warm up
    const median = (of: (pair: (typeof pairs)[number]) => number) =>
      quantile(
        measured.map(of).sort((a, b) => a - b),
        0.5,
      );
    rows.push({
      dialect: name,
      native_p50_ms: round(
        median((pair) => pair.native),
        3,
      ),
      dialect_p50_ms: round(
        median((pair) => pair.dialect),
        3,
      ),
      added_p50_ms: round(
        median((pair) => pair.dialect - pair.native),
        3,
      ),
      calls,
    });
  }
  return rows;
});
report("Latency that each dialect adds to the native route", rows, { aim: `added_p50_ms ≤ ${AIM_MS}` });
