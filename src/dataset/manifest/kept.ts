import { type Action, strongest } from "../../contract/actions.ts";
import type { KeptFile, RejectedFile } from "../../contract/manifest.ts";
import type { ScanItem } from "../../contract/scan.ts";
import { REJECTED, SCAN_PROBLEMS } from "../../contract/scan-problems.ts";
import { inOrder } from "../../pipeline/streaming.ts";
import type { InventoryFile, ScanStore } from "../../store/scans/scan-store.ts";
import { digestOf, type FileContent, fileDigest } from "../files/digest.ts";
import { FileProblem, type Files } from "../files/files.ts";
import { everyFile, everyItem, everyProblem } from "../scan/pages.ts";

const PAGE = 256;
/** Files read together, where each may be a request. */
const READ_AT_ONCE = 16;
/** Larger files are read in pieces, and asked for once more whether they are still the same. */
const MOST_IN_MEMORY = 1024 * 1024;

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
  const decided = decidedFiles(store, scan, rewritten);
  yield* inOrder(decided, READ_AT_ONCE, (each) => sorted(each, files, signal), signal);
  signal.throwIfAborted();
}

async function sorted({ file, action, content }: Decided, files: Files, signal: AbortSignal): Promise<Sorted> {
  const { key } = file;
  if (REJECTED.includes(action)) return { rejected: { key, sha256: content?.sha256 ?? null, action } };
  return content ? { kept: { key, ...content } } : readNow(file, files, signal);
}

/** Every file of a finished scan, in order. A caption goes with its pictures, an archive with the worst picture in it. */
export async function* decidedFiles(
  store: ScanStore,
  scan: string,
  rewritten: Rewritten = new Map(),
): AsyncGenerator<Decided> {
  const deciding = { store, scan, rewritten, archives: await worstInside(store, scan, rewritten) };
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
 * looked into still is, and one that is damaged was not judged to its end. Nor was a metadata file in which something could not be read.
 */
async function worstInside(store: ScanStore, scan: string, rewritten: Rewritten): Promise<ReadonlyMap<string, Action>> {
  const worst = new Map<string, Action>();
  for (const kind of ["archive", "metadata"] as const)
    for await (const { key } of everyFile(store, scan, kind)) worst.set(key, "allow");
  if (worst.size === 0) return worst;
  const holds = (archive: string, action: Action) => {
    const before = worst.get(archive);
    if (before !== undefined) worst.set(archive, strongest([before, action]));
  };
  for await (const { key, problem } of everyProblem(store, scan))
    if (SCAN_PROBLEMS[problem.code].unjudged) for (const each of [key, ...above(key)]) holds(each, "review");
  for await (const { key, action } of everyItem(store, scan)) {
    for (const archive of above(key)) if (!rewritten.has(archive)) holds(archive, action);
  }
  return worst;
}

/** What a key could lie in: each part of it before a slash. */
function* above(key: string): Generator<string> {
  for (let end = key.indexOf("/"); end >= 0; end = key.indexOf("/", end + 1)) yield key.slice(0, end);
}

/** A file that nobody judges: as it was listed. One that cannot be read, or is another by now, cannot be vouched for. */
async function readNow({ key, stamp, bytes }: InventoryFile, files: Files, signal: AbortSignal): Promise<Sorted> {
  try {
    const { content, now } =
      bytes > MOST_IN_MEMORY ? await streamed(key, files, signal) : await whole(key, files, signal);
    if (now === stamp) return { kept: { key, ...content } };
  } catch (error) {
    if (!(error instanceof FileProblem)) throw error;
  }
  return { rejected: { key, sha256: null, action: "review" } };
}

async function whole(key: string, files: Files, signal: AbortSignal) {
  const { bytes, stamp } = await files.read(key, MOST_IN_MEMORY, signal);
  return { content: { bytes: bytes.length, sha256: digestOf(bytes) }, now: stamp };
}

async function streamed(key: string, files: Files, signal: AbortSignal) {
  const content = await fileDigest(files, key, signal);
  return { content, now: (await files.stat(key, signal))?.stamp };
}
