import type { Action } from "../../contract/actions.ts";
import type { Category } from "../../contract/categories.ts";
import type { Scan, ScanCopies, ScanItem, ScanProblem } from "../../contract/scan.ts";

/** What a file is to a data set, by its name and its first bytes. `opaque`: it may be full of pictures, and is not looked into. */
export type FileKind = "picture" | "caption" | "metadata" | "archive" | "opaque" | "other";

/** A file of a data set, or one inside an archive of it. */
export interface InventoryFile {
  readonly key: string;
  readonly bytes: number;
  readonly stamp: string;
  readonly kind: FileKind;
  /** The key without its ending: a caption file has that of its picture. */
  readonly stem: string;
  /** The archive that holds it, and where its content starts there. */
  readonly inside: { readonly archive: string; readonly start: number } | null;
}

/** A caption that stands in a metadata file. */
export interface InventoryCaption {
  /** The key of the picture that it is for. */
  readonly picture: string;
  readonly file: string;
  readonly place: string;
  readonly text: string;
}

/** A picture to be judged, with all that belongs to it. */
export interface PendingPicture extends InventoryFile {
  /** Files of captions with the picture's stem. */
  readonly sidecars: readonly InventoryFile[];
  readonly captions: readonly Omit<InventoryCaption, "picture">[];
  /** As {@link InventoryLabels}. */
  readonly labels: string | null;
}

/** Where a scan stands in the list of all. */
export type ScanPlace = Pick<Scan, "created_at" | "id">;

export interface ItemQuery {
  readonly sort: "key" | "score";
  readonly action: Action | null;
  /** Only pictures with a score that is worth a look, or a reason, of this one; `score` is theirs in it then. */
  readonly category: Category | null;
  /** Goes on after this one. */
  readonly after: { readonly key: string; readonly score: number } | null;
}

/** What a vendor has found in a picture before: JSON. */
export interface InventoryLabels {
  readonly key: string;
  readonly labels: string;
}

/** What a file other than a picture was when it was read for the scan: the first time counts. */
export interface FileDigest {
  readonly key: string;
  readonly sha256: string;
}

/** Where a caption stands in a metadata file. */
export type CaptionPlace = Omit<InventoryCaption, "text">;

export interface KeyedProblem {
  readonly key: string;
  readonly problem: ScanProblem;
}

/** Keys in the order of their UTF-8 bytes: above `after`, up to and with `upTo`; null where there is no bound. */
export interface KeyRange {
  readonly after: string | null;
  readonly upTo: string | null;
}

export const ALL_KEYS: KeyRange = { after: null, upTo: null };

/**
 * The inventory of a scan and its results so far. Keys are in the order of their UTF-8 bytes everywhere. A write is durable when it
 * resolves; written twice, it is there once. Methods throw SafelightError `storage_full`, `storage_failed`.
 */
export interface ScanStore {
  create(scan: Scan): Promise<void>;
  get(id: string): Promise<Scan | undefined>;
  /** Newest first, on from `before`; those of one instant by their ids. */
  list(limit: number, before?: ScanPlace): Promise<readonly Scan[]>;
  /**
   * Changes some fields, and leaves the others as whoever else has written them.
   * @param from the scan is changed only while it is in one of these states
   * @returns false when it was in none of them: nothing is changed then
   * @throws SafelightError `not_found`
   */
  update(id: string, change: Partial<Scan>, from?: readonly Scan["state"][]): Promise<boolean>;
  /** Removes the scan with its inventory and results. */
  delete(id: string): Promise<void>;

  /** @returns how many were not there before, by their keys; the others stay as they were */
  addFiles(id: string, files: readonly InventoryFile[]): Promise<number>;
  setKind(id: string, key: string, kind: FileKind): Promise<void>;
  addCaptions(id: string, captions: readonly InventoryCaption[]): Promise<void>;
  addLabels(id: string, labels: readonly InventoryLabels[]): Promise<void>;
  /** How many have labels. */
  labelled(id: string): Promise<number>;
  addDigests(id: string, digests: readonly FileDigest[]): Promise<void>;
  /** By key, of those that have one. */
  digests(id: string, keys: readonly string[]): Promise<ReadonlyMap<string, string>>;
  addProblems(id: string, problems: readonly KeyedProblem[]): Promise<void>;
  /** Files of one kind, or all with null, in order. */
  files(id: string, kind: FileKind | null, after: string | null, limit: number): Promise<readonly InventoryFile[]>;
  file(id: string, key: string): Promise<InventoryFile | undefined>;
  /** Caption files that have the stem of no picture. */
  orphans(id: string, after: string | null, limit: number): Promise<readonly InventoryFile[]>;
  /** Captions of metadata files for pictures that are not there. */
  strayCaptions(id: string, after: CaptionPlace | null, limit: number): Promise<readonly CaptionPlace[]>;
  /** Whether any picture has a caption of its own. */
  hasCaptions(id: string): Promise<boolean>;

  /** Pictures without a result, in order. */
  pending(id: string, range: KeyRange, limit: number): Promise<readonly PendingPicture[]>;
  /** Of two results for one picture the first stays: whoever is late has judged it for nothing. */
  save(id: string, items: readonly ScanItem[]): Promise<void>;
  counts(id: string): Promise<{ readonly total: number; readonly done: number }>;
  items(id: string, after: string | null, limit: number): Promise<readonly ScanItem[]>;
  /** A page of results: in the order of their keys, or the highest scores first. */
  browse(id: string, query: ItemQuery, limit: number): Promise<readonly ScanItem[]>;
  /** The results of these pictures, in no order. */
  itemsOf(id: string, keys: readonly string[]): Promise<readonly ScanItem[]>;
  /** Pictures that share the stems of caption files, in no order. */
  picturesWithStems(id: string, stems: readonly string[]): Promise<readonly InventoryFile[]>;
  /** In the order of their keys, then codes, then details. */
  problems(id: string, after: KeyedProblem | null, limit: number): Promise<readonly KeyedProblem[]>;
  /** The keys that end each run of `size` pictures; the last run may be shorter. */
  shards(id: string, size: number): Promise<readonly KeyRange[]>;

  /** Groups of copies, numbered on from `first`. */
  addCopies(id: string, first: number, groups: readonly ScanCopies[]): Promise<void>;
  /** Groups of copies from number `first` on. */
  copies(id: string, first: number, limit: number): Promise<readonly ScanCopies[]>;

  /** The digest of a file that was read before with this very stamp. */
  knownDigest(source: string, key: string, stamp: string): Promise<string | undefined>;
  /** What was found in these bytes by the same detectors under the same policy. */
  knownVerdict(fingerprint: string, digest: string): Promise<string | undefined>;
  remember(entries: readonly Remembered[]): Promise<void>;
  close(): Promise<void>;
}

export interface Remembered {
  readonly source: string;
  readonly key: string;
  readonly stamp: string;
  readonly digest: string;
  readonly fingerprint: string;
  /** JSON. */
  readonly verdict: string;
}
