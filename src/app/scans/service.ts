import type { ScanCopies, ScanItem } from "../../contract/scan.ts";
import type { ScanAnswer, ScanConsequences, ScanFile, ScanPlaces, ScanRequest } from "../../contract/scan-api.ts";
import type { ItemQuery, ScanPlace } from "../../store/scans/scan-store.ts";

/** What a client browses by. */
export interface ItemFilter extends ItemQuery {
  readonly matches: (item: ScanItem) => boolean;
}

/** Who asked for a picture that is not blurred. */
export interface Revealer {
  readonly requestId: string;
  /** The name of the key; undefined where there are no keys. */
  readonly key: string | undefined;
}

/** Scans of data sets for those who ask over HTTP: only of places that the configuration allows, one after the other. */
export interface ScanService {
  readonly places: ScanPlaces;
  /** Goes on in the background; the scan is kept when this resolves. @throws SafelightError `invalid_request` */
  start(request: ScanRequest): Promise<ScanAnswer>;
  /** Newest first, on from `before`. A page may be short, with a `next`; that is null at the end. */
  list(
    limit: number,
    before: ScanPlace | undefined,
  ): Promise<{ readonly scans: readonly ScanAnswer[]; readonly next: ScanPlace | null }>;
  get(id: string): Promise<ScanAnswer>;
  /** Resolves when it is worth asking for the scan again: something has happened, or nothing works on it. */
  changed(id: string, signal: AbortSignal): Promise<void>;
  /** @returns where to go on, null at the end */
  items(
    id: string,
    filter: ItemFilter,
    limit: number,
  ): Promise<{ readonly items: readonly ScanItem[]; readonly next: ScanItem | null }>;
  copies(id: string, first: number, limit: number): Promise<readonly ScanCopies[]>;
  /** The path of a file that a finished scan has written. */
  file(id: string, name: ScanFile): Promise<string>;
  /** A small JPEG. What was rejected, or could not be judged, is blurred. @throws SafelightError `not_found` */
  thumbnail(id: string, key: string): Promise<Uint8Array>;
  /** The same, never blurred. Who asked is on disk when it resolves. @throws SafelightError `not_found`, `storage_*` */
  reveal(id: string, key: string, by: Revealer): Promise<Uint8Array>;
  /** Stops it where it is. @throws SafelightError `conflict` when nothing works on it */
  cancel(id: string): Promise<ScanAnswer>;
  /** Goes on where it was. @throws SafelightError `conflict` when it is finished or under way */
  resume(id: string): Promise<ScanAnswer>;
  /** Moves what was rejected to the place that the configuration names. @throws SafelightError `conflict`, `config_invalid` */
  quarantine(id: string, signal: AbortSignal): Promise<ScanConsequences>;
  undo(id: string, signal: AbortSignal): Promise<ScanConsequences>;
  close(): Promise<void>;
}
