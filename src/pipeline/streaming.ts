export interface Line {
  /** Counts from 1. */
  readonly number: number;
  /** Without the line break; undefined when the line is longer than the limit. */
  readonly bytes: Uint8Array | undefined;
}

/** Splits a stream at line feeds. What is beyond `mostBytes` in a line is read past, and never held in memory. */
export async function* linesOf(input: AsyncIterable<Uint8Array>, mostBytes: number): AsyncGenerator<Line> {
  let number = 1;
  let parts: Uint8Array[] = [];
  let length = 0;
  const take = (part: Uint8Array) => {
    length += part.length;
    if (length <= mostBytes) parts.push(part);
    else parts = [];
  };
  const line = (): Line => {
    const bytes = length <= mostBytes ? Buffer.concat(parts) : undefined;
    parts = [];
    length = 0;
    return { number: number++, bytes };
  };
  for await (const chunk of input) {
    let start = 0;
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, start)) {
      take(chunk.subarray(start, end));
      yield line();
      start = end + 1;
    }
    if (start < chunk.length) take(chunk.subarray(start));
  }
  if (length > 0) yield line();
}

/**
 * Works on at most `width` items at once and yields the results in the order of the items. A result is yielded as soon as
 * it is its turn, also while the next item is still to come; while nobody takes the results, no more items are read.
 * Ends early when the signal is aborted.
 */
export async function* inOrder<T, U>(
  items: AsyncIterable<T>,
  width: number,
  work: (item: T) => Promise<U>,
  signal: AbortSignal,
): AsyncGenerator<U> {
  const stopped = new Promise<"stopped">((resolve) => {
    if (signal.aborted) resolve("stopped");
    signal.addEventListener("abort", () => resolve("stopped"), { once: true });
  });
  const iterator = items[Symbol.asyncIterator]();
  const underway: Promise<U>[] = [];
  let next: Promise<IteratorResult<T>> | undefined = iterator.next();
  while (next !== undefined || underway.length > 0) {
    const oldest = underway[0];
    const wanted: Promise<IteratorResult<T>> | undefined = underway.length < width ? next : undefined;
    const first = await Promise.race([
      stopped,
      ...(oldest ? [oldest.then(() => "done" as const)] : []),
      ...(wanted ? [wanted.then(() => "came" as const)] : []),
    ]);
    if (first === "stopped") return;
    if (first === "done" && oldest) {
      underway.shift();
      yield await oldest;
    } else if (wanted) {
      const result: IteratorResult<T> = await wanted;
      next = result.done ? undefined : iterator.next();
      if (!result.done) underway.push(work(result.value));
    }
  }
}
