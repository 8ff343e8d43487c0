/**
 * The picture stage: from encoded bytes to findings and a decision, with every image check of the shipped default policy, through the
 * judge that the service uses; beside nsfwjs on TensorFlow.js, which has the same MobileNetV2 and no other check.
 *
 * Each engine works in a fresh process. Latency is of one picture at a time. Throughput keeps every core busy: Safelight with many
 * requests at once in one process, nsfwjs, which computes on its only thread, with a process for each core. A machine that does other
 * work as well shows in the p95 and not in the CPU time; rates are the best of a few rounds.
 *
 *   node bench/images.ts [--json] [--engines safelight,wasm,cpu] [--sessions 1x2] [--rounds 5]
 *
 * `--sessions SxT` opens S sessions of T threads for each model instead of what Safelight chooses.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import sharp from "sharp";
import { z } from "zod";
import { imagingWithin } from "../src/app/imaging.ts";
import { PolicySet } from "../src/app/policy-set.ts";
import { loadConfig } from "../src/config/load.ts";
import { FindingsCache } from "../src/pipeline/findings-cache.ts";
import { judgeBytes } from "../src/pipeline/judge.ts";
import { openNsfwjs } from "../test/pictures/nsfwjs.ts";
import { picture } from "../test/pictures/seeds.ts";
import { measure, report, round } from "./support/harness.ts";

const ENGINES = {
  safelight: { title: "safelight, default policy", iterations: 100, pictures: 120 },
  wasm: { title: "nsfwjs, tfjs wasm", iterations: 20, pictures: 20 },
  cpu: { title: "nsfwjs, tfjs cpu", iterations: 3, pictures: 2 },
} as const;
type Engine = keyof typeof ENGINES;

const PICTURES = ["512.png", "512.jpeg", "1024.png", "1024.jpeg"] as const;
/** Requests under way at once: enough that no core waits for the next one. */
const AT_ONCE = 2 * availableParallelism();

const RowsSchema = z.array(
  z.object({ name: z.string(), p50_ms: z.number(), p95_ms: z.number(), mean_ms: z.number(), iterations: z.number() }),
);
const AnswerSchema = z.object({
  rows: RowsSchema,
  cpu_ms: z.record(z.string(), z.number()),
  per_second: z.record(z.string(), z.number()),
  rss_mib: z.number(),
});
type Answer = z.infer<typeof AnswerSchema>;

interface Judge {
  judge(encoded: Uint8Array): Promise<void>;
  /** The same picture again, from the cache. */
  again?(encoded: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

async function openSafelight(sessions: string | undefined): Promise<Judge> {
  const cwd = mkdtempSync(join(tmpdir(), "safelight-bench-"));
  const [count, threads] = sessions?.split("x") ?? [];
  if (count && threads) {
    const yaml = `detectors: { nsfw: { kind: nsfw, sessions: ${count}, threads: ${threads} } }\n`;
    writeFileSync(join(cwd, "safelight.yaml"), yaml);
  }
  const { config } = loadConfig({ env: {}, flags: {}, cwd });
  const set = new PolicySet(config);
  const loaded = set.policies.get(config.default_policy);
  if (!loaded) throw new Error("no default policy");
  const detectors = await set.image(loaded);
  const imaging = imagingWithin(config.limits);
  const judge = async (encoded: Uint8Array, cache?: FindingsCache) => {
    const signal = new AbortController().signal;
    const { judgement } = await judgeBytes(encoded, imaging, loaded.policy, detectors, signal, { cache });
    const failed = judgement.reports.find(({ state }) => state !== "scored");
    if (failed || judgement.action !== "allow") throw new Error(`wrong answer: ${JSON.stringify(judgement)}`);
    return judgement;
  };
  const cache = new FindingsCache(config.image_cache);
  return {
    judge: async (encoded) => void (await judge(encoded)),
    async again(encoded) {
      const { reports } = await judge(encoded, cache);
      if (cache.entries > reports.length * PICTURES.length) throw new Error("a picture was judged twice");
    },
    async close() {
      await set.retire();
      rmSync(cwd, { recursive: true });
    },
  };
}

async function openTensorFlow(engine: "wasm" | "cpu"): Promise<Judge> {
  const nsfwjs = await openNsfwjs(engine);
  return {
    async judge(encoded) {
      const { data, info } = await sharp(encoded).removeAlpha().raw().toBuffer({ resolveWithObject: true });
      const classes = await nsfwjs.classify(data, info.width, info.height);
      if (classes.size !== 5) throw new Error(`wrong answer: ${classes.size} classes`);
    },
    async close() {},
  };
}

/** In the child. `only`: the throughput, of a process beside others. */
async function child(
  engine: Engine,
  folder: string,
  rounds: number,
  only: boolean,
  sessions?: string,
): Promise<Answer> {
  const { title, iterations, pictures } = ENGINES[engine];
  const { judge, again, close } = await (engine === "safelight" ? openSafelight(sessions) : openTensorFlow(engine));
  const answer: Answer = { rows: [], cpu_ms: {}, per_second: {}, rss_mib: 0 };
  const atOnce = engine === "safelight" ? AT_ONCE : 1;
  for (const name of PICTURES) {
    const encoded = readFileSync(join(folder, name));
    if (!only) answer.rows.push(await measure(`${title}: ${name}`, () => judge(encoded), { iterations }));
    if (!only && again) {
      answer.rows.push(await measure(`${title}: ${name}, seen before`, () => again(encoded), { iterations }));
    }
    for (let i = 0; i < rounds; i++) {
      const { perSecond, cpuMs } = await rate(() => judge(encoded), pictures, atOnce);
      answer.per_second[name] = Math.max(answer.per_second[name] ?? 0, perSecond);
      answer.cpu_ms[name] = Math.min(answer.cpu_ms[name] ?? Number.POSITIVE_INFINITY, cpuMs);
    }
  }
  answer.rss_mib = Math.round(process.memoryUsage.rss() / 2 ** 20);
  await close();
  return answer;
}

async function rate(judge: () => Promise<void>, pictures: number, atOnce: number) {
  let left = pictures;
  const before = process.cpuUsage();
  const start = performance.now();
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (left-- > 0) await judge();
    }),
  );
  const seconds = (performance.now() - start) / 1_000;
  const { user, system } = process.cpuUsage(before);
  return { perSecond: pictures / seconds, cpuMs: (user + system) / 1_000 / pictures };
}

