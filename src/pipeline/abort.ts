/**
 * The promise's result, or the signal's reason as soon as it is aborted, whichever comes first: work that ignores its
 * signal cannot hold the answer. What the abandoned work comes to later is dropped.
 */
export function orAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) {
    work.catch(() => {});
    return Promise.reject(signal.reason);
  }
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

/** A signal of its own for one piece of work. */
export interface Leash {
  readonly signal: AbortSignal;
  abort(reason: unknown): void;
  /** When the work is over: the other signal forgets this one. */
  end(): void;
}

/** Aborts when the caller's signal does, or by itself. Half the cost of `AbortSignal.any`, which has no end. */
export function leash(caller: AbortSignal): Leash {
  const own = new AbortController();
  const follow = () => own.abort(caller.reason);
  if (caller.aborted) follow();
  else caller.addEventListener("abort", follow, { once: true });
  return {
    signal: own.signal,
    abort: (reason) => own.abort(reason),
    end: () => caller.removeEventListener("abort", follow),
  };
}

/** As {@link leash}, and aborts by itself after so many milliseconds. @param late makes the reason */
export function leashFor(ms: number, late: () => unknown, caller: AbortSignal): Leash {
  const own = leash(caller);
  const timer = setTimeout(() => own.abort(late()), ms);
  return {
    ...own,
    end: () => {
      clearTimeout(timer);
      own.end();
    },
  };
}
