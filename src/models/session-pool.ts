import { SafelightError } from "../contract/errors.ts";
import type { Feeds, Port, Tensors } from "./session-messages.ts";
import type { SessionThread } from "./session-thread.ts";

/** How the cores are shared out among the sessions of one model. */
export interface Shares {
  /** Threads of the first session, which runs alone while one run at a time is asked for. */
  readonly alone: number;
  /** Threads of each further session. */
  readonly each: number;
  /** At most so many sessions, the first among them. */
  readonly sessions: number;
}

interface Job {
  readonly feeds: Feeds;
  readonly signal: AbortSignal | undefined;
  resolve(outputs: Tensors): void;
  reject(error: unknown): void;
}

/**
 * Runs wait in one line for the sessions of one model. A run that is alone gets the session with the most threads; further
 * sessions are started when a run has to wait.
 */
export class SessionPool {
  readonly inputs: readonly Port[];
  readonly #id: string;
  readonly #start: (threads: number) => Promise<SessionThread>;
  readonly #shares: Shares;
  /** The last is taken first: {@link #widest} is put there, the others before it. */
  readonly #idle: SessionThread[];
  readonly #all: Set<SessionThread>;
  readonly #waiting: Job[] = [];
  #widest: SessionThread | undefined;
  #starting: Promise<void> | undefined;
  #closed = false;

  private constructor(
    id: string,
    start: (threads: number) => Promise<SessionThread>,
    first: SessionThread,
    shares: Shares,
  ) {
    this.#id = id;
    this.inputs = first.inputs;
    this.#start = start;
    this.#shares = shares;
    this.#idle = [first];
    this.#all = new Set([first]);
    this.#widest = first;
  }

  /** @param start opens one more session, warm when it resolves @throws what starting the first one throws */
  static async open(
    id: string,
    start: (threads: number) => Promise<SessionThread>,
    shares: Shares,
  ): Promise<SessionPool> {
    return new SessionPool(id, start, await start(shares.alone), shares);
  }

  /** @throws SafelightError `detector_failed`; the signal's reason, when it is aborted before the run has begun */
  async run(feeds: Feeds, signal?: AbortSignal): Promise<Tensors> {
    if (this.#closed) throw this.#gone();
    return new Promise((resolve, reject) => {
      this.#waiting.push({ feeds, signal, resolve, reject });
      this.#serve();
    });
  }

  /** Runs that have begun end first; those that wait fail. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const job of this.#waiting.splice(0)) job.reject(this.#gone());
    await this.#starting;
    await Promise.all([...this.#all].map((thread) => thread.close()));
  }

  #serve(): void {
    for (const thread of this.#idle.filter((one) => !one.alive)) this.#forget(thread);
    while (this.#waiting.length > 0) {
      const job = this.#waiting[0];
      if (job?.signal?.aborted) {
        this.#waiting.shift();
        job.reject(job.signal.reason);
        continue;
      }
      const thread = this.#idle.pop();
      if (!job || !thread) break;
      this.#waiting.shift();
      void this.#work(thread, job);
    }
    if (this.#waiting.length > 0 && this.#all.size < this.#shares.sessions) this.#grow();
  }

  async #work(thread: SessionThread, job: Job): Promise<void> {
    try {
      job.resolve(await thread.run(job.feeds));
    } catch (error) {
      job.reject(error);
    }
    this.#rest(thread);
    this.#serve();
  }

  #rest(thread: SessionThread): void {
    if (thread === this.#widest) this.#idle.push(thread);
    else this.#idle.unshift(thread);
  }

  #grow(): void {
    const wide = this.#widest === undefined;
    this.#starting ??= this.#start(wide ? this.#shares.alone : this.#shares.each).then(
      (thread) => {
        this.#starting = undefined;
        if (wide) this.#widest = thread;
        this.#all.add(thread);
        this.#rest(thread);
        if (!this.#closed) this.#serve();
      },
      (error: unknown) => {
        this.#starting = undefined;
        // With a session left, the line moves on more slowly. Without one, nobody would ever answer.
        if (this.#all.size === 0) for (const job of this.#waiting.splice(0)) job.reject(error);
      },
    );
  }

  #forget(thread: SessionThread): void {
    this.#all.delete(thread);
    this.#idle.splice(this.#idle.indexOf(thread), 1);
    if (thread === this.#widest) this.#widest = undefined;
  }

  #gone(): SafelightError {
    return new SafelightError("detector_failed", `model ${this.#id} was closed`);
  }
}
