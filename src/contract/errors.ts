import { z } from "zod";

/**
 * Every error that leaves Safelight, by its stable code. Callers branch on the code, never on the text.
 * `retryable`: the same request may succeed later without being changed.
 */
export const ERRORS = {
  invalid_request: { status: 400, retryable: false, title: "The request is not valid" },
  unauthorized: { status: 401, retryable: false, title: "Credentials are missing or wrong" },
  forbidden: { status: 403, retryable: false, title: "This is not allowed from there" },
  not_found: { status: 404, retryable: false, title: "There is no such thing here" },
  method_not_allowed: { status: 405, retryable: false, title: "This method is not allowed here" },
  conflict: { status: 409, retryable: false, title: "The request conflicts with the present state" },
  body_too_large: { status: 413, retryable: false, title: "The request body is too large" },
  image_too_large: { status: 413, retryable: false, title: "The image is too large" },
  unsupported_media_type: { status: 415, retryable: false, title: "The content type is not supported" },
  image_unreadable: { status: 422, retryable: false, title: "The image cannot be read" },
  prompt_blocked: { status: 422, retryable: false, title: "The prompt was refused by policy" },
  cancelled: { status: 499, retryable: true, title: "The request was cancelled" },
  internal: { status: 500, retryable: true, title: "Something went wrong inside Safelight" },
  interrupted: { status: 500, retryable: true, title: "Safelight stopped before this generation had ended" },
  provider_failed: { status: 502, retryable: true, title: "The image generator failed" },
  provider_rejected: { status: 502, retryable: false, title: "The image generator did not accept the request" },
  detector_failed: { status: 503, retryable: true, title: "A detector failed" },
  detector_timeout: { status: 503, retryable: true, title: "A detector took longer than its budget" },
  overloaded: { status: 503, retryable: true, title: "Too many requests are in progress" },
  storage_failed: { status: 503, retryable: true, title: "The record could not be stored" },
  provider_timeout: { status: 504, retryable: true, title: "The image generator took too long" },
  storage_full: { status: 507, retryable: true, title: "The disk is full" },
  config_invalid: { status: 500, retryable: false, title: "The configuration is not valid" },
} as const satisfies Record<string, { status: number; retryable: boolean; title: string }>;

export type ErrorCode = keyof typeof ERRORS;
export const ErrorCodeSchema = z.enum(Object.keys(ERRORS) as ErrorCode[]);

/** One wrong place in what a caller sent: a JSON Pointer as URI fragment (RFC 9457, section 3), and what is wrong there. */
export const FieldErrorSchema = z.object({ pointer: z.string(), detail: z.string() });
export type FieldError = z.infer<typeof FieldErrorSchema>;

/** What a vendor said of a failure of its own. `code` is the vendor's name for it. */
export const VendorFaultSchema = z.object({
  status: z.int().nullable(),
  code: z.string().nullable(),
  request_id: z.string().nullable(),
  /** Milliseconds after which the vendor may be asked again, where it says so. */
  retry_after_ms: z.number().min(0).nullable(),
});
export type VendorFault = z.infer<typeof VendorFaultSchema>;

/** The one error class. `detail` is safe to show a caller: it never holds a prompt, an image, a key or a path of the server. */
export class SafelightError extends Error {
  override readonly name = "SafelightError";
  readonly code: ErrorCode;
  readonly detail: string;
  readonly errors: readonly FieldError[];
  /** Where the failure is a vendor's. */
  readonly vendor: VendorFault | undefined;

  constructor(
    code: ErrorCode,
    detail: string,
    options: { cause?: unknown; errors?: readonly FieldError[]; vendor?: VendorFault } = {},
  ) {
    super(`${code}: ${detail}`, "cause" in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.detail = detail;
    this.errors = options.errors ?? [];
    this.vendor = options.vendor;
  }

  get status(): number {
    return ERRORS[this.code].status;
  }

  get retryable(): boolean {
    return ERRORS[this.code].retryable;
  }
}
