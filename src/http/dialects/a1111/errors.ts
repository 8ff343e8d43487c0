import type { Context } from "hono";
import type { SafelightError } from "../../../contract/errors.ts";
import type { Environment } from "../../types.ts";

/**
 * An error as clients of the web UI read it: FastAPI's `detail`, a list of wrong members or a sentence, with the members
 * `error`, `body` and `errors` that the web UI adds to the sentence.
 * @param more joins `code` and `request_id` in the member `safelight`
 */
export function answerFailure(c: Context<Environment>, error: SafelightError, more: object = {}): Response {
  const { code, detail, errors, vendor } = error;
  const safelight = {
    ...more,
    code,
    detail,
    request_id: c.get("requestId"),
    ...(vendor === undefined ? {} : { vendor }),
  };
  const status = code === "invalid_request" ? 422 : error.status;
  const wait = vendor?.retry_after_ms;
  if (wait != null) c.header("Retry-After", String(Math.ceil(wait / 1000)));
  else if (status === 503 || status === 507) c.header("Retry-After", "5");
  if (errors.length === 0) return answerDetail(c, status, detail, safelight);
  const list = errors.map(({ pointer, detail: msg }) => ({ type: "value_error", loc: locationOf(pointer), msg }));
  return c.json({ detail: list, safelight }, status as 422); // one of ours: hono's type lists every status
}

export function answerDetail(c: Context<Environment>, status: number, detail: string, safelight?: object): Response {
  const body = { error: "HTTPException", detail, body: "", errors: "", ...(safelight ? { safelight } : {}) };
  return c.json(body, status as 422); // as above
}

function locationOf(pointer: string): string[] {
  const parts = pointer.replace(/^#\/?/, "").split("/");
  return ["body", ...parts.map((part) => decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~"))].filter(
    (part) => part !== "",
  );
}
