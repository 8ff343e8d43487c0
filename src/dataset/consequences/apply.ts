import { SafelightError } from "../../contract/errors.ts";
import type { ScanProblemCode } from "../../contract/scan-problems.ts";
import type { ScanStore } from "../../store/scans/scan-store.ts";
import type { FileContent } from "../files/digest.ts";
import { FileProblem, type Files } from "../files/files.ts";
import { liesIn } from "../files/places.ts";
import { decidedFiles, isRejected, type Rewritten } from "../manifest/kept.ts";
import { everyFile, everyProblem } from "../scan/pages.ts";
import type { JournalEntry } from "./journal.ts";
import { rejectedMembers } from "./rejected-members.ts";
import { archiveWithout, type Leaves, metadataWithout } from "./rewrite.ts";
import { leave, type Moving, type MovingPlaces, rewrite, savedBefore, type Without } from "./steps.ts";

export interface ConsequenceParts extends MovingPlaces {
  readonly store: ScanStore;
}

export interface Consequences {
  readonly left: number;
  readonly rewritten: Rewritten;
  /** What was to leave and did not, and why. */
  readonly stayed: readonly { readonly key: string; readonly detail: string }[];
}

/**
 * Takes the rejected pictures of a finished scan out of the data set, with their captions, their rows in metadata files and their
 * members in archives. Nothing leaves, and nothing is rewritten, that is not what was judged. An archive that is damaged goes to the
 * quarantine as a whole, and is never removed; other files that nobody has looked into stay.
 *
 * Each step is in the journal before it is taken. Called again after a crash, what was done is not done twice.
 * @throws SafelightError `conflict` when the scan is not finished; `storage_*`; the signal's reason
 */
export async function takeOut(
  scan: string,
  parts: ConsequenceParts,
  signal: AbortSignal,
  told: (left: number) => void = () => {},
): Promise<Consequences> {
  const { files, store, journal, quarantine, backup } = parts;
  const found = await store.get(scan);
  if (found?.state !== "finished") {
    throw new SafelightError("conflict", `scan ${scan} is not finished: nothing is moved without a whole report`);
  }
  if (quarantine && !files.rooted) {
    throw new SafelightError(
      "invalid_request",
      "the files of a list lie anywhere: they can be removed, but not moved to one place",
    );
  }
  await assertApart(files, quarantine, backup);
  const entries = await journal.entries();
  const known = knownContents(entries, scan);
  await journal.add({
    step: "begin",
    scan,
    source: files.uri,
    destination: quarantine?.uri ?? null,
    backup: backup.uri,
  });
  const stayed: { key: string; detail: string }[] = [];
  const trying = async (key: string, work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof FileProblem)) throw error;
      if (error.code !== "vanished") stayed.push({ key, detail: error.detail });
    }
  };
  const rewritten = new Map<string, FileContent>();
  const moving: Moving = { ...parts, saved: savedBefore(entries) };
  const rewriting = (key: string, saved: "destination" | "backup" | null, without: Without) =>
    trying(key, async () => {
      const listed = (await store.digests(scan, [key])).get(key);
      const now = await rewrite(key, without, saved, new Set([listed, ...(known.get(key) ?? [])]), moving, signal);
      if (now.sha256 !== listed) rewritten.set(key, now);
    });
  const damaged = await withProblem(store, scan, "archive_damaged");
  for await (const { key } of everyFile(store, scan, "archive")) {
    const members = await rejectedMembers(store, scan, key);
    if (members.size === 0) continue;
    if (damaged.has(key)) stayed.push({ key, detail: "it is damaged: single members cannot be taken out of it" });
    else {
      const leaves = (member: string) => members.has(member);
      await rewriting(key, quarantine ? "destination" : null, (pieces) => archiveWithout(key, pieces, leaves, signal));
    }
  }
  /** Archives that could not be rewritten, and went as a whole. */
  const gone = new Set<string>();
  const links = await withProblem(store, scan, "linked_file");
  let left = 0;
  // links first: what they lead to may leave as well
  for (const linked of links.size > 0 ? [true, false] : [false]) {
    for await (const { file, action, content } of decidedFiles(store, scan, rewritten)) {
      const { key, kind, stamp } = file;
      const whole = quarantine !== undefined && damaged.has(key);
      if (links.has(key) !== linked || !isRejected({ action })) continue;
      if (kind !== "picture" && kind !== "caption" && !whole) continue;
      await trying(key, async () => {
        const expected = content ? new Set([content.sha256]) : (known.get(key) ?? new Set<string>());
        if (!(await leave(key, expected, content ? null : stamp, moving, signal))) return;
        if (whole) gone.add(key);
        told(++left);
      });
    }
  }
  const still = new Set(stayed.map(({ key }) => key));
  for await (const { key } of everyFile(store, scan, "metadata")) {
    const leaves: Leaves = async (keys) => (await rejectedAmong(store, scan, keys)).difference(still);
    await rewriting(key, "backup", (pieces) => metadataWithout(key, pieces, leaves));
  }
  for (const key of links) {
    const [item] = await store.itemsOf(scan, [key]);
    if (item && isRejected(item)) continue;
    if (!(await files.stat(key, signal))) stayed.push({ key, detail: "it is a link, and what it led to has left" });
  }
  await journal.add({ step: "done", scan });
  return { left, rewritten, stayed: stayed.filter(({ key }) => !gone.has(key)) };
}

/** @throws SafelightError `invalid_request` where what is moved would be a part of the data set */
async function assertApart(files: Files, quarantine: Files | undefined, backup: Files): Promise<void> {
  for (const place of [quarantine, backup]) {
    if (place && (await liesIn(place.uri, files.uri))) {
      throw new SafelightError(
        "invalid_request",
        `${place.uri} is the data set ${files.uri} or lies in it: what is moved there would be a part of it`,
      );
    }
  }
  if (quarantine && (await liesIn(files.uri, quarantine.uri))) {
    throw new SafelightError(
      "invalid_request",
      `the data set ${files.uri} lies in ${quarantine.uri}: what is moved there could become a part of it`,
    );
  }
}

/** By key, the digests that the files of this scan had when they left, or were rewritten, before. */
function knownContents(entries: readonly JournalEntry[], scan: string): ReadonlyMap<string, ReadonlySet<string>> {
  const known = new Map<string, Set<string>>();
  let of: string | undefined;
  for (const entry of entries) {
    if (entry.step === "begin") of = entry.scan;
    if (of !== scan || (entry.step !== "rewriting" && entry.step !== "leaving")) continue;
    const digests = known.get(entry.key) ?? new Set();
    known.set(entry.key, digests.add(entry.step === "rewriting" ? entry.becomes : entry.sha256));
  }
  return known;
}

async function withProblem(store: ScanStore, scan: string, code: ScanProblemCode): Promise<ReadonlySet<string>> {
  const keys = new Set<string>();
  for await (const { key, problem } of everyProblem(store, scan)) if (problem.code === code) keys.add(key);
  return keys;
}

async function rejectedAmong(store: ScanStore, scan: string, keys: readonly string[]): Promise<ReadonlySet<string>> {
  const items = await store.itemsOf(scan, [...new Set(keys)]);
  return new Set(items.filter(isRejected).map(({ key }) => key));
}
