import { type ExpressionBuilder, type Kysely, sql } from "kysely";
import type { Category } from "../../contract/categories.ts";
import { SafelightError } from "../../contract/errors.ts";
import {
  highestScore,
  type Scan,
  type ScanCopies,
  ScanCopiesSchema,
  type ScanItem,
  ScanItemSchema,
  ScanSchema,
  shownScores,
} from "../../contract/scan.ts";
import type { ScanProblemCode } from "../../contract/scan-problems.ts";
import type {
  CaptionPlace,
  FileDigest,
  FileKind,
  InventoryCaption,
  InventoryFile,
  InventoryLabels,
  ItemQuery,
  KeyedProblem,
  KeyRange,
  PendingPicture,
  Remembered,
  ScanPlace,
  ScanStore,
} from "./scan-store.ts";
import type { ScanTables } from "./tables.ts";

/** Rows in one statement: both engines bound the number of parameters. */
const ROWS = 500;

/** Scans in SQL that SQLite and PostgreSQL both speak. */
export class SqlScanStore implements ScanStore {
  readonly #db: Kysely<ScanTables>;
  readonly #failure: (error: unknown) => unknown;
  readonly #end: () => Promise<void>;

  /** @param failure turns what the engine throws into a SafelightError */
  constructor(db: Kysely<ScanTables>, failure: (error: unknown) => unknown, end: () => Promise<void>) {
    this.#db = db;
    this.#failure = failure;
    this.#end = end;
  }

