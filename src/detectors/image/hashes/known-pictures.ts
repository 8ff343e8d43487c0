import { createHash } from "node:crypto";
import type { PdqHash } from "../../../models/pdq/hash.ts";
import { PdqIndex } from "../../../models/pdq/neighbours.ts";
import { ORIENTATIONS, type Orientation } from "../../../models/pdq/pdq.ts";
import { Entries, type Listed } from "./entries.ts";
import type { HashKind, PictureHash } from "./entry.ts";
import { ExactIndex } from "./exact.ts";
import type { Fingerprint } from "./fingerprint.ts";
import { readList } from "./list.ts";
import type { HashesOptions } from "./options.ts";

export type MatchOptions = Pick<HashesOptions, "distance" | "min_quality" | "orientations">;

/** An entry that a picture was found by. */
export interface Match {
  readonly listed: Listed;
  readonly by: HashKind;
  /** Bits of a PDQ hash that differ; 0 for the other kinds. */
  readonly distance: number;
  /** See {@link scoreOf}. */
  readonly score: number;
  /** What was done to the listed picture. */
  readonly orientation: Orientation;
  /** Index in the file; `null` where the file as a whole was found. */
  readonly frame: number | null;
}

type ExactKind = Exclude<HashKind, "pdq">;

/** Pictures that lists name, ready to be looked up. */
export class KnownPictures {
  /** Of the contents of the lists. */
  readonly version: string;
  readonly size: number;
  /** Whether anything is listed by the digest of its pixels. */
  readonly needsPixels: boolean;
  readonly #entries: Entries;
  readonly #near: PdqIndex;
  readonly #exact: Readonly<Record<ExactKind, ExactIndex>>;

  private constructor(version: string, entries: Entries, near: PdqIndex, exact: Record<ExactKind, ExactIndex>) {
    this.version = version;
    this.size = entries.size;
    this.#entries = entries;
    this.#near = near;
    this.#exact = exact;
    this.needsPixels = exact.pixels.size > 0;
  }

  /** @throws SafelightError `config_invalid` for a list that cannot be read, with file and line */
  static async open(lists: HashesOptions["lists"], folder: string): Promise<KnownPictures> {
    const entries = new Entries();
    const version = createHash("sha256");
    for (const list of lists) {
      const { name, sha256 } = await readList(list, folder, entries);
      version.update(JSON.stringify([name, sha256, typeof list === "string" ? null : list.category]));
    }
    const near = await PdqIndex.build(entries.words("pdq"));
    const sha256 = await ExactIndex.build(entries.words("sha256"));
    const pixels = await ExactIndex.build(entries.words("pixels"));
    return new KnownPictures(version.digest("hex").slice(0, 12), entries, near, { sha256, pixels });
  }

  /** Every entry that a picture is found by, the nearest first. */
  match({ sha256, frames }: Fingerprint, options: MatchOptions): readonly Match[] {
    const found = this.#equal("sha256", sha256, null);
    for (const { index, pixels, pdq } of frames) {
      if (pixels) found.push(...this.#equal("pixels", pixels, index));
      if (!pdq || pdq.quality < options.min_quality) continue;
      const orientations = options.orientations ? (Object.keys(ORIENTATIONS) as Orientation[]) : (["as-is"] as const);
      for (const orientation of orientations) {
        found.push(...this.#alike(pdq.turned(orientation), options.distance, orientation, index));
      }
    }
    return found.sort((a, b) => b.score - a.score);
  }

  /** Every entry that has this hash, or one near to it, the nearest first. */
  matchHash({ kind, words }: PictureHash, distance: number): readonly Match[] {
    return kind === "pdq" ? this.#alike(words, distance, "as-is", null) : this.#equal(kind, words, null);
  }

  #equal(by: ExactKind, digest: Uint32Array, frame: number | null): Match[] {
    return this.#exact[by].find(digest).map((place) => ({
      listed: this.#entries.at(by, place),
      by,
      distance: 0,
      score: 1,
      orientation: "as-is",
      frame,
    }));
  }

  #alike(hash: PdqHash, most: number, orientation: Orientation, frame: number | null): Match[] {
    return this.#near.within(hash, most).map(({ at, distance }) => ({
      listed: this.#entries.at("pdq", at),
      by: "pdq",
      distance,
      score: scoreOf(distance, most),
      orientation,
      frame,
    }));
  }
}

/** 1 for an equal hash, falling evenly to 0.5 for one that differs in as many bits as are allowed. */
export function scoreOf(distance: number, most: number): number {
  return distance === 0 ? 1 : 1 - distance / (2 * most);
}
