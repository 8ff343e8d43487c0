import type { ScanProblem } from "../../contract/scan.ts";
import type { ScanProblemCode } from "../../contract/scan-problems.ts";

/** A file as a listing tells of it. `key` is its path below the source, with `/`. */
export interface ListedFile {
  readonly key: string;
  readonly bytes: number;
  /** Changes whenever the content may have changed: size and times of a file, the ETag of an object. */
  readonly stamp: string;
  /** What Amazon Rekognition found in it, as JSON, where a list of results says so. */
  readonly labels?: string;
}

/** Something in the listing that cannot be a file of the data set. `key` is fit to be shown. */
export interface Unlistable {
  readonly key: string;
  readonly problem: ScanProblem;
}

export function isListed(entry: ListedFile | Unlistable): entry is ListedFile {
  return "stamp" in entry;
}

/** A part of a file: `start` included, `end` not, in bytes. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * A place where files lie: a folder, or a prefix in S3. Reading never follows a link out of it, and nothing is overwritten by
 * halves: a write is there whole or not at all.
 *
 * Methods throw {@link FileProblem} for what is wrong with one file, SafelightError `storage_full`, `storage_failed` or
 * `config_invalid` (credentials, no such bucket) for what is wrong with the place, and the signal's reason.
 */
export interface Files {
  /** A folder's absolute path, or `s3://bucket/prefix`. */
  readonly uri: string;
  /** Whether keys are paths below one place, so that they mean the same below another one. A list names files anywhere. */
  readonly rooted: boolean;
  /** Everything below, in any order, and what is to be said of it, which may be more than one thing; without holding more of it in memory than one folder. */
  list(signal: AbortSignal): AsyncIterable<ListedFile | Unlistable>;
  /**
   * Reads a file, or a part of it, as it was at one moment.
   * @param most bytes; a larger file or part is a FileProblem `too_large`, before it is read
   */
  read(
    key: string,
    most: number,
    signal: AbortSignal,
    range?: ByteRange,
  ): Promise<{ readonly bytes: Uint8Array; readonly stamp: string }>;
  /** The whole content, in pieces. @throws FileProblem `changed` at the end, when it changed meanwhile */
  stream(key: string, signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** @returns undefined when there is no such file */
  stat(key: string, signal: AbortSignal): Promise<ListedFile | undefined>;
  /**
   * Puts a file there, durable when this resolves; an earlier one is replaced.
   * @param content is asked for its pieces from the start each time that the writing is tried
   * @throws also what `content` throws
   */
  write(key: string, content: () => AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void>;
  /** No error where there is none. */
  remove(key: string, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** What is wrong with one file; the rest of a scan goes on. */
export class FileProblem extends Error {
  override readonly name = "FileProblem";
  readonly code: ScanProblemCode;
  readonly detail: string;

  constructor(code: ScanProblemCode, detail: string, options: { cause?: unknown } = {}) {
    super(`${code}: ${detail}`, options);
    this.code = code;
    this.detail = detail;
  }

  get problem(): ScanProblem {
    return { code: this.code, detail: this.detail };
  }
}