  async create(scan: Scan): Promise<void> {
    await this.#guard(
      this.#db
        .insertInto("scans")
        .values({ id: scan.id, created_at: scan.created_at, scan: JSON.stringify(scan) })
        .execute(),
    );
  }

  async get(id: string): Promise<Scan | undefined> {
    const row = await this.#guard(this.#db.selectFrom("scans").select("scan").where("id", "=", id).executeTakeFirst());
    return row && readScan(row.scan);
  }

  async list(limit: number, before?: ScanPlace): Promise<readonly Scan[]> {
    let query = this.#db.selectFrom("scans").select("scan").orderBy("created_at", "desc").orderBy("id", "desc");
    if (before !== undefined) {
      const { created_at, id } = before;
      query = query.where(({ eb, refTuple, tuple }) => eb(refTuple("created_at", "id"), "<", tuple(created_at, id)));
    }
    return (await this.#guard(query.limit(limit).execute())).map((row) => readScan(row.scan));
  }

  async update(id: string, change: Partial<Scan>, from?: readonly Scan["state"][]): Promise<boolean> {
    for (;;) {
      const row = await this.#guard(
        this.#db.selectFrom("scans").select("scan").where("id", "=", id).executeTakeFirst(),
      );
      if (!row) throw new SafelightError("not_found", `there is no scan ${id}`);
      const before = readScan(row.scan);
      if (from && !from.includes(before.state)) return false;
      const scan = JSON.stringify({ ...before, ...change });
      // where somebody else has written meanwhile, nothing is changed, and it is read again
      const query = this.#db.updateTable("scans").set({ scan }).where("id", "=", id).where("scan", "=", row.scan);
      if ((await this.#guard(query.executeTakeFirst())).numUpdatedRows > 0n) return true;
    }
  }

  async delete(id: string): Promise<void> {
    await this.#guard(this.#db.deleteFrom("scans").where("id", "=", id).execute());
  }

  async addFiles(scan: string, files: readonly InventoryFile[]): Promise<number> {
    const rows = files.map(({ key, bytes, stamp, kind, stem, inside }) => ({
      ...{ scan, key, bytes, stamp, kind, stem },
      archive: inside?.archive ?? null,
      start: inside?.start ?? null,
      item: null,
      action: null,
      score: null,
    }));
    return this.#inserted("scan_files", rows);
  }

  async setKind(scan: string, key: string, kind: FileKind): Promise<void> {
    const query = this.#db.updateTable("scan_files").set({ kind }).where("scan", "=", scan).where("key", "=", key);
    await this.#guard(query.execute());
  }

  async addCaptions(scan: string, captions: readonly InventoryCaption[]): Promise<void> {
    await this.#inserted(
      "scan_captions",
      captions.map((caption) => ({ scan, ...caption })),
    );
  }

  async addLabels(scan: string, labels: readonly InventoryLabels[]): Promise<void> {
    await this.#inserted(
      "scan_labels",
      labels.map(({ key, labels }) => ({ scan, key, labels })),
    );
  }

  async labelled(scan: string): Promise<number> {
    const query = this.#db.selectFrom("scan_labels").select(({ fn }) => fn.countAll<number>().as("count"));
    return Number((await this.#guard(query.where("scan", "=", scan).executeTakeFirstOrThrow())).count);
  }

  async addDigests(scan: string, digests: readonly FileDigest[]): Promise<void> {
    await this.#inserted(
      "scan_contents",
      digests.map(({ key, sha256 }) => ({ scan, key, sha256 })),
    );
  }

  async digests(scan: string, keys: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const rows = await this.#inParts(keys, (part) =>
      this.#db
        .selectFrom("scan_contents")
        .select(["key", "sha256"])
        .where("scan", "=", scan)
        .where("key", "in", part)
        .execute(),
    );
    return new Map(rows.map(({ key, sha256 }) => [key, sha256]));
  }

  async addProblems(scan: string, problems: readonly KeyedProblem[]): Promise<void> {
    await this.#inserted(
      "scan_problems",
      problems.map(({ key, problem }) => ({ scan, key, ...problem })),
    );
  }

  async files(
    scan: string,
    kind: FileKind | null,
    after: string | null,
    limit: number,
  ): Promise<readonly InventoryFile[]> {
    let query = this.#db.selectFrom("scan_files").select(FILE).where("scan", "=", scan);
    if (kind !== null) query = query.where("kind", "=", kind);
    if (after !== null) query = query.where("key", ">", after);
    return (await this.#guard(query.orderBy("key").limit(limit).execute())).map(inventoryFile);
  }

  async file(scan: string, key: string): Promise<InventoryFile | undefined> {
    const query = this.#db.selectFrom("scan_files").select(FILE).where("scan", "=", scan).where("key", "=", key);
    const row = await this.#guard(query.executeTakeFirst());
    return row && inventoryFile(row);
  }

  async orphans(scan: string, after: string | null, limit: number): Promise<readonly InventoryFile[]> {
    let query = this.#db
      .selectFrom("scan_files as caption")
      .select(FILE)
      .where("caption.scan", "=", scan)
      .where("caption.kind", "=", "caption")
      .where(({ not, exists, selectFrom }) =>
        not(
          exists(
            selectFrom("scan_files as picture")
              .select("picture.key")
              .where("picture.scan", "=", scan)
              .where("picture.kind", "=", "picture")
              .whereRef("picture.stem", "=", "caption.stem"),
          ),
        ),
      );
    if (after !== null) query = query.where("caption.key", ">", after);
    return (await this.#guard(query.orderBy("caption.key").limit(limit).execute())).map(inventoryFile);
  }

  async strayCaptions(scan: string, after: CaptionPlace | null, limit: number): Promise<readonly CaptionPlace[]> {
    let query = this.#db
      .selectFrom("scan_captions as caption")
      .select(["caption.picture", "caption.file", "caption.place"])
      .where("caption.scan", "=", scan)
      .where(({ not, exists, selectFrom }) =>
        not(
          exists(
            selectFrom("scan_files as picture")
              .select("picture.key")
              .where("picture.scan", "=", scan)
              .where("picture.kind", "=", "picture")
              .whereRef("picture.key", "=", "caption.picture"),
          ),
        ),
      );
    if (after !== null) {
      const { picture, file, place } = after;
      query = query.where(({ eb, refTuple, tuple }) =>
        eb(refTuple("caption.picture", "caption.file", "caption.place"), ">", tuple(picture, file, place)),
      );
    }
    const ordered = query.orderBy("caption.picture").orderBy("caption.file").orderBy("caption.place");
    return this.#guard(ordered.limit(limit).execute());
  }

  async hasCaptions(scan: string): Promise<boolean> {
    const sidecar = this.#db
      .selectFrom("scan_files as picture")
      .innerJoin("scan_files as caption", (join) =>
        join
          .onRef("caption.scan", "=", "picture.scan")
          .onRef("caption.stem", "=", "picture.stem")
          .on("caption.kind", "=", "caption"),
      )
      .select("picture.key")
      .where("picture.scan", "=", scan)
      .where("picture.kind", "=", "picture");
    const listed = this.#db.selectFrom("scan_captions").select("picture").where("scan", "=", scan);
    if (await this.#guard(listed.limit(1).executeTakeFirst())) return true;
    return (await this.#guard(sidecar.limit(1).executeTakeFirst())) !== undefined;
  }

  async pending(scan: string, range: KeyRange, limit: number): Promise<readonly PendingPicture[]> {
    const pictures = await this.#guard(
      this.#db
        .selectFrom("scan_files")
        .select(FILE)
        .where("scan", "=", scan)
        .where("kind", "=", "picture")
        .where("item", "is", null)
        .where(within(range))
        .orderBy("key")
        .limit(limit)
        .execute(),
    );
    if (pictures.length === 0) return [];
    const keys = pictures.map(({ key }) => key);
    const [sidecars, captions, labels] = await Promise.all([
      this.#withStems(
        scan,
        "caption",
        pictures.map(({ stem }) => stem),
      ),
      this.#inParts(keys, (part) =>
        this.#db
          .selectFrom("scan_captions")
          .select(["picture", "file", "place", "text"])
          .where("scan", "=", scan)
          .where("picture", "in", part)
          .orderBy("file")
          .orderBy("place")
          .execute(),
      ),
      this.#inParts(keys, (part) =>
        this.#db
          .selectFrom("scan_labels")
          .select(["key", "labels"])
          .where("scan", "=", scan)
          .where("key", "in", part)
          .execute(),
      ),
    ]);
    const labelled = new Map(labels.map(({ key, labels }) => [key, labels]));
    return pictures.map((picture) => ({
      ...inventoryFile(picture),
      sidecars: sidecars.filter(({ stem }) => stem === picture.stem).map(inventoryFile),
      captions: captions
        .filter((caption) => caption.picture === picture.key)
        .map(({ file, place, text }) => ({ file, place, text })),
      labels: labelled.get(picture.key) ?? null,
    }));
  }

  async save(scan: string, items: readonly ScanItem[]): Promise<void> {
    await this.#guard(
      this.#db.transaction().execute(async (db) => {
        const scores: ScanTables["scan_scores"][] = [];
        for (const item of items) {
          const { key, action } = item;
          const { numUpdatedRows } = await db
            .updateTable("scan_files")
            .set({ item: JSON.stringify(item), action, score: highestScore(item) })
            .where("scan", "=", scan)
            .where("key", "=", key)
            .where("item", "is", null)
            .executeTakeFirstOrThrow();
          if (numUpdatedRows === 0n) continue;
          for (const [category, score] of shownScores(item)) scores.push({ scan, key, category, score });
        }
        for (let at = 0; at < scores.length; at += ROWS) {
          await db
            .insertInto("scan_scores")
            .values(scores.slice(at, at + ROWS))
            .execute();
        }
      }),
    );
  }

  async counts(scan: string): Promise<{ total: number; done: number }> {
    const row = await this.#guard(
      this.#db
        .selectFrom("scan_files")
        .select(({ fn }) => [fn.countAll<number>().as("total"), fn.count<number>("item").as("done")])
        .where("scan", "=", scan)
        .where("kind", "=", "picture")
        .executeTakeFirstOrThrow(),
    );
    return { total: Number(row.total), done: Number(row.done) };
  }

  async items(scan: string, after: string | null, limit: number): Promise<readonly ScanItem[]> {
    let query = this.#db.selectFrom("scan_files").select("item").where("scan", "=", scan).where("item", "is not", null);
    if (after !== null) query = query.where("key", ">", after);
    const rows = await this.#guard(query.orderBy("key").limit(limit).execute());
    return rows.map(scanItem);
  }

  async browse(
    scan: string,
    { sort, action, category, after }: ItemQuery,
    limit: number,
  ): Promise<readonly ScanItem[]> {
    let query = this.#db.selectFrom(this.#scored(scan, category).as("row")).select("item");
    if (action !== null) query = query.where("action", "=", action);
    if (sort === "score") query = query.orderBy("score", "desc");
    if (after !== null && sort === "key") query = query.where("key", ">", after.key);
    if (after !== null && sort === "score") {
      query = query.where(({ eb, or, and }) =>
        or([eb("score", "<", after.score), and([eb("score", "=", after.score), eb("key", ">", after.key)])]),
      );
    }
    return (await this.#guard(query.orderBy("key").limit(limit).execute())).map(scanItem);
  }

  /** Results with their scores: in one category, or the highest. */
  #scored(scan: string, category: Category | null) {
    type Scored = Pick<ScanTables["scan_files"], "key" | "action" | "score" | "item">;
    if (category === null) {
      return this.#db
        .selectFrom("scan_files")
        .select(["key", "action", "score", "item"])
        .where("scan", "=", scan)
        .where("item", "is not", null)
        .$castTo<Scored>();
    }
    return this.#db
      .selectFrom("scan_scores as of")
      .innerJoin("scan_files as file", (join) =>
        join.onRef("file.scan", "=", "of.scan").onRef("file.key", "=", "of.key"),
      )
      .select(["of.key", "file.action", "of.score", "file.item"])
      .where("of.scan", "=", scan)
      .where("of.category", "=", category)
      .$castTo<Scored>();
  }

  async itemsOf(scan: string, keys: readonly string[]): Promise<readonly ScanItem[]> {
    const rows = await this.#inParts(keys, (part) =>
      this.#db
        .selectFrom("scan_files")
        .select("item")
        .where("scan", "=", scan)
        .where("key", "in", part)
        .where("item", "is not", null)
        .execute(),
    );
    return rows.map(scanItem);
  }

  async picturesWithStems(scan: string, stems: readonly string[]): Promise<readonly InventoryFile[]> {
    return (await this.#withStems(scan, "picture", stems)).map(inventoryFile);
  }

  /** In the order of their keys, which is not asked of the engine: it would walk through all keys for it. */
  async #withStems(scan: string, kind: "picture" | "caption", stems: readonly string[]): Promise<FileRow[]> {
    const rows = await this.#inParts([...new Set(stems)], (part) =>
      this.#db
        .selectFrom("scan_files")
        .select(FILE)
        .where("scan", "=", scan)
        .where("kind", "=", kind)
        .where("stem", "in", part)
        .execute(),
    );
    return rows.sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)));
  }

  async problems(scan: string, after: KeyedProblem | null, limit: number): Promise<readonly KeyedProblem[]> {
    let query = this.#db.selectFrom("scan_problems").select(["key", "code", "detail"]).where("scan", "=", scan);
    if (after !== null) {
      const { code, detail } = after.problem;
      query = query.where(({ eb, refTuple, tuple }) =>
        eb(refTuple("key", "code", "detail"), ">", tuple(after.key, code as string, detail)),
      );
    }
    const rows = await this.#guard(query.orderBy("key").orderBy("code").orderBy("detail").limit(limit).execute());
    return rows.map(({ key, code, detail }) => ({ key, problem: { code: code as ScanProblemCode, detail } }));
  }

  async shards(scan: string, size: number): Promise<readonly KeyRange[]> {
    const ends = await this.#guard(
      this.#db
        .with("numbered", (db) =>
          db
            .selectFrom("scan_files")
            .select(["key", sql<number>`row_number() over (order by key)`.as("place")])
            .where("scan", "=", scan)
            .where("kind", "=", "picture"),
        )
        .selectFrom("numbered")
        .select("key")
        .where(sql<boolean>`place % ${sql.lit(size)} = 0`)
        .orderBy("key")
        .execute(),
    );
    const bounds = [null, ...ends.map(({ key }) => key), null];
    return bounds.slice(1).map((upTo, i) => ({ after: bounds[i] ?? null, upTo }));
  }

  async addCopies(scan: string, first: number, groups: readonly ScanCopies[]): Promise<void> {
    const rows = groups.map((copies, i) => ({ scan, cluster: first + i, copies: JSON.stringify(copies) }));
    await this.#inserted("scan_copies", rows);
  }

  async copies(scan: string, first: number, limit: number): Promise<readonly ScanCopies[]> {
    const query = this.#db.selectFrom("scan_copies").select("copies").where("scan", "=", scan);
    const rows = await this.#guard(query.where("cluster", ">=", first).orderBy("cluster").limit(limit).execute());
    return rows.map(({ copies }) => ScanCopiesSchema.parse(JSON.parse(copies)));
  }

  async knownDigest(source: string, key: string, stamp: string): Promise<string | undefined> {
    const query = this.#db.selectFrom("scan_digests").select("digest").where("source", "=", source);
    const row = await this.#guard(query.where("key", "=", key).where("stamp", "=", stamp).executeTakeFirst());
    return row?.digest;
  }

  async knownVerdict(fingerprint: string, digest: string): Promise<string | undefined> {
    const query = this.#db.selectFrom("scan_verdicts").select("verdict").where("fingerprint", "=", fingerprint);
    return (await this.#guard(query.where("digest", "=", digest).executeTakeFirst()))?.verdict;
  }

  async remember(entries: readonly Remembered[]): Promise<void> {
    if (entries.length === 0) return;
    // of two with one key PostgreSQL takes none: the last one is what it is now
    const last = new Map(
      entries.map(({ source, key, stamp, digest }) => [`${source}\n${key}`, { source, key, stamp, digest }]),
    );
    const digests = [...last.values()];
    const verdicts = entries.map(({ fingerprint, digest, verdict }) => ({ fingerprint, digest, verdict }));
    await this.#guard(
      this.#db.transaction().execute(async (db) => {
        for (let at = 0; at < digests.length; at += ROWS) {
          await db
            .insertInto("scan_digests")
            .values(digests.slice(at, at + ROWS))
            .onConflict((conflict) =>
              conflict
                .columns(["source", "key"])
                .doUpdateSet(({ ref }) => ({ stamp: ref("excluded.stamp"), digest: ref("excluded.digest") })),
            )
            .execute();
        }
        for (let at = 0; at < verdicts.length; at += ROWS) {
          await db
            .insertInto("scan_verdicts")
            .values(verdicts.slice(at, at + ROWS))
            .onConflict((conflict) => conflict.columns(["fingerprint", "digest"]).doNothing())
            .execute();
        }
      }),
    );
  }

  async close(): Promise<void> {
    await this.#end();
  }

  async #inserted<Table extends Exclude<keyof ScanTables, "scans" | "scan_digests" | "scan_verdicts">>(
    table: Table,
    rows: readonly ScanTables[Table][],
  ): Promise<number> {
    let added = 0n;
    if (rows.length === 0) return 0;
    await this.#guard(
      this.#db.transaction().execute(async (db) => {
        for (let at = 0; at < rows.length; at += ROWS) {
          const { numInsertedOrUpdatedRows = 0n } = await db
            .insertInto(table)
            .values(rows.slice(at, at + ROWS) as never) // Kysely cannot follow a table that is a type parameter
            .onConflict((conflict) => conflict.doNothing())
            .executeTakeFirstOrThrow();
          added += numInsertedOrUpdatedRows;
        }
      }),
    );
    return Number(added);
  }

  async #inParts<Row>(values: readonly string[], ask: (part: string[]) => Promise<Row[]>): Promise<Row[]> {
    const rows: Row[] = [];
    for (let at = 0; at < values.length; at += ROWS) {
      rows.push(...(await this.#guard(ask(values.slice(at, at + ROWS)))));
    }
    return rows;
  }

  async #guard<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      throw error instanceof SafelightError ? error : this.#failure(error);
    }
  }
}

const FILE = ["key", "bytes", "stamp", "kind", "stem", "archive", "start"] as const;
type FileRow = Pick<ScanTables["scan_files"], (typeof FILE)[number]>;

function inventoryFile({ key, bytes, stamp, kind, stem, archive, start }: FileRow): InventoryFile {
  const inside = archive === null ? null : { archive, start: Number(start) };
  return { key, bytes: Number(bytes), stamp, kind: kind as FileKind, stem, inside };
}

function scanItem({ item }: { readonly item: string | null }): ScanItem {
  return ScanItemSchema.parse(JSON.parse(item ?? "null"));
}

function within({ after, upTo }: KeyRange) {
  return ({ and, eb }: ExpressionBuilder<ScanTables, "scan_files">) =>
    and([...(after === null ? [] : [eb("key", ">", after)]), ...(upTo === null ? [] : [eb("key", "<=", upTo)])]);
}

function readScan(json: string): Scan {
  return ScanSchema.parse(JSON.parse(json));
}
