import {
  BrokenCircuitError,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  DelegateBackoff,
  handleWhen,
  retry,
  wrap,
} from "cockatiel";
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
  { tries = 3, breakAfter = 5, breakFor = 10_000, pause = 200 }: Persistence = {},
): Resilience {
  const again = retry(
    handleWhen((error) => mayPass(error) && (waitOf(error) ?? 0) <= LONGEST_PAUSE_MS),
    {
      maxAttempts: tries - 1,
      backoff: new DelegateBackoff(({ result, attempt }) => {
        const asked = "error" in result ? waitOf(result.error) : undefined;
        const most = Math.min(LONGEST_PAUSE_MS, pause * 2 ** (attempt - 1));
        return asked ?? Math.random() * most;
      }),
    },
  );
  const breaker = circuitBreaker(handleWhen(isOutage), {
    halfOpenAfter: breakFor,
    breaker: new ConsecutiveBreaker(breakAfter),
  });
  const policy = wrap(breaker, again);
  return {
    async run(work, signal) {
      try {
        return await policy.execute(async () => {
          signal.throwIfAborted();
          return work();
        }, signal);
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof BrokenCircuitError)) throw error;
        const state = breaker.state === CircuitState.HalfOpen ? "it is being tried again just now" : "it is left alone";
        throw new SafelightError(role.failed, `it failed ${breakAfter} times in a row, and ${state} for a while`);
      }
    },
  };
}

function waitOf(error: unknown): number | undefined {
  return (error instanceof SafelightError ? error.vendor?.retry_after_ms : undefined) ?? undefined;
}
