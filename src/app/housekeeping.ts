import type { Store } from "../store/store.ts";

const HOUR_MS = 3_600_000;

/** Work that nobody asks for: forgetting what has expired, removing what crashes left behind. Once now, then every hour. */
export class Housekeeping {
  readonly #store: Store;
  readonly #onError: (error: unknown) => void;
  readonly #timer: NodeJS.Timeout;

  constructor(store: Store, onError: (error: unknown) => void) {
    this.#store = store;
    this.#onError = onError;
    this.#timer = setInterval(() => void this.#round(), HOUR_MS);
    this.#timer.unref();
    void this.#round();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #round(): Promise<void> {
    try {
      await this.#store.forgetExpired(new Date());
      await this.#store.sweepOrphans(new Date());
    } catch (error) {
      this.#onError(error);
    }
  }
}
