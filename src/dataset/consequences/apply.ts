import { SafelightError } from "../../contract/errors.ts";
import type { ScanItem } from "../../contract/scan.ts";
import type { InventoryFile, ScanStore } from "../../store/scans/scan-store.ts";
import { Digesting, type FileContent, fileDigest } from "../files/digest.ts";
import { FileProblem, type Files } from "../files/files.ts";
import { liesIn } from "../files/places.ts";
import { decidedFiles, isRejected, type Rewritten } from "../manifest/kept.ts";
import { everyFile, everyProblem } from "../scan/pages.ts";
import type { Journal } from "./journal.ts";
import { archiveWithout, type Leaves, metadataWithout } from "./rewrite.ts";

export interface ConsequenceParts {
  readonly files: Files;
  readonly store: ScanStore;
  readonly journal: Journal;
  /** Where rejected files go; undefined: they are removed. */
  readonly quarantine: Files | undefined;
  /** Where the former content of rewritten files goes. */
  readonly backup: Files;
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
  for (const place of [quarantine, backup]) {
    if (place && (await liesIn(place.uri, files.uri))) {
      throw new SafelightError(
        "invalid_request",
        `${place.uri} is the data set ${files.uri} or lies in it: what is moved there would be a part of it`,
      );
    }
  }
  const known = await knownContents(journal, scan);
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
  const rewriting = (key: string, content: () => AsyncIterable<Uint8Array>, saved: "destination" | "backup" | null) =>
    trying(key, async () => {
      const listed = (await store.digests(scan, [key])).get(key);
      const now = await rewrite(key, content, saved, new Set([listed, ...(known.get(key) ?? [])]), parts, signal);
      if (now.sha256 !== listed) rewritten.set(key, now);
    });
  const damaged = await damagedArchives(store, scan);
  for await (const { key } of everyFile(store, scan, "archive")) {
    const members = await rejectedMembers(store, scan, key);
    if (members.size === 0) continue;
    if (damaged.has(key)) stayed.push({ key, detail: "it is damaged: single members cannot be taken out of it" });
    else {
      const content = () => archiveWithout(key, files, (member) => members.has(member), signal);
      await rewriting(key, content, quarantine ? "destination" : null);
    }
  }
  /** Archives that could not be rewritten, and went as a whole. */
  const gone = new Set<string>();
  let left = 0;
  for await (const { file, action, content } of decidedFiles(store, scan, rewritten)) {
    const { key, kind } = file;
    const whole = quarantine !== undefined && damaged.has(key);
    if (!isRejected({ action }) || (kind !== "picture" && kind !== "caption" && !whole)) continue;
    await trying(key, async () => {
      if (!(await leave(key, content?.sha256 ?? null, parts, signal))) return;
      if (whole) gone.add(key);
      told(++left);
    });
  }
  const still = new Set(stayed.map(({ key }) => key));
  for await (const { key } of everyFile(store, scan, "metadata")) {
    const leaves: Leaves = async (keys) => (await rejectedAmong(store, scan, keys)).difference(still);
    await rewriting(key, () => metadataWithout(key, files, leaves, signal), "backup");
  }
  await journal.add({ step: "done" });
  return { left, rewritten, stayed: stayed.filter(({ key }) => !gone.has(key)) };
}

/** What metadata files and archives have become when this scan took something out of them before. */
async function knownContents(journal: Journal, scan: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const known = new Map<string, string[]>();
  let of: string | undefined;
  for (const entry of await journal.entries()) {
    if (entry.step === "begin") of = entry.scan;
    if (entry.step === "rewriting" && of === scan)
      known.set(entry.key, [...(known.get(entry.key) ?? []), entry.becomes]);
  }
  return known;
}

/** @returns false when it is not there any more */
async function leave(
  key: string,
  judged: string | null,
  { files, journal, quarantine }: ConsequenceParts,
  signal: AbortSignal,
): Promise<boolean> {
  if (!(await files.stat(key, signal))) return false;
  const { sha256, bytes } = await fileDigest(files, key, signal);
  if (judged !== null && sha256 !== judged) throw new FileProblem("changed", "it is not what was judged any more");
  const saved = quarantine && (await isThere(quarantine, key, sha256, signal));
  await journal.add({ step: "leaving", key, bytes, sha256 });
  if (quarantine && !saved) await kept(copy(files, quarantine, key, sha256, signal), key, journal);
  await files.remove(key, signal);
  await journal.add({ step: "left", key });
  return true;
}

