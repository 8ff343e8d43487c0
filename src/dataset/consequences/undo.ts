import { SafelightError } from "../../contract/errors.ts";
import { FileProblem, type Files } from "../files/files.ts";
import { copy, digestOf } from "./apply.ts";
import type { Journal, JournalBegin, JournalEntry } from "./journal.ts";

export interface Undone {
  readonly restored: number;
  /** What could not be put back, and why. */
  readonly open: readonly { readonly key: string; readonly detail: string }[];
}

/**
 * What a journal says is to be undone: the last time that files left, unless that was undone.
 * @throws SafelightError `conflict` where there is nothing, or the files were removed for good
 */
export function undoable(entries: readonly JournalEntry[]): JournalBegin & { readonly destination: string } {
  const begin = entries.findLast((entry) => entry.step === "begin");
  if (!begin) throw new SafelightError("conflict", "nothing was moved because of this scan");
  const { destination } = begin;
  if (destination === null)
    throw new SafelightError("conflict", "the files were removed: only a backup can bring them back");
  return { ...begin, destination };
}

/** Whether files that left because of a scan wait to be brought back. */
export function isHeld(entries: readonly JournalEntry[]): boolean {
  if (entries.findLast((entry) => entry.step === "begin")?.destination == null) return false;
  const held = new Set<string>();
  for (const entry of entries) {
    if (entry.step === "left") held.add(entry.key);
    if (entry.step === "restored") held.delete(entry.key);
  }
  return held.size > 0;
}

/** Whether the last move came to its end. */
export function isWhole(entries: readonly JournalEntry[]): boolean {
  return entries.findLast(({ step }) => step === "begin" || step === "done")?.step === "done";
}

/** What was done to each file since it was last put back. */
function notRestored(entries: readonly JournalEntry[]): readonly Departure[] {
  const open = new Map<string, Departure>();
  for (const entry of entries) {
    if (entry.step === "restored" || entry.step === "leaving" || entry.step === "rewriting") open.delete(entry.key);
    if (entry.step === "leaving" || entry.step === "rewriting") open.set(entry.key, entry);
  }
  return [...open.values()];
}

type Departure = Extract<JournalEntry, { step: "leaving" | "rewriting" }>;

/**
 * Puts back what left, byte for byte, the last first. What is there by now in a file's place is never overwritten.
 * Called again after a crash, it goes on.
 */
export async function undo(
  entries: readonly JournalEntry[],
  parts: { readonly files: Files; readonly quarantine: Files; readonly backup: Files; readonly journal: Journal },
  signal: AbortSignal,
): Promise<Undone> {
  const { files, quarantine, backup, journal } = parts;
  const open: { key: string; detail: string }[] = [];
  let count = 0;
  for (const entry of notRestored(entries).toReversed()) {
    const { key, sha256 } = entry;
    const rewriting = entry.step === "rewriting" ? entry : undefined;
    const from = rewriting?.saved === "backup" ? backup : quarantine;
    try {
      const now = await currentOf(files, key, signal);
      if (now !== sha256) {
        if (now !== undefined && now !== rewriting?.becomes) {
          throw new FileProblem("changed", "there is another file in its place by now");
        }
        await copy(from, files, key, sha256, signal);
      }
      await from.remove(key, signal);
      await journal.add({ step: "restored", key });
      count += 1;
    } catch (error) {
      if (!(error instanceof FileProblem)) throw error;
      const gone = error.code === "vanished" ? "it is not where it was put" : error.detail;
      open.push({ key, detail: gone });
    }
  }
  return { restored: count, open };
}

async function currentOf(files: Files, key: string, signal: AbortSignal): Promise<string | undefined> {
  return (await files.stat(key, signal)) ? (await digestOf(files, key, signal)).sha256 : undefined;
}
