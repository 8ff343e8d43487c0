import { realpath, stat } from "node:fs/promises";
import { isAbsolute, join, resolve, sep } from "node:path";
import { SafelightError } from "../../contract/errors.ts";
import { isWithin } from "../../dataset/files/places.ts";

/** The places that data sets may be read from: folders, absolute, and `s3://bucket/prefix`. Links are followed first. */
export class AllowedPlaces {
  readonly #named: readonly string[];

  constructor(named: readonly string[]) {
    this.#named = named;
  }

  /**
   * The place that a client means, as `openFiles` takes it.
   * @param asked a folder, absolute or below one of the allowed ones, or `s3://bucket/prefix`
   * @throws SafelightError `invalid_request` that points to `source`, for whatever lies in no allowed place
   */
  async find(asked: string): Promise<string> {
    if (this.#named.length === 0)
      throw refused("no data set may be scanned: scans.sources in the configuration names no place");
    const found = asked.startsWith("s3://") ? this.#prefix(asked) : await this.#folder(asked);
    if (found === undefined)
      throw refused(`there is no such folder in ${this.#named.join(", ")} (scans.sources in the configuration)`);
    return found;
  }

  /** Whether a scan is of a place that may be looked at, and is still where it was: not a link to somewhere else by now. */
  async holds(source: string): Promise<boolean> {
    if (source.startsWith("s3://")) return this.#prefix(source) !== undefined;
    if ((await realpath(source).catch(() => source)) !== source) return false;
    return (await this.#folders()).some((folder) => isWithin(source, folder, sep));
  }

  #prefix(asked: string): string | undefined {
    const place = asked.replace(/\/+$/, "");
    return this.#named.some((each) => each.startsWith("s3://") && isWithin(place, each, "/")) ? place : undefined;
  }

  async #folder(asked: string): Promise<string | undefined> {
    const folders = await this.#folders();
    const candidates = isAbsolute(asked) ? [resolve(asked)] : folders.map((folder) => join(folder, asked));
    for (const candidate of asked.includes("\0") ? [] : candidates) {
      const real = await realpath(candidate).catch(() => undefined);
      if (real === undefined || !(await stat(real)).isDirectory()) continue;
      if (folders.some((folder) => isWithin(real, folder, sep))) return real;
    }
    return undefined;
  }

  #folders(): Promise<readonly string[]> {
    const named = this.#named.filter((place) => !place.startsWith("s3://"));
    return Promise.all(named.map((folder) => realpath(folder).catch(() => folder)));
  }
}

function refused(detail: string): SafelightError {
  return new SafelightError("invalid_request", `source: ${detail}`, { errors: [{ pointer: "#/source", detail }] });
}
