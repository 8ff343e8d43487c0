import { z } from "zod";
import { SafelightError } from "../../contract/errors.ts";
import { vendorFailed } from "../../outbound/fault.ts";
import { GENERATOR } from "../../outbound/role.ts";

const ModelErrorSchema = z.object({
  name: z.literal("ModelError"),
  OriginalStatusCode: z.int().nullish(),
  OriginalMessage: z.string().nullish(),
  $metadata: z.object({ requestId: z.string().optional() }).optional(),
});
export type ModelError = z.output<typeof ModelErrorSchema>;

/** SageMaker's 424: the container itself answered with an error. */
export function asModelError(error: unknown): ModelError | undefined {
  return ModelErrorSchema.safeParse(error).data;
}

/**
 * Passes by itself only when the container's own status does. A container that took too long has none: it goes on with what it has
 * begun, and would only have it to do twice. What the container wrote stays behind, all but a short code.
 */
export function modelFailed({ OriginalStatusCode, OriginalMessage, $metadata }: ModelError): SafelightError {
  const code = codeOf(OriginalMessage ?? "");
  return vendorFailed(GENERATOR, {
    status: code === LATE ? null : statusOf(OriginalStatusCode ?? 0),
    code,
    request_id: $metadata?.requestId ?? null,
    retry_after_ms: null,
  });
}

/** Of an asynchronous endpoint: the text that it left in place of an answer, with the status in its words. */
export function jobFailed(message: string): SafelightError {
  const status = /\((\d{3})\)/.exec(message)?.[1];
  if (status === undefined) return new SafelightError("provider_failed", `the model failed (${codeOf(message)})`);
  return modelFailed({ name: "ModelError", OriginalStatusCode: Number(status), OriginalMessage: message });
}

function statusOf(status: number): number | null {
  if (status < 400) return null;
  return status >= 500 && ![500, 502, 503, 504].includes(status) ? 500 : status;
}

const LATE = "ModelError:timeout";

const SAID: readonly (readonly [RegExp, string])[] = [
  [/out of memory|OutOfMemory/i, "out_of_memory"],
  [/timed? ?out/i, "timeout"],
  [/"type"\s*:\s*"([A-Za-z][A-Za-z0-9]{0,60})"/, "$1"],
  [/"(?:name|errorType|error_type)"\s*:\s*"([A-Za-z][A-Za-z0-9_]{0,60})"/, "$1"],
];

function codeOf(message: string): string {
  for (const [pattern, name] of SAID) {
    const found = pattern.exec(message);
    if (found) return `ModelError:${name.replace("$1", found[1] ?? "")}`;
  }
  return "ModelError";
}
