import { SafelightError } from "../contract/errors.ts";

/** The system's word for what went wrong (`ENOSPC`), if the error came from the system. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

const NO_ROOM: ReadonlySet<string> = new Set(["ENOSPC", "EDQUOT"]);

export function isNoRoom(error: unknown): boolean {
  return NO_ROOM.has(systemCode(error) ?? "");
}

/**
 * What a failed file operation means to a caller: `storage_full` or `storage_failed`. The system's message names paths, so it
 * stays in `cause`; its code (`EACCES`) does not, and is told.
 */
export function fileFailure(error: unknown): SafelightError {
  if (error instanceof SafelightError) return error;
  if (isNoRoom(error)) return storageFull(error);
  const code = systemCode(error);
  return new SafelightError("storage_failed", `A picture could not be read or written (${code ?? "unknown cause"}).`, {
    cause: error,
  });
}

export function storageFull(cause: unknown): SafelightError {
  return new SafelightError("storage_full", "There is no room left for records and pictures.", { cause });
}
