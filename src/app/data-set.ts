import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import type { Config } from "../config/schema.ts";
import { SafelightError } from "../contract/errors.ts";
import type { ManifestHeader } from "../contract/manifest.ts";
import type { Scan } from "../contract/scan.ts";
import { type Consequences, takeOut } from "../dataset/consequences/apply.ts";
import { isBrokenOff, undoable } from "../dataset/consequences/departures.ts";
import { JOURNAL, Journal, readJournal } from "../dataset/consequences/journal.ts";
import { type Undone, undo } from "../dataset/consequences/undo.ts";
import type { Files } from "../dataset/files/files.ts";
import { makeFolder } from "../dataset/files/folder.ts";
import { openFiles } from "../dataset/files/open.ts";
import { liesIn } from "../dataset/files/places.ts";
import { type Rewritten, sortedFiles } from "../dataset/manifest/kept.ts";
import { signingKey } from "../dataset/manifest/keys.ts";
import { type OpenManifest, openManifest } from "../dataset/manifest/read.ts";
import { assertSignedBy, type Difference, differences } from "../dataset/manifest/verify.ts";
import { writeManifest } from "../dataset/manifest/write.ts";
import { writeMediaAnalysis } from "../dataset/output/media-analysis.ts";
import { type ReportOptions, writeReport } from "../dataset/output/report/write.ts";
import { writeResults } from "../dataset/output/results.ts";
import {
  createScan,
  finishScan,
  type ScanOptions,
  type ScanParts,
  type ScanProgress,
  type ScanSettings,
  sameScans,
  unfinishedScan,
} from "../dataset/scan/scan.ts";
import { finishShared, workShard } from "../dataset/scan/shared.ts";
import { openScanShards, type ScanShard, type ScanShards } from "../jobs/scan-shards.ts";
import { readSecret } from "../outbound/secret.ts";
import { openEmbeddedScans } from "../store/scans/embedded.ts";
import { openPostgresScans } from "../store/scans/postgres.ts";
import type { ScanStore } from "../store/scans/scan-store.ts";
import { openDataSetJudge } from "./data-set-judge.ts";
import { VERSION } from "./version.ts";

/** Below the results: what metadata files said before they were rewritten. */
const BACKUP = "backup";

/** Scans of one source under one policy. */
export interface DataSetScans {
  /** The newest one that stopped before its end. */
  unfinished(settings: ScanSettings): Promise<Scan | undefined>;
  /**
   * The newest finished one, if its rejected files were on their way out of the data set when that broke off.
   * @param folderOf where the results of a scan are
   */
  brokenOff(settings: ScanSettings, folderOf: (id: string) => string): Promise<Scan | undefined>;
  create(settings: ScanSettings): Promise<Scan>;
  /** With a database, together with all workers; else by itself. */
  finish(
    id: string,
    options: ScanOptions,
    signal: AbortSignal,
    progress: (progress: ScanProgress) => void,
  ): Promise<Scan>;
  /** Writes the results of a finished scan. */
  report(
    id: string,
    folder: string,
    page: Pick<ReportOptions, "thumbnails" | "most">,
    signal: AbortSignal,
  ): Promise<void>;
  /**
   * Takes the rejected pictures of a finished scan out of the data set.
   * @param folder where the results are: the journal and the backups go there too
   * @param quarantine a folder, absolute, or `s3://bucket/prefix`; undefined: they are removed
   */
  takeOut(id: string, folder: string, quarantine: string | undefined, signal: AbortSignal): Promise<Consequences>;
  /**
   * Writes the signed manifest of a finished scan, beside its results.
   * @param rewritten as {@link takeOut} tells; else nothing
   */
  vouch(id: string, folder: string, rewritten: Rewritten, signal: AbortSignal): Promise<ManifestHeader>;
  close(): Promise<void>;
}

/**
 * @param source a folder, absolute, or `s3://bucket/prefix`
 * @throws SafelightError `config_invalid`, `storage_*`; `invalid_request` when there is no such source or policy
 */
