import { SafelightError } from "../../contract/errors.ts";
import { type GenerationRecord, GenerationRecordSchema } from "../../contract/generation.ts";
import { forget, picturesOf } from "../forget.ts";
import type { RecordPage, RecordQuery, Reveal } from "../store.ts";
import type { Connection } from "./connection.ts";
import { isForeignKeyFailure } from "./failures.ts";

const PAGE_MAX = 1_000;

/** What every generation runs is written out: putting a query together costs more than SQLite's work on it. */
const PUT = `
  insert into generations (id, state, action, created_ms, expires_ms, forgotten, owner, record)
  values (?, ?, ?, ?, ?, 0, ?, ?)
  on conflict (id) do update set
    state = excluded.state, action = excluded.action, created_ms = excluded.created_ms,
    expires_ms = excluded.expires_ms, forgotten = 0, owner = excluded.owner, record = excluded.record`;
const NAME = "insert into generation_pictures (generation_id, digest) values (?, ?)";
const UNNAME = "delete from generation_pictures where generation_id = ?";

/**
 * The records as rows. Methods ending in `Now` work within the turn and belong inside a transaction; the others read what is
 * committed.
 */
export class Records {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** @param record as it came from {@link wellFormed}. @param owner of a record that is `running`. */
  putNow(record: GenerationRecord, owner: string | null): void {
    this.#connection.write(PUT, [
      record.id,
      record.state,
      record.action,
      Date.parse(record.created_at),
      record.expires_at === null ? null : Date.parse(record.expires_at),
      owner,
      JSON.stringify(record),
    ]);
    this.#unnameNow(record.id);
    for (const digest of new Set(picturesOf(record).map((picture) => picture.digest))) {
      this.#connection.write(NAME, [record.id, digest]);
    }
  }

  #unnameNow(id: string): void {
    this.#connection.write(UNNAME, [id]);
  }

  async get(id: string): Promise<GenerationRecord | undefined> {
    const row = await this.#connection.queries
      .selectFrom("generations")
      .select("record")
      .where("id", "=", id)
      .executeTakeFirst();
    return row && read(row.record);
  }

  async list({ limit, before, state, action }: RecordQuery): Promise<RecordPage> {
    if (!Number.isInteger(limit) || limit < 1 || limit > PAGE_MAX) {
      throw new SafelightError("invalid_request", `A page holds 1 to ${PAGE_MAX} records.`);
    }
    let query = this.#connection.queries
      .selectFrom("generations")
      .select(["id", "created_ms", "record"])
      .orderBy("created_ms", "desc")
      .orderBy("id", "desc")
      .limit(limit + 1);
    if (state !== undefined) query = query.where("state", "=", state);
    if (action !== undefined) query = query.where("action", "=", action);
    if (before !== undefined) {
      const { created_ms, id } = readCursor(before);
      query = query.where(({ eb, refTuple, tuple }) => eb(refTuple("created_ms", "id"), "<", tuple(created_ms, id)));
    }
    const rows = await query.execute();
    const page = rows.slice(0, limit);
    const last = rows.length > limit ? page.at(-1) : undefined;
    return { records: page.map((row) => read(row.record)), next: last ? cursor(last) : null };
  }

  isNamedNow(digest: string): boolean {
    const query = this.#connection.queries
      .selectFrom("generation_pictures")
      .select("digest")
      .where("digest", "=", digest)
      .limit(1);
    return this.#connection.run(query.compile()).length > 0;
  }

  /** @throws SafelightError `not_found` */
  addRevealNow({ id, index, at, by }: Reveal): void {
    try {
      this.#connection.run(
        this.#connection.queries
          .insertInto("reveals")
          .values({ generation_id: id, picture_index: index, at, by })
          .compile(),
      );
    } catch (error) {
      if (isForeignKeyFailure(error)) throw new SafelightError("not_found", "There is no generation with this id.");
      throw error;
    }
  }

  async reveals(id: string): Promise<readonly Reveal[]> {
    const rows = await this.#connection.queries
      .selectFrom("reveals")
      .select(["generation_id as id", "picture_index as index", "at", "by"])
      .where("generation_id", "=", id)
      .orderBy("seq")
      .execute();
    return rows.map((row) => ({ ...row })); // node:sqlite's rows have no prototype
  }

  /** Whoever has records `running`. */
  async owners(): Promise<readonly string[]> {
    const rows = await this.#connection.queries
      .selectFrom("generations")
      .select("owner")
      .distinct()
      .where("state", "=", "running")
      .execute();
    return rows.flatMap(({ owner }) => owner ?? []);
  }

  /** Ends at most `limit` of the records that this owner left `running`. @returns how many. */
  interruptNow(owner: string, limit: number, now: Date): number {
    const query = this.#connection.queries
      .selectFrom("generations")
      .select("record")
      .where("state", "=", "running")
      .where("owner", "=", owner)
      .limit(limit);
    const rows = this.#connection.run(query.compile());
    for (const row of rows) {
      const error = { code: "interrupted", detail: "Safelight stopped while this generation was running." } as const;
      this.putNow({ ...read(row.record), state: "failed", finished_at: now.toISOString(), error }, null);
    }
    return rows.length;
  }

  /** Forgets at most `limit` of the records that have expired. @returns how many, and the pictures that they named. */
  forgetNow(limit: number, now: Date): { forgotten: number; digests: readonly string[] } {
    const { queries } = this.#connection;
    const query = queries
      .selectFrom("generations")
      .select("record")
      .where("forgotten", "=", 0)
      .where("expires_ms", "<=", now.getTime())
      .limit(limit);
    const records = this.#connection.run(query.compile()).map((row) => read(row.record));
    for (const record of records) {
      this.#connection.run(
        queries
          .updateTable("generations")
          .set({ record: JSON.stringify(forget(record)), forgotten: 1 })
          .where("id", "=", record.id)
          .compile(),
      );
      this.#unnameNow(record.id);
    }
    const digests = records.flatMap((record) => picturesOf(record).map((picture) => picture.digest));
    return { forgotten: records.length, digests };
  }

  beatNow(now: Date): void {
    const at_ms = now.getTime();
    this.#connection.run(
      this.#connection.queries
        .insertInto("heartbeat")
        .values({ id: 1, at_ms })
        .onConflict((conflict) => conflict.column("id").doUpdateSet({ at_ms }))
        .compile(),
    );
  }
}

/** @returns the record as it will be read again. @throws SafelightError `internal` when it could not be. */
export function wellFormed(record: GenerationRecord): GenerationRecord {
  const { data, error } = GenerationRecordSchema.safeParse(record);
  if (error) throw new SafelightError("internal", "A record does not fit its schema.", { cause: error });
  return data;
}

function read(json: string): GenerationRecord {
  try {
    return GenerationRecordSchema.parse(JSON.parse(json));
  } catch (error) {
    throw new SafelightError("storage_failed", "A record in the store cannot be read: it does not fit its schema.", {
      cause: error,
    });
  }
}

function cursor({ created_ms, id }: { created_ms: number; id: string }): string {
  return Buffer.from(JSON.stringify([created_ms, id])).toString("base64url");
}

function readCursor(text: string): { created_ms: number; id: string } {
  const match = /^\[(-?\d+),(".*")\]$/.exec(Buffer.from(text, "base64url").toString());
  try {
    const [, created_ms = "", id = ""] = match ?? [];
    return { created_ms: Number(created_ms), id: String(JSON.parse(id)) };
  } catch {
    const detail = "it is not the `next` of a page";
    throw new SafelightError("invalid_request", `before: ${detail}`, { errors: [{ pointer: "#/before", detail }] });
  }
}
