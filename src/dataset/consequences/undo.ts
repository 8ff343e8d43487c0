import { SafelightError } from "../../contract/errors.ts";
import { fileDigest } from "../files/digest.ts";
import { FileProblem, type Files } from "../files/files.ts";
import { copy } from "./apply.ts";
import type { Journal, JournalBegin, JournalEntry } from "./journal.ts";

export interface Undone {
  readonly restored: number;
  /** What could not be put back, and why. */
  readonly open: readonly { readonly key: string; readonly detail: string }[];
}

/** Something done to a file that was not put back since. */
export interface Departure {
  /** The data set. */
  readonly source: string;
  readonly key: string;
  readonly sha256: string;
  /** Of a file that was rewritten: what it is now. */
  readonly becomes: string | undefined;
  /** Where the file lies, or its former content; null: it was removed. */
  readonly place: string | null;
}

/**
 * What a journal says is to be undone, the first first.
 * @throws SafelightError `conflict` where there is nothing, or the files were removed for good
 */
export function undoable(entries: readonly JournalEntry[]): readonly Departure[] {
  const begins = entries.filter((entry) => entry.step === "begin");
  if (begins.length === 0) throw new SafelightError("conflict", "nothing was moved because of this scan");
  if (begins.every(({ destination }) => destination === null))
    throw new SafelightError("conflict", "the files were removed: only a backup can bring them back");
  return departuresIn(entries).filter(isMoved);
}

/** Whether anything that left, or was rewritten, waits to be brought back. */
export function isHeld(entries: readonly JournalEntry[]): boolean {
  return departuresIn(entries).some(isMoved);
}

/** Whether the last move came to its end. */
export function isWhole(entries: readonly JournalEntry[]): boolean {
  return entries.findLast(({ step }) => step === "begin" || step === "done")?.step === "done";
}

/** Whether the last move of a scan broke off when something had left already. */
export function isBrokenOff(entries: readonly JournalEntry[], scan: string): boolean {
  const begin = entries.findLast((entry) => entry.step === "begin");
  return begin?.scan === scan && !isWhole(entries) && departuresIn(entries).length > 0;
}

interface Done extends Departure {
  readonly begin: JournalBegin;
}

/** In their order. A file that left twice, because another one had come in its place, is put back twice. */
function departuresIn(entries: readonly JournalEntry[]): readonly Done[] {
  const all = new Set<Done>();
  const byFile = new Map<string, Done[]>();
  let begin: JournalBegin | undefined;
  for (const entry of entries) {
    if (entry.step === "begin") begin = entry;
    else if (begin && entry.step === "restored") {
      const last = byFile.get(fileId(entry.source ?? begin.source, entry.key))?.pop();
      if (last) all.delete(last);
    } else if (begin && (entry.step === "leaving" || entry.step === "rewriting")) {
      const done = departure(entry, begin);
      const id = fileId(done.source, done.key);
      const before = byFile.get(id) ?? [];
      byFile.set(id, before);
      const last = before.at(-1);
      if (last && isSame(last, done)) continue; // tried again after a crash
      before.push(done);
      all.add(done);
    }
  }
  return [...all];
}

function departure(entry: Extract<JournalEntry, { step: "leaving" | "rewriting" }>, begin: JournalBegin): Done {
  const { key, sha256 } = entry;
  const rewriting = entry.step === "rewriting" ? entry : undefined;
  const place = rewriting?.saved === "backup" ? begin.backup : begin.destination;
  return { source: begin.source, key, sha256, becomes: rewriting?.becomes, place, begin };
}

function isSame(a: Done, b: Done): boolean {
  return a.begin.scan === b.begin.scan && a.place === b.place && a.sha256 === b.sha256;
}

/** What was removed for good is not brought back, nor the metadata that spoke of it. */
function isMoved({ begin }: Done): boolean {
  return begin.destination !== null;
}

function fileId(source: string, key: string): string {
  return JSON.stringify([source, key]);
}

/**
 * Puts back what left, byte for byte, the last first. What is there by now in a file's place is never overwritten.
 * Called again after a crash, it goes on.
 * @param open a data set, a quarantine, or a place of backups; whoever opens it closes it
 */
export async function undo(
  departures: readonly Departure[],
  { open, journal }: { readonly open: (uri: string) => Promise<Files>; readonly journal: Journal },
  signal: AbortSignal,
): Promise<Undone> {
  const stayed: { key: string; detail: string }[] = [];
  let restored = 0;
  for (const departure of departures.toReversed()) {
    const { source, key } = departure;
    try {
      await putBack(departure, open, signal);
      await journal.add({ step: "restored", key, source });
      restored += 1;
    } catch (error) {
      if (!(error instanceof FileProblem)) throw error;
      const detail = error.code === "vanished" ? "it is not where it was put" : error.detail;
      stayed.push({ key, detail });
    }
  }
  return { restored, open: stayed };
}

async function putBack(
  { source, key, sha256, becomes, place }: Departure,
  open: (uri: string) => Promise<Files>,
  signal: AbortSignal,
): Promise<void> {
  const [files, from] = [await open(source), place === null ? undefined : await open(place)];
  const now = await currentOf(files, key, signal);
  if (now !== sha256) {
    if (now !== undefined && now !== becomes)
      throw new FileProblem("changed", "there is another file in its place by now");
    if (!from) throw new FileProblem("vanished", "it was removed");
    await copy(from, files, key, sha256, signal);
  }
  if (from && (await currentOf(from, key, signal)) === sha256) await from.remove(key, signal);
}

async function currentOf(files: Files, key: string, signal: AbortSignal): Promise<string | undefined> {
  return (await files.stat(key, signal)) ? (await fileDigest(files, key, signal)).sha256 : undefined;
}
