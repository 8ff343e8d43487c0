import type { Detector, Meter } from "../contract/detector.ts";
import { type ErrorCode, SafelightError, type VendorFault } from "../contract/errors.ts";
import type { Price } from "../contract/generation.ts";
import { type Finding, FindingSchema, type Report } from "../contract/report.ts";
import { leashFor, orAbort } from "./abort.ts";
import type { FindingsCache } from "./findings-cache.ts";

/** A detector as one stage of a policy uses it, under the name that the policy gives it. */
export interface StageDetector<Input> {
  readonly name: string;
  readonly detector: Detector<Input>;
  /** Milliseconds. */
  readonly budgetMs: number;
  /** Slow: the generation need not wait for it to start. */
  readonly overlap: boolean;
  /** Of what the detector tells its meter; absent where it costs nothing. */
  readonly pricePerUnit?: Price;
}

/** What is remembered of earlier runs on the same input. */
export interface Memory {
  readonly cache: FindingsCache;
  /** Of the input. */
  readonly digest: string;
}

/**
 * Runs one detector within its budget. Whatever goes wrong becomes an `unknown` report with its cause; a detector that
 * ignores its signal is left behind.
 * @param memory absent: it always looks
 * @throws the caller's abort reason, and nothing else: nobody is waiting for a report then
 */
export async function runDetector<Input>(
  { name, detector, budgetMs }: StageDetector<Input>,
  input: Input,
  caller: AbortSignal,
  memory?: Memory,
): Promise<Report> {
  caller.throwIfAborted();
  const start = performance.now();
  const { signal, end } = leashFor(budgetMs, () => outOfBudget(budgetMs), caller);
  let units: number | undefined;
  const meter: Meter = (used) => {
    units = (units ?? 0) + used;
  };
  const look = (until: AbortSignal, told: Meter) => inspect(detector, input, until, told);
  const work = memory
    ? memory.cache.find(detector, memory.digest, signal, meter, look)
    : orAbort(look(signal, meter), signal).then((findings) => ({ findings, cached: false }));
  const ran = identity(name, detector); // now: a detector may come to hold a newer model while it works
  try {
    const { findings, cached } = await work;
    return {
      ...ran,
      ...spent(start, units),
      ...(cached ? { cached } : {}),
      state: "scored",
      findings: [...findings],
    };
  } catch (error) {
    caller.throwIfAborted();
    return { ...ran, ...spent(start, units), state: "unknown", ...cause(error) };
  } finally {
    end();
  }
}

/** The report of a detector that had nothing to look at, because the input itself could not be read. */
export function unreadable<Input>({ name, detector }: StageDetector<Input>, error: unknown): Report {
  return { ...identity(name, detector), duration_ms: 0, state: "unknown", ...cause(error) };
}

function identity<Input>(name: string, { id, version, categories }: Detector<Input>) {
  return { detector: name, version: `${id}@${version}`, categories: [...categories] };
}

function spent(start: number, units: number | undefined) {
  return { duration_ms: performance.now() - start, ...(units === undefined ? {} : { units }) };
}

async function inspect<Input>(detector: Detector<Input>, input: Input, signal: AbortSignal, meter: Meter) {
  return sound(await detector.inspect(input, signal, meter));
}

function outOfBudget(budgetMs: number): SafelightError {
  return new SafelightError("detector_timeout", `no verdict within its budget of ${budgetMs} ms`);
}

function sound(findings: readonly Finding[]): Finding[] {
  const checked = FindingSchema.array().safeParse(findings);
  if (!checked.success)
    throw new SafelightError("detector_failed", "its findings are malformed, or a score is not between 0 and 1");
  return checked.data;
}

function cause(error: unknown): { because: ErrorCode; detail: string; vendor?: VendorFault } {
  return error instanceof SafelightError
    ? { because: error.code, detail: error.detail, ...(error.vendor ? { vendor: error.vendor } : {}) }
    : { because: "detector_failed", detail: "it failed without saying why" };
}
