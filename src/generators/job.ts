import { SafelightError } from "../contract/errors.ts";
import type { Persistence, Resilience } from "../outbound/resilience.ts";
import { orAbort } from "../pipeline/abort.ts";

const BEGIN_MS = 60_000;

/** For the client that hands jobs over: further tries and the breaker are {@link done}'s. */
export const HANDS_OVER_ONCE: Persistence = { tries: 1, breakAfter: Number.MAX_SAFE_INTEGER };

/** A piece of work that a back end does by itself once it has taken it. */
export interface Job<Begun, Ended> {
  /** Hands it over, in one try. */
  begin(signal: AbortSignal): Promise<Begun>;
  /** Waits for its end. */
  follow(begun: Begun, signal: AbortSignal): Promise<Ended>;
  /** Takes it back. Errors do not matter. */
  cancel(begun: Begun): Promise<void>;
}

/**
 * Has a job done. One that is not waited for any longer does not stay with the back end. A try to hand it over is not broken off when
 * the caller goes away, for only its answer tells what to cancel; but the caller is not held by it, and no other try follows.
 * @throws SafelightError what the job throws; the signal's reason
 */
export async function done<Begun, Ended>(
  job: Job<Begun, Ended>,
  tries: Resilience,
  signal: AbortSignal,
): Promise<Ended> {
  signal.throwIfAborted();
  const begun = tries.run(() => begin(job), signal);
  try {
    return await job.follow(await orAbort(begun, signal), signal);
  } catch (error) {
    void begun.then((value) => job.cancel(value)).catch(() => {});
    throw error;
  }
}

async function begin<Begun>(job: Job<Begun, unknown>): Promise<Begun> {
  const patience = new AbortController();
  const late = new SafelightError("provider_timeout", `it did not take the job within ${BEGIN_MS} ms`);
  const timer = setTimeout(() => patience.abort(late), BEGIN_MS);
  try {
    return await job.begin(patience.signal);
  } finally {
    clearTimeout(timer);
  }
}
