import type { ErrorCode } from "../contract/errors.ts";

/** For whom a vendor is asked: which codes its failures become. */
export interface Role {
  /** A fault that may pass. */
  readonly failed: ErrorCode;
  /** The request, or its credentials, are not accepted: the same request fails again. */
  readonly rejected: ErrorCode;
}

export const GENERATOR: Role = { failed: "provider_failed", rejected: "provider_rejected" };
export const DETECTOR: Role = { failed: "detector_failed", rejected: "detector_failed" };