export async function openDataSetScans(
  config: Config,
  source: string,
  policy: string,
  onError: (error: unknown) => void,
): Promise<DataSetScans> {
  const open = new Closing();
  try {
    const files = open.add(await openFiles(source, config.s3));
    if (await liesIn(config.data, files.uri)) {
      throw new SafelightError(
        "invalid_request",
        `the data folder ${config.data} lies in the data set: what is kept there would be a part of it; name another one with --data, or as data in safelight.yaml`,
      );
    }
    const judge = open.add(await openDataSetJudge(config, policy));
    const store = open.add(await openScanStore(config));
    const parts: ScanParts = { files, store, judge };
    const shards = config.database && open.add(await openScanShards(readSecret(config.database), onError));
    return {
      unfinished: (settings) => unfinishedScan(parts, settings),
      async brokenOff(settings, folderOf) {
        for await (const { state, id } of sameScans(parts, settings)) {
          if (state !== "finished") continue;
          const entries = (await readJournal(join(folderOf(id), JOURNAL))) ?? [];
          return isBrokenOff(entries, id) ? store.get(id) : undefined;
        }
        return undefined;
      },
      create: (settings) => createScan(parts, new Date(), settings),
      async finish(id, options, signal, progress) {
        if (!shards) return finishScan(id, parts, options, signal, progress);
        await shards.work((shard, until) =>
          shard.scan === id ? workShard(shard, parts, options.width, until) : workAlone(shard, config, store, until),
        );
        return finishShared(id, parts, shards, signal, progress);
      },
      async report(id, folder, { thumbnails, most }, signal) {
        const scan = await store.get(id);
        if (!scan) throw new SafelightError("not_found", `there is no scan ${id}`);
        await writeResults(folder, store, id);
        await writeMediaAnalysis(folder, { files, store }, scan);
        const options = { most, thumbnails, thresholds: judge.thresholds, limits: config.limits };
        await writeReport(folder, { files, store }, scan, options, signal);
      },
      async takeOut(id, folder, destination, signal) {
        const opened = new Closing();
        try {
          const quarantine = destination && opened.add(await openFiles(destination, config.s3, true));
          const backup = opened.add(await makeFolder(join(folder, BACKUP, id)));
          const journal = opened.add(await Journal.open(join(folder, JOURNAL)));
          return await takeOut(id, { files, store, journal, quarantine: quarantine || undefined, backup }, signal);
        } finally {
          await opened.close();
        }
      },
      async vouch(id, folder, rewritten, signal) {
        const scan = await store.get(id);
        if (!scan) throw new SafelightError("not_found", `there is no scan ${id}`);
        const key = await signingKey(join(config.data, "signing-key.pem"));
        return writeManifest(folder, scan, sortedFiles(files, store, id, signal, rewritten), VERSION, key);
      },
      close: () => open.close(),
    };
  } catch (error) {
    await open.close();
    throw error;
  }
}

/**
 * Takes shards of any scans from the database until the signal is aborted.
 * @throws SafelightError `config_invalid` when no database is configured; `storage_failed`
 */
export async function workOnScans(
  config: Config,
  signal: AbortSignal,
  tell: { readonly done: (shard: ScanShard, ms: number) => void; readonly error: (error: unknown) => void },
): Promise<void> {
  if (!config.database) {
    throw new SafelightError("config_invalid", "a worker needs a database: set DATABASE_URL to that of PostgreSQL");
  }
  const open = new Closing();
  try {
    const store = open.add(await openScanStore(config));
    const shards: ScanShards = open.add(await openScanShards(readSecret(config.database), tell.error));
    const kept = open.add(new KeptParts(config, store));
    await shards.work(async (shard, until) => {
      const start = performance.now();
      try {
        await workShard(shard, await kept.for(shard), widthOf(), until);
      } catch (error) {
        if (!until.aborted) tell.error(error);
        throw error;
      }
      tell.done(shard, performance.now() - start);
    });
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
  } finally {
    await open.close();
  }
}

/** Pictures under way at once where nobody said otherwise. */
export function widthOf(): number {
  return 2 * availableParallelism();
}

