import { Digesting, type FileContent, fileDigest } from "../files/digest.ts";
import { FileProblem, type Files } from "../files/files.ts";
import { asExpected, copy } from "./copy.ts";
import { backupKey, departuresIn } from "./departures.ts";
import type { Journal, JournalEntry } from "./journal.ts";

/** Where a data set is, and where what leaves it goes. */
export interface MovingPlaces {
  readonly files: Files;
  readonly journal: Journal;
  /** Where rejected files go; undefined: they are removed. */
  readonly quarantine: Files | undefined;
  /** Where the former content of rewritten files goes. */
  readonly backup: Files;
}

/** The content of a file without what leaves. */
export type Without = (pieces: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>;

export interface Moving extends MovingPlaces {
  /** Whether what lies somewhere was put there for this very file, and has not been brought back. */
  readonly saved: (place: string, key: string, source: string, sha256: string) => boolean;
}

export function savedBefore(entries: readonly JournalEntry[]): Moving["saved"] {
  const id = (...parts: readonly string[]) => JSON.stringify(parts);
  const all = new Set(
    departuresIn(entries).flatMap(({ kept, source, sha256 }) => (kept ? id(kept.place, kept.key, source, sha256) : [])),
  );
  return (place, key, source, sha256) => all.has(id(place, key, source, sha256));
}

/**
 * @param expected one of these its digest must be
 * @param stamp what does as well; null: nothing does
 * @returns false when it is not there any more
 */
export async function leave(
  key: string,
  expected: ReadonlySet<string>,
  stamp: string | null,
  moving: Moving,
  signal: AbortSignal,
): Promise<boolean> {
  const { files, journal, quarantine } = moving;
  const there = await files.stat(key, signal);
  if (!there) return false;
  const { sha256, bytes } = await fileDigest(files, key, signal);
  if (!expected.has(sha256) && there.stamp !== stamp)
    throw new FileProblem("changed", "it is not what was judged any more");
  const saving = quarantine && !(await isThere(quarantine, key, sha256, moving, signal)) ? quarantine : undefined;
  await journal.add({ step: "leaving", key, bytes, sha256 });
  const saved = async () => {
    if (saving) await copy({ files, key }, { files: saving, key }, sha256, signal);
    if ((await files.stat(key, signal))?.stamp === there.stamp) return;
    await saving?.remove(key, signal);
    throw new FileProblem("changed", "it changed while it was moved");
  };
  await kept(saved(), key, journal);
  await files.remove(key, signal);
  await journal.add({ step: "left", key });
  return true;
}

/**
 * @param expected what it may be
 * @returns what it is then
 */
export async function rewrite(
  key: string,
  without: Without,
  saved: "destination" | "backup" | null,
  expected: ReadonlySet<string | undefined>,
  moving: Moving,
  signal: AbortSignal,
): Promise<FileContent> {
  const { files, journal, quarantine, backup } = moving;
  const before = await fileDigest(files, key, signal);
  const { sha256 } = before;
  if (!expected.has(sha256)) throw new FileProblem("changed", "it is not what was judged any more");
  const content = () => without(asExpected(files, key, sha256, signal));
  const dry = new Digesting();
  for await (const _ of dry.of(content()));
  if (dry.sha256 === sha256) return before;
  const place = saved === "backup" ? backup : saved && quarantine;
  const name = saved === "backup" ? backupKey(key, sha256) : key;
  const saving = place && !(await isThere(place, name, sha256, moving, signal)) ? place : undefined;
  await journal.add({ step: "rewriting", key, sha256, becomes: dry.sha256, saved });
  if (saving) await kept(copy({ files, key }, { files: saving, key: name }, sha256, signal), key, journal);
  await kept(files.write(key, content, signal), key, journal);
  await journal.add({ step: "rewritten", key });
  return dry.content;
}

/** Whether a file was saved before a crash. @throws FileProblem `changed` where anything else lies in its place */
async function isThere(
  place: Files,
  name: string,
  sha256: string,
  { files, saved, backup }: Moving,
  signal: AbortSignal,
): Promise<boolean> {
  if (!(await place.stat(name, signal))) return false;
  const ours = place === backup || saved(place.uri, name, files.uri, sha256); // nobody else has to do with backups
  if (ours && (await fileDigest(place, name, signal)).sha256 === sha256) return true;
  throw new FileProblem("changed", `another file lies in its place in ${place.uri}`);
}

/** What could not be saved, or written, is as it was. */
async function kept(saving: Promise<void>, key: string, journal: Journal): Promise<void> {
  try {
    await saving;
  } catch (error) {
    if (error instanceof FileProblem) await journal.add({ step: "restored", key });
    throw error;
  }
}
