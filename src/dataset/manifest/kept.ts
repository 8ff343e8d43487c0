import { type Action, strongest } from "../../contract/actions.ts";
import type { KeptFile, RejectedFile } from "../../contract/manifest.ts";
import type { ScanItem } from "../../contract/scan.ts";
import { REJECTED, SCAN_PROBLEMS } from "../../contract/scan-problems.ts";
import type { InventoryFile, ScanStore } from "../../store/scans/scan-store.ts";
import { type FileContent, fileDigest } from "../files/digest.ts";
import { FileProblem, type Files } from "../files/files.ts";
import { everyFile, everyItem, everyProblem } from "../scan/pages.ts";

const PAGE = 256;
/** Files read together, where each may be a request. */
const READ_AT_ONCE = 16;

export type Sorted = { readonly kept: KeptFile } | { readonly rejected: RejectedFile };

/** What became of a file. */
export interface Decided {
  readonly file: InventoryFile;
  readonly action: Action;
  /** What was judged of it, or was listed; null where nobody has read it. */
  readonly content: FileContent | null;
}

/** By key, what metadata files and archives are since something was taken out of them. */
export type Rewritten = ReadonlyMap<string, FileContent>;

export function isRejected({ action }: Pick<ScanItem, "action">): boolean {
  return REJECTED.includes(action);
}

/**
 * Every file of a finished scan, in order: kept, or rejected. A file is vouched for as it was judged, whatever it is by now; what nobody
 * had to judge is read now.
 */
export async function* sortedFiles(
  files: Files,
  store: ScanStore,
  scan: string,
  signal: AbortSignal,
  rewritten: Rewritten = new Map(),
): AsyncGenerator<Sorted> {
  let waiting: Promise<Sorted>[] = [];
  for await (const { file, action, content } of decidedFiles(store, scan, rewritten)) {
    const { key } = file;
    const sha256 = content?.sha256 ?? null;
    if (REJECTED.includes(action)) waiting.push(Promise.resolve({ rejected: { key, sha256, action } }));
    else waiting.push(content ? Promise.resolve({ kept: { key, ...content } }) : readNow(key, files, signal));
    if (waiting.length < READ_AT_ONCE) continue;
    yield* await Promise.all(waiting);
    waiting = [];
  }
  yield* await Promise.all(waiting);
}

/** Every file of a finished scan, in order. A caption goes with its pictures, an archive with the worst picture in it. */
export async function* decidedFiles(
  store: ScanStore,
  scan: string,
  rewritten: Rewritten = new Map(),
): AsyncGenerator<Decided> {
  const deciding = { store, scan, rewritten, archives: await worstByArchive(store, scan, rewritten) };
  let page: InventoryFile[] = [];
  for await (const file of everyFile(store, scan, null)) {
    if (file.inside) continue;
    page.push(file);
    if (page.length < PAGE) continue;
    yield* await decidedPage(page, deciding);
    page = [];
  }
  yield* await decidedPage(page, deciding);
}

interface Deciding {
  readonly store: ScanStore;
  readonly scan: string;
  readonly rewritten: Rewritten;
  readonly archives: ReadonlyMap<string, Action>;
}

async function decidedPage(
  page: readonly InventoryFile[],
  { store, scan, rewritten, archives }: Deciding,
): Promise<readonly Decided[]> {
  const keysOf = (kind: InventoryFile["kind"]) => page.flatMap((file) => (file.kind === kind ? file.key : []));
  const captions = page.filter(({ kind }) => kind === "caption");
  const pictures = await store.picturesWithStems(
    scan,
    captions.map(({ stem }) => stem),
  );
  const wanted = new Set([...keysOf("picture"), ...pictures.map(({ key }) => key)]);
  const items = new Map((await store.itemsOf(scan, [...wanted])).map((item) => [item.key, item]));
  const digests = await store.digests(
    scan,
    page.flatMap(({ kind, key }) => (kind === "picture" ? [] : key)),
  );
  return page.map((file) => {
    const { key, kind, bytes, stem } = file;
    const item = items.get(key);
    const owners = pictures.filter((picture) => picture.stem === stem).flatMap((owner) => items.get(owner.key) ?? []);
    const sha256 = kind === "picture" ? item?.sha256 : digests.get(key);
    const content = rewritten.get(key) ?? (sha256 ? { bytes, sha256 } : null);
    const unread = content === null && (kind === "picture" || kind === "metadata" || kind === "archive");
    const action = actionOf(file, item, owners, archives.get(key));
    return { file, content, action: unread ? strongest([action, "review"]) : action };
  });
}

function actionOf(
  { kind }: InventoryFile,
  item: ScanItem | undefined,
  owners: readonly ScanItem[],
  archive: Action | undefined,
): Action {
  if (kind === "picture") return item?.action ?? "block";
  // A caption that two pictures share stays as long as one of them does.
  if (kind === "caption" && owners.length > 0 && owners.every(isRejected))
    return strongest(owners.map((o) => o.action));
  if (kind === "opaque") return "review";
  return archive ?? "allow";
}

/**
 * Of each archive the action of the worst that is in it: of those that were rewritten, what was rejected is not any more. What nobody
 * looked into still is, and one that is damaged was not judged to its end.
 */
async function worstByArchive(
  store: ScanStore,
  scan: string,
  rewritten: Rewritten,
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
    return { kept: { key, ...(await fileDigest(files, key, signal)) } };
  } catch (error) {
    if (!(error instanceof FileProblem)) throw error;
    return { rejected: { key, sha256: null, action: "review" } };
  }
}
