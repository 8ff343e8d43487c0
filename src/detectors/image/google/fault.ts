import { z } from "zod";
import type { SafelightError } from "../../../contract/errors.ts";
import { bodyOf, vendorFailed } from "../../../outbound/fault.ts";
import { DETECTOR } from "../../../outbound/role.ts";

/** google.rpc.Code, by number. */
const CODES =
  "OK CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS PERMISSION_DENIED RESOURCE_EXHAUSTED FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED INTERNAL UNAVAILABLE DATA_LOSS UNAUTHENTICATED".split(
    " ",
  );
export const INVALID_ARGUMENT = CODES.indexOf("INVALID_ARGUMENT");

/** Of a single picture, inside a 200. */
export const PictureFaultSchema = z.object({ code: z.int().nullish() });

export function pictureFailed({ code }: z.output<typeof PictureFaultSchema>): SafelightError {
  const name = CODES[code ?? 2] ?? "UNKNOWN";
  return vendorFailed(DETECTOR, { status: null, code: name, request_id: null, retry_after_ms: null });
}

/** Of a whole call. */
const FaultSchema = z.object({
  error: z.object({
    message: z.string().catch(""),
    details: z.array(z.object({ reason: z.string().nullish() })).catch([]),
  }),
});

export interface Fault {
  /** The vendor's sentence: never show it. */
  readonly message: string;
  /** google.api.ErrorReason, where the fault has one. */
  readonly reason: string | undefined;
}

/** What Google said with a failed call. */
export function faultOf(failure: unknown): Fault | undefined {
  const said = FaultSchema.safeParse(bodyOf(failure)).data?.error;
  if (!said) return undefined;
  const reason = said.details.find((detail) => detail.reason != null)?.reason ?? undefined;
  return { message: said.message, reason };
}
