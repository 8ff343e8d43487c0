import { existsSync } from "node:fs";
import { appendFile, mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Config } from "../../config/schema.ts";
import type { Action } from "../../contract/actions.ts";
import { SafelightError } from "../../contract/errors.ts";
import { highestScore, type Scan, type ScanCopies, type ScanItem } from "../../contract/scan.ts";
import {
  SCAN_FILES,
  type ScanAnswer,
  type ScanConsequences,
  type ScanFile,
  type ScanPlaces,
  type ScanRequest,
} from "../../contract/scan-api.ts";
import { REJECTED } from "../../contract/scan-problems.ts";
import { JOURNAL, readJournal } from "../../dataset/consequences/journal.ts";
import { isHeld, isWhole } from "../../dataset/consequences/undo.ts";
import { openFiles } from "../../dataset/files/open.ts";
import { blurredThumbnail, thumbnailOf } from "../../dataset/output/report/thumbnail.ts";
import { readPicture } from "../../dataset/scan/judge-item.ts";
import { Pace } from "../../dataset/scan/pace.ts";
import type { ScanProgress } from "../../dataset/scan/scan.ts";
import type { ScanPlace, ScanStore } from "../../store/scans/scan-store.ts";
import { AllowedPlaces, liesIn } from "./places.ts";
import type { ItemFilter, Revealer, ScanService } from "./service.ts";

/** Pictures under way at once: requests of others go on beside a scan. */
const WIDTH = 2;
const ON_PAGE = 1_000;
/** Scans of one page of the store, and of all that one request may look through. */
const SCANS_PAGE = 100;
const MOST_LISTED = 1_000;
/** Among the results of a scan: who has seen what unblurred, and when. */
const REVEALS = "reveals.jsonl";

/** Loaded when the first scan is asked for: a gateway that never scans does without databases and queues. */
const dataSets = () => import("../data-set.ts");

interface Job {
  readonly id: string;
  readonly source: string;
  readonly policy: string;
  readonly stop: AbortController;
  readonly pace: Pace;
  running: boolean;
  cancelled: boolean;
  listed: number | null;
  progress: { readonly total: number; readonly done: number } | undefined;
  /** Those who wait for news. */
  waiting: (() => void)[];
}

/** Whether rejected pictures of a scan lie in quarantine, and whether all came there that were to. */
interface Moved {
  readonly held: boolean;
  readonly whole: boolean;
}

/** @param onError is told of what ends a scan that nobody waits for */
export function openScans(config: Config, onError: (error: unknown) => void): ScanService {
  return new BackgroundScans(config, onError);
}

class BackgroundScans implements ScanService {
  readonly places: ScanPlaces;
  readonly #config: Config;
  readonly #allowed: AllowedPlaces;
  readonly #onError: (error: unknown) => void;
  /** In the order in which they have their turn. */
  readonly #jobs = new Map<string, Job>();
  /** What a journal of this size said last: it only grows. */
  readonly #journals = new Map<string, Moved & { readonly size: number }>();
  #store: Promise<ScanStore> | undefined;
  #turn: Promise<void> = Promise.resolve();
  /** Of two that move the same files at once, each would undo half of what the other does. */
  #moving = false;
  #closed = false;

  constructor(config: Config, onError: (error: unknown) => void) {
    const { sources, quarantine } = config.scans;
    this.places = { sources: [...sources], quarantine: quarantine !== undefined };
    this.#config = config;
    this.#allowed = new AllowedPlaces(sources);
    this.#onError = onError;
  }

