import { SafelightError } from "../../contract/errors.ts";
import type { JournalBegin, JournalEntry } from "./journal.ts";

/** Something done to a file that was not put back since. */
export interface Departure {
  /** The data set. */
  readonly source: string;
  readonly key: string;
  /** Of the file that left, or of what it was before it was rewritten. */
  readonly sha256: string;
  /** Of a file that was rewritten: what it is now. */
  readonly becomes: string | undefined;
  /** Where the file lies, or its former content, and by what name; null: it was removed. */
  readonly kept: { readonly place: string; readonly key: string } | null;
  readonly begin: JournalBegin;
}

/** In their order. A file that left twice, because another one had come in its place, is put back twice. */
export function departuresIn(entries: readonly JournalEntry[]): readonly Departure[] {
  const all = new Set<Departure>();
  const byFile = new Map<string, Departure[]>();
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
      if (last && last.begin.scan === begin.scan && isSame(last, done)) continue; // tried again after a crash
      before.push(done);
      all.add(done);
    }
  }
  return [...all];
}

/**
 * What a journal says is to be undone, the first first. What was removed for good is not brought back.
 * @throws SafelightError `conflict` where there is nothing, or the files were removed for good
 */
export function undoable(entries: readonly JournalEntry[]): readonly Departure[] {
  const begins = entries.filter((entry) => entry.step === "begin");
  if (begins.length === 0) throw new SafelightError("conflict", "nothing was moved because of this scan");
  if (begins.every(({ destination }) => destination === null))
    throw new SafelightError("conflict", "the files were removed: only a backup can bring them back");
  return held(entries);
}

/** Whether anything that left, or was rewritten, waits to be brought back. */
export function isHeld(entries: readonly JournalEntry[]): boolean {
  return held(entries).length > 0;
}

/** Whether the last move of a scan came to its end. */
export function isWhole(entries: readonly JournalEntry[], scan: string): boolean {
  let of: string | undefined;
  let whole = true;
  for (const entry of entries) {
    if (entry.step === "begin") of = entry.scan;
    if (entry.step === "begin" && of === scan) whole = false;
    if (entry.step === "done" && (entry.scan ?? of) === scan) whole = true;
  }
  return whole;
}

/** Whether the last move of a scan broke off when something had left already. */
export function isBrokenOff(entries: readonly JournalEntry[], scan: string): boolean {
  return !isWhole(entries, scan) && departuresIn(entries).some(({ begin }) => begin.scan === scan);
}

/** By what name the former content of a metadata file is kept, which may be rewritten more than once. */
export function backupKey(key: string, sha256: string): string {
  return `${sha256.slice("sha256:".length, "sha256:".length + 16)}/${key}`;
}

/** Of a scan that has moved files, and removed others later, the metadata comes back as it was before both. */
function held(entries: readonly JournalEntry[]): readonly Departure[] {
  const all = departuresIn(entries);
  const isMoved = ({ begin }: Departure) => begin.destination !== null;
  const moving = new Set(all.filter(isMoved).map(({ begin }) => begin.scan));
  return all.filter((each) => isMoved(each) || (each.becomes && each.kept && moving.has(each.begin.scan)));
}

function departure(entry: Extract<JournalEntry, { step: "leaving" | "rewriting" }>, begin: JournalBegin): Departure {
  const { key, sha256 } = entry;
  const { source, destination, backup } = begin;
  const moved = destination === null ? null : { place: destination, key };
  if (entry.step === "leaving") return { source, key, sha256, becomes: undefined, kept: moved, begin };
  const saved = { backup: { place: backup, key: backupKey(key, sha256) }, destination: moved };
  return { source, key, sha256, becomes: entry.becomes, kept: entry.saved && saved[entry.saved], begin };
}

function isSame(a: Departure, b: Departure): boolean {
  return a.sha256 === b.sha256 && a.kept?.place === b.kept?.place && a.kept?.key === b.kept?.key;
}

function fileId(source: string, key: string): string {
  return JSON.stringify([source, key]);
}
