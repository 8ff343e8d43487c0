import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { report, round } from "./support/harness.ts";

/** From `git clone` of what is committed to the first picture that `npm start` serves; npm's cache is as the machine has it. */
const REPOSITORY = fileURLToPath(new URL("..", import.meta.url));
const LIMIT_MS = 15 * 60_000;

const folder = await mkdtemp(join(tmpdir(), "safelight clone "));
const clone = join(folder, "safelight");
const begin = performance.now();
execFileSync("git", ["clone", "--quiet", REPOSITORY, clone]);
const cloned = performance.now();
const env = { ...process.env, PORT: "0", SAFELIGHT_DATA: join(folder, "data") };
const child = spawn("npm", ["start"], { cwd: clone, env, stdio: ["ignore", "ignore", "pipe"], detached: true });
let said = "";
child.stderr.on("data", (chunk) => {
  said += chunk;
});
try {
  const url = await listening();
  const ready = performance.now();
  const response = await fetch(`${url}/api/v1/generations`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ prompt: "a red boat on a lake" }),
  });
  const { action, images } = (await response.json()) as { action: string; images: { b64: string }[] };
  if (action !== "allow" || !images[0]?.b64) throw new Error(`wrong answer: ${action}`);
  const page = await (await fetch(url)).text();
  if (!page.includes("<script")) throw new Error("wrong answer: no page");
  const served = performance.now();
  const seconds = (from: number, to: number) => round((to - from) / 1000, 1);
  report("Fresh clone to first served picture", [
    {
      clone_s: seconds(begin, cloned),
      set_up_s: seconds(cloned, ready),
      first_picture_s: seconds(ready, served),
      total_s: seconds(begin, served),
    },
  ]);
} finally {
  if (child.pid !== undefined && child.exitCode === null) {
    process.kill(-child.pid, "SIGTERM");
    await once(child, "exit");
  }
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}

async function listening(): Promise<string> {
  while (performance.now() - begin < LIMIT_MS) {
    const url = /listening on (http:\S+)/.exec(said)?.[1];
    if (url) return url;
    if (child.exitCode !== null) break;
    await sleep(100);
  }
  throw new Error(`npm start did not come to serve:\n${said}`);
}
