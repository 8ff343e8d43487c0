import { closeSync, fdatasync, fdatasyncSync, openSync } from "node:fs";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { promisify } from "node:util";
import { type CompiledQuery, Kysely, SqliteDialect, type SqliteStatement } from "kysely";
import { databaseFailure } from "./failures.ts";
import type { Tables } from "./tables.ts";

/** How long to wait for another process that writes. The event loop stands still meanwhile: no transaction may be long. */
const BUSY_MS = 5_000;
const STATEMENTS_KEPT = 200;
const syncFile = promisify(fdatasync);

/**
 * One connection to the database. `node:sqlite` works within the turn it is called in, so a transaction is a plain function
 * and nothing of this process can come between its statements. All methods throw SafelightError.
 */
export class Connection<T = Tables> {
  /** Builds queries. Those awaited run outside any transaction; {@link run} is for the inside. */
  readonly queries: Kysely<T>;
  readonly #database: DatabaseSync;
  readonly #logPath: string;
  #log: number | undefined;
  /** The disk has once failed to take the log: what the system then forgot to write, it would not write when asked again. */
  #logIsDoubtful = false;
  readonly #statements = new Map<string, StatementSync>();

  /** @param path made if it is not there. */
  constructor(path: string) {
    this.#database = guarded(() => new DatabaseSync(path, { timeout: BUSY_MS, enableForeignKeyConstraints: true }));
    this.#logPath = `${path}-wal`;
    try {
      // secure_delete: what is forgotten is overwritten with zeros, not only unlinked from the tree.
      this.script("pragma journal_mode = wal; pragma synchronous = full; pragma secure_delete = on");
    } catch (error) {
      this.#database.close();
      throw error;
    }
    const prepare = (sql: string) => this.#forKysely(sql);
    this.queries = new Kysely<T>({
      dialect: new SqliteDialect({ database: { prepare, close: () => undefined } }),
    });
  }

  /** Runs statements without parameters. */
  script(sql: string): void {
    guarded(() => this.#database.exec(sql));
  }

  /** Runs one compiled query in this turn. */
  run<Row>(query: CompiledQuery<Row>): Row[] {
    // Kysely derives Row from the tables, and the columns' types are enforced by `strict` tables.
    return guarded(() => this.#statement(query.sql).all(...values(query.parameters))) as Row[];
  }

  /** Runs one statement that answers nothing, in this turn. */
  write(sql: string, parameters: readonly SQLInputValue[]): void {
    guarded(() => this.#statement(sql).run(...parameters));
  }

  /** Commits what `work` did, or nothing of it if it throws. Other processes' writes wait from the start of it. */
  transaction<T>(work: () => T): T {
    this.write("begin immediate", []);
    try {
      const result = work();
      this.write("commit", []);
      return result;
    } catch (error) {
      if (this.#database.isTransaction) this.script("rollback");
      throw error;
    }
  }

  /**
   * As {@link transaction}, without holding up the event loop until the disk has it: nobody may be told of it before {@link sync}
   * has resolved. A power cut before that takes it away as a whole, with all that was committed after it.
   * @see https://sqlite.org/pragma.html#pragma_synchronous
   */
  commit<T>(work: () => T): T {
    this.script("pragma synchronous = normal");
    try {
      return this.transaction(work);
    } finally {
      this.script("pragma synchronous = full");
    }
  }

  /** Resolves when all that anybody has committed so far would survive a power cut: when the disk has the log. */
  async sync(): Promise<void> {
    try {
      if (this.#logIsDoubtful) this.#doWithoutLog();
      else await syncFile(this.#openLog());
    } catch (error) {
      this.#logIsDoubtful = true;
      throw databaseFailure(error);
    }
  }

  /** As {@link sync}, in this turn. */
  syncNow(): void {
    try {
      if (this.#logIsDoubtful) this.#doWithoutLog();
      else fdatasyncSync(this.#openLog());
    } catch (error) {
      this.#logIsDoubtful = true;
      throw databaseFailure(error);
    }
  }

  /** Brings all that is committed into the database itself, for which SQLite waits, and begins a new log. */
  #doWithoutLog(): void {
    if (!this.checkpoint()) throw new Error("the log could not be emptied: somebody is reading");
    this.#logIsDoubtful = false;
  }

  /** The log is there from the first transaction on, and stays the same file while anybody has the database open. */
  #openLog(): number {
    this.#log ??= openSync(this.#logPath, "r+");
    return this.#log;
  }

  /**
   * Writes the log into the database and empties it, so that nothing forgotten remains there.
   * @returns false where it could not, for somebody is reading
   */
  checkpoint(): boolean {
    return guarded(() => this.#statement("pragma wal_checkpoint(truncate)").get()?.["busy"] === 0);
  }

  close(): void {
    if (this.#log !== undefined) closeSync(this.#log);
    this.#log = undefined;
    guarded(() => this.#database.close());
  }

  #statement(sql: string): StatementSync {
    const kept = this.#statements.get(sql);
    if (kept) return kept;
    const statement = this.#database.prepare(sql);
    if (this.#statements.size >= STATEMENTS_KEPT) this.#statements.clear();
    this.#statements.set(sql, statement);
    return statement;
  }

  #forKysely(sql: string): SqliteStatement {
    const statement = guarded(() => this.#statement(sql));
    const all = (parameters: readonly unknown[]) => guarded(() => statement.all(...values(parameters)));
    return {
      reader: statement.columns().length > 0,
      all,
      run: (parameters) => guarded(() => statement.run(...values(parameters))),
      iterate: (parameters) => all(parameters).values(),
    };
  }
}

/** Kysely cannot know what SQLite takes; SQLite itself refuses what it cannot. */
function values(parameters: readonly unknown[]): readonly SQLInputValue[] {
  return parameters as readonly SQLInputValue[];
}

function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw databaseFailure(error);
  }
}
