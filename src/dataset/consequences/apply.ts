import { SafelightError } from "../../contract/errors.ts";
import type { ScanProblemCode } from "../../contract/scan-problems.ts";
import type { ScanStore } from "../../store/scans/scan-store.ts";
import type { FileContent } from "../files/digest.ts";
import { FileProblem, type Files } from "../files/files.ts";
import { liesIn } from "../files/places.ts";
import { type Decided, decidedFiles, isRejected, type Rewritten } from "../manifest/kept.ts";
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
  await journal.add({
    step: "begin",
    scan,
    source: files.uri,
    destination: quarantine?.uri ?? null,
    backup: backup.uri,
  });
  const taking = new TakingOut(scan, store, { ...parts, saved: savedBefore(entries) }, entries, signal, told);
  await taking.members();
  await taking.whole();
  await taking.rows();
  await journal.add({ step: "done", scan });
  return taking.consequences();
}

/** The steps of taking out. What is wrong with one file keeps no other from leaving. */
class TakingOut {
  readonly #scan: string;
  readonly #store: ScanStore;
  readonly #moving: Moving;
  /** By key, the digests that files had when they left, or were rewritten, before. */
  readonly #known: ReadonlyMap<string, ReadonlySet<string>>;
  readonly #signal: AbortSignal;
  readonly #told: (left: number) => void;
  readonly #stayed: { key: string; detail: string }[] = [];
  readonly #rewritten = new Map<string, FileContent>();
  /** Archives that cannot be rewritten; those of them that have left as a whole. */
  #damaged: ReadonlySet<string> = new Set();
  readonly #gone = new Set<string>();
  #left = 0;

  constructor(
    scan: string,
    store: ScanStore,
    moving: Moving,
    entries: readonly JournalEntry[],
    signal: AbortSignal,
    told: (left: number) => void,
  ) {
    this.#scan = scan;
    this.#store = store;
    this.#moving = moving;
    this.#known = knownContents(entries, scan);
    this.#signal = signal;
    this.#told = told;
  }

  /** Rejected members of archives. */
  async members(): Promise<void> {
    this.#damaged = await this.#withProblem("archive_damaged");
    const saved = this.#moving.quarantine ? "destination" : null;
    for await (const { key } of everyFile(this.#store, this.#scan, "archive")) {
      const members = await rejectedMembers(this.#store, this.#scan, key);
      if (members.size === 0) continue;
      if (this.#damaged.has(key)) {
        this.#stayed.push({ key, detail: "it is damaged: single members cannot be taken out of it" });
        continue;
      }
      const leaves = (member: string) => members.has(member);
      await this.#rewrite(key, saved, (pieces) => archiveWithout(key, pieces, leaves, this.#signal));
    }
  }

  /** Rejected pictures and captions, and damaged archives. Links first: what they lead to may leave as well. */
  async whole(): Promise<void> {
    const links = await this.#withProblem("linked_file");
    const kept: string[] = [];
    if (links.size > 0) {
      for await (const decided of this.#decided()) {
        const { key } = decided.file;
        if (!links.has(key)) continue;
        if (isRejected(decided)) await this.#leave(decided);
        else kept.push(key);
      }
    }
    for await (const decided of this.#decided())
      if (isRejected(decided) && !links.has(decided.file.key)) await this.#leave(decided);
    for (const key of kept) {
      if (await this.#moving.files.stat(key, this.#signal)) continue;
      this.#stayed.push({ key, detail: "it is a link, and what it led to has left" });
    }
  }

  /** Rows of metadata files about pictures that have left. */
  async rows(): Promise<void> {
    const still = new Set(this.#stayed.map(({ key }) => key));
    const leaves: Leaves = async (keys) => {
      const items = await this.#store.itemsOf(this.#scan, [...new Set(keys)]);
      return new Set(items.flatMap((item) => (isRejected(item) && !still.has(item.key) ? item.key : [])));
    };
    for await (const { key } of everyFile(this.#store, this.#scan, "metadata"))
      await this.#rewrite(key, "backup", (pieces) => metadataWithout(key, pieces, leaves));
  }

  consequences(): Consequences {
    const stayed = this.#stayed.filter(({ key }) => !this.#gone.has(key));
    return { left: this.#left, rewritten: this.#rewritten, stayed };
  }

  #decided(): AsyncIterable<Decided> {
    return decidedFiles(this.#store, this.#scan, this.#rewritten);
  }

  async #leave({ file, content }: Decided): Promise<void> {
    const { key, kind, stamp } = file;
    const archive = this.#moving.quarantine !== undefined && this.#damaged.has(key);
    if (kind !== "picture" && kind !== "caption" && !archive) return;
    await this.#trying(key, async () => {
      const expected = content ? new Set([content.sha256]) : (this.#known.get(key) ?? new Set<string>());
      if (!(await leave(key, expected, content ? null : stamp, this.#moving, this.#signal))) return;
      if (archive) this.#gone.add(key);
      this.#told(++this.#left);
    });
  }

  async #rewrite(key: string, saved: "destination" | "backup" | null, without: Without): Promise<void> {
    await this.#trying(key, async () => {
      const listed = (await this.#store.digests(this.#scan, [key])).get(key);
      const expected = new Set([listed, ...(this.#known.get(key) ?? [])]);
      const now = await rewrite(key, without, saved, expected, this.#moving, this.#signal);
      if (now.sha256 !== listed) this.#rewritten.set(key, now);
    });
  }

  async #trying(key: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof FileProblem)) throw error;
      if (error.code !== "vanished") this.#stayed.push({ key, detail: error.detail });
    }
  }

  async #withProblem(code: ScanProblemCode): Promise<ReadonlySet<string>> {
    const keys = new Set<string>();
    for await (const { key, problem } of everyProblem(this.#store, this.#scan))
      if (problem.code === code) keys.add(key);
    return keys;
  }
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
