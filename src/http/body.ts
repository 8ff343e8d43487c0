import type { Context } from "hono";
import type { z } from "zod";
import { type FieldError, SafelightError } from "../contract/errors.ts";

/** The media type of a request, lower case and without parameters. */
export function mediaType(c: Context): string {
  return (c.req.header("Content-Type") ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
}

/** @throws SafelightError `unsupported_media_type` naming what is accepted */
export function wrongMediaType(c: Context, accepted: string): SafelightError {
  const given = mediaType(c);
  return new SafelightError(
    "unsupported_media_type",
    `this endpoint takes ${accepted}, and the request ${given === "" ? "has no Content-Type" : `is ${given.slice(0, 100)}`}`,
  );
}

const UTF_8 = new TextDecoder("utf-8", { fatal: true });

/** Bytes of JSON without a picture in it. Reading more would hold up everybody else. */
const MOST_BYTES = 1_048_576;

/**
 * Reads and validates a JSON body.
 * @param holds `pictures`: as large as any body may be
 * @throws SafelightError `unsupported_media_type`, `body_too_large`, or `invalid_request` with a pointer to each wrong field
 */
export async function readJson<S extends z.ZodType>(
  c: Context,
  schema: S,
  holds: "text" | "pictures" = "text",
): Promise<z.output<S>> {
  const type = mediaType(c);
  if (type !== "application/json" && !type.endsWith("+json")) throw wrongMediaType(c, "application/json");
  return validate(parseJson(await readText(c, holds === "text" ? MOST_BYTES : Number.POSITIVE_INFINITY)), schema);
}

async function readText(c: Context, most: number): Promise<string> {
  const bytes = await c.req.arrayBuffer();
  assertAtMost(bytes, most);
  try {
    return UTF_8.decode(bytes);
  } catch {
    throw new SafelightError("invalid_request", "the body is not valid UTF-8");
  }
}

/** @throws SafelightError `body_too_large` */
export function assertAtMost({ byteLength }: ArrayBufferLike, most = MOST_BYTES): void {
  if (byteLength <= most) return;
  const detail = `the body has ${byteLength} bytes; at most ${most} are read at this address`;
  throw new SafelightError("body_too_large", detail);
}

function parseJson(text: string): unknown {
  if (text.trim() === "") throw new SafelightError("invalid_request", "the body is empty; a JSON object is expected");
  try {
    return JSON.parse(text);
  } catch {
    throw new SafelightError("invalid_request", "the body is not valid JSON");
  }
}

/** Wrong places that are looked at: more are never told. */
const MOST_ISSUES = 40;

export function validate<S extends z.ZodType>(value: unknown, schema: S): z.output<S> {
  const parsed = schema.safeParse(value, { error: (issue) => ISSUE_WORDS[issue.code ?? ""]?.(issue as never) });
  if (parsed.success) return parsed.data;
  const errors = firstOfEach(parsed.error.issues.slice(0, MOST_ISSUES).flatMap(fieldErrors)).slice(0, 20);
  const first = errors[0];
  const more = errors.length > 1 ? `, and ${errors.length - 1} more` : "";
  const detail = first
    ? `${first.pointer === "#" ? "the body" : `"${fieldName(first.pointer)}"`} ${first.detail}${more}`
    : "not valid";
  throw new SafelightError("invalid_request", detail, { errors });
}

const ISSUE_WORDS: Readonly<
  Record<string, (issue: { expected?: string; input?: unknown; keys?: string[] }) => string | undefined>
> = {
  invalid_type: ({ expected, input }) => {
    const wanted = expected === "int" ? "an integer" : `${/^[aeiou]/.test(expected ?? "") ? "an" : "a"} ${expected}`;
    return input === undefined ? `is missing; ${wanted} is expected` : `must be ${wanted}, not ${nameOf(input)}`;
  },
  too_small: (issue) => bound(issue, "minimum", "at least"),
  too_big: (issue) => bound(issue, "maximum", "at most"),
  not_multiple_of: (issue) =>
    `must be a multiple of ${(issue as { divisor?: number }).divisor}, not ${String(issue.input)}`,
};

function bound(issue: object, key: "minimum" | "maximum", words: string): string | undefined {
  const {
    origin,
    input,
    [key]: limit,
  } = issue as { origin?: string; input?: unknown; minimum?: number; maximum?: number };
  if (origin === "number" || origin === "int") return `must be ${words} ${limit}, not ${String(input)}`;
  if (origin === "string" && typeof input === "string")
    return `must be ${words} ${limit} characters (UTF-16 units); it has ${input.length}`;
  return undefined;
}

function nameOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "number") return Number.isInteger(value) ? "a number" : "a fraction";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

function fieldErrors(issue: z.core.$ZodIssue): FieldError[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys
      .slice(0, MOST_ISSUES)
      .map((key) => ({ pointer: pointer([...issue.path, key]), detail: "is no known field" }));
  }
  return [{ pointer: pointer(issue.path), detail: issue.message }];
}

function firstOfEach(errors: readonly FieldError[]): FieldError[] {
  return [...Map.groupBy(errors, (error) => error.pointer).values()].flatMap((same) => same.slice(0, 1));
}

/** A JSON Pointer as URI fragment, RFC 6901 section 6. */
function pointer(path: readonly PropertyKey[]): string {
  return `#${path.map((key) => `/${encodeURIComponent(String(key).toWellFormed().replaceAll("~", "~0").replaceAll("/", "~1").slice(0, 100))}`).join("")}`;
}

function fieldName(at: string): string {
  return decodeURIComponent(at.slice(2)).replaceAll("/", ".");
}
