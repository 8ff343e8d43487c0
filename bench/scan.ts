/**
 * A scan of a data set, from the command line, with the shipped policy for data sets: pictures a second beside a loop over nsfwjs
 * with the same weights, memory for few and many pictures, what a second process brings, and what it costs to be stopped.
 *
 *   node bench/scan.ts [--pictures 600] [--many 50000] [--only speed,s3,resume,workers,memory,tiny] [--tiny 1000000] [--json]
 *
 * `tiny`, which takes a quarter of an hour, has to be asked for: so many files of a few bytes around one picture.
 * `workers` needs PostgreSQL and taskset: each process gets a core of its own, as machines would have theirs.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import sharp from "sharp";
import { writeSample } from "../scripts/sample-data-set.ts";
import { findPostgres, startPostgres } from "../test/dataset/postgres.ts";
import { openTestS3 } from "../test/dataset/s3-server.ts";
import { report, round } from "./support/harness.ts";

const CLI = join(import.meta.dirname, "../src/cli/safelight.ts");
const PEAK = join(import.meta.dirname, "support/peak-memory.mjs");
/** Pictures of the memory runs are small, so that there can be many: what is held does not depend on it. */
const SMALL_SIDE = 128;
const RUNS = 3;
/** Enough for a dozen shards. */
const SHARED = 3_000;

const { values } = parseArgs({
  options: {
    pictures: { type: "string", default: "600" },
    many: { type: "string", default: "50000" },
    only: { type: "string", default: "speed,s3,resume,workers,memory" },
    tiny: { type: "string", default: "1000000" },
    nsfwjs: { type: "string" },
    json: { type: "boolean" },
  },
});

interface Ran {
  readonly seconds: number;
  readonly peakMiB: number;
  readonly err: string;
}

let places = 0;
function place(root: string): string {
  const folder = join(root, `place-${++places}`);
  mkdirSync(folder);
  writeFileSync(join(folder, "safelight.yaml"), "data: ./data\n");
  return folder;
}

interface Start {
  readonly cwd: string;
  readonly core?: number;
  readonly env?: Readonly<Record<string, string>>;
}

