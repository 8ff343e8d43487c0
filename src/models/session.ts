import { availableParallelism } from "node:os";
import { SafelightError } from "../contract/errors.ts";
import { findModel, type ModelEntry, readModel } from "./manifest.ts";
import type { Tensor, Tensors } from "./session-messages.ts";
import { openThread, type SessionThread } from "./session-thread.ts";

export type { Tensor, Tensors };

export interface SessionOptions {
  /**
   * Threads that work on one run together; 2 when absent and there are two cores. More of them shorten one run, more
   * sessions serve more runs at once.
   */
  readonly threads?: number;
  /**
   * At most so many runs at once, each with its own session; when absent as many as the cores can feed, at most 4. The second
   * is opened when a run has to wait for the first.
   */
  readonly sessions?: number;
  /** Where `manifest.json` lies; a URL that ends with a slash. The models that ship with the product when absent. */
  readonly folder?: URL;
}

/** A model that is open: shared by all who asked for it. */
export interface Model {
  readonly entry: ModelEntry;
  /** Runs that can go on at once. */
  readonly sessions: number;
  /**
   * Runs in another thread. The data of `feeds` is copied; do not change it before this resolves.
   * @param signal drops the run while it waits; once it has begun, it ends by itself.
   * @throws SafelightError `detector_failed` when ONNX Runtime refuses the input, or its thread dies
   */
  run(feeds: Tensors, signal?: AbortSignal): Promise<Tensors>;
  /** The last of those who opened the model releases it. Runs that have begun end first; those that wait fail. */
  close(): Promise<void>;
}

const open = new Map<string, { users: number; pool: Promise<Pool> }>();

/**
 * Opens a model that `models/manifest.json` names, once however many ask for it with the same options. It is warm
 * when this resolves. A failed opening is forgotten: the next one tries again.
 * @throws SafelightError `config_invalid` when the file is missing, has another hash than the manifest, or is no model
 */
export async function openModel(id: string, options: SessionOptions = {}): Promise<Model> {
  const cores = availableParallelism();
  const threads = options.threads ?? Math.min(2, cores);
  const sessions = options.sessions ?? Math.min(4, Math.max(1, Math.floor(cores / threads)));
  const key = JSON.stringify([id, threads, sessions, options.folder?.href]);
  let shared = open.get(key);
  if (!shared) {
    shared = { users: 0, pool: openPool(id, threads, sessions, options.folder) };
    open.set(key, shared);
  }
  const mine = shared;
  mine.users += 1;
  let pool: Pool;
  try {
    pool = await mine.pool;
  } catch (error) {
    if (open.get(key) === mine) open.delete(key);
    throw error;
  }
  let left = false;
  return {
    entry: pool.entry,
    sessions,
    run: (feeds, signal) => pool.run(feeds, signal),
    async close() {
      if (left) return;
      left = true;
      mine.users -= 1;
      if (mine.users > 0) return;
      if (open.get(key) === mine) open.delete(key);
      await pool.close();
    },
  };
}

async function openPool(id: string, threads: number, sessions: number, folder: URL | undefined): Promise<Pool> {
  const entry = await findModel(id, folder);
  const start = () => openThread(entry.id, readModel(entry, folder), threads);
  return new Pool(entry, start, await start(), sessions);
}

interface Job {
  readonly feeds: Tensors;
  readonly signal: AbortSignal | undefined;
  resolve(outputs: Tensors): void;
  reject(error: unknown): void;
}

/** Runs wait in one line for the sessions of one model. */
class Pool {
  readonly entry: ModelEntry;
  readonly #start: () => Promise<SessionThread>;
  readonly #most: number;
  readonly #idle: SessionThread[];
  readonly #all: Set<SessionThread>;
  readonly #waiting: Job[] = [];
  #starting: Promise<void> | undefined;
  #closed = false;

  constructor(entry: ModelEntry, start: () => Promise<SessionThread>, first: SessionThread, most: number) {
    this.entry = entry;
    this.#start = start;
    this.#most = most;
    this.#idle = [first];
    this.#all = new Set([first]);
  }

  async run(feeds: Tensors, signal: AbortSignal | undefined): Promise<Tensors> {
    if (this.#closed) throw this.#gone();
    return new Promise((resolve, reject) => {
      this.#waiting.push({ feeds, signal, resolve, reject });
      this.#serve();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const job of this.#waiting.splice(0)) job.reject(this.#gone());
    await this.#starting;
    await Promise.all([...this.#all].map((thread) => thread.close()));
  }

  #serve(): void {
    for (const thread of this.#idle.filter((one) => !one.alive)) this.#forget(thread);
    while (this.#waiting.length > 0) {
      const job = this.#waiting[0];
      if (job?.signal?.aborted) {
        this.#waiting.shift();
        job.reject(job.signal.reason);
        continue;
      }
      const thread = this.#idle.pop();
      if (!job || !thread) break;
      this.#waiting.shift();
      void this.#work(thread, job);
    }
    if (this.#waiting.length > 0 && this.#all.size < this.#most) this.#grow();
  }

  async #work(thread: SessionThread, job: Job): Promise<void> {
    try {
      job.resolve(await thread.run(job.feeds));
    } catch (error) {
      job.reject(error);
    }
    this.#idle.push(thread);
    this.#serve();
  }

  #grow(): void {
    this.#starting ??= this.#start().then(
      (thread) => {
        this.#starting = undefined;
        this.#all.add(thread);
        this.#idle.push(thread);
        if (!this.#closed) this.#serve();
      },
      (error: unknown) => {
        this.#starting = undefined;
        // With a session left, the line moves on more slowly. Without one, nobody would ever answer.
        if (this.#all.size === 0) for (const job of this.#waiting.splice(0)) job.reject(error);
      },
    );
  }

  #forget(thread: SessionThread): void {
    this.#all.delete(thread);
    this.#idle.splice(this.#idle.indexOf(thread), 1);
  }

  #gone(): SafelightError {
    return new SafelightError("detector_failed", `model ${this.entry.id} was closed`);
  }
}
