/**
 * What a gateway costs in front of an image model that takes 5 ms: requests a second, added latency and time of the
 * processor, of a bare proxy, of Portkey's gateway, and of Safelight with all checks off and with the default policy,
 * in the same run. The back end, each gateway and the load generator are processes of their own, on loopback; rounds
 * are rotated, and the median of the rounds is told.
 *
 *   node bench/gateway.ts [--json | --markdown] [--seconds 2] [--rounds 3] [--only <gateway>]...
 */
import { parseArgs } from "node:util";
import sharp from "sharp";
import { z } from "zod";
import type { Job, Measured } from "./support/gateway/load.ts";
import { ANSWERS, type AnswerSize } from "./support/gateway/pictures.ts";
import { Processes } from "./support/gateway/processes.ts";
import { TARGETS, type Target, type TargetName } from "./support/gateway/targets.ts";
import { machine, quantile, report, round } from "./support/harness.ts";

const CONNECTIONS = [1, 50] as const;
const PATH = "/v1/images/generations";
const THINKS_MS = 5;
const WARM_UP_SECONDS = 0.5;

const { values: flags } = parseArgs({
  options: {
    json: { type: "boolean" },
    markdown: { type: "boolean" },
    seconds: { type: "string", default: "2" },
    rounds: { type: "string", default: "3" },
    only: { type: "string", multiple: true },
  },
});

const seconds = within("seconds", flags.seconds, 0.1, 30);
const rounds = Math.round(within("rounds", flags.rounds, 1, 20));
const names = chosen(flags.only);

function within(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (!(value >= least && value <= most)) throw new RangeError(`--${name} must be ${least} to ${most}, not ${text}`);
  return value;
}

function chosen(only: readonly string[] | undefined): TargetName[] {
  const all = Object.keys(TARGETS) as TargetName[]; // an object literal has no other keys
  const unknown = only?.find((name) => !all.some((each) => each === name));
  if (unknown !== undefined) throw new RangeError(`there is no ${unknown}; there are: ${all.join("; ")}`);
  return only ? all.filter((name) => only.includes(name)) : all;
}

interface Timed extends Measured {
  readonly cpu_ms: number;
}

interface Row {
  readonly gateway: string;
  readonly answer: AnswerSize;
  readonly connections: number;
  readonly requests_per_s: number;
  readonly p50_ms: number;
  readonly p99_ms: number;
  /** Over a direct call. */
  readonly added_p50_ms: number | null;
  /** Of the process that was asked, a request. Unlike the others, it hardly depends on what else the machine does. */
  readonly cpu_ms: number | null;
  readonly failures: number;
}

function bodyFor(answer: AnswerSize): string {
  const { side } = ANSWERS[answer];
  return JSON.stringify({ model: "dummy", prompt: "a soft sky over the sea", n: 1, size: `${side}x${side}` });
}

const Answer = z.object({ data: z.tuple([z.object({ b64_json: z.string() })]) });

