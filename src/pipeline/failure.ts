import { type ErrorCode, SafelightError } from "../contract/errors.ts";

/** Any thrown value as the one error class: its own words where it is one, else only the code. The cause is kept inside. */
export function asFailure(error: unknown, code: ErrorCode): SafelightError {
  if (error instanceof SafelightError) return error;
  return new SafelightError(code, "it failed without saying why", { cause: error });
}
