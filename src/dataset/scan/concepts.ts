import type { ScanConcept, ScanItem } from "../../contract/scan.ts";
import { folderOf } from "../layouts/kinds.ts";

/** More folders than these are no concepts. */
const MOST = 1_000;
/** kohya: `10_sks dog` shows each picture in it ten times in an epoch. */
const REPEATS = /(?:^|\/)(\d{1,6})_[^/]+\/$/;

/** A training that sees one concept so much oftener than another forgets the other. */
const LOPSIDED = 10;

/** Counts the pictures of each folder, a folder being what one concept is learnt from. */
export class Concepts {
  #counted: Map<string, ScanConcept> | undefined = new Map();

  item({ key, role }: Pick<ScanItem, "key" | "role">): void {
    if (!this.#counted) return;
    const folder = folderOf(key);
    const id = `${role} ${folder}`;
    const counted = this.#counted.get(id);
    if (counted) counted.pictures += 1;
    else this.#counted.set(id, { folder, role, pictures: 1, repeats: repeatsOf(folder) });
    if (this.#counted.size > MOST) this.#counted = undefined;
  }

  all(): ScanConcept[] | null {
    return this.#counted ? [...this.#counted.values()] : null;
  }
}

/** How often each picture of a folder is shown in an epoch, as its name says. */
function repeatsOf(folder: string): number {
  return Math.max(1, Number(REPEATS.exec(folder)?.[1] ?? 1));
}

/** The two folders of instance pictures that are shown most and least often, where the one drowns the other; else undefined. */
export function lopsided(concepts: readonly ScanConcept[]) {
  const shown = concepts
    .filter(({ role }) => role === "instance")
    .map(({ folder, pictures, repeats }) => ({ folder, shown: pictures * repeats }))
    .sort((a, b) => b.shown - a.shown);
  const [most, least] = [shown[0], shown.at(-1)];
  return most && least && most.shown >= LOPSIDED * least.shown ? { most, least } : undefined;
}
