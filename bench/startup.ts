import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { quantile, report, round } from "./support/harness.ts";

const CLI = fileURLToPath(new URL("../src/cli/safelight.ts", import.meta.url));
const ROUNDS = 7;

interface Start {
  readonly ready_ms: number;
  readonly first_picture_ms: number;
  readonly rest_mb: number;
  readonly busy_mb: number;
}

async function start(data: string): Promise<Start> {
  const begin = performance.now();
  const child = spawn(process.execPath, [CLI, "serve"], {
    env: { ...process.env, PORT: "0", SAFELIGHT_DATA: data },
    stdio: ["ignore", "ignore", "pipe"],
  });
  try {
    const url = await listening(child);
    if (!(await fetch(`${url}/readyz`)).ok) throw new Error("wrong answer: not ready");
    const ready_ms = performance.now() - begin;
    const rest_mb = await residentMb(child);
    await picture(url);
    const first_picture_ms = performance.now() - begin;
    for (let i = 0; i < 20; i++) await picture(url);
    return { ready_ms, first_picture_ms, rest_mb, busy_mb: await residentMb(child) };
  } finally {
    child.kill("SIGTERM");
    await once(child, "exit");
  }
}

function listening(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = "";
    child.once("exit", (code) => reject(new Error(`serve ended with ${code}: ${said}`)));
    child.stderr?.on("data", (chunk) => {
      said += chunk;
      const url = /listening on (http:\S+)/.exec(said)?.[1];
      if (url) resolve(url);
    });
  });
}

async function picture(url: string): Promise<void> {
  const response = await fetch(`${url}/api/v1/generations`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ prompt: "a red boat on a lake" }),
  });
  const { action } = (await response.json()) as { action: string };
  if (action !== "allow") throw new Error(`wrong answer: ${action}`);
}

async function residentMb(child: ChildProcess): Promise<number> {
  const status = await readFile(`/proc/${child.pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

const data = await mkdtemp(join(tmpdir(), "safelight-bench-"));
await start(data);
const starts: Start[] = [];
for (let i = 0; i < ROUNDS; i++) starts.push(await start(data));
const median = (of: (each: Start) => number) =>
  round(
    quantile(
      starts.map(of).sort((a, b) => a - b),
      0.5,
    ),
    1,
  );
report(
  "Warm start and memory, Linux: safelight serve with the default configuration",
  [
    {
      starts: ROUNDS,
      ready_ms: median((each) => each.ready_ms),
      first_picture_ms: median((each) => each.first_picture_ms),
      rest_mb: median((each) => each.rest_mb),
      after_21_pictures_mb: median((each) => each.busy_mb),
    },
  ],
  { aim: "ready_ms ≤ 1500" },
);
await rm(data, { recursive: true, force: true });
