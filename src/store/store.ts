import type { Action } from "../contract/actions.ts";
import type { GenerationRecord, GenerationState } from "../contract/generation.ts";

/** A picture to keep, together with its bytes. */
export interface PictureToKeep {
  /** `sha256:<hex>` of `bytes`: its address. */
  readonly digest: string;
  readonly bytes: Uint8Array;
  readonly media_type: string;
}

export interface RecordQuery {
  /** At most this many, 1 to 1000. */
  readonly limit: number;
  /** The `next` of the page before this one; absent for the first page. */
  readonly before?: string;
  readonly state?: GenerationState;
  readonly action?: Action;
}

/** Records from the newest to the oldest, by `created_at` and then `id`. */
export interface RecordPage {
  readonly records: readonly GenerationRecord[];
  /** Opaque: give it as `before` to get the page after this one. Null when this is the last one. */
  readonly next: string | null;
}

/** Somebody looked at an original. `at` is an ISO instant, `by` whatever names the caller. */
export interface Reveal {
  readonly id: string;
  readonly index: number;
  readonly at: string;
  readonly by: string;
}

/**
 * What Safelight remembers: records, their pictures, and who looked at the originals.
 *
 * Every write resolves only once it would survive a power cut, and every method throws SafelightError: `storage_full` when
 * there is no room (it works again when there is), `storage_failed` when the storage cannot be read or written. A write that
 * throws has changed nothing that can be read, unless the disk itself failed to confirm it.
 */
export interface Store {
  /**
   * Keeps a record under its id, in place of an earlier one with that id; first its pictures, so that a record never names
   * one that is not there. A picture that the record names and that is kept already need not be given again.
   * @throws SafelightError also `internal` when a digest is not that of the bytes, a picture that the record names was never
   * given, or the record does not fit its schema and could therefore not be read again.
   */
  save(record: GenerationRecord, pictures: readonly PictureToKeep[]): Promise<void>;
  get(id: string): Promise<GenerationRecord | undefined>;
  /** @throws SafelightError also `invalid_request` when `limit` or `before` makes no sense. */
  list(query: RecordQuery): Promise<RecordPage>;
  /**
   * @param digest `sha256:<hex>`; anything else finds nothing.
   * @returns exactly the bytes with this digest, which is checked on every read: what is shown is what was judged, or an error.
   */
  picture(digest: string): Promise<Uint8Array | undefined>;
  /** Adds to the list of reveals; nothing changes or removes an entry. @throws SafelightError also `not_found` for an unknown id. */
  recordReveal(reveal: Reveal): Promise<void>;
  /** In the order they were recorded. */
  reveals(id: string): Promise<readonly Reveal[]>;
  /**
   * Ends the records that a process left `running` when it died: they become `failed` with error code `interrupted`.
   * Those of processes that still live, this one among them, are left alone. @returns how many were ended.
   */
  recoverInterrupted(now: Date): Promise<number>;
  /**
   * Forgets text and pictures of records with `expires_at` at or before `now`; their digests, scores and decisions stay, and so
   * do pictures that another record still names. @returns how many records were changed.
   */
  forgetExpired(now: Date): Promise<number>;
  /**
   * Removes what crashes left behind: pictures that no record names, and half-written files, once they are ten minutes old.
   * Safe while this and other processes write. @returns how many files were removed.
   */
  sweepOrphans(now: Date): Promise<number>;
  /** Resolves when a write would now be kept, having made a small one. */
  check(): Promise<void>;
  /** Waits for the writes under way. Afterwards every method throws `storage_failed`. */
  close(): Promise<void>;
}
