import { createHash } from "node:crypto";
import { type Action, strongest } from "../../contract/actions.ts";
import type { KeptFile, RejectedFile } from "../../contract/manifest.ts";
import type { ScanItem } from "../../contract/scan.ts";
import { REJECTED, SCAN_PROBLEMS } from "../../contract/scan-problems.ts";
import type { InventoryFile, ScanStore } from "../../store/scans/scan-store.ts";
import { FileProblem, type Files } from "../files/files.ts";
import { mayHoldPictures } from "../layouts/kinds.ts";
import { everyFile, everyItem, everyProblem } from "../scan/pages.ts";

const PAGE = 256;

export type Sorted = { readonly kept: KeptFile } | { readonly rejected: RejectedFile };

export function isRejected({ action }: Pick<ScanItem, "action">): boolean {
  return REJECTED.includes(action);
}

/**
 * Every file of a finished scan, in order: kept, or rejected. A caption goes with its pictures, an archive with the worst picture in it.
 * Files that were read as pictures have the digest of what was judged; the others are read now.
 * @param rewritten archives whose rejected members were taken out
 */
export async function* sortedFiles(
  files: Files,
  store: ScanStore,
  scan: string,
  signal: AbortSignal,
  rewritten: ReadonlySet<string> = new Set(),
): AsyncGenerator<Sorted> {
  const archives = await worstByArchive(store, scan, rewritten);
  let page: InventoryFile[] = [];
  for await (const file of everyFile(store, scan, null)) {
    if (file.inside) continue;
    page.push(file);
    if (page.length < PAGE) continue;
    yield* sortedPage(page, archives, files, store, scan, signal);
    page = [];
  }
  yield* sortedPage(page, archives, files, store, scan, signal);
}

async function* sortedPage(
  page: readonly InventoryFile[],
  archives: ReadonlyMap<string, Action>,
  files: Files,
  store: ScanStore,
  scan: string,
  signal: AbortSignal,
): AsyncGenerator<Sorted> {
  const captions = page.filter(({ kind }) => kind === "caption");
  const pictures = await store.picturesWithStems(
    scan,
    captions.map(({ stem }) => stem),
  );
  const wanted = [...page.filter(({ kind }) => kind === "picture"), ...pictures].map(({ key }) => key);
  const items = new Map((await store.itemsOf(scan, [...new Set(wanted)])).map((item) => [item.key, item]));
  for (const file of page) {
    const { key, bytes, kind } = file;
    const item = items.get(key);
    const owners = pictures.filter(({ stem }) => stem === file.stem).flatMap((owner) => items.get(owner.key) ?? []);
    const action = actionOf(file, item, owners, archives.get(key));
    if (REJECTED.includes(action)) yield { rejected: { key, sha256: item?.sha256 ?? null, action } };
    else if (kind === "picture" && item?.sha256) yield { kept: { key, bytes, sha256: item.sha256 } };
    else yield await readNow(key, files, signal);
  }
}

function actionOf(
  { key, kind }: InventoryFile,
  item: ScanItem | undefined,
  owners: readonly ScanItem[],
  archive: Action | undefined,
): Action {
  if (kind === "picture") return item?.action ?? "block";
  // A caption that two pictures share stays as long as one of them does.
  if (kind === "caption" && owners.length > 0 && owners.every(isRejected))
    return strongest(owners.map((o) => o.action));
  if (kind === "other" && mayHoldPictures(key)) return "review";
  return archive ?? "allow";
}

/**
 * Of each archive the action of the worst that is in it: of those that were rewritten, what was rejected is not any more. What nobody
 * looked into still is, and one that is damaged was not judged to its end.
 */
async function worstByArchive(
  store: ScanStore,
  scan: string,
  rewritten: ReadonlySet<string>,
): Promise<ReadonlyMap<string, Action>> {
  const worst = new Map<string, Action>();
  for await (const { key } of everyFile(store, scan, "archive")) worst.set(key, "allow");
  if (worst.size === 0) return worst;
  const holds = (archive: string, action: Action) => {
    const before = worst.get(archive);
    if (before !== undefined) worst.set(archive, strongest([before, action]));
  };
  for await (const { key, problem } of everyProblem(store, scan)) {
    holds(key, "review");
    if (SCAN_PROBLEMS[problem.code].unjudged) for (const archive of above(key)) holds(archive, "review");
  }
  for await (const { key, action } of everyItem(store, scan)) {
    for (const archive of above(key)) if (!rewritten.has(archive)) holds(archive, action);
  }
  return worst;
}

/** What a key could lie in: each part of it before a slash. */
function* above(key: string): Generator<string> {
  for (let end = key.indexOf("/"); end >= 0; end = key.indexOf("/", end + 1)) yield key.slice(0, end);
}

/** A file that nobody judges. One that cannot be read cannot be vouched for. */
async function readNow(key: string, files: Files, signal: AbortSignal): Promise<Sorted> {
  try {
    return { kept: { key, ...(await digestOf(key, files, signal)) } };
  } catch (error) {
    if (!(error instanceof FileProblem)) throw error;
    return { rejected: { key, sha256: null, action: "review" } };
  }
}

/** @throws FileProblem */
export async function digestOf(
  key: string,
  files: Files,
  signal: AbortSignal,
): Promise<{ readonly bytes: number; readonly sha256: string }> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const piece of files.stream(key, signal)) {
    hash.update(piece);
    bytes += piece.length;
  }
  return { bytes, sha256: `sha256:${hash.digest("hex")}` };
}
