import { type ErrorCode, SafelightError } from "../contract/errors.ts";
import type { GenerationRecord } from "../contract/generation.ts";

/** Any thrown value as the one error class: its own words where it is one, else only the code. The cause is kept inside. */
export function asFailure(error: unknown, code: ErrorCode): SafelightError {
  if (error instanceof SafelightError) return error;
  return new SafelightError(code, "it failed without saying why", { cause: error });
}

/** As a record keeps it. */
export function failureOf({ code, detail, vendor }: SafelightError): NonNullable<GenerationRecord["error"]> {
  return { code, detail, ...(vendor ? { vendor } : {}) };
}
