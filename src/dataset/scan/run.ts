import { setImmediate } from "node:timers/promises";
import type { ScanItem } from "../../contract/scan.ts";
import type { FileDigest, KeyRange, PendingPicture, Remembered } from "../../store/scans/scan-store.ts";
import { type ItemContext, type JudgedItem, judgeItem } from "./judge-item.ts";

/** Pictures asked for at once, and saved at most so many together. */
const PAGE = 256;
/** What is judged is on disk after so many milliseconds at the latest. */
const SAVE_MS = 250;

export interface RunOptions {
  /** Pictures under way at once. */
  readonly width: number;
  readonly range: KeyRange;
  /** Is told of each item once it is durable. */
  readonly judged: (item: ScanItem) => void;
}

/**
 * Judges every picture of a range that has no result yet, and keeps what it learns as it goes: stopped at any moment, by abort or by a
 * crash, it goes on where it was, and only what was under way is judged again.
 * @throws the signal's reason, after all that was judged has been kept; SafelightError where the source or the store fails
 */
export async function judgePending(
  scan: string,
  context: ItemContext,
  { width, range, judged }: RunOptions,
  signal: AbortSignal,
): Promise<void> {
  const keeper = new Keeper(scan, context, judged);
  const failed = new AbortController();
  const until = AbortSignal.any([signal, failed.signal]);
  const next = pendingPictures(scan, context, range);
  const work = async (): Promise<void> => {
    for (;;) {
      until.throwIfAborted();
      const { value: picture, done } = await next.next();
      if (done) return;
      await keeper.keep(await judgeItem(picture, context, until));
    }
  };
  const workers = Array.from({ length: width }, () =>
    work().catch((error: unknown) => {
      failed.abort(error);
      throw error;
    }),
  );
  const ended = await Promise.allSettled(workers);
  await keeper.flush();
  signal.throwIfAborted();
  for (const each of ended) if (each.status === "rejected") throw failed.signal.reason ?? each.reason;
}

/** Pages of what is pending, one after the other: those under way have no result yet, so the next page starts after them. */
async function* pendingPictures(
  scan: string,
  { store }: ItemContext,
  range: KeyRange,
): AsyncGenerator<PendingPicture, undefined> {
  for (let after = range.after; ; ) {
    const page = await store.pending(scan, { after, upTo: range.upTo }, PAGE);
    yield* page;
    if (page.length < PAGE) return undefined;
    after = page.at(-1)?.key ?? after;
    await setImmediate();
  }
}

/** Saves results in groups, so that each is worth its wait for the disk. */
class Keeper {
  readonly #scan: string;
  readonly #context: ItemContext;
  readonly #judged: (item: ScanItem) => void;
  #items: ScanItem[] = [];
  #remember: Remembered[] = [];
  #read: FileDigest[] = [];
  #due = 0;

  constructor(scan: string, context: ItemContext, judged: (item: ScanItem) => void) {
    this.#scan = scan;
    this.#context = context;
    this.#judged = judged;
  }

  async keep({ item, remember, read }: JudgedItem): Promise<void> {
    if (this.#items.push(item) === 1) this.#due = performance.now() + SAVE_MS;
    if (remember) this.#remember.push(remember);
    this.#read.push(...read);
    if (this.#items.length >= PAGE || performance.now() >= this.#due) await this.flush();
  }

  async flush(): Promise<void> {
    const [items, remember, read] = [this.#items, this.#remember, this.#read];
    [this.#items, this.#remember, this.#read] = [[], [], []];
    if (items.length === 0) return;
    await this.#context.store.remember(remember);
    await this.#context.store.addDigests(this.#scan, read);
    await this.#context.store.save(this.#scan, items);
    for (const item of items) this.#judged(item);
  }
}
