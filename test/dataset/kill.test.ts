import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { writeResults } from "../../src/dataset/output/results.ts";
import { openEmbeddedScans } from "../../src/store/scans/embedded.ts";
import { openPostgresScans } from "../../src/store/scans/postgres.ts";
import type { ScanStore } from "../../src/store/scans/scan-store.ts";
import { shows } from "./judge.ts";
import { findPostgres, startPostgres, type TestPostgres } from "./postgres.ts";
import { plant, temporaryFolder } from "./world.ts";

const programs = findPostgres();
let postgres: TestPostgres | undefined;
beforeAll(async () => {
  if (programs) postgres = await startPostgres(programs);
});
afterAll(() => postgres?.stop());

const PICTURES = 1_000;
/** As in the child: pictures under way at once. */
const WIDTH = 4;

function pictures(): string {
  const tree = Array.from({ length: PICTURES }, (_, i) => [
    `${String(i % 10)}/${i}.png`,
    shows(i % 13 === 5 ? "gore" : "nothing", `number ${i}`),
  ]);
  return plant(temporaryFolder(), Object.fromEntries(tree));
}

class Child {
  /** What it looked at, in order. */
  readonly seen: string[] = [];
  readonly process: ChildProcess;
  readonly ended: Promise<unknown>;
  finished: string | undefined;
  errors = "";

  constructor(role: "alone" | "coordinator" | "worker", source: string, place: string) {
    const script = join(import.meta.dirname, "scan-child.ts");
    this.process = spawn(process.execPath, [script, role, source, place], { stdio: ["ignore", "pipe", "pipe"] });
    const { stdout, stderr } = this.process;
    if (!stdout || !stderr) throw new Error("the child has no output");
    stderr.on("data", (chunk) => {
      this.errors += chunk;
    });
    const lines = createInterface({ input: stdout });
    lines.on("line", (line) => {
      if (line.startsWith("finished ")) this.finished = line.slice(9);
      else if (line.startsWith("picture of")) this.seen.push(line);
    });
    this.ended = Promise.all([once(this.process, "exit"), once(lines, "close")]);
    onTestFinished(() => this.kill());
  }

  /** Waits until it has looked at so many. */
  async until(count: number): Promise<void> {
    while (this.seen.length < count) {
      if (this.process.exitCode !== null) throw new Error(`it ended early: ${this.errors}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  async kill(): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) this.process.kill("SIGKILL");
    await this.ended;
  }
}

/** The lines of the results, and the id of the scan. */
async function resultsOf(store: ScanStore, id: string): Promise<string> {
  const folder = temporaryFolder();
  await writeResults(folder, store, id);
  await store.close();
  return readFileSync(join(folder, "results.jsonl"), "utf8");
}

async function undisturbed(source: string): Promise<string> {
  const data = temporaryFolder();
  const child = new Child("alone", source, data);
  await child.ended;
  expect(child.errors).toBe("");
  return resultsOf(openEmbeddedScans(data), child.finished ?? "");
}

describe("killed at any moment", () => {
  test("a scan goes on where it was, and ends with the same bytes", async () => {
    const source = pictures();
    const data = temporaryFolder();
    const seen: string[] = [];
    const kills = [1, 200, 333, 2, 150];
    for (const after of kills) {
      const child = new Child("alone", source, data);
      await child.until(after);
      await child.kill();
      seen.push(...child.seen);
    }
    const last = new Child("alone", source, data);
    await last.ended;
    seen.push(...last.seen);
    expect(last.errors).toBe("");
    expect(new Set(seen).size).toBe(PICTURES);
    // What was judged in the quarter of a second before a kill may not have been kept yet.
    expect(seen.length).toBeLessThan(PICTURES * 2);
    expect(await resultsOf(openEmbeddedScans(data), last.finished ?? "")).toBe(await undisturbed(source));
  });
});

describe.skipIf(!programs)("over several processes", () => {
  async function database(): Promise<string> {
    if (!postgres) throw new Error("there is no server");
    return postgres.database();
  }

  test("workers share a scan, and it ends with the same bytes as one alone", async () => {
    const [source, url] = [pictures(), await database()];
    const workers = [new Child("worker", source, url), new Child("worker", source, url)];
    const coordinator = new Child("coordinator", source, url);
    await coordinator.ended;
    expect(coordinator.errors).toBe("");
    const seen = workers.map((worker) => worker.seen);
    expect(seen.every((list) => list.length > 0)).toBe(true);
    expect(seen.flat().sort()).toEqual([...new Set(seen.flat())].sort());
    expect(seen.flat().length).toBe(PICTURES);
    expect(await resultsOf(await openPostgresScans(url), coordinator.finished ?? "")).toBe(await undisturbed(source));
  });

  test("the shard of a worker that was killed is taken over; a coordinator that was killed joins again", async () => {
    const [source, url] = [pictures(), await database()];
    const first = new Child("coordinator", source, url);
    const victim = new Child("worker", source, url);
    await victim.until(100);
    await first.kill();
    await victim.kill();
    const heir = new Child("worker", source, url);
    const second = new Child("coordinator", source, url);
    await second.ended;
    expect(second.errors).toBe("");
    const seen = [...victim.seen, ...heir.seen];
    expect(new Set(seen).size).toBe(PICTURES);
    expect(seen.length - PICTURES).toBeLessThanOrEqual(256 + WIDTH);
    expect(await resultsOf(await openPostgresScans(url), second.finished ?? "")).toBe(await undisturbed(source));
  }, 90_000);
});