  async start({ source, policy = "dataset", layout, min_side }: ScanRequest): Promise<ScanAnswer> {
    const place = await this.#allowed.find(source);
    if ([...this.#jobs.values()].some((job) => job.source === place && job.policy === policy))
      throw new SafelightError("conflict", "a scan of this source under this policy is under way");
    const scans = await (await dataSets()).openDataSetScans(this.#config, place, policy, this.#onError);
    try {
      const scan = await scans.create({ layout, minSide: min_side });
      return await this.#enqueue(scan);
    } finally {
      await scans.close();
    }
  }

  async list(limit: number, before: ScanPlace | undefined) {
    const store = await this.#opened();
    const scans: ScanAnswer[] = [];
    let next: ScanPlace | null = null;
    let from = before;
    for (let looked = 0; looked < MOST_LISTED; looked += SCANS_PAGE) {
      const page = await store.list(SCANS_PAGE, from);
      for (const scan of page) {
        if (await this.#allowed.holds(scan.source)) {
          if (scans.length === limit) return { scans, next };
          scans.push(await this.#answer(scan));
        }
        next = from = { created_at: scan.created_at, id: scan.id };
      }
      if (page.length < SCANS_PAGE) return { scans, next: null };
    }
    return { scans, next };
  }

  async get(id: string): Promise<ScanAnswer> {
    return this.#answer(await this.#scan(id));
  }

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

  async items(id: string, { matches, ...query }: ItemFilter, limit: number) {
    await this.#scan(id);
    const store = await this.#opened();
    const items: ScanItem[] = [];
    let { after } = query;
    for (let looked = 0; looked < MOST_LOOKED_AT; looked += PAGE) {
      const page = await store.browse(id, { ...query, after }, PAGE);
      for (const item of page) {
        if (matches(item)) items.push(item);
        if (items.length === limit) return { items, next: item };
        after = { key: item.key, score: highestScore(item) };
      }
      const last = page.at(-1);
      if (page.length < PAGE || !last) return { items, next: null };
      if (looked + PAGE >= MOST_LOOKED_AT) return { items, next: last };
    }
    return { items, next: null };
  }

  async copies(id: string, first: number, limit: number): Promise<readonly ScanCopies[]> {
    await this.#scan(id);
    return (await this.#opened()).copies(id, first, limit);
  }

  async file(id: string, name: ScanFile): Promise<string> {
    await this.#scan(id);
    const path = join(this.#folder(id), name);
    if (!existsSync(path))
      throw new SafelightError("not_found", `this scan has written no ${name}: it is not finished`);
    return path;
  }

  async thumbnail(id: string, key: string): Promise<Uint8Array> {
    const { small, item } = await this.#small(id, key);
    return isHidden(item) ? blurredThumbnail(small) : small;
  }

  async reveal(id: string, key: string, by: Revealer): Promise<Uint8Array> {
    const { small } = await this.#small(id, key);
    const line = JSON.stringify({ at: new Date().toISOString(), key: by.key, request_id: by.requestId, picture: key });
    try {
      await mkdir(this.#folder(id), { recursive: true });
      await appendFile(join(this.#folder(id), REVEALS), `${line}\n`, { flush: true });
    } catch (cause) {
      throw new SafelightError("storage_failed", "that the picture is revealed cannot be written down", { cause });
    }
    return small;
  }

  async #small(id: string, key: string): Promise<{ readonly small: Uint8Array; readonly item: ScanItem }> {
    const scan = await this.#scan(id);
    const store = await this.#opened();
    const [item] = await store.itemsOf(id, [key]);
    const files = item && (await openFiles(scan.source, this.#config.s3));
    try {
      const limits = this.#config.limits;
      const bytes =
        files && (await readPicture(store, id, item, files, limits.image_bytes, AbortSignal.timeout(30_000)));
      const small = bytes && (await thumbnailOf(bytes, limits));
      if (!item || !small) throw new SafelightError("not_found", "there is no such picture, or not as it was judged");
      return { small, item };
    } finally {
      await files?.close();
    }
  }

  async cancel(id: string): Promise<ScanAnswer> {
    const scan = await this.#scan(id);
    const job = this.#jobs.get(id);
    if (!job) throw new SafelightError("conflict", `nothing works on this scan; its state is "${scan.state}"`);
    job.stop.abort(new DOMException("the scan was cancelled", "AbortError"));
    if (!job.running) this.#left(job);
    job.cancelled = true;
    await this.#setCancelled(id);
    return this.get(id);
  }

  async resume(id: string): Promise<ScanAnswer> {
    const scan = await this.#scan(id);
    if (this.#jobs.has(id)) throw new SafelightError("conflict", "the scan is under way");
    if (scan.state === "finished" && existsSync(join(this.#folder(id), "manifest.json")))
      throw new SafelightError("conflict", "the scan is finished");
    const store = await this.#opened();
    await store.update(id, { error: null });
    await store.update(id, { state: "judging" }, ["cancelled"]);
    return this.#enqueue(await this.#scan(id));
  }

  async quarantine(id: string, signal: AbortSignal): Promise<ScanConsequences> {
    const { quarantine } = this.#config.scans;
    if (quarantine === undefined)
      throw new SafelightError(
        "conflict",
        "there is no place for a quarantine: set scans.quarantine in the configuration",
      );
    const scan = await this.#finished(id);
    if (await liesIn(quarantine, scan.source))
      throw new SafelightError(
        "conflict",
        `scans.quarantine in the configuration, ${quarantine}, lies inside this data set: what is moved there would be a part of it`,
      );
    return this.#exclusively(async () => {
      const { held, whole } = await this.#moved(id);
      if (held && whole) throw new SafelightError("conflict", "what was rejected is in quarantine already");
      const scans = await (await dataSets()).openDataSetScans(
        this.#config,
        scan.source,
        scan.policy.name,
        this.#onError,
      );
      try {
        const folder = this.#folder(id);
        const { left, stayed, rewritten } = await scans.takeOut(id, folder, `${quarantine}/${id}`, signal);
        await scans.vouch(id, folder, rewritten, signal);
        return { files: left, stayed: [...stayed] };
      } finally {
        await scans.close();
      }
    });
  }

  async undo(id: string, signal: AbortSignal): Promise<ScanConsequences> {
    await this.#finished(id);
    return this.#exclusively(async () => {
      if (!(await this.#moved(id)).held) throw new SafelightError("conflict", "nothing of this scan is in quarantine");
      const { restored, open } = await (await dataSets()).undoDataSet(this.#folder(id), this.#config.s3, signal);
      return { files: restored, stayed: [...open] };
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const job of this.#jobs.values()) job.stop.abort(new DOMException("the server stops", "AbortError"));
    await this.#turn;
    await (await this.#store)?.close();
  }

  async #enqueue({ id, source, policy }: Scan): Promise<ScanAnswer> {
    if (this.#closed) throw new SafelightError("overloaded", "the server stops");
    const job: Job = {
      ...{ id, source, policy: policy.name, stop: new AbortController(), pace: new Pace() },
      ...{ running: false, cancelled: false, listed: null, progress: undefined, waiting: [] },
    };
    this.#jobs.set(id, job);
    this.#turn = this.#turn.then(() => this.#work(job));
    return this.get(id);
  }

  async #work(job: Job): Promise<void> {
    if (job.stop.signal.aborted) return;
    job.running = true;
    try {
      const scans = await (await dataSets()).openDataSetScans(this.#config, job.source, job.policy, this.#onError);
      try {
        await scans.finish(job.id, { width: WIDTH }, job.stop.signal, (progress) => this.#tell(job, progress));
        const folder = this.#folder(job.id);
        await scans.report(job.id, folder, { thumbnails: true, most: ON_PAGE }, job.stop.signal);
        await scans.vouch(job.id, folder, new Set(), job.stop.signal);
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

  #tell(job: Job, progress: ScanProgress): void {
    if (progress.phase === "listing") job.listed = progress.listed;
    else {
      job.progress = { total: progress.total, done: progress.done };
      job.pace.mark(progress.done, performance.now());
    }
    this.#wake(job);
  }

  async #failed(job: Job, error: unknown): Promise<void> {
    const detail =
      error instanceof SafelightError ? error.detail : "it failed for a reason that only the server's log tells";
    if (!(error instanceof SafelightError)) this.#onError(error);
    await (await this.#opened()).update(job.id, { error: detail }).catch(this.#onError);
  }

  /** Workers on other machines stop, too. One whose files are still being listed has no work for them, and is listed anew. */
  async #setCancelled(id: string): Promise<void> {
    await (await this.#opened()).update(id, { state: "cancelled" }, ["judging"]);
  }

  #left(job: Job): void {
    this.#jobs.delete(job.id);
    this.#wake(job);
  }

  #wake(job: Job): void {
    for (const resolve of job.waiting.splice(0)) resolve();
  }

  async #answer(scan: Scan): Promise<ScanAnswer> {
    const job = this.#jobs.get(scan.id);
    const { total, done } =
      job?.progress ?? (scan.state === "finished" ? scan : await (await this.#opened()).counts(scan.id));
    const rate = job?.running ? job.pace.rate : null;
    const folder = this.#folder(scan.id);
    const written = job ? [] : (Object.keys(SCAN_FILES) as ScanFile[]).filter((name) => existsSync(join(folder, name)));
    return {
      ...scan,
      total,
      done,
      activity: job ? (job.running ? "running" : "queued") : "idle",
      listed: job && scan.state === "listing" ? job.listed : null,
      rate,
      seconds_left: rate !== null && rate > 0 ? (total - done) / rate : null,
      files: written,
      quarantined: (await this.#moved(scan.id)).held,
    };
  }

  async #scan(id: string): Promise<Scan> {
    const scan = await (await this.#opened()).get(id);
    if (!scan || !(await this.#allowed.holds(scan.source)))
      throw new SafelightError("not_found", "there is no scan with this id");
    return scan;
  }

  async #finished(id: string): Promise<Scan> {
    const scan = await this.#scan(id);
    if (scan.state !== "finished" || this.#jobs.has(id))
      throw new SafelightError("conflict", "the scan is not finished: nothing is moved before all is judged");
    return scan;
  }

  async #exclusively<T>(work: () => Promise<T>): Promise<T> {
    if (this.#moving) throw new SafelightError("conflict", "pictures are being moved; one scan at a time can do that");
    this.#moving = true;
    try {
      return await work();
    } finally {
      this.#moving = false;
    }
  }

  async #moved(id: string): Promise<Moved> {
    const path = join(this.#folder(id), JOURNAL);
    const size = (await stat(path).catch(() => undefined))?.size;
    if (size === undefined) return { held: false, whole: true };
    const known = this.#journals.get(id);
    if (known?.size === size) return known;
    const entries = (await readJournal(path)) ?? [];
    const moved = { held: isHeld(entries), whole: isWhole(entries), size };
    this.#journals.set(id, moved);
    return moved;
  }

  #folder(id: string): string {
    return join(this.#config.data, "scans", id);
  }

  #opened(): Promise<ScanStore> {
    this.#store ??= dataSets()
      .then(({ openScanStore }) => openScanStore(this.#config))
      .catch((error: unknown) => {
        this.#store = undefined;
        throw error;
      });
    return this.#store;
  }
}

/** Of one page of the store, and of all that one request may look through. */
const PAGE = 500;
const MOST_LOOKED_AT = 20_000;

function isHidden({ action, judged }: { readonly action: Action; readonly judged: boolean }): boolean {
  return !judged || REJECTED.includes(action);
}
