import type { ErrorCode, FieldError } from "../../../src/contract/errors.ts";

/** What went wrong, ready to be shown: the server's own problem document, or the page's words where it sent none. */
export interface Problem {
  readonly status: number;
  /** The server's code, or what the page saw: no answer at all, an answer cut off, an answer that is not Safelight's. */
  readonly code: ErrorCode | "unreachable" | "cut_off" | "not_safelight";
  readonly title: string;
  readonly detail: string;
  readonly request_id: string | null;
  readonly errors: readonly FieldError[];
}

export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly problem: Problem;

  constructor(problem: Problem, options?: ErrorOptions) {
    super(`${problem.code}: ${problem.detail}`, options);
    this.problem = problem;
  }
}

const UNREACHABLE: Problem = {
  status: 0,
  code: "unreachable",
  title: "Safelight does not answer",
  detail:
    "No connection to the server this page came from. Check that it is running (npm start) and that the network is up, then try again.",
  request_id: null,
  errors: [],
};

const CUT_OFF: Problem = {
  status: 0,
  code: "cut_off",
  title: "The answer was cut off",
  detail: "The connection ended before the decision arrived, so nothing is shown. Try again.",
  request_id: null,
  errors: [],
};

export function unreachable(cause: unknown): ApiError {
  return new ApiError(UNREACHABLE, { cause });
}

export function cutOff(cause?: unknown): ApiError {
  return new ApiError(CUT_OFF, { cause });
}

/** Answers that come from something in between, a proxy say, and carry no problem document. */
const BY_STATUS: Readonly<Record<number, Pick<Problem, "title" | "detail">>> = {
  404: {
    title: "There is no Safelight API here",
    detail: "Something else answered at this address. Check the address, and the proxy in front of Safelight.",
  },
  413: {
    title: "The request is too large",
    detail: "A proxy in front of Safelight refused the size of the request. Shorten the prompt, or raise its limit.",
  },
  429: { title: "Too many requests", detail: "A proxy in front of Safelight asks for a pause. Try again in a moment." },
  502: {
    title: "Safelight cannot be reached",
    detail: "The proxy in front of it got no answer. Is Safelight running?",
  },
  503: { title: "Safelight is not available", detail: "The proxy in front of it says so. Try again in a moment." },
  504: { title: "Safelight took too long", detail: "The proxy in front of it gave up waiting. Raise its time limit." },
};

interface ProblemDocument extends Omit<Problem, "request_id" | "errors"> {
  readonly request_id?: string | null;
  readonly errors?: readonly FieldError[];
}

function isProblemDocument(value: unknown): value is ProblemDocument {
  if (typeof value !== "object" || value === null) return false;
  return "code" in value && typeof value.code === "string" && "detail" in value && typeof value.detail === "string";
}

/** @param body what was parsed from the answer; anything. */
export function toProblem(status: number, body: unknown): Problem {
  if (isProblemDocument(body)) {
    return {
      status: body.status ?? status,
      code: body.code,
      title: body.title ?? "The request failed",
      detail: body.detail,
      request_id: body.request_id ?? null,
      errors: Array.isArray(body.errors) ? body.errors : [],
    };
  }
  const known = BY_STATUS[status];
  return {
    status,
    code: "not_safelight",
    title: known?.title ?? `Unexpected answer (HTTP ${status})`,
    detail: known?.detail ?? "The answer is not one that Safelight gives. Check what runs at this address.",
    request_id: null,
    errors: [],
  };
}

/** Whatever was thrown, as something to show. */
export function problemOf(error: unknown): Problem {
  return error instanceof ApiError ? error.problem : UNREACHABLE;
}

/** What is wrong with one field of the request: `#/width` and `/width` both name `width`. */
export function fieldError(problem: Problem | null, field: string): string | null {
  const wrong = problem?.errors.filter((error) => topField(error.pointer) === field) ?? [];
  return wrong.length === 0 ? null : wrong.map((error) => sentence(error.detail)).join(" ");
}

/** Errors that belong under none of these fields. */
export function otherErrors(problem: Problem, fields: readonly string[]): readonly FieldError[] {
  return problem.errors.filter((error) => !fields.includes(topField(error.pointer)));
}

function topField(pointer: string): string {
  return pointer.replace(/^#/, "").split("/")[1] ?? "";
}

function sentence(text: string): string {
  const capital = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(capital) ? capital : `${capital}.`;
}