function start(argv: readonly string[], { cwd, core, env = {} }: Start) {
  const node = [process.execPath, "--import", PEAK, ...argv];
  const [program = "", ...rest] = core === undefined ? node : ["taskset", "-c", String(core), ...node];
  const peak = join(cwd, `peak-${++places}`);
  const began = performance.now();
  const child = spawn(program, rest, {
    cwd,
    env: { PATH: process.env["PATH"] ?? "", PEAK_MEMORY_FILE: peak, ...env },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let err = "";
  child.stderr.setEncoding("utf8").on("data", (piece) => {
    err += piece;
  });
  const ended = once(child, "close").then(([status]): Ran => {
    if (status !== 0 && status !== null) throw new Error(`${argv.join(" ")} ended with ${status}: ${err}`);
    const peakMiB = status === null ? Number.NaN : round(Number(readFileSync(peak, "utf8")) / 1024, 0);
    return { seconds: (performance.now() - began) / 1_000, peakMiB, err };
  });
  return { child, ended };
}

function scan(source: string, options: Start, ...more: string[]) {
  return start([CLI, "scan", source, "--no-thumbnails", "--out", join(options.cwd, "out"), ...more], options);
}

/** In the child: what a user of nsfwjs would write. */
async function nsfwjsLoop(source: string): Promise<void> {
  const { openNsfwjs } = await import("../test/pictures/nsfwjs.ts");
  const nsfwjs = await openNsfwjs("wasm");
  for (const name of readdirSync(source, { recursive: true, encoding: "utf8" })) {
    if (!/\.(?:jpg|png)$/.test(name)) continue;
    const encoded = readFileSync(join(source, name));
    const { data, info } = await sharp(encoded).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    const classes = await nsfwjs.classify(data, info.width, info.height);
    if (classes.size !== 5) throw new Error(`${name}: ${classes.size} classes`);
  }
}

async function best(run: () => Promise<Ran>): Promise<Ran> {
  const runs: Ran[] = [];
  for (let i = 0; i < RUNS; i++) runs.push(await run());
  return runs.reduce((a, b) => (b.seconds < a.seconds ? b : a));
}

async function speed(root: string, source: string, pictures: number): Promise<void> {
  const one = join(root, "one");
  await writeSample(one, { pictures: 1, side: 512, bad: 0, copies: 0, captions: true, seed: 1 });
  const [ours, single] = [
    await best(() => scan(source, { cwd: place(root) }).ended),
    await best(() => scan(one, { cwd: place(root) }).ended),
  ];
  const theirs = await best(() => start([import.meta.filename, "--nsfwjs", source], { cwd: place(root) }).ended);
  const idle = await best(() => start([import.meta.filename, "--nsfwjs", one], { cwd: place(root) }).ended);
  const row = (name: string, all: Ran, first: Ran) => ({
    name,
    pictures,
    seconds: round(all.seconds, 2),
    "of these to start, with one picture": round(first.seconds, 2),
    "pictures/s": round(pictures / all.seconds, 1),
    "pictures/s once started": round((pictures - 1) / (all.seconds - first.seconds), 1),
    "peak MiB": all.peakMiB,
  });
  const rows = [
    row("safelight scan, all checks of policies/dataset.yaml", ours, single),
    row("loop over nsfwjs, tfjs wasm", theirs, idle),
  ];
  report("Scanning 512² JPEG, captions too", rows, {
    times: round((theirs.seconds - idle.seconds) / (ours.seconds - single.seconds), 2),
  });
}

async function memory(root: string, many: number): Promise<void> {
  const rows = [];
  for (const pictures of [1_000, many]) {
    const source = join(root, `small-${pictures}`);
    await writeSample(source, { pictures, side: SMALL_SIDE, bad: 0.002, copies: 0.002, captions: true, seed: 2 });
    const cwd = place(root);
    const { seconds, peakMiB } = await scan(source, { cwd }).ended;
    const stored = statSync(join(cwd, "data/scans.db")).size / (2 * pictures);
    rows.push({ pictures, "peak MiB": peakMiB, seconds: round(seconds, 1), "bytes stored a file": round(stored, 0) });
    rmSync(source, { recursive: true });
  }
  report(`Memory of a scan (${SMALL_SIDE}², whole command)`, rows);
}

async function workers(root: string): Promise<void> {
  const programs = findPostgres();
  if (!programs) return;
  const pictures = SHARED;
  const source = join(root, "shared");
  await writeSample(source, { pictures, side: 512, bad: 0.02, copies: 0, captions: true, seed: 3 });
  const postgres = await startPostgres(programs);
  try {
    const shared = async (processes: number): Promise<number> => {
      const env = { DATABASE_URL: await postgres.database() };
      const others = [];
      for (let core = 1; core < processes; core++) {
        const worker = start([CLI, "worker"], { cwd: place(root), core, env });
        others.push(worker);
      }
      await sleep(others.length > 0 ? 3_000 : 0); // until they have opened their models, as a fleet has
      const { seconds } = await scan(source, { cwd: place(root), core: 0, env }).ended;
      for (const { child, ended } of others) {
        child.kill("SIGTERM");
        await ended;
      }
      return seconds;
    };
    const single = join(root, "a-single-one");
    await writeSample(single, { pictures: 1, side: 512, bad: 0, copies: 0, captions: true, seed: 3 });
    const began = (
      await scan(single, { cwd: place(root), core: 0, env: { DATABASE_URL: await postgres.database() } }).ended
    ).seconds;
    const [one, two] = [await shared(1), await shared(2)];
    const row = (processes: number, seconds: number) => ({
      processes,
      pictures,
      seconds: round(seconds, 1),
      "pictures/s once started": round((pictures - 1) / (seconds - began), 1),
    });
    report("One process and two, a core each, shards over PostgreSQL", [row(1, one), row(2, two)], {
      times: round((one - began) / (two - began), 2),
    });
  } finally {
    postgres.stop();
  }
}

/** Over S3, here a server on loopback: what is asked of it, which is what a bill counts. */
async function overS3(root: string, source: string): Promise<void> {
  const s3 = await openTestS3("bucket");
  try {
    const names = readdirSync(source, { recursive: true, encoding: "utf8" }).filter((name) => name.includes("."));
    for (const name of names) await s3.put("bucket", { [`set/${name}`]: readFileSync(join(source, name)) });
    const cwd = place(root);
    writeFileSync(
      join(cwd, "safelight.yaml"),
      `data: ./data\ns3: { endpoint: "${s3.endpoint}", region: us-east-1, credentials: { access_key_id: { from_env: KEY }, secret_access_key: { from_env: KEY } } }\n`,
    );
    s3.requests.length = 0;
    const pictures = names.filter((name) => !name.endsWith(".txt")).length;
    const { seconds } = await scan("s3://bucket/set", { cwd, env: { KEY: "S3RVER" } }).ended;
    const counted = Map.groupBy(s3.requests, (line) =>
      line.includes("list-type") ? "list" : (line.split(" ", 1)[0] ?? ""),
    );
    report("Scanning a prefix in S3", [
      {
        pictures,
        captions: names.length - pictures,
        ...Object.fromEntries([...counted].map(([method, lines]) => [method, lines.length])),
        seconds: round(seconds, 2),
      },
    ]);
  } finally {
    await s3.close();
  }
}

/** Stopped half-way with SIGKILL and begun again, against once from start to end. */
async function resume(root: string, source: string, pictures: number): Promise<void> {
  const whole = await scan(source, { cwd: place(root) }).ended;
  const cwd = place(root);
  const first = scan(source, { cwd });
  await sleep(whole.seconds * 500);
  first.child.kill("SIGKILL");
  const killed = await first.ended;
  const second = await scan(source, { cwd }).ended;
  const done = Number(/: ([\d,]+) of/.exec(second.err)?.[1]?.replaceAll(",", "") ?? 0);
  const again = await scan(source, { cwd }, "--restart").ended;
  report("A scan that is killed half-way and begun again", [
    {
      pictures,
      "at once, s": round(whole.seconds, 2),
      "until killed, s": round(killed.seconds, 2),
      "then judged": done,
      "the rest, s": round(second.seconds, 2),
      "cost of it, s": round(killed.seconds + second.seconds - whole.seconds, 2),
      "nothing changed, s": round(again.seconds, 2),
    },
  ]);
}

/** One picture among files that are none, a thousand to a folder. */
async function tiny(root: string, files: number): Promise<void> {
  const source = join(root, "tiny");
  for (let n = 0; n < files; n++) {
    const folder = join(source, String(Math.floor(n / 1_000)));
    if (n % 1_000 === 0) mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `${n}.dat`), `${n}\n`);
  }
  await writeSample(join(source, "picture"), { pictures: 1, side: 512, bad: 0, copies: 0, captions: false, seed: 1 });
  const { seconds, peakMiB } = await scan(source, { cwd: place(root) }).ended;
  report("A scan of tiny files, to its manifest", [{ files, seconds: round(seconds), "peak, MiB": peakMiB }]);
}

if (values.nsfwjs !== undefined) await nsfwjsLoop(values.nsfwjs);
else {
  const root = mkdtempSync(join(tmpdir(), "safelight-bench-"));
  try {
    const only = values.only.split(",");
    const pictures = Number(values.pictures);
    const source = join(root, "sample");
    if (only.some((part) => ["speed", "s3", "resume"].includes(part))) {
      await writeSample(source, { pictures, side: 512, bad: 0.02, copies: 0, captions: true, seed: 1 });
    }
    if (only.includes("speed")) await speed(root, source, pictures);
    if (only.includes("s3")) await overS3(root, source);
    if (only.includes("resume")) await resume(root, source, pictures);
    if (only.includes("workers")) await workers(root);
    if (only.includes("tiny")) await tiny(root, Number(values.tiny));
    if (only.includes("memory")) await memory(root, Number(values.many));
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}