/**
 * @param expected what it may be
 * @returns what it is then
 */
async function rewrite(
  key: string,
  content: () => AsyncIterable<Uint8Array>,
  saved: "destination" | "backup" | null,
  expected: ReadonlySet<string | undefined>,
  { files, journal, quarantine, backup }: ConsequenceParts,
  signal: AbortSignal,
): Promise<FileContent> {
  const before = await fileDigest(files, key, signal);
  const { sha256 } = before;
  if (!expected.has(sha256)) throw new FileProblem("changed", "it is not what was judged any more");
  const dry = new Digesting();
  for await (const _ of dry.of(content()));
  if (dry.sha256 === sha256) return before;
  const saving = saved === "backup" ? backup : quarantine;
  const place = saved !== null && saving && !(await isThere(saving, key, sha256, signal)) ? saving : undefined;
  await journal.add({ step: "rewriting", key, sha256, becomes: dry.sha256, saved });
  if (place) await kept(copy(files, place, key, sha256, signal), key, journal);
  await files.write(key, content, signal);
  await journal.add({ step: "rewritten", key });
  return dry.content;
}

/** Whether a file is saved already. @throws FileProblem `changed` where another one lies in its place */
async function isThere(place: Files, key: string, sha256: string, signal: AbortSignal): Promise<boolean> {
  if (!(await place.stat(key, signal))) return false;
  if ((await fileDigest(place, key, signal)).sha256 === sha256) return true;
  throw new FileProblem("changed", `another file lies in its place in ${place.uri}`);
}

/** What could not be saved has not left. */
async function kept(saving: Promise<void>, key: string, journal: Journal): Promise<void> {
  try {
    await saving;
  } catch (error) {
    if (error instanceof FileProblem) await journal.add({ step: "restored", key });
    throw error;
  }
}

/** @throws FileProblem `changed` unless what arrives has this digest; nothing is left there then */
export async function copy(from: Files, to: Files, key: string, sha256: string, signal: AbortSignal): Promise<void> {
  await to.write(
    key,
    async function* () {
      const digest = new Digesting();
      yield* digest.of(from.stream(key, signal));
      if (digest.sha256 !== sha256) throw new FileProblem("changed", "it changed while it was copied");
    },
    signal,
  );
}

async function damagedArchives(store: ScanStore, scan: string): Promise<ReadonlySet<string>> {
  const damaged = new Set<string>();
  for await (const { key, problem } of everyProblem(store, scan)) {
    if (problem.code === "archive_damaged") damaged.add(key);
  }
  return damaged;
}

async function rejectedAmong(store: ScanStore, scan: string, keys: readonly string[]): Promise<ReadonlySet<string>> {
  const items = await store.itemsOf(scan, [...new Set(keys)]);
  return new Set(items.filter(isRejected).map(({ key }) => key));
}

/** The members of an archive that leave: rejected pictures, and captions that belong to no other. */
async function rejectedMembers(store: ScanStore, scan: string, archive: string): Promise<ReadonlySet<string>> {
  const prefix = `${archive}/`;
  const items = new Map<string, ScanItem>();
  for (let after = prefix; ; ) {
    const page = (await store.items(scan, after, 500)).filter(({ key }) => key.startsWith(prefix));
    for (const item of page) items.set(item.key, item);
    const last = page.at(-1);
    if (page.length < 500 || !last) break;
    after = last.key;
  }
  const gone = new Set<string>();
  const captions: InventoryFile[] = [];
  /** By stem: whether every picture of it is rejected. */
  const all = new Map<string, boolean>();
  for await (const { key, kind, stem, ...file } of membersOf(store, scan, prefix)) {
    if (kind === "caption") captions.push({ key, kind, stem, ...file });
    if (kind !== "picture") continue;
    const item = items.get(key);
    const rejected = item !== undefined && isRejected(item);
    if (rejected) gone.add(key);
    all.set(stem, (all.get(stem) ?? true) && rejected);
  }
  for (const { key, stem } of captions) if (all.get(stem) === true) gone.add(key);
  return gone;
}

async function* membersOf(store: ScanStore, scan: string, prefix: string): AsyncGenerator<InventoryFile> {
  for (let after = prefix; ; ) {
    const page = await store.files(scan, null, after, 500);
    const inside = page.filter(({ key }) => key.startsWith(prefix));
    yield* inside;
    const last = inside.at(-1);
    if (inside.length < 500 || !last) return;
    after = last.key;
  }
}