/** @throws when a gateway does not answer the whole picture: not worth timing */
async function check({ name, port, headers }: Target, answer: AnswerSize): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}${PATH}`, { method: "POST", headers, body: bodyFor(answer) });
  const body: unknown = await response.json();
  if (response.status !== 200) throw new Error(`${name}: wrong answer ${response.status}: ${JSON.stringify(body)}`);
  const picture = Buffer.from(Answer.parse(body).data[0].b64_json, "base64");
  const { info } = await sharp(picture, { failOn: "warning" }).raw().toBuffer({ resolveWithObject: true });
  const { side } = ANSWERS[answer];
  if (info.width !== side || info.height !== side) throw new Error(`${name}: wrong picture`);
}

async function measureAll(processes: Processes): Promise<Row[]> {
  const backEnd = await processes.server("back-end", ["bench/support/gateway/back-end.ts", String(THINKS_MS)]);
  const targets: Target[] = [];
  for (const name of names) targets.push({ name, ...(await TARGETS[name](backEnd, processes)) });
  const load = processes.loadGenerator();
  const job = (target: Target, answer: AnswerSize, connections: number, time: number): Job => ({
    port: target.port,
    path: PATH,
    headers: target.headers,
    body: bodyFor(answer),
    connections,
    seconds: time,
  });
  const cases = (Object.keys(ANSWERS) as AnswerSize[]).flatMap(
    (
      answer, // an object literal has no other keys
    ) => CONNECTIONS.map((connections) => ({ answer, connections })),
  );
  for (const target of targets) {
    for (const { answer, connections } of cases) {
      await check(target, answer);
      await load(job(target, answer, connections, WARM_UP_SECONDS));
    }
  }
  const all = new Map<string, Timed[]>();
  const key = (target: Target, each: (typeof cases)[number]) => `${target.name}/${each.answer}/${each.connections}`;
  for (let i = 0; i < rounds; i++) {
    const rotated = [...targets.slice(i % targets.length), ...targets.slice(0, i % targets.length)];
    for (const each of cases) {
      for (const target of rotated) {
        const before = processes.cpuMs(target.port);
        const measured = await load(job(target, each.answer, each.connections, seconds));
        const after = processes.cpuMs(target.port);
        const cpu_ms = before === undefined || after === undefined ? Number.NaN : (after - before) / measured.requests;
        all.set(key(target, each), [...(all.get(key(target, each)) ?? []), { ...measured, cpu_ms }]);
      }
    }
  }
  return cases.flatMap((each) => rowsOf(each, targets, (target) => all.get(key(target, each)) ?? []));
}

function rowsOf(
  { answer, connections }: { readonly answer: AnswerSize; readonly connections: number },
  targets: readonly Target[],
  measuredOf: (target: Target) => readonly Timed[],
): Row[] {
  const median = (target: Target, of: (measured: Timed) => number) =>
    quantile(
      measuredOf(target)
        .map(of)
        .sort((a, b) => a - b),
      0.5,
    );
  const direct = targets.find(({ name }) => name === "direct");
  return targets.map((target) => {
    const p50 = median(target, ({ p50_ms }) => p50_ms);
    return {
      gateway: target.name,
      answer,
      connections,
      requests_per_s: round(
        median(target, ({ requests_per_s }) => requests_per_s),
        0,
      ),
      p50_ms: round(p50, 2),
      p99_ms: round(
        median(target, ({ p99_ms }) => p99_ms),
        1,
      ),
      cpu_ms: cpuOf(median(target, ({ cpu_ms }) => cpu_ms)),
      added_p50_ms: direct ? round(p50 - median(direct, ({ p50_ms }) => p50_ms), 2) : null,
      failures: measuredOf(target).reduce((sum, { failures }) => sum + failures, 0),
    };
  });
}

function cpuOf(ms: number): number | null {
  return Number.isNaN(ms) ? null : round(ms, 3);
}

/** One row a gateway and size of answer, as the README has it. */
function markdown(rows: readonly Row[]): string {
  const lines = [
    "| answer | gateway | 1 connection: added p50, ms | p99, ms | 50 connections: requests/s | p50, ms | p99, ms | CPU ms a request |",
    "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
  ];
  for (const one of rows.filter(({ connections }) => connections === 1)) {
    const many = rows.find((row) => row.gateway === one.gateway && row.answer === one.answer && row.connections !== 1);
    const added = one.gateway === "direct" ? `(${one.p50_ms})` : `+${one.added_p50_ms ?? "?"}`;
    const failures = one.failures + (many?.failures ?? 0);
    const cells = [one.answer, one.gateway, added, one.p99_ms];
    const figures = [
      many?.requests_per_s.toLocaleString("en") + (failures > 0 ? ` (${failures} failed)` : ""),
      many?.p50_ms,
      many?.p99_ms,
      many?.cpu_ms ?? "?",
    ];
    lines.push(`| ${[...cells, ...figures].join(" | ")} |`);
  }
  return lines.join("\n");
}

if (!flags.json) console.log(`${machine()}\n`);
const rows = await Processes.within(measureAll);
if (flags.markdown) console.log(markdown(rows));
else report(`Gateways before a back end that takes ${THINKS_MS} ms`, rows, { seconds, rounds });
