import type { Config } from "../../config/schema.ts";
import { SafelightError } from "../../contract/errors.ts";
import type { Scan } from "../../contract/scan.ts";
import { Pace } from "../../dataset/scan/pace.ts";
import type { ScanProgress } from "../../dataset/scan/scan.ts";
import type { ScanStore } from "../../store/scans/scan-store.ts";
import { dataSets } from "./data-sets.ts";

/** Pictures under way at once: requests of others go on beside a scan. */
const WIDTH = 2;
const ON_PAGE = 1_000;

/** A scan that has its turn, or waits for it. */
export interface Job {
  readonly pace: Pace;
  readonly running: boolean;
  readonly listed: number | null;
  readonly progress: { readonly total: number; readonly done: number } | undefined;
}

interface Work extends Job {
  readonly id: string;
  readonly source: string;
  readonly policy: string;
  readonly stop: AbortController;
  running: boolean;
  cancelled: boolean;
  listed: number | null;
  progress: { readonly total: number; readonly done: number } | undefined;
  /** Those who wait for news. */
  waiting: (() => void)[];
}

/** Takes scans to their end in the background, one after the other. */
export class ScanQueue {
  readonly #config: Config;
  readonly #store: () => Promise<ScanStore>;
  readonly #folder: (id: string) => string;
  readonly #onError: (error: unknown) => void;
  /** In the order in which they have their turn. */
  readonly #jobs = new Map<string, Work>();
  #turn: Promise<void> = Promise.resolve();
  #closed = false;

  /**
   * @param folder where the results of a scan go
   * @param onError is told of what ends a scan that nobody waits for
   */
  constructor(
    config: Config,
    store: () => Promise<ScanStore>,
    folder: (id: string) => string,
    onError: (error: unknown) => void,
  ) {
    this.#config = config;
    this.#store = store;
    this.#folder = folder;
    this.#onError = onError;
  }

  /** Undefined: nothing works on it here. */
  job(id: string): Job | undefined {
    return this.#jobs.get(id);
  }

  holds(source: string, policy: string): boolean {
    return [...this.#jobs.values()].some((job) => job.source === source && job.policy === policy);
  }

  /** @throws SafelightError `conflict` when it is there already, `overloaded` when the server stops */
  add({ id, source, policy }: Scan): void {
    if (this.#closed) throw new SafelightError("overloaded", "the server stops");
    if (this.#jobs.has(id)) throw new SafelightError("conflict", "the scan is under way");
    const job: Work = {
      ...{ id, source, policy: policy.name, stop: new AbortController(), pace: new Pace() },
      ...{ running: false, cancelled: false, listed: null, progress: undefined, waiting: [] },
    };
    this.#jobs.set(id, job);
    this.#turn = this.#turn.then(() => this.#work(job));
  }

  /** Resolves when something has happened, or nothing works on it. */
  async changed(id: string, signal: AbortSignal): Promise<void> {
    const job = this.#jobs.get(id);
    if (!job) return;
    await new Promise<void>((resolve) => {
      const wake = () => {
        signal.removeEventListener("abort", wake);
        resolve();
      };
      job.waiting.push(wake);
      signal.addEventListener("abort", wake);
    });
  }

  /** @returns false when nothing works on it */
  async cancel(id: string): Promise<boolean> {
    const job = this.#jobs.get(id);
    if (!job) return false;
    job.stop.abort(new DOMException("the scan was cancelled", "AbortError"));
    if (!job.running) this.#left(job);
    job.cancelled = true;
    await this.#setCancelled(id);
    return true;
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const job of this.#jobs.values()) job.stop.abort(new DOMException("the server stops", "AbortError"));
    await this.#turn;
  }

  async #work(job: Work): Promise<void> {
    if (job.stop.signal.aborted) return;
    job.running = true;
    try {
      const scans = await (await dataSets()).openDataSetScans(this.#config, job.source, job.policy, this.#onError);
      try {
        await scans.finish(job.id, { width: WIDTH }, job.stop.signal, (progress) => this.#tell(job, progress));
        const folder = this.#folder(job.id);
        await scans.report(job.id, folder, { thumbnails: true, most: ON_PAGE }, job.stop.signal);
        await scans.vouch(job.id, folder, new Map(), job.stop.signal);
      } finally {
        await scans.close();
      }
    } catch (error) {
      if (!job.stop.signal.aborted) await this.#failed(job, error);
      // the list may have become whole after the cancel
      else if (job.cancelled) await this.#setCancelled(job.id).catch(this.#onError);
    } finally {
      this.#left(job);
    }
  }

  #tell(job: Work, progress: ScanProgress): void {
    if (progress.phase === "listing") job.listed = progress.listed;
    else {
      job.progress = { total: progress.total, done: progress.done };
      job.pace.mark(progress.done, performance.now());
    }
    this.#wake(job);
  }

  async #failed(job: Work, error: unknown): Promise<void> {
    const detail =
      error instanceof SafelightError ? error.detail : "it failed for a reason that only the server's log tells";
    if (!(error instanceof SafelightError)) this.#onError(error);
    await (await this.#store()).update(job.id, { error: detail }).catch(this.#onError);
  }

  /** Workers on other machines stop, too. One whose files are still being listed has no work for them, and is listed anew. */
  async #setCancelled(id: string): Promise<void> {
    await (await this.#store()).update(id, { state: "cancelled" }, ["judging"]);
  }

  #left(job: Work): void {
    this.#jobs.delete(job.id);
    this.#wake(job);
  }

  #wake(job: Work): void {
    for (const resolve of job.waiting.splice(0)) resolve();
  }
}
