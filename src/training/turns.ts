import { setImmediate } from "node:timers/promises";

const TURN_MS = 40;

/** Long work on the main thread that lets others have their turn: a Ctrl-C, a progress bar. */
export class Turns {
  readonly #signal: AbortSignal;
  readonly #tell: (fraction: number) => void;
  #last = performance.now();

  /** @param tell hears how much is done, from 0 to 1 */
  constructor(signal: AbortSignal, tell: (fraction: number) => void) {
    this.#signal = signal;
    this.#tell = tell;
  }

  due(): boolean {
    return performance.now() - this.#last > TURN_MS;
  }

  /** @throws the abort reason */
  async give(fraction: number): Promise<void> {
    this.#tell(fraction);
    await setImmediate();
    this.#signal.throwIfAborted();
    this.#last = performance.now();
  }
}
