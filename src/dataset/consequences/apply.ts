import { SafelightError } from "../../contract/errors.ts";
import type { ScanItem } from "../../contract/scan.ts";
import type { InventoryFile, ScanStore } from "../../store/scans/scan-store.ts";
import { FileProblem, type Files } from "../files/files.ts";
import { liesIn } from "../files/places.ts";
import { kindOf, stemOf } from "../layouts/kinds.ts";
import { isRejected, sortedFiles } from "../manifest/kept.ts";
import { everyFile, everyProblem } from "../scan/pages.ts";
import type { Journal } from "./journal.ts";
import { archiveWithout, Digesting, type Leaves, metadataWithout } from "./rewrite.ts";

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
  readonly rewritten: ReadonlySet<string>;
  /** What was to leave and did not, and why. */
  readonly stayed: readonly { readonly key: string; readonly detail: string }[];
}

/**
 * Takes the rejected pictures of a finished scan out of the data set, with their captions, their rows in metadata files and their
 * members in archives. Nothing leaves that is not, byte for byte, what was judged. An archive that is damaged goes to the quarantine as a
 * whole, and is never removed; other files that nobody has looked into stay.
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
  const rewritten = new Set<string>();
  for await (const { key } of everyFile(store, scan, "archive")) {
    await trying(key, async () => {
      const members = await rejectedMembers(store, scan, key);
      if (members.size === 0) return;
      const content = () => archiveWithout(key, files, (member) => members.has(member), signal);
      await rewrite(key, content, quarantine ? "destination" : null, parts, signal);
      rewritten.add(key);
    });
  }
  const damaged = quarantine ? await damagedArchives(store, scan) : new Set<string>();
  /** Archives that could not be rewritten, and went as a whole. */
  const gone = new Set<string>();
  let left = 0;
  for await (const sorted of sortedFiles(files, store, scan, signal, rewritten)) {
    if (!("rejected" in sorted)) continue;
    const { key, sha256 } = sorted.rejected;
    const kind = kindOf(key);
    if (kind !== "picture" && kind !== "caption" && !damaged.has(key)) continue;
    await trying(key, async () => {
      if (!(await leave(key, sha256, parts, signal))) return;
      if (damaged.has(key)) gone.add(key);
      told(++left);
    });
  }
  const still = new Set(stayed.map(({ key }) => key));
  for await (const { key } of everyFile(store, scan, "metadata")) {
    await trying(key, async () => {
      const leaves: Leaves = async (keys) => (await rejectedAmong(store, scan, keys)).difference(still);
      await rewrite(key, () => metadataWithout(key, files, leaves, signal), "backup", parts, signal);
    });
  }
  await journal.add({ step: "done" });
  return { left, rewritten, stayed: stayed.filter(({ key }) => !gone.has(key)) };
}

/** @returns false when it is not there any more */
async function leave(
  key: string,
  judged: string | null,
  { files, journal, quarantine }: ConsequenceParts,
  signal: AbortSignal,
): Promise<boolean> {
  if (!(await files.stat(key, signal))) return false;
  const { sha256, bytes } = await digestOf(files, key, signal);
  if (judged !== null && sha256 !== judged) throw new FileProblem("changed", "it is not what was judged any more");
  await journal.add({ step: "leaving", key, bytes, sha256 });
  if (quarantine) await save(files, quarantine, key, sha256, signal);
  await files.remove(key, signal);
  await journal.add({ step: "left", key });
  return true;
}

async function rewrite(
  key: string,
  content: () => AsyncIterable<Uint8Array>,
  saved: "destination" | "backup" | null,
  { files, journal, quarantine, backup }: ConsequenceParts,
  signal: AbortSignal,
): Promise<void> {
  const { sha256 } = await digestOf(files, key, signal);
  const dry = new Digesting();
  for await (const _ of dry.of(content()));
  if (dry.sha256 === sha256) return;
  await journal.add({ step: "rewriting", key, sha256, becomes: dry.sha256, saved });
  const saving = saved === "backup" ? backup : quarantine;
  if (saved !== null && saving) await save(files, saving, key, sha256, signal);
  await files.write(key, content, signal);
  await journal.add({ step: "rewritten", key });
}

/** Copies what is to be kept, unless it is there already. @throws FileProblem `changed` where another file lies in its place */
async function save(from: Files, to: Files, key: string, sha256: string, signal: AbortSignal): Promise<void> {
  if (await to.stat(key, signal)) {
    if ((await digestOf(to, key, signal)).sha256 === sha256) return;
    throw new FileProblem("changed", `another file lies in its place in ${to.uri}`);
  }
  await copy(from, to, key, sha256, signal);
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

export async function digestOf(files: Files, key: string, signal: AbortSignal) {
  const digest = new Digesting();
  for await (const _ of digest.of(files.stream(key, signal)));
  const { sha256, bytes } = digest;
  return { sha256, bytes };
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
  const captions: InventoryFile[] = [];
  for await (const member of membersOf(store, scan, prefix)) {
    if (member.kind === "caption") captions.push(member);
  }
  for (let after = prefix; ; ) {
    const page = (await store.items(scan, after, 500)).filter(({ key }) => key.startsWith(prefix));
    for (const item of page) items.set(item.key, item);
    const last = page.at(-1);
    if (page.length < 500 || !last) break;
    after = last.key;
  }
  const worst = new Map<string, boolean>();
  for (const item of items.values()) {
    const stem = stemOf(item.key);
    worst.set(stem, (worst.get(stem) ?? true) && isRejected(item));
  }
  const gone = [...items.values()].filter(isRejected).map(({ key }) => key);
  return new Set([...gone, ...captions.filter(({ stem }) => worst.get(stem) === true).map(({ key }) => key)]);
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
