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
  const archives = new Map([...(await worstByArchive(store, scan))].filter(([key]) => !rewritten.has(key)));
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

/** Of each archive the action of the worst picture in it; one that is damaged was not judged to its end. */
async function worstByArchive(store: ScanStore, scan: string): Promise<ReadonlyMap<string, Action>> {
  const worst = new Map<string, Action>();
  let any = false;
  for await (const { key } of everyFile(store, scan, "archive")) {
    worst.set(key, "allow");
    any = true;
  }
  if (!any) return worst;
  const hold = (key: string, action: Action) => {
    for (let end = key.indexOf("/"); end >= 0; end = key.indexOf("/", end + 1)) {
      const archive = key.slice(0, end);
      const before = worst.get(archive);
      if (before !== undefined) worst.set(archive, strongest([before, action]));
    }
  };
  for await (const { key, problem } of everyProblem(store, scan)) {
    if (worst.has(key)) worst.set(key, "review");
    if (SCAN_PROBLEMS[problem.code].unjudged) hold(key, "review");
  }
  for await (const { key, action } of everyItem(store, scan)) hold(key, action);
  return worst;
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