async function run(engine: Engine, folder: string, rounds: number, only: boolean): Promise<Answer> {
  const to = join(folder, `${engine}-${crypto.randomUUID()}.json`);
  const argv = ["--child", engine, "--folder", folder, "--rounds", String(rounds), "--to", to];
  if (only) argv.push("--only");
  if (values.sessions) argv.push("--sessions", values.sessions);
  const started = spawn(process.execPath, [import.meta.filename, ...argv], { stdio: ["ignore", "ignore", "pipe"] });
  let said = ""; // TensorFlow.js advertises there
  started.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  const [code] = await once(started, "close");
  if (code !== 0) throw new Error(`${engine} ended with ${code}: ${said}`);
  return AnswerSchema.parse(JSON.parse(readFileSync(to, "utf8")));
}

/** nsfwjs uses one core: as many processes at once as there are cores, and their rates added up. */
async function runAll(engine: Engine, folder: string, rounds: number): Promise<Answer> {
  const one = await run(engine, folder, engine === "safelight" ? rounds : 1, false);
  if (engine === "safelight") return one;
  const beside = await Promise.all(Array.from({ length: availableParallelism() }, () => run(engine, folder, 1, true)));
  const per_second = Object.fromEntries(
    PICTURES.map((name) => [name, beside.reduce((sum, each) => sum + (each.per_second[name] ?? 0), 0)]),
  );
  return { ...one, per_second, rss_mib: beside.reduce((sum, each) => sum + each.rss_mib, 0) };
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "safelight-bench-"));
  try {
    for (const name of PICTURES) {
      const [side, format] = name.split(".");
      const made = picture(Number(side), Number(side)).toFormat(format === "png" ? "png" : "jpeg");
      writeFileSync(join(folder, name), await made.toBuffer());
    }
    const rows: object[] = [];
    const notes: Record<string, unknown> = { versions: versions(), "requests at once": AT_ONCE };
    for (const engine of ENGINE_NAMES.filter((name) => values.engines.split(",").includes(name))) {
      const { rows: latencies, per_second, cpu_ms, rss_mib } = await runAll(engine, folder, Number(values.rounds));
      const kept = latencies.map(({ name, p50_ms, p95_ms }) => {
        const of = PICTURES.find((each) => name.endsWith(each));
        const [rate, cpu] = [per_second[of ?? ""], cpu_ms[of ?? ""]];
        return {
          ...{ name, p50_ms: round(p50_ms, 1), p95_ms: round(p95_ms, 1) },
          ...(rate === undefined || cpu === undefined ? {} : { per_second: round(rate, 1), cpu_ms: round(cpu, 1) }),
        };
      });
      rows.push(...kept);
      notes[`rss_mib ${engine}${engine === "safelight" ? "" : `, ${availableParallelism()} processes`}`] = rss_mib;
    }
    notes["aim"] = "p50 ≤ 25 ms and ≥ 60 pictures a second at 512² on two cores";
    report("The picture stage: encoded bytes to findings and a decision", rows, notes);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function versions(): string {
  const packages = ["onnxruntime-node", "sharp", "nsfwjs", "@tensorflow/tfjs"].map((name) => {
    const file = new URL(`../node_modules/${name}/package.json`, import.meta.url);
    const { version } = z.object({ version: z.string() }).parse(JSON.parse(readFileSync(file, "utf8")));
    return `${name} ${version}`;
  });
  return packages.join(", ");
}

const { values } = parseArgs({
  options: {
    json: { type: "boolean" },
    engines: { type: "string", default: "safelight,wasm,cpu" },
    sessions: { type: "string" },
    rounds: { type: "string", default: "5" },
    child: { type: "string" },
    folder: { type: "string", default: "" },
    only: { type: "boolean", default: false },
    to: { type: "string", default: "" },
  },
});
const ENGINE_NAMES = Object.keys(ENGINES) as Engine[];
const engine = ENGINE_NAMES.find((name) => name === values.child);
if (engine) {
  const answer = await child(engine, values.folder, Number(values.rounds), values.only, values.sessions);
  writeFileSync(values.to, JSON.stringify(answer));
} else await main();
