import { SafelightError } from "../contract/errors.ts";

/** The system's word for what went wrong (`ENOSPC`), if the error came from the system. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

const NO_ROOM: ReadonlySet<string> = new Set(["ENOSPC", "EDQUOT"]);

/**
 * What a failed file operation means to a caller: `storage_full` or `storage_failed`. The system's message names paths, so it
 * stays in `cause`; its code (`EACCES`) does not, and is told.
 */
export function fileFailure(error: unknown): SafelightError {
  if (error instanceof SafelightError) return error;
  const code = systemCode(error);
  if (code !== undefined && NO_ROOM.has(code)) return storageFull(error);
  return new SafelightError("storage_failed", `A picture could not be read or written (${code ?? "unknown cause"}).`, {
    cause: error,
  });
}

export function storageFull(cause: unknown): SafelightError {
  return new SafelightError("storage_full", "There is no room left for records and pictures.", { cause });
}
