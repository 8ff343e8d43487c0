import type { Connection } from "./connection.ts";

/** Keeps the event loop free: a larger group goes on in the next turn. */
const LARGEST_GROUP = 64;

interface Write {
  readonly work: () => void;
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

/**
 * Writes that arrive in the same turn of the event loop share one transaction, and so one wait for the disk. Each promise
 * resolves only after that transaction was committed.
 */
export class GroupCommit {
  readonly #connection: Connection;
  #waiting: Write[] = [];
  #scheduled = false;

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
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#scheduled || this.#waiting.length === 0) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#commit();
      this.#schedule();
    });
  }

  #commit(): void {
    const group = this.#waiting.splice(0, LARGEST_GROUP);
    if (group.length === 0) return;
    try {
      this.#together(group);
    } catch (error) {
      if (group.length === 1) group[0]?.failed(error);
      else for (const write of group) this.#alone(write);
    }
  }

  #together(group: readonly Write[]): void {
    this.#connection.transaction(() => {
      for (const write of group) write.work();
    });
    for (const write of group) write.done();
  }

  #alone(write: Write): void {
    try {
      this.#together([write]);
    } catch (error) {
      write.failed(error);
    }
  }
}
