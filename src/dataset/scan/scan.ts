import { SafelightError } from "../../contract/errors.ts";
import type { Scan, ScanItem, ScanLayout } from "../../contract/scan.ts";
import { ALL_KEYS, type KeyRange, type ScanStore } from "../../store/scans/scan-store.ts";
import type { Files } from "../files/files.ts";
import { findCopies } from "./copies.ts";
import { takeInventory } from "./inventory.ts";
import type { DataSetJudge } from "./judge.ts";
import { folderPrompts, layoutOf } from "./layout.ts";
import { everyCopies, everyItem, everyProblem } from "./pages.ts";
import { judgePending } from "./run.ts";
import { Summing } from "./summary.ts";

export interface ScanParts {
  readonly files: Files;
  readonly store: ScanStore;
  readonly judge: DataSetJudge;
}

/** What a scan is asked to do. */
export interface ScanSettings {
  /** Undefined: as the files themselves say. */
  readonly layout?: ScanLayout | undefined;
  /** Pixels of the shorter side; 0: any. */
  readonly minSide?: number;
}

export interface ScanOptions {
  /** Pictures under way at once. */
  readonly width: number;
}

/** How far a scan is. Rates and times left are for whoever shows it to work out. */
export type ScanProgress =
  | { readonly phase: "listing"; readonly listed: number }
  | { readonly phase: "judging"; readonly total: number; readonly done: number; readonly item: ScanItem | undefined };

/** The newest scan of a source that stopped before its end, was asked to do the same, and that the same judges could finish. */
export async function unfinishedScan(parts: ScanParts, settings: ScanSettings = {}): Promise<Scan | undefined> {
  const { store } = parts;
  for await (const scan of sameScans(parts, settings)) {
    if (scan.state !== "finished") return { ...scan, ...(await store.counts(scan.id)) };
  }
  return undefined;
}

/** Scans of a source that were asked to do the same, by the same judges; the newest first. */
export async function* sameScans(
  { files, store, judge }: ScanParts,
  { layout, minSide = 0 }: ScanSettings = {},
): AsyncGenerator<Scan> {
  for (const scan of await store.list(1_000)) {
    if (scan.source !== files.uri || scan.min_side !== minSide || !sameJudge(scan, judge)) continue;
    if (layout === undefined || scan.layout === layout) yield scan;
  }
}

export async function createScan(
  { files, store, judge }: ScanParts,
  now: Date,
  { layout, minSide = 0 }: ScanSettings = {},
): Promise<Scan> {
  const scan: Scan = {
    id: `scan_${crypto.randomUUID()}`,
    state: "listing",
    source: files.uri,
    layout: layout ?? null,
    min_side: minSide,
    policy: judge.policy,
    detectors: judge.detectors,
    fingerprint: judge.fingerprint,
    created_at: now.toISOString(),
    finished_at: null,
    total: 0,
    done: 0,
    summary: null,
    error: null,
  };
  await store.create(scan);
  return scan;
}

/**
 * Lists what a scan is of, unless that was done.
 * @throws SafelightError `not_found`; `conflict` when it was begun under another policy, or with other detectors
 */
export async function listScan(
  id: string,
  parts: ScanParts,
  signal: AbortSignal,
  progress: (progress: ScanProgress) => void,
): Promise<Scan> {
  const { store, judge } = parts;
  const scan = await existing(store, id);
  assertSameJudge(scan, judge);
  if (scan.state !== "listing") return scan;
  await takeInventory(parts.files, store, id, signal, (listed) => progress({ phase: "listing", listed }));
  const { total } = await store.counts(id);
  await store.update(id, { state: "judging", total, layout: scan.layout ?? (await layoutOf(store, id)) });
  return existing(store, id);
}

/**
 * Takes a scan to its end, from wherever it is.
 * @throws as {@link listScan}; the signal's reason, and SafelightError where the source or the store fails: the scan can be
 *   taken up again then
 */
export async function finishScan(
  id: string,
  parts: ScanParts,
  options: ScanOptions,
  signal: AbortSignal,
  progress: (progress: ScanProgress) => void,
): Promise<Scan> {
  const scan = await listScan(id, parts, signal, progress);
  if (scan.state === "finished") return scan;
  await judgeRange(id, parts, options, ALL_KEYS, signal, progress);
  return closeScan(id, parts, new Date());
}

/** Judges one part of a scan whose files are listed. @throws as {@link finishScan} */
export async function judgeRange(
  id: string,
  parts: ScanParts,
  { width }: ScanOptions,
  range: KeyRange,
  signal: AbortSignal,
  progress: (progress: ScanProgress) => void,
): Promise<void> {
  const { files, store } = parts;
  const scan = await existing(store, id);
  assertSameJudge(scan, parts.judge);
  const prompts = await folderPrompts(files, store, id, signal);
  const captionsExpected = scan.layout !== "plain" || (await store.hasCaptions(id));
  const { total, done: before } = await store.counts(id);
  let done = before;
  progress({ phase: "judging", total, done, item: undefined });
  const judged = (item: ScanItem) => progress({ phase: "judging", total, done: ++done, item });
  await judgePending(
    id,
    { ...parts, prompts, captionsExpected, minSide: scan.min_side },
    { width, range, judged },
    signal,
  );
}

/** Adds up what was found. To be called when every picture has a result. */
export async function closeScan(id: string, { store, judge }: ScanParts, now: Date): Promise<Scan> {
  const { total, done } = await store.counts(id);
  if (done < total)
    throw new SafelightError("conflict", `scan ${id}: ${total - done} of ${total} pictures are not judged`);
  await findCopies(store, id, total);
  const sum = new Summing();
  for await (const item of everyItem(store, id)) sum.item(item);
  for await (const { problem } of everyProblem(store, id)) sum.problem(problem);
  for await (const copies of everyCopies(store, id)) sum.copies(copies);
  const summary = sum.summary(judge.coverage(total > 0 && (await store.labelled(id)) >= total));
  await store.update(id, { state: "finished", finished_at: now.toISOString(), total, done, summary });
  return existing(store, id);
}

async function existing(store: ScanStore, id: string): Promise<Scan> {
  const scan = await store.get(id);
  if (!scan) throw new SafelightError("not_found", `there is no scan ${id}`);
  return scan;
}

function assertSameJudge(scan: Scan, judge: DataSetJudge): void {
  if (sameJudge(scan, judge)) return;
  throw new SafelightError(
    "conflict",
    `scan ${scan.id} was begun under another policy, with other detectors, or with other options or limits of theirs`,
  );
}

function sameJudge({ policy, detectors, fingerprint }: Scan, judge: DataSetJudge): boolean {
  if (fingerprint !== undefined) return fingerprint === judge.fingerprint;
  return policy.digest === judge.policy.digest && JSON.stringify(detectors) === JSON.stringify(judge.detectors);
}
