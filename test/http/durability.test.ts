import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { GenerationAnswer } from "../../src/contract/generation.ts";

const CLI = fileURLToPath(new URL("../../src/cli/safelight.ts", import.meta.url));

let data: string;
let child: ChildProcess | undefined;
beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), "safelight-durability-"));
});
afterEach(async () => {
  if (child && child.exitCode === null && child.signalCode === null) await end("SIGKILL");
  await rm(data, { recursive: true, force: true });
});

async function start(): Promise<string> {
  const started = spawn(process.execPath, [CLI, "serve"], {
    env: { ...process.env, PORT: "0", SAFELIGHT_DATA: data },
    stdio: ["ignore", "ignore", "pipe"],
  });
  child = started;
  return new Promise((resolve, reject) => {
    let said = "";
    started.once("exit", () => reject(new Error(said)));
    started.stderr.on("data", (chunk) => {
      said += chunk;
      const url = /listening on (http:\S+)/.exec(said)?.[1];
      if (url) resolve(url);
    });
  });
}

async function end(signal: NodeJS.Signals): Promise<void> {
  child?.kill(signal);
  if (child) await once(child, "exit");
}

const post = (url: string, prompt: string, headers = {}) =>
  fetch(`${url}/api/v1/generations`, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...headers },
    body: JSON.stringify({ prompt, width: 64, height: 64 }),
  });

describe("killed at any moment", () => {
  test("the server loses no answered record, and shows no half-written picture", async () => {
    const answered: GenerationAnswer[] = [];
    for (let round = 0; round < 3; round++) {
      const url = await start();
      let stopped = false;
      const clients = Array.from({ length: 3 }, async (_, client) => {
        for (let i = 0; !stopped; i++) {
          const answer = await post(url, `boat ${round} ${client} ${i}`)
            .then((response) => response.json())
            .catch(() => undefined);
          if (answer) answered.push(answer as GenerationAnswer);
        }
      });
      const before = answered.length;
      await expect.poll(() => answered.length, { timeout: 20_000 }).toBeGreaterThan(before + 3 + round);
      await end("SIGKILL");
      stopped = true;
      await Promise.all(clients);
    }
    const url = await start();
    for (const answer of answered) {
      const path = new URL(answer.url).pathname;
      expect(await (await fetch(`${url}${path}`)).json()).toMatchObject({ id: answer.id, state: "complete" });
      const picture = await fetch(`${url}${path}/images/0`);
      const bytes = Buffer.from(await picture.arrayBuffer());
      expect(bytes.toString("base64")).toBe(answer.images[0]?.b64);
      expect(await sharp(bytes).metadata()).toMatchObject({ width: 64 });
    }
  });

  test("a generation in the background is told to have been interrupted", async () => {
    const begun = (await (
      await post(await start(), "safelight-test:generator:delay:30000", { Prefer: "respond-async" })
    ).json()) as GenerationAnswer;
    await end("SIGKILL");
    const url = await start();
    const path = new URL(begun.url).pathname;
    expect(await (await fetch(`${url}${path}`)).json()).toMatchObject({
      state: "failed",
      error: { code: "interrupted" },
    });
  });
});

describe("told to stop", () => {
  test("the server finishes what it is answering", async () => {
    const url = await start();
    const asked = post(url, "a boat safelight-test:generator:delay:1500");
    await sleep(500);
    await end("SIGTERM");
    expect(await (await asked).json()).toMatchObject({ state: "complete" });
    expect(child?.exitCode).toBe(0);
  });
});
