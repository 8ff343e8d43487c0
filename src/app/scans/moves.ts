import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { Config } from "../../config/schema.ts";
import { SafelightError } from "../../contract/errors.ts";
import type { Scan } from "../../contract/scan.ts";
import type { ScanConsequences } from "../../contract/scan-api.ts";
import { isHeld, isWhole } from "../../dataset/consequences/departures.ts";
import { JOURNAL, readJournal } from "../../dataset/consequences/journal.ts";
import { liesIn } from "../../dataset/files/places.ts";
import { dataSets } from "./data-sets.ts";

/** Whether rejected pictures of a scan lie in quarantine, and whether all came there that were to. */
interface Moved {
  readonly held: boolean;
  readonly whole: boolean;
}

/** Moves what finished scans rejected out of their data sets, and back. */
export class ScanMoves {
  readonly #config: Config;
  readonly #folder: (id: string) => string;
  readonly #onError: (error: unknown) => void;
  /** What a journal of this size said last: it only grows. */
  readonly #journals = new Map<string, Moved & { readonly size: number }>();
  /** Of two that move the same files at once, each would undo half of what the other does. */
  #moving = false;

  /** @param folder where the results of a scan lie */
  constructor(config: Config, folder: (id: string) => string, onError: (error: unknown) => void) {
    this.#config = config;
    this.#folder = folder;
    this.#onError = onError;
  }

  /** Whether anything of the scan is in quarantine. */
  async held(id: string): Promise<boolean> {
    return (await this.#moved(id)).held;
  }

  /** @throws SafelightError `conflict`; what the places throw */
  async quarantine({ id, source, policy }: Scan, signal: AbortSignal): Promise<ScanConsequences> {
    const { quarantine } = this.#config.scans;
    if (quarantine === undefined)
      throw new SafelightError(
        "conflict",
        "there is no place for a quarantine: set scans.quarantine in the configuration",
      );
    if ((await liesIn(quarantine, source)) || (await liesIn(source, `${quarantine}/${id}`)))
      throw new SafelightError(
        "conflict",
        `scans.quarantine in the configuration, ${quarantine}, lies inside this data set: what is moved there would be a part of it`,
      );
    return this.#exclusively(async () => {
      const { held, whole } = await this.#moved(id);
      if (held && whole) throw new SafelightError("conflict", "what was rejected is in quarantine already");
      const scans = await (await dataSets()).openDataSetScans(this.#config, source, policy.name, this.#onError);
      try {
        const folder = this.#folder(id);
        const { left, rewritten, stayed } = await scans.takeOut(id, folder, `${quarantine}/${id}`, signal);
        await scans.vouch(id, folder, rewritten, signal);
        return { files: left, rewritten: rewritten.size, stayed: [...stayed] };
      } finally {
        await scans.close();
      }
    });
  }

  /** @throws SafelightError `conflict`; what the places throw */
  async undo({ id }: Scan, signal: AbortSignal): Promise<ScanConsequences> {
    return this.#exclusively(async () => {
      if (!(await this.#moved(id)).held) throw new SafelightError("conflict", "nothing of this scan is in quarantine");
      const { restored, open } = await (await dataSets()).undoDataSet(this.#folder(id), this.#config.s3, signal);
      return { files: restored, rewritten: 0, stayed: [...open] };
    });
  }

  async #exclusively<T>(work: () => Promise<T>): Promise<T> {
    if (this.#moving) throw new SafelightError("conflict", "pictures are being moved; one scan at a time can do that");
    this.#moving = true;
    try {
      return await work();
    } finally {
      this.#moving = false;
    }
  }

  async #moved(id: string): Promise<Moved> {
    const path = join(this.#folder(id), JOURNAL);
    const size = (await stat(path).catch(() => undefined))?.size;
    if (size === undefined) return { held: false, whole: true };
    const known = this.#journals.get(id);
    if (known?.size === size) return known;
    const entries = (await readJournal(path)) ?? [];
    const moved = { held: isHeld(entries), whole: isWhole(entries, id), size };
    this.#journals.set(id, moved);
    return moved;
  }
}
