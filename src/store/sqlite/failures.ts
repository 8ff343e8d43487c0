import { SafelightError } from "../../contract/errors.ts";
import { isNoRoom, storageFull } from "../failures.ts";

/** SQLite's primary result codes, https://sqlite.org/rescode.html. */
const SQLITE_BUSY = 5;
const SQLITE_READONLY = 8;
const SQLITE_CORRUPT = 11;
const SQLITE_FULL = 13;
const SQLITE_CANTOPEN = 14;
const SQLITE_CONSTRAINT = 19;
const SQLITE_NOTADB = 26;
/** An extended code of SQLITE_CONSTRAINT. */
const SQLITE_CONSTRAINT_FOREIGNKEY = SQLITE_CONSTRAINT | (3 << 8);

/** The primary result code of an error that SQLite raised. */
export function primaryCode(error: unknown): number | undefined {
  const code = resultCode(error);
  return code === undefined ? undefined : code & 0xff;
}

export function isForeignKeyFailure(error: unknown): boolean {
  return error instanceof Error && resultCode(error.cause ?? error) === SQLITE_CONSTRAINT_FOREIGNKEY;
}

function resultCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("errcode" in error)) return undefined;
  return typeof error.errcode === "number" ? error.errcode : undefined;
}

const MEANING: Readonly<Record<number, string>> = {
  [SQLITE_BUSY]: "Another process has kept the database busy for too long.",
  [SQLITE_READONLY]: "The database cannot be written: it is read-only.",
  [SQLITE_CORRUPT]: "The database is damaged.",
  [SQLITE_NOTADB]: "The database file is not a database.",
  [SQLITE_CANTOPEN]: "The database cannot be opened.",
};

/** `storage_full` or `storage_failed`. SQLite's own message may quote values, so it stays in `cause`. */
export function databaseFailure(error: unknown): SafelightError {
  if (error instanceof SafelightError) return error;
  const code = primaryCode(error);
  if (code === SQLITE_FULL || isNoRoom(error)) return storageFull(error);
  const meaning = code === undefined ? undefined : MEANING[code];
  return new SafelightError(
    "storage_failed",
    meaning ?? `The database could not be read or written (SQLite ${code ?? "gave no"} code).`,
    { cause: error },
  );
}
