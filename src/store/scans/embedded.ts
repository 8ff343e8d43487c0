import { join } from "node:path";
import { Connection } from "../sqlite/connection.ts";
import { databaseFailure } from "../sqlite/failures.ts";
import type { ScanStore } from "./scan-store.ts";
import { SqlScanStore } from "./sql-scan-store.ts";
import { type ScanTables, scanTablesSql } from "./tables.ts";

/** Scans in `scans.db` of a data folder. @throws SafelightError `storage_*` */
export function openEmbeddedScans(folder: string): ScanStore {
  const connection = new Connection<ScanTables>(join(folder, "scans.db"));
  for (const statement of scanTablesSql("text", "integer", "real")) connection.script(statement);
  return new SqlScanStore(connection.queries, databaseFailure, async () => connection.close());
}
