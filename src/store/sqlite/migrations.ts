import { SafelightError } from "../../contract/errors.ts";
import type { Connection } from "./connection.ts";

/**
 * Each leads from the version that is its index to the next one. They are never edited once released: databases out there
 * have run them. A change of `GenerationRecord` that stored ones do not fit is a migration too.
 */
const MIGRATIONS: readonly ((connection: Connection) => void)[] = [firstTables];

export const SCHEMA_VERSION = MIGRATIONS.length;

/**
 * Brings a database up to {@link SCHEMA_VERSION}, in one transaction: of several processes that open it, one does the work.
 * @throws SafelightError `config_invalid` when a newer Safelight has written it.
 */
export function migrate(connection: Connection, now: Date): void {
  connection.transaction(() => {
    connection.script(
      "create table if not exists schema_version (version integer primary key, applied_at text not null) strict",
    );
    const found = version(connection);
    if (found > SCHEMA_VERSION) {
      throw new SafelightError(
        "config_invalid",
        `The data folder was written by a newer Safelight (schema ${found}; this one knows ${SCHEMA_VERSION}). Run that version, or choose another data folder.`,
      );
    }
    for (const [index, step] of MIGRATIONS.entries()) {
      if (index < found) continue;
      step(connection);
      connection.run(
        connection.queries
          .insertInto("schema_version")
          .values({ version: index + 1, applied_at: now.toISOString() })
          .compile(),
      );
    }
  });
}

function version(connection: Connection): number {
  const rows = connection.run(
    connection.queries
      .selectFrom("schema_version")
      .select((of) => of.fn.max("version").as("version"))
      .compile(),
  );
  return rows[0]?.version ?? 0;
}

function firstTables(connection: Connection): void {
  connection.script(`
    create table generations (
      id text primary key,
      state text not null,
      action text,
      created_ms integer not null,
      expires_ms integer,
      forgotten integer not null,
      owner text,
      record text not null
    ) strict;
    create index generations_newest on generations (created_ms, id);
    create index generations_by_state on generations (state, created_ms, id);
    create index generations_by_action on generations (action, created_ms, id);
    create index generations_to_forget on generations (expires_ms) where forgotten = 0 and expires_ms is not null;

    create table generation_pictures (
      generation_id text not null references generations (id),
      digest text not null,
      primary key (generation_id, digest)
    ) strict, without rowid;
    create index generation_pictures_by_digest on generation_pictures (digest);

    create table reveals (
      seq integer primary key autoincrement,
      generation_id text not null references generations (id),
      picture_index integer not null,
      at text not null,
      by text not null
    ) strict;
    create index reveals_by_generation on reveals (generation_id, seq);
    create trigger reveals_are_not_changed before update on reveals
      begin select raise(abort, 'reveals are append-only'); end;
    create trigger reveals_are_not_removed before delete on reveals
      begin select raise(abort, 'reveals are append-only'); end;

    create table heartbeat (id integer primary key check (id = 1), at_ms integer not null) strict;
  `);
}
