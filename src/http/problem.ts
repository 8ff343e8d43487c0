import type { Context } from "hono";
import { ERRORS, type ErrorCode, type FieldError, SafelightError, type VendorFault } from "../contract/errors.ts";

/** The body of every error: RFC 9457 problem details with our stable `code`. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ErrorCode;
  readonly instance: string;
  readonly request_id: string;
  readonly errors?: readonly FieldError[];
  /** What the vendor said of its failure. */
  readonly vendor?: VendorFault;
}

/** Anything thrown, as what a caller may see. What is not one of our own errors says nothing of its cause. */
export function toSafelightError(error: unknown): SafelightError {
  if (error instanceof SafelightError) return error;
  return new SafelightError("internal", "the log has the cause, under this request id", { cause: error });
}

export function problemOf(error: SafelightError, path: string, requestId: string): Problem {
  const { status, title } = ERRORS[error.code];
  return {
    type: `urn:safelight:error:${error.code}`,
    title,
    status,
    detail: error.detail,
    code: error.code,
    instance: path,
    request_id: requestId,
    ...(error.errors.length > 0 ? { errors: error.errors } : {}),
    ...(error.vendor ? { vendor: error.vendor } : {}),
  };
}

/** Answers with a problem; `members` join it, as a refused prompt carries its whole decision. */
export function answerProblem(c: Context, error: SafelightError, members: object = {}): Response {
  const problem = problemOf(error, c.req.path, c.get("requestId"));
  const wait = error.vendor?.retry_after_ms;
  if (wait != null) c.header("Retry-After", String(Math.ceil(wait / 1000)));
  else if (error.status === 503 || error.status === 507) c.header("Retry-After", "5");
  return c.body(JSON.stringify({ ...members, ...problem }), error.status as 400, {
    "Content-Type": "application/problem+json",
  });
}