async function workAlone(shard: ScanShard, config: Config, store: ScanStore, signal: AbortSignal): Promise<void> {
  const kept = new KeptParts(config, store);
  try {
    await workShard(shard, await kept.for(shard), widthOf(), signal);
  } finally {
    await kept.close();
  }
}

/** The source and the judge of the shard before: the next one is seldom of another scan. */
class KeptParts {
  readonly #config: Config;
  readonly #store: ScanStore;
  #open: { readonly key: string; readonly parts: ScanParts; readonly closing: Closing } | undefined;

  constructor(config: Config, store: ScanStore) {
    this.#config = config;
    this.#store = store;
  }

  async for({ source, policy }: ScanShard): Promise<ScanParts> {
    const key = JSON.stringify([source, policy]);
    if (this.#open?.key === key) return this.#open.parts;
    await this.close();
    const closing = new Closing();
    try {
      const files = closing.add(await openFiles(source, this.#config.s3));
      const judge = closing.add(await openDataSetJudge(this.#config, policy));
      const parts = { files, judge, store: this.#store };
      this.#open = { key, parts, closing };
      return parts;
    } catch (error) {
      await closing.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    await open?.closing.close();
  }
}

/** What was opened, closed in the reverse order. */
class Closing {
  readonly #opened: { close(): Promise<void> }[] = [];

  add<T extends { close(): Promise<void> }>(opened: T): T {
    this.#opened.push(opened);
    return opened;
  }

  async close(): Promise<void> {
    for (const opened of this.#opened.splice(0).reverse()) await opened.close();
  }
}

/** In the database where one is configured, else in the data folder. @throws SafelightError `storage_failed` */
export async function openScanStore(config: Config): Promise<ScanStore> {
  if (config.database) return openPostgresScans(readSecret(config.database));
  try {
    await mkdir(config.data, { recursive: true });
  } catch (cause) {
    throw new SafelightError("storage_failed", `the data folder ${config.data} cannot be used`, { cause });
  }
  return openEmbeddedScans(config.data);
}

/**
 * Puts back what a scan took out of a data set.
 * @param folder where the results of the scan are
 * @throws SafelightError `conflict` when there is nothing to put back; `storage_*`
 */
export async function undoDataSet(folder: string, s3: Config["s3"], signal: AbortSignal): Promise<Undone> {
  const entries = await readJournal(join(folder, JOURNAL));
  if (!entries)
    throw new SafelightError("invalid_request", `${folder} holds no ${JOURNAL}: nothing was moved from there`);
  const departures = undoable(entries);
  const opened = new Closing();
  const places = new Map<string, Promise<Files>>();
  try {
    const journal = opened.add(await Journal.open(join(folder, JOURNAL)));
    return await undo(departures, { open, journal }, signal);
  } finally {
    await opened.close();
  }

  function open(uri: string): Promise<Files> {
    const files = places.get(uri) ?? openFiles(uri, s3).then((there) => opened.add(there));
    places.set(uri, files);
    return files;
  }
}

export interface Verification {
  /** The manifest's own source when undefined. */
  readonly source: string | undefined;
  /** 32 bytes, base64; undefined: whoever signed it. */
  readonly publicKey: string | undefined;
  readonly s3: Config["s3"];
}

/**
 * Holds a data set against a manifest.
 * @throws SafelightError `invalid_request` when the manifest is not what was signed, or was signed with another key
 */
export async function* verifyDataSet(
  path: string,
  { source, publicKey, s3 }: Verification,
  signal: AbortSignal,
  opened: (manifest: OpenManifest) => void,
): AsyncGenerator<Difference> {
  const manifest = await openManifest(path);
  if (publicKey !== undefined) assertSignedBy(manifest, publicKey);
  opened(manifest);
  const files = await openFiles(source ?? manifest.header.source, s3);
  const scratch = await mkdtemp(join(tmpdir(), "safelight-verify-"));
  const store = openEmbeddedScans(scratch);
  try {
    yield* differences(manifest, files, store, signal);
  } finally {
    await store.close();
    await files.close();
    await rm(scratch, { recursive: true, force: true });
  }
}
