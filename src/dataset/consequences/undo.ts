import { SafelightError } from "../../contract/errors.ts";
import { fileDigest } from "../files/digest.ts";
import { FileProblem, type Files } from "../files/files.ts";
import { copy } from "./copy.ts";
import type { Departure } from "./departures.ts";
import type { Journal } from "./journal.ts";

export interface Undone {
  readonly restored: number;
  /** What could not be put back, and why. */
  readonly open: readonly { readonly key: string; readonly detail: string }[];
}

/**
 * Puts back what left, byte for byte, the last first. What is there by now in a file's place is never overwritten.
 * Called again after a crash, it goes on.
 * @param open a data set, a quarantine, or a place of backups; whoever opens it closes it. What lies in one that cannot be opened stays
 */
export async function undo(
  departures: readonly Departure[],
  { open, journal }: { readonly open: (uri: string) => Promise<Files>; readonly journal: Journal },
  signal: AbortSignal,
): Promise<Undone> {
  const stayed: { key: string; detail: string }[] = [];
  let restored = 0;
  for (const departure of departures.toReversed()) {
    const { source, key, kept } = departure;
    try {
      const files = await open(source);
      const from = kept && (await opened(kept.place, open));
      await putBack(departure, files, from, signal);
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

async function opened(place: string, open: (uri: string) => Promise<Files>): Promise<Files> {
  try {
    return await open(place);
  } catch (error) {
    if (!(error instanceof SafelightError)) throw error;
    throw new FileProblem("access_denied", `where it was put cannot be opened: ${error.detail}`, { cause: error });
  }
}

async function putBack(
  { key, sha256, becomes, kept }: Departure,
  files: Files,
  from: Files | null,
  signal: AbortSignal,
): Promise<void> {
  const now = await currentOf(files, key, signal);
  if (now !== sha256) {
    if (now !== undefined && now !== becomes)
      throw new FileProblem("changed", "there is another file in its place by now");
    if (!from || !kept) throw new FileProblem("vanished", "it was removed");
    await copy({ files: from, key: kept.key }, { files, key }, sha256, signal);
  }
  if (from && kept && (await currentOf(from, kept.key, signal)) === sha256) await from.remove(kept.key, signal);
}

async function currentOf(files: Files, key: string, signal: AbortSignal): Promise<string | undefined> {
  return (await files.stat(key, signal)) ? (await fileDigest(files, key, signal)).sha256 : undefined;
}
