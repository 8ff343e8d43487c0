import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { SafelightError } from "../contract/errors.ts";
import { sharesOf } from "./session.ts";
import type { Feeds } from "./session-messages.ts";
import { SessionPool, type Shares } from "./session-pool.ts";
import type { SessionThread } from "./session-thread.ts";

const feeds = (n: number): Feeds => ({ x: { dims: [1], data: Float32Array.of(n) } });

/** Threads that end a run when they are told to. */
class FakeThread implements SessionThread {
  readonly inputs = [];
  readonly threads: number;
  readonly runs: number[] = [];
  alive = true;
  closed = false;
  #running: PromiseWithResolvers<void> | undefined;

  constructor(threads: number) {
    this.threads = threads;
  }

  async run({ x }: Feeds) {
    if (this.#running) throw new Error("two runs at once");
    this.runs.push(Number(x?.data[0]));
    this.#running = Promise.withResolvers();
    await this.#running.promise;
    return {};
  }

  async finish() {
    const running = this.#running;
    this.#running = undefined;
    running?.resolve();
    await turn();
  }

  async die() {
    this.alive = false;
    const running = this.#running;
    this.#running = undefined;
    running?.reject(new SafelightError("detector_failed", "the thread ended"));
    await turn();
  }

  async close() {
    await this.#running?.promise;
    this.closed = true;
  }
}

async function open(shares: Shares = { alone: 2, each: 1, sessions: 2 }) {
  const threads: FakeThread[] = [];
  let refuse: Error | undefined;
  const start = async (count: number) => {
    await turn();
    if (refuse) throw refuse;
    const thread = new FakeThread(count);
    threads.push(thread);
    return thread;
  };
  const pool = await SessionPool.open("fake", start, shares);
  const at = (i: number) => {
    const thread = threads[i];
    if (!thread) throw new Error(`thread ${i} was not started`);
    return thread;
  };
  return { pool, threads, at, refuse: (error: Error | undefined) => (refuse = error) };
}

describe("a pool of sessions", () => {
  test("a run that is alone always has the session with the most threads, and no other is started", async () => {
    const { pool, threads, at } = await open();
    for (let i = 0; i < 3; i++) {
      const run = pool.run(feeds(i));
      await at(0).finish();
      await run;
    }
    expect(threads.map(({ threads: count, runs }) => [count, runs])).toEqual([[2, [0, 1, 2]]]);
  });

  test("runs that wait start further sessions with fewer threads; later, a run that is alone has the first again", async () => {
    const { pool, threads, at } = await open({ alone: 4, each: 1, sessions: 3 });
    const runs = [0, 1, 2, 3].map((n) => pool.run(feeds(n)));
    for (let i = 0; i < 6; i++) await turn();
    expect(threads.map(({ threads: count, runs: seen }) => [count, seen])).toEqual([
      [4, [0]],
      [1, [1]],
      [1, [2]],
    ]);
    await at(0).finish();
    await at(0).finish();
    await at(2).finish();
    await at(1).finish();
    await Promise.all(runs);
    const alone = pool.run(feeds(9));
    expect(at(0).runs).toEqual([0, 3, 9]);
    await at(0).finish();
    await alone;
  });

  test("runs begin in the order in which they were asked for", async () => {
    const { pool, at } = await open({ alone: 1, each: 1, sessions: 1 });
    const runs = [5, 3, 8, 1].map((n) => pool.run(feeds(n)));
    for (let i = 0; i < 4; i++) await at(0).finish();
    await Promise.all(runs);
    expect(at(0).runs).toEqual([5, 3, 8, 1]);
  });

  test("a run that waits is dropped when its caller leaves, and the one behind it goes on", async () => {
    const { pool, at } = await open({ alone: 1, each: 1, sessions: 1 });
    const caller = new AbortController();
    const first = pool.run(feeds(1));
    const dropped = expect(pool.run(feeds(2), caller.signal)).rejects.toThrow("gone");
    const last = pool.run(feeds(3));
    caller.abort(new Error("gone"));
    await at(0).finish();
    await at(0).finish();
    await Promise.all([first, dropped, last]);
    expect(at(0).runs).toEqual([1, 3]);
  });

  test("a session that dies fails its run only; the next one is served by a new session, as wide", async () => {
    const { pool, threads, at } = await open({ alone: 2, each: 1, sessions: 1 });
    const failed = expect(pool.run(feeds(1))).rejects.toMatchObject({ code: "detector_failed" });
    const next = pool.run(feeds(2));
    await at(0).die();
    await failed;
    await turn();
    await turn();
    expect(threads.map(({ threads: count, runs }) => [count, runs])).toEqual([
      [2, [1]],
      [2, [2]],
    ]);
    await at(1).finish();
    await next;
  });

  test("a session that dies while it is idle is replaced by the run that finds it dead", async () => {
    const { pool, at } = await open();
    await at(0).die();
    const run = pool.run(feeds(1));
    await turn();
    await turn();
    await at(1).finish();
    await run;
    expect(at(1).threads).toBe(2);
  });

  test("when no further session can be started, the first serves all; with none left, the runs fail and later ones try again", async () => {
    const { pool, at, refuse } = await open();
    refuse(new SafelightError("config_invalid", "no memory"));
    const runs = [pool.run(feeds(1)), pool.run(feeds(2))];
    await turn();
    await turn();
    await at(0).finish();
    await at(0).finish();
    await Promise.all(runs);
    await at(0).die();
    await expect(pool.run(feeds(3))).rejects.toMatchObject({ code: "config_invalid" });
    refuse(undefined);
    const again = pool.run(feeds(4));
    await turn();
    await turn();
    await at(1).finish();
    await again;
  });

  test("closing lets what has begun end, fails what waits, and closes every session, also one that is still starting", async () => {
    const { pool, threads, at } = await open();
    const running = pool.run(feeds(1));
    const waiting = expect(pool.run(feeds(2))).rejects.toThrow("was closed");
    const closing = pool.close();
    await waiting;
    await turn();
    await turn();
    await at(0).finish();
    await Promise.all([running, closing]);
    expect(threads.map(({ closed }) => closed)).toEqual([true, true]);
    await expect(pool.run(feeds(3))).rejects.toThrow("was closed");
  });
});

test("the cores are shared out: one run alone has them all, many have one session each", () => {
  expect([1, 2, 4, 8, 16, 64].map((cores) => sharesOf({}, cores))).toEqual([
    { alone: 1, each: 1, sessions: 1 },
    { alone: 2, each: 1, sessions: 2 },
    { alone: 4, each: 1, sessions: 4 },
    { alone: 4, each: 2, sessions: 4 },
    { alone: 4, each: 4, sessions: 4 },
    { alone: 4, each: 4, sessions: 4 },
  ]);
  expect(sharesOf({ threads: 2 }, 8)).toEqual({ alone: 2, each: 2, sessions: 4 });
  expect(sharesOf({ threads: 3 }, 2)).toEqual({ alone: 3, each: 3, sessions: 1 });
  expect(sharesOf({ sessions: 1 }, 2)).toEqual({ alone: 2, each: 2, sessions: 1 });
});
