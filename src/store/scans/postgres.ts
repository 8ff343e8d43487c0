import { Kysely, PostgresDialect, sql } from "kysely";
import { Pool, types } from "pg";
import { SafelightError } from "../../contract/errors.ts";
import { storageFull } from "../failures.ts";
import type { ScanStore } from "./scan-store.ts";
import { SqlScanStore } from "./sql-scan-store.ts";
import { type ScanTables, scanTablesSql } from "./tables.ts";

/** PostgreSQL's error classes, https://www.postgresql.org/docs/current/errcodes-appendix.html. */
const DISK_FULL = "53100";
/** Any number: who holds this lock creates the tables, the others wait. */
const CREATING = 0x5afe_1195;
const INT8 = types.builtins.INT8;

/**
 * Scans in a PostgreSQL database, for as many machines as there are. The tables are made where they are missing.
 * @param url `postgres://user:password@host:port/database`
 * @throws SafelightError `storage_failed`
 */
export async function openPostgresScans(url: string): Promise<ScanStore> {
  const pool = new Pool({
    connectionString: url,
    application_name: "safelight",
    connectionTimeoutMillis: 10_000,
    types: {
      // whole numbers beyond 2⁵³ do not occur
      getTypeParser: ((oid: number, format?: "text") =>
        oid === INT8 ? Number : types.getTypeParser(oid, format)) as typeof types.getTypeParser,
    },
  });
  pool.on("error", () => {}); // of an idle connection: the next query opens another one
  const db = new Kysely<ScanTables>({ dialect: new PostgresDialect({ pool }) });
  try {
    await db.transaction().execute(async (transaction) => {
      await sql`select pg_advisory_xact_lock(${CREATING})`.execute(transaction);
      for (const statement of scanTablesSql('text collate "C"', "bigint", "double precision")) {
        await sql.raw(statement).execute(transaction);
      }
    });
  } catch (error) {
    await db.destroy();
    throw postgresFailure(error);
  }
  return new SqlScanStore(db, postgresFailure, () => db.destroy());
}

/** `storage_full` or `storage_failed`. PostgreSQL's own message may quote values, so it stays in `cause`. */
function postgresFailure(error: unknown): SafelightError {
  if (error instanceof SafelightError) return error;
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === DISK_FULL) return storageFull(error);
  const why = code === "" ? "it does not answer" : `code ${code}`;
  return new SafelightError("storage_failed", `The database (PostgreSQL) could not be read or written: ${why}.`, {
    cause: error,
  });
}
