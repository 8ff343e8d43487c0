import { setTimeout as sleep } from "node:timers/promises";
import { BrokenCircuitError, CircuitState, ConsecutiveBreaker, circuitBreaker, handleWhen } from "cockatiel";
import { SafelightError } from "../contract/errors.ts";
import { isOutage, mayPass } from "./fault.ts";
import type { Role } from "./role.ts";

export interface Persistence {
  /** Tries in all, the first among them. */
  readonly tries?: number;
  /** Outages in a row after which the vendor is left alone for a while. */
  readonly breakAfter?: number;
  /** Milliseconds it is left alone. */
  readonly breakFor?: number;
  /** Milliseconds before the second try, about; twice that before the third. */
  readonly pause?: number;
  /** Whether a fault is followed by another try: where it may pass, when absent. */
  readonly again?: (error: unknown) => boolean;
}

/** A vendor that asks for a longer pause than this is not asked again within the same request. */
const LONGEST_PAUSE_MS = 5_000;

/** Runs calls to one vendor: again where a fault may pass, and not at all while the vendor is down. */
export interface Resilience {
  /** @throws what `work` threw last; SafelightError when the vendor is being left alone; the signal's reason */
  run<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T>;
}

/** Tries are apart by a pause with full jitter, or by what the vendor's Retry-After says where that is not too long. */
export function resilience(
  role: Role,
  { tries = 3, breakAfter = 5, breakFor = 10_000, pause = 200, again = mayPass }: Persistence = {},
): Resilience {
  // A probe that was called off has proved nothing: only an answer ends the wait.
  const counts = (error: unknown) =>
    isOutage(error) || (breaker.state === CircuitState.HalfOpen && !hasAnswered(error));
  const breaker = circuitBreaker(handleWhen(counts), {
    halfOpenAfter: breakFor,
    breaker: new ConsecutiveBreaker(breakAfter),
  });
  const leftAlone = (how: string) =>
    new SafelightError(role.failed, `it failed ${breakAfter} times in a row, and ${how}`);

  async function tryAgain<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      signal.throwIfAborted();
      try {
        return await work();
      } catch (error) {
        const asked = waitOf(error);
        if (attempt >= tries || !again(error) || (asked ?? 0) > LONGEST_PAUSE_MS) throw error;
        const most = Math.min(LONGEST_PAUSE_MS, pause * 2 ** (attempt - 1));
        await sleep(asked ?? Math.random() * most, undefined, { signal }).catch(() => {}); // the loop begins with the signal
      }
    }
  }

  return {
    async run(work, signal) {
      signal.throwIfAborted();
      if (breaker.state === CircuitState.HalfOpen) throw leftAlone("it is being tried again just now");
      try {
        return await breaker.execute(() => tryAgain(work, signal), signal);
      } catch (error) {
        signal.throwIfAborted();
        throw error instanceof BrokenCircuitError ? leftAlone("it is left alone for a while") : error;
      }
    },
  };
}

function hasAnswered(error: unknown): boolean {
  return error instanceof SafelightError && error.vendor?.status != null;
}

function waitOf(error: unknown): number | undefined {
  return (error instanceof SafelightError ? error.vendor?.retry_after_ms : undefined) ?? undefined;
}
