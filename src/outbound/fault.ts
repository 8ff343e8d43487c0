import { type ErrorCode, SafelightError, type VendorFault } from "../contract/errors.ts";
import type { Role } from "./role.ts";

const NAMES = ["__type", "code", "type", "status", "name", "error"] as const;
const NAME = /^[\w.:#/-]{1,80}$/;
/** What names of faults look like, and keys or words of a prompt do not: letters, and digits only at the end or in an exception. */
const FAULT =
  /^(?=.{1,80}$)(?:[A-Za-z][A-Za-z_.:#/-]*\d{0,4}|(?:[a-z][a-z0-9.]*#)?[A-Z][A-Za-z0-9]*(?:Exception|Error|Fault))$/;
/** A member that often holds a sentence, or nothing but what was sent: only what is plainly a fault's name. */
const PLAINLY = /(?:Error|Exception|Fault)$|^[a-z]+(?:_[a-z]+)+$/;

/** Statuses of faults that pass by themselves. */
const PASSING = new Set([408, 425, 429, 500, 502, 503, 504]);
/** Those of them that say that the request was not taken. */
const UNTAKEN = new Set([408, 425, 429, 503]);
/** A quota that is used up comes back only with money, though the status is that of one that refills by itself. */
const NO_CREDIT = new Set(["insufficient_quota", "billing_hard_limit_reached"]);

export interface Refusal {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** The parsed body, or undefined where it was no JSON. */
  readonly body: unknown;
}

/**
 * A vendor's answer with an error status. Its status, its name for the fault, its request id and its advice to wait are kept; its
 * sentences are not: they may quote the prompt.
 */
export function refused(role: Role, { status, headers, body }: Refusal): SafelightError {
  const named = headers["x-amzn-errortype"]?.split(/[:;]/, 1)[0];
  const code = named !== undefined && NAME.test(named) ? named : nameIn(body);
  const request_id = REQUEST_IDS.map((name) => headers[name]).find((id) => id !== undefined && NAME.test(id)) ?? null;
  const error = vendorFailed(role, { status, code: code ?? null, request_id, retry_after_ms: retryAfter(headers) });
  bodies.set(error, body);
  return error;
}

/** A failure that a vendor tells within an answer that began well, such as a stream or the state of a job. */
export function told(role: Role, body: unknown): SafelightError {
  const error = vendorFailed(role, {
    status: null,
    code: nameIn(body) ?? null,
    request_id: null,
    retry_after_ms: null,
  });
  bodies.set(error, body);
  return error;
}

const bodies = new WeakMap<SafelightError, unknown>();

/** What the vendor said with a failure, parsed: to tell refusals from faults. Its sentences may quote the prompt: never show them. */
export function bodyOf(error: unknown): unknown {
  return error instanceof SafelightError ? bodies.get(error) : undefined;
}

/** Whether a vendor's word may be shown: a name of at most 80 letters, and not a sentence. */
export function isName(value: unknown): value is string {
  return typeof value === "string" && NAME.test(value);
}

/** The same from its parts, as SDKs give them. */
export function vendorFailed(role: Role, vendor: VendorFault, cause?: unknown): SafelightError {
  const { status, code, request_id } = vendor;
  const parts = [
    status === null ? "it failed" : `it answered with status ${status}`,
    code === null ? "" : ` (${code})`,
    status === 401 || status === 403 ? ": it refuses the credentials" : "",
    NO_CREDIT.has(code ?? "") ? ": the account has no credit" : "",
    request_id === null ? "" : `, request ${request_id}`,
  ];
  const passes = status === null || (PASSING.has(status) && !NO_CREDIT.has(code ?? ""));
  const which = passes ? role.failed : role.rejected;
  return new SafelightError(which, parts.join(""), { vendor, ...(cause === undefined ? {} : { cause }) });
}

const REQUEST_IDS = [
  "x-request-id",
  "x-amzn-requestid",
  "x-amz-request-id",
  "apim-request-id",
  "x-ms-request-id",
  "request-id",
  "x-goog-request-id",
  "cf-ray",
];

/** `error.code`, `code`, `__type` and the like: the first that is the name of a fault. */
function nameIn(body: unknown): string | undefined {
  if (typeof body !== "object" || body === null) return undefined;
  const inner = "error" in body && typeof body.error === "object" && body.error !== null ? [body.error] : [];
  for (const level of [...inner, body] as Readonly<Record<string, unknown>>[]) {
    for (const key of NAMES) {
      const value = level[key];
      if (typeof value !== "string" || !FAULT.test(value) || (key === "error" && !PLAINLY.test(value))) continue;
      return value.replace(/^.*#/, "");
    }
  }
  return undefined;
}

/** Milliseconds: `retry-after-ms` (OpenAI, Azure), or `retry-after` in seconds or as a date (RFC 9110, section 10.2.3). */
function retryAfter(headers: Refusal["headers"]): number | null {
  const ms = number(headers["retry-after-ms"]);
  if (ms !== undefined) return ms;
  const after = headers["retry-after"];
  const seconds = number(after);
  if (seconds !== undefined) return seconds * 1_000;
  const date = after !== undefined && /^[A-Za-z]{3,9},? /.test(after) ? Date.parse(after) : Number.NaN;
  return Number.isNaN(date) ? null : Math.max(0, date - Date.now());
}

/** At most nine digits, and a fraction. */
function number(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}(?:\.\d{1,9})?$/.test(text.trim()) ? Number(text) : undefined;
}

/** What the faults of a connection mean, and whether another try may help. */
const CONNECTION: Readonly<Record<string, readonly [detail: string, passing: boolean]>> = {
  ECONNREFUSED: ["nothing listens at its address", true],
  ENOTFOUND: ["its host name is unknown", false],
  EAI_AGAIN: ["its host name cannot be looked up now", true],
  EHOSTUNREACH: ["there is no way to its address", true],
  ENETUNREACH: ["there is no way to its address", true],
  ETIMEDOUT: ["its address does not answer", true],
  UND_ERR_CONNECT_TIMEOUT: ["its address does not answer", true],
  UND_ERR_HEADERS_TIMEOUT: ["it took the request and did not answer in time", false],
  UND_ERR_BODY_TIMEOUT: ["it stopped in the middle of its answer", false],
  ECONNRESET: ["it broke the connection off", true],
  EPIPE: ["it broke the connection off", true],
  UND_ERR_SOCKET: ["it broke the connection off", true],
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: ["its answer is cut short", true],
  UND_ERR_REQ_CONTENT_LENGTH_MISMATCH: ["the request could not be sent whole", false],
  UND_ERR_RES_EXCEEDED_MAX_SIZE: ["its answer is too large", false],
  EPROTO: ["it does not speak TLS as it should", false],
  CERT_HAS_EXPIRED: ["its TLS certificate has expired", false],
  ERR_TLS_CERT_ALTNAME_INVALID: ["its TLS certificate is for another host", false],
  DEPTH_ZERO_SELF_SIGNED_CERT: ["its TLS certificate is self-signed and not trusted", false],
  SELF_SIGNED_CERT_IN_CHAIN: ["its TLS certificate is not trusted", false],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: ["its TLS certificate is not trusted", false],
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: ["its TLS certificate is not trusted", false],
};

/** Connections that were never there. */
const UNSENT = new Set(["ECONNREFUSED", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH", "UND_ERR_CONNECT_TIMEOUT"]);

/** Faults without an answer that another try may mend, and those of them after which nothing was sent. */
const passing = new WeakSet<SafelightError>();
const unsent = new WeakSet<SafelightError>();

/** A connection that failed. @param error what the HTTP client threw */
export function unreachable(role: Role, error: unknown): SafelightError {
  const code = codeOf(error);
  const tls = /^(?:ERR_TLS|ERR_SSL)/.test(code) ? "it does not speak TLS as it should" : undefined;
  const [detail, again] = CONNECTION[code] ?? [tls ?? "the connection failed", false];
  const failure = new SafelightError(role.failed, detail, { cause: error });
  if (again) passing.add(failure);
  if (UNSENT.has(code)) unsent.add(failure);
  return failure;
}

/** The first code of an error, of its causes, or of the errors it joins. */
function codeOf(error: unknown, depth = 0): string {
  if (!(error instanceof Error) || depth > 4) return "";
  if ("code" in error && typeof error.code === "string") return error.code;
  if (error instanceof AggregateError) return codeOf(error.errors[0], depth + 1);
  return codeOf(error.cause, depth + 1);
}

/** Whether another try, without any change, may succeed: a status or a broken connection that passes by itself. */
export function mayPass(error: unknown): boolean {
  if (!(error instanceof SafelightError)) return false;
  const { status, code } = error.vendor ?? {};
  return status == null ? passing.has(error) : PASSING.has(status) && !NO_CREDIT.has(code ?? "");
}

/** Whether it may pass, and the vendor has certainly not begun with what it was asked for: asked again, it does not do it twice. */
export function mayPassUntaken(error: unknown): boolean {
  if (!(error instanceof SafelightError) || !mayPass(error)) return false;
  const status = error.vendor?.status;
  return status == null ? unsent.has(error) : UNTAKEN.has(status);
}

const TIMEOUTS: ReadonlySet<string> = new Set<ErrorCode>(["provider_timeout", "detector_timeout"]);

/** Whether a failure says that the vendor itself is down or hangs, rather than that it does not like a request. */
export function isOutage(error: unknown): boolean {
  if (!(error instanceof SafelightError)) return false;
  if (TIMEOUTS.has(error.code)) return true;
  const status = error.vendor?.status;
  return status == null ? passing.has(error) : status >= 500;
}
