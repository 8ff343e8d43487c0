import { type Action, strongest } from "../../contract/actions.ts";
import type { KeptFile, RejectedFile } from "../../contract/manifest.ts";
import type { ScanItem } from "../../contract/scan.ts";
import { REJECTED, SCAN_PROBLEMS } from "../../contract/scan-problems.ts";
import type { FileKind, InventoryFile, ScanStore } from "../../store/scans/scan-store.ts";
import type { Files } from "../files/files.ts";
import { everyFile, everyItem, everyProblem } from "../scan/pages.ts";
import { captionNow, fileNow } from "./now.ts";

const PAGE = 256;

export type Sorted = { readonly kept: KeptFile } | Refused;

export interface Refused {
  readonly rejected: RejectedFile;
  readonly kind: FileKind;
  /** Why what is there is not, or may not be, what was judged. */
  readonly changed: string | undefined;
  /** Whether that is the only thing against it. */
  readonly onlyChanged: boolean;
}

export function isRejected({ action }: Pick<ScanItem, "action">): boolean {
  return REJECTED.includes(action);
}

/**
 * Every file of a finished scan, in order: kept, or rejected. A caption goes with its pictures, an archive with the worst picture in it.
 * Pictures have the digest of what was judged. The others are read now, and are rejected where they are not what was read then.
 * @param rewritten by key, what metadata files and archives are since something was taken out of them: their digests
 */
export async function* sortedFiles(
  files: Files,
  store: ScanStore,
  scan: string,
  signal: AbortSignal,
  rewritten: ReadonlyMap<string, string> = new Map(),
): AsyncGenerator<Sorted> {
  const sorting = { files, store, scan, rewritten, archives: await worstByArchive(store, scan, rewritten) };
  let page: InventoryFile[] = [];
  for await (const file of everyFile(store, scan, null)) {
    if (file.inside) continue;
    page.push(file);
    if (page.length < PAGE) continue;
    yield* sortedPage(page, sorting, signal);
    page = [];
  }
  yield* sortedPage(page, sorting, signal);
}

interface Sorting {
  readonly files: Files;
  readonly store: ScanStore;
  readonly scan: string;
  readonly archives: ReadonlyMap<string, Action>;
  readonly rewritten: ReadonlyMap<string, string>;
}

async function* sortedPage(
  page: readonly InventoryFile[],
  { files, store, scan, archives, rewritten }: Sorting,
  signal: AbortSignal,
): AsyncGenerator<Sorted> {
  const captions = page.filter(({ kind }) => kind === "caption");
  const pictures = await store.picturesWithStems(
    scan,
    captions.map(({ stem }) => stem),
  );
  const wanted = [...page.filter(({ kind }) => kind === "picture"), ...pictures].map(({ key }) => key);
  const items = new Map((await store.itemsOf(scan, [...new Set(wanted)])).map((item) => [item.key, item]));
  const listed = await store.digests(
    scan,
    page.filter(({ kind }) => isListing(kind)).map(({ key }) => key),
  );
  for (const file of page) {
    const { key, bytes, kind } = file;
    const item = items.get(key);
    const owners = pictures.filter(({ stem }) => stem === file.stem).flatMap((owner) => items.get(owner.key) ?? []);
    const action = actionOf(file, item, owners, archives.get(key));
    const isRejected = REJECTED.includes(action);
    const refused = (sha256: string | null, changed?: string): Refused => {
      const onlyChanged = !isRejected && changed !== undefined;
      return { rejected: { key, sha256, action: onlyChanged ? "review" : action }, kind, changed, onlyChanged };
    };
    if (kind === "picture") {
      const sha256 = item?.sha256 ?? null;
      if (isRejected || sha256 === null) yield refused(sha256);
      else yield { kept: { key, bytes, sha256 } };
    } else if (isRejected && kind !== "caption") yield refused(null);
    else {
      const now =
        kind === "caption"
          ? await captionNow(key, owners, files, signal)
          : await fileNow(key, expectedOf(file), files, signal);
      const gone = isRejected && now.problem?.code === "vanished";
      if (isRejected || now.problem) yield refused(now.sha256 ?? null, gone ? undefined : now.problem?.detail);
      else yield { kept: { key, bytes: now.bytes, sha256: now.sha256 } };
    }
  }

  function expectedOf({ key, kind }: InventoryFile): string | null | undefined {
    return isListing(kind) ? (rewritten.get(key) ?? listed.get(key) ?? null) : undefined;
  }
}

/** Of these, what they said is known from the listing. */
function isListing(kind: FileKind): boolean {
  return kind === "metadata" || kind === "archive";
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
  rewritten: ReadonlyMap<string, string>,
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
