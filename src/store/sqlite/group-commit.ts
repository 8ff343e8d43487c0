import type { Connection } from "./connection.ts";

/** Keeps the event loop free: a larger group goes on in the next turn. */
const LARGEST_GROUP = 64;
/** Milliseconds from one group to the next while writes come side by side: each group costs the same, however large it is. */
const PACE_MS = 2;

interface Write {
  readonly work: () => void;
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

/**
 * Writes that arrive while the disk is busy with earlier ones share one transaction, and so one wait for the disk, during which
 * the event loop goes on. Each promise settles only when its transaction would survive a power cut.
 */
export class GroupCommit {
  readonly #connection: Connection;
  #waiting: Write[] = [];
  #busy = false;
  /** When the next group may begin, as `performance.now()` has it. */
  #from = 0;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /**
   * @param work touches nothing but the database, for it may run twice: when another of its group fails, the group is rolled
   * back and each is tried by itself, so that nobody suffers for somebody else's mistake.
   */
  write<T>(work: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      let outcome: { value: T } | undefined;
      this.#waiting.push({
        work: () => {
          outcome = { value: work() };
        },
        done: () => outcome && resolve(outcome.value),
        failed: reject,
      });
      this.#next();
    });
  }

  #next(): void {
    if (this.#busy || this.#waiting.length === 0) return;
    this.#busy = true;
    const wait = this.#from - performance.now();
    if (wait > 0) setTimeout(() => this.#begin(), wait);
    else setImmediate(() => this.#begin());
  }

  async #begin(): Promise<void> {
    const group = this.#waiting.splice(0, LARGEST_GROUP);
    if (group.length > 1) this.#from = performance.now() + PACE_MS;
    await this.#keep(group);
    this.#busy = false;
    this.#next();
  }

  async #keep(group: readonly Write[]): Promise<void> {
    const committed = this.#commit(group);
    if (committed.length === 0) return;
    try {
      await this.#connection.sync();
    } catch (error) {
      for (const write of committed) write.failed(error);
      return;
    }
    for (const write of committed) write.done();
  }

  /** @returns those that were committed; the others have been told. */
  #commit(group: readonly Write[]): readonly Write[] {
    try {
      this.#connection.commit(() => {
        for (const write of group) write.work();
      });
      return group;
    } catch (error) {
      if (group.length > 1) return group.flatMap((write) => this.#commit([write]));
      group[0]?.failed(error);
      return [];
    }
  }
}
