import type { Context } from "hono";
import type { z } from "zod";
import { type ErrorCode, SafelightError } from "../../../contract/errors.ts";
import { validate } from "../../body.ts";
import type { Environment } from "../../types.ts";

/** The member `error` of every body that is not an answer. Clients of OpenAI branch on the status, then on `code`. */
export interface OpenAIError {
  readonly message: string;
  readonly type: string;
  readonly param: string | null;
  readonly code: string | null;
}

interface Form {
  readonly status: 400 | 401 | 403 | 404 | 405 | 409 | 413 | 415 | 429 | 499 | 500 | 502 | 503 | 504 | 507;
  readonly type: "invalid_request_error" | "image_generation_user_error" | "requests" | "server_error";
  readonly code: string | null;
}

/** Our errors in OpenAI's words. The status decides which class of error its clients raise, and whether they ask again. */
const FORMS = {
  invalid_request: { status: 400, type: "invalid_request_error", code: "invalid_value" },
  unauthorized: { status: 401, type: "invalid_request_error", code: "invalid_api_key" },
  forbidden: { status: 403, type: "invalid_request_error", code: "forbidden" },
  not_found: { status: 404, type: "invalid_request_error", code: null },
  method_not_allowed: { status: 405, type: "invalid_request_error", code: "method_not_supported" },
  conflict: { status: 409, type: "invalid_request_error", code: "conflict" },
  body_too_large: { status: 413, type: "invalid_request_error", code: "request_too_large" },
  image_too_large: { status: 400, type: "invalid_request_error", code: "image_too_large" },
  unsupported_media_type: { status: 415, type: "invalid_request_error", code: "unsupported_content_type" },
  image_unreadable: { status: 400, type: "invalid_request_error", code: "invalid_image" },
  prompt_blocked: { status: 400, type: "image_generation_user_error", code: "moderation_blocked" },
  cancelled: { status: 499, type: "invalid_request_error", code: "cancelled" },
  internal: { status: 500, type: "server_error", code: "internal" },
  interrupted: { status: 500, type: "server_error", code: "interrupted" },
  provider_failed: { status: 502, type: "server_error", code: "provider_failed" },
  provider_rejected: { status: 502, type: "server_error", code: "provider_rejected" },
  detector_failed: { status: 503, type: "server_error", code: "detector_failed" },
  detector_timeout: { status: 503, type: "server_error", code: "detector_timeout" },
  overloaded: { status: 429, type: "requests", code: "rate_limit_exceeded" },
  storage_failed: { status: 503, type: "server_error", code: "storage_failed" },
  provider_timeout: { status: 504, type: "server_error", code: "provider_timeout" },
  storage_full: { status: 507, type: "server_error", code: "storage_full" },
  config_invalid: { status: 500, type: "server_error", code: "config_invalid" },
} as const satisfies Record<ErrorCode, Form>;

/** A mistake for which OpenAI has a name of its own: `code` is theirs, `param` the parameter as they write it (`input[0].text`). */
export class ParameterError extends SafelightError {
  readonly param: string | null;
  readonly openaiCode: string;

  constructor(code: "invalid_request" | "not_found", param: string | null, openaiCode: string, detail: string) {
    super(code, detail);
    this.param = param;
    this.openaiCode = openaiCode;
  }
}

export function unknownModel(model: string, known: readonly string[]): ParameterError {
  const detail = `The model ${JSON.stringify(model)} does not exist here; there are: ${known.join(", ")}.`;
  return new ParameterError("not_found", "model", "model_not_found", detail);
}

export function toOpenAIError(error: SafelightError): OpenAIError {
  const { type, code } = FORMS[error.code];
  if (error instanceof ParameterError) {
    return { message: error.detail, type, param: error.param, code: error.openaiCode };
  }
  const at = error.errors[0]?.pointer;
  const unread = error.code === "invalid_request" && at === undefined; // a body that is no JSON
  return { message: error.detail, type, param: at === undefined ? null : paramOf(at), code: unread ? null : code };
}

/** Any error as OpenAI's clients read it. `members` join the body. */
export function answerError(c: Context<Environment>, error: SafelightError, members: object = {}): Response {
  const { status } = FORMS[error.code];
  const wait = error.vendor?.retry_after_ms;
  if (wait != null) c.header("Retry-After", String(Math.ceil(wait / 1000)));
  else if (status === 429 || status === 503 || status === 507) c.header("Retry-After", "5");
  if (status >= 500 && !error.retryable) c.header("x-should-retry", "false");
  return answerRefusal(c, status, toOpenAIError(error), members);
}

export function answerRefusal(
  c: Context<Environment>,
  status: Form["status"],
  error: OpenAIError,
  members: object,
): Response {
  return c.body(JSON.stringify(errorBody(error, members)), status as 400, { "Content-Type": "application/json" });
}

/** `members` stand in `error` too: OpenAI's own clients drop what stands beside it. */
export function errorBody(error: OpenAIError, members: object) {
  return { error: { ...error, ...members }, ...members };
}

/** @throws ParameterError that names the first wrong parameter, with OpenAI's code for what is wrong with it */
export function validParameters<S extends z.ZodType>(value: unknown, schema: S): z.output<S> {
  try {
    return validate(value, schema);
  } catch (error) {
    if (!(error instanceof SafelightError)) throw error;
    const at = error.errors[0]?.pointer ?? "#";
    const issue = schema.safeParse(value).error?.issues[0];
    const code = issue ? codeOf(issue, value) : "invalid_value";
    throw new ParameterError("invalid_request", paramOf(at), code, error.detail);
  }
}

function codeOf(issue: z.core.$ZodIssue, value: unknown): string {
  switch (issue.code) {
    case "unrecognized_keys":
      return "unknown_parameter";
    case "invalid_type":
      return valueAt(value, issue.path) === undefined ? "missing_required_parameter" : "invalid_type";
    case "too_big":
    case "too_small":
      return boundCode(issue);
    default:
      return "invalid_value";
  }
}

function boundCode({ code, origin }: z.core.$ZodIssueTooBig | z.core.$ZodIssueTooSmall): string {
  const above = code === "too_big";
  if (origin === "string" || origin === "array") return `${origin}_${above ? "above_max" : "below_min"}_length`;
  return `integer_${above ? "above_max" : "below_min"}_value`;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (at, key) => (typeof at === "object" && at !== null ? Reflect.get(at, key) : undefined),
    value,
  );
}

/** `#/input/0/text` as OpenAI writes it: `input[0].text`; null for the body itself. */
function paramOf(pointer: string): string | null {
  const keys = pointer
    .split("/")
    .slice(1)
    .map((key) => decodeURIComponent(key).replaceAll("~1", "/").replaceAll("~0", "~"));
  if (keys.length === 0) return null;
  return keys.map((key, i) => (i === 0 ? key : /^\d+$/.test(key) ? `[${key}]` : `.${key}`)).join("");
}
