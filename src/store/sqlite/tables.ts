import type { Generated } from "kysely";

/** What the columns hold. Times are milliseconds since 1970, so that they sort whatever precision they were written with. */
export interface Tables {
  generations: {
    id: string;
    state: string;
    action: string | null;
    created_ms: number;
    expires_ms: number | null;
    /** 1 once text and pictures were forgotten. */
    forgotten: number;
    /** While `running`: the process that runs it, by its `Presence`. */
    owner: string | null;
    /** The GenerationRecord as JSON: the other columns are taken from it. */
    record: string;
  };
  /** Which pictures a record names: a file that no row names may be removed. */
  generation_pictures: { generation_id: string; digest: string };
  /** Append-only: triggers refuse to change or remove a row. */
  reveals: { seq: Generated<number>; generation_id: string; picture_index: number; at: string; by: string };
  /** One row, rewritten to see whether writing works. */
  heartbeat: { id: number; at_ms: number };
  schema_version: { version: number; applied_at: string };
}
