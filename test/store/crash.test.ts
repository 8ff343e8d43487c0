import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { setTimeout as wait } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { digestOf } from "../../src/store/blobs/disk.ts";
import { openStore } from "../../src/store/embedded.ts";
import { picturesOf } from "../../src/store/forget.ts";
import type { Store } from "../../src/store/store.ts";

const KILLS = 20;
const inAnHour = () => new Date(Date.now() + 3_600_000);

let folder: string;
const savers: Saver[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "safelight-crash-"));
});
afterEach(async () => {
  await Promise.all(savers.splice(0).map((saver) => saver.kill()));
  await rm(folder, { recursive: true, force: true });
});

/** What a process was told had been saved: the last state of each record, and its pictures. */
type Acknowledged = Map<string, { state: string; digests: readonly string[] }>;

class Saver {
  readonly acknowledged: Acknowledged = new Map();
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  readonly ended: Promise<unknown>;
  readonly started: Promise<void>;
  errors = "";

  constructor(name: string, count?: number) {
    const script = join(import.meta.dirname, "saver.ts");
    const args = [script, folder, name, ...(count === undefined ? [] : [String(count)])];
    this.#child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
    this.#child.stderr.on("data", (chunk) => {
      this.errors += chunk;
    });
    const lines = createInterface({ input: this.#child.stdout });
    this.started = new Promise((resolve, reject) => {
      lines.on("line", (line) => {
        const [id, state, ...digests] = JSON.parse(line);
        this.acknowledged.set(id, { state, digests });
        resolve();
      });
      lines.on("close", () => reject(new Error(`the child saved nothing: ${this.errors}`)));
    });
    savers.push(this);
    this.ended = Promise.all([once(this.#child, "exit"), once(lines, "close")]);
  }

  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.ended;
  }
}

async function expectKept(store: Store, acknowledged: Acknowledged): Promise<void> {
  for (const [id, { state, digests }] of acknowledged) {
    const found = await store.get(id);
    // A record acknowledged as running may have gone further before the process could say so.
    const states = state === "running" ? ["running", "complete"] : [state];
    expect(states, id).toContain(found?.state);
    const named = found ? picturesOf(found).map(({ digest }) => digest) : [];
    if (state === "complete") expect(named).toEqual(digests);
    for (const digest of named) expect(digestOf((await store.picture(digest)) ?? Buffer.of())).toBe(digest);
  }
}

/** Every file that could be read as a picture, but for those seen before, is whole. @returns the digests of all */
async function expectWholePictures(seen: ReadonlySet<string> = new Set()): Promise<ReadonlySet<string>> {
  const digests = new Set<string>();
  for (const two of await readdir(join(folder, "pictures"))) {
    if (two === "tmp") continue;
    for (const rest of await readdir(join(folder, "pictures", two))) {
      const digest = `sha256:${two}${rest}`;
      if (!seen.has(digest)) expect(digestOf(await readFile(join(folder, "pictures", two, rest)))).toBe(digest);
      digests.add(digest);
    }
  }
  return digests;
}

describe("the embedded store", () => {
  test(`loses nothing that it acknowledged when its process is killed, ${KILLS} times`, {
    timeout: 180_000,
  }, async () => {
    const all: Acknowledged = new Map();
    let interrupted = 0;
    let seen: ReadonlySet<string> = new Set();
    for (let kill = 0; kill < KILLS; kill++) {
      const saver = new Saver(`k${kill}`);
      await saver.started;
      await wait(Math.random() * 200);
      await saver.kill();
      expect(saver.errors).toBe("");

      const store = await openStore(folder);
      await expectKept(store, saver.acknowledged);
      seen = await expectWholePictures(seen);
      interrupted += await store.recoverInterrupted(new Date());
      expect((await store.list({ limit: 1, state: "running" })).records).toEqual([]);
      await store.close();
      for (const [id, what] of saver.acknowledged) if (what.state === "complete") all.set(id, what);
    }
    expect(all.size).toBeGreaterThan(KILLS);
    expect(interrupted).toBeGreaterThan(0);

    const store = await openStore(folder);
    await store.sweepOrphans(inAnHour());
    await expectKept(store, all);
    const named = new Set<string>();
    for (let before: string | undefined; ; ) {
      const page = await store.list({ limit: 100, ...(before === undefined ? {} : { before }) });
      for (const of of page.records) for (const { digest } of picturesOf(of)) named.add(digest);
      if (page.next === null) break;
      before = page.next;
    }
    await store.close();
    expect(await expectWholePictures()).toEqual(named);
    expect(await readdir(join(folder, "pictures", "tmp"))).toEqual([]);
    expect(await readdir(join(folder, "live"))).toEqual([]);
  });

  test("serves several processes at once, from the making of the folder on", { timeout: 120_000 }, async () => {
    const three = ["a", "b", "c"].map((name) => new Saver(name, 40));
    const store = await openStore(folder);
    await Promise.all(three.map((saver) => saver.started));
    let recovered = 0;
    let running = true;
    const upkeep = (async () => {
      while (running) {
        recovered += await store.recoverInterrupted(new Date());
        await store.sweepOrphans(new Date(Date.now() + 10 * 60_000 - 5_000));
        await store.check();
      }
    })();
    await Promise.all(three.map((saver) => saver.ended));
    running = false;
    await upkeep;
    for (const saver of three) {
      expect(saver.errors).toBe("");
      expect([...saver.acknowledged.values()].filter(({ state }) => state === "complete")).toHaveLength(40);
      await expectKept(store, saver.acknowledged);
    }
    expect(recovered).toBe(0); // nobody who lives was taken for dead
    await store.close();
  });
});
