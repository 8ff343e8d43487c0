import { setImmediate } from "node:timers/promises";
import { type Action, strongest } from "../../contract/actions.ts";
import type { ScanItem, ScanProblem } from "../../contract/scan.ts";
import type { KeyRange, PendingPicture } from "../../store/scans/scan-store.ts";
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
  readonly #tell: (item: ScanItem) => void;
  #judged: JudgedItem[] = [];
  #due = 0;

  constructor(scan: string, context: ItemContext, judged: (item: ScanItem) => void) {
    this.#scan = scan;
    this.#context = context;
    this.#tell = judged;
  }

  async keep(judged: JudgedItem): Promise<void> {
    if (this.#judged.push(judged) === 1) this.#due = performance.now() + SAVE_MS;
    if (this.#judged.length >= PAGE || performance.now() >= this.#due) await this.flush();
  }

  async flush(): Promise<void> {
    const judged = this.#judged;
    this.#judged = [];
    if (judged.length === 0) return;
    const { store, judge } = this.#context;
    await store.remember(judged.flatMap(({ remember }) => remember ?? []));
    const read = judged.flatMap((each) => each.read);
    await store.addDigests(this.#scan, read);
    const first = await store.digests(
      this.#scan,
      read.map(({ key }) => key),
    );
    const items = judged.map((each) => asRead(each, first, judge.onUnknown.prompt));
    await store.save(this.#scan, items);
    for (const item of items) this.#tell(item);
  }
}

/** A caption that belongs to two pictures may be another one when it is read for the second: nobody can vouch for both. */
function asRead({ item, read }: JudgedItem, first: ReadonlyMap<string, string>, onUnknown: Action): ScanItem {
  const other = read.find(({ key, sha256 }) => first.get(key) !== sha256);
  if (!other) return item;
  const problem: ScanProblem = { code: "changed", detail: `${other.key} was another one when it was first read` };
  return { ...item, action: strongest([item.action, onUnknown]), judged: false, problems: [...item.problems, problem] };
}
