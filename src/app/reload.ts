import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Config } from "../config/schema.ts";
import { PolicySet } from "./policy-set.ts";

const LOOK_MS = 1_000;

/**
 * The policies in force. Looks once a second whether a policy or word-list file has changed, and then puts all of them into
 * force anew: requests under way end with what they began with. A file that is wrong changes nothing, and is told once.
 */
export class Reloading {
  readonly #config: Config;
  readonly #onError: (error: unknown) => void;
  readonly #timer: NodeJS.Timeout;
  #current: PolicySet;
  #seen: Promise<string>;
  #looking: Promise<void> | undefined;

  /** @param first a set that is open */
  constructor(config: Config, first: PolicySet, onError: (error: unknown) => void) {
    this.#config = config;
    this.#onError = onError;
    this.#current = first;
    this.#seen = this.#fingerprint();
    this.#timer = setInterval(() => {
      this.#looking ??= this.#look().finally(() => {
        this.#looking = undefined;
      });
    }, LOOK_MS);
    this.#timer.unref();
  }

  get current(): PolicySet {
    return this.#current;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
    await this.#current.retire();
  }

  async #look(): Promise<void> {
    try {
      const now = await this.#fingerprint();
      if (now === (await this.#seen)) return;
      this.#seen = Promise.resolve(now);
      const next = await new PolicySet(this.#config).open();
      const last = this.#current;
      this.#current = next;
      this.#seen = this.#fingerprint();
      await last.retire();
    } catch (error) {
      this.#onError(error);
    }
  }

  /** Changes when a file comes, goes or is written. */
  async #fingerprint(): Promise<string> {
    const files = await Promise.all([...this.#config.policies, ...(await this.#current.sources())].map(stamps));
    return files.flat().join("\n");
  }
}

async function stamps(path: string): Promise<string[]> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isDirectory()) return [`${path} ${found ? `${found.mtimeMs} ${found.size} ${found.ino}` : "gone"}`];
  const names = (await readdir(path).catch(() => [])).filter((name) => name.endsWith(".yaml")).sort();
  return (await Promise.all(names.map((name) => stamps(join(path, name))))).flat();
}
