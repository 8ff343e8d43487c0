import { existsSync } from "node:fs";
import { appendFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Config } from "../../config/schema.ts";
import type { Action } from "../../contract/actions.ts";
import { SafelightError } from "../../contract/errors.ts";
import { type Scan, type ScanCopies, type ScanItem, scoreOf } from "../../contract/scan.ts";
import {
  SCAN_FILES,
  type ScanAnswer,
  type ScanConsequences,
  type ScanFile,
  type ScanPlaces,
  type ScanRequest,
} from "../../contract/scan-api.ts";
import { REJECTED } from "../../contract/scan-problems.ts";
import { openFiles } from "../../dataset/files/open.ts";
import { blurredThumbnail, thumbnailOf } from "../../dataset/output/report/thumbnail.ts";
import { readPicture } from "../../dataset/scan/judge-item.ts";
import type { ScanPlace, ScanStore } from "../../store/scans/scan-store.ts";
import { dataSets } from "./data-sets.ts";
import { ScanMoves } from "./moves.ts";
import { AllowedPlaces } from "./places.ts";
import { ScanQueue } from "./queue.ts";
import type { ItemFilter, Revealer, ScanService } from "./service.ts";

/** Scans of one page of the store, and of all that one request may look through. */
const SCANS_PAGE = 100;
const MOST_LISTED = 1_000;
/** Among the results of a scan: who has seen what unblurred, and when. */
const REVEALS = "reveals.jsonl";

/** @param onError is told of what ends a scan that nobody waits for */
export function openScans(config: Config, onError: (error: unknown) => void): ScanService {
  return new BackgroundScans(config, onError);
}

class BackgroundScans implements ScanService {
  readonly places: ScanPlaces;
  readonly #config: Config;
  readonly #allowed: AllowedPlaces;
  readonly #onError: (error: unknown) => void;
  readonly #queue: ScanQueue;
  readonly #moves: ScanMoves;
  /** Sources and policies of scans that are being made, and do not wait for their turn yet. */
  readonly #starting = new Set<string>();
  #store: Promise<ScanStore> | undefined;

  constructor(config: Config, onError: (error: unknown) => void) {
    const { sources, quarantine } = config.scans;
    this.places = { sources: [...sources], quarantine: quarantine !== undefined };
    this.#config = config;
    this.#allowed = new AllowedPlaces(sources);
    this.#onError = onError;
    const folder = (id: string) => this.#folder(id);
    this.#queue = new ScanQueue(config, () => this.#opened(), folder, onError);
    this.#moves = new ScanMoves(config, folder, onError);
  }

  async start({ source, policy = "dataset", layout, min_side }: ScanRequest): Promise<ScanAnswer> {
    const place = await this.#allowed.find(source);
    const same = JSON.stringify([place, policy]);
    if (this.#starting.has(same) || this.#queue.holds(place, policy))
      throw new SafelightError("conflict", "a scan of this source under this policy is under way");
    this.#starting.add(same);
    try {
      const scans = await (await dataSets()).openDataSetScans(this.#config, place, policy, this.#onError);
      try {
        return await this.#enqueue(await scans.create({ layout, minSide: min_side }));
      } finally {
        await scans.close();
      }
    } finally {
      this.#starting.delete(same);
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
    await this.#queue.changed(id, signal);
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
        after = { key: item.key, score: scoreOf(item, query.category) };
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
    const { state } = await this.#scan(id);
    if (!(await this.#queue.cancel(id)))
      throw new SafelightError("conflict", `nothing works on this scan; its state is "${state}"`);
    return this.get(id);
  }

  async resume(id: string): Promise<ScanAnswer> {
    const scan = await this.#scan(id);
    if (this.#queue.job(id)) throw new SafelightError("conflict", "the scan is under way");
    if (scan.state === "finished" && existsSync(join(this.#folder(id), "manifest.json")))
      throw new SafelightError("conflict", "the scan is finished");
    const store = await this.#opened();
    await store.update(id, { error: null });
    await store.update(id, { state: "judging" }, ["cancelled"]);
    return this.#enqueue(await this.#scan(id));
  }

  async quarantine(id: string, signal: AbortSignal): Promise<ScanConsequences> {
    return this.#moves.quarantine(await this.#finished(id), signal);
  }

  async undo(id: string, signal: AbortSignal): Promise<ScanConsequences> {
    return this.#moves.undo(await this.#finished(id), signal);
  }

  async close(): Promise<void> {
    await this.#queue.close();
    await (await this.#store)?.close();
  }

  async #enqueue(scan: Scan): Promise<ScanAnswer> {
    this.#queue.add(scan);
    return this.get(scan.id);
  }

  async #answer(scan: Scan): Promise<ScanAnswer> {
    const job = this.#queue.job(scan.id);
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
      quarantined: await this.#moves.held(scan.id),
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
    if (scan.state !== "finished" || this.#queue.job(id))
      throw new SafelightError("conflict", "the scan is not finished: nothing is moved before all is judged");
    return scan;
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
