import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { UNSCORED } from "../../src/contract/decision.ts";
import type { Scan, ScanItem } from "../../src/contract/scan.ts";
import { openEmbeddedScans } from "../../src/store/scans/embedded.ts";
import { openPostgresScans } from "../../src/store/scans/postgres.ts";
import { ALL_KEYS, type InventoryFile, type ScanStore } from "../../src/store/scans/scan-store.ts";
import { findPostgres, startPostgres, type TestPostgres } from "./postgres.ts";
import { temporaryFolder } from "./world.ts";

const programs = findPostgres();
let postgres: TestPostgres | undefined;
beforeAll(async () => {
  if (programs) postgres = await startPostgres(programs);
});
afterAll(() => postgres?.stop());

const SCAN: Scan = {
  id: "scan_1",
  state: "listing",
  source: "/pictures",
  layout: null,
  min_side: 0,
  policy: { name: "dataset", version: "1", digest: "sha256:1" },
  detectors: { prompt: [], image: [] },
  created_at: "2026-01-01T00:00:00.000Z",
  finished_at: null,
  total: 0,
  done: 0,
  summary: null,
  error: null,
};

/** In the order of their UTF-8 bytes, which is neither that of UTF-16 nor that of any language. */
const KEYS = ["A.png", "B.png", "a b.png", "a.png", "a/1.png", "ab.png", "é.png", "\uff21.png", "\u{1f600}.png"];

function file(key: string, more: Partial<InventoryFile> = {}): InventoryFile {
  return { key, bytes: 3, stamp: "s", kind: "picture", stem: key.replace(/\.\w+$/, ""), inside: null, ...more };
}

function item(key: string, action: ScanItem["action"] = "allow"): ScanItem {
  return {
    ...{ key, bytes: 3, sha256: null, media_type: null, width: null, height: null, frames: null },
    ...{ role: "instance", action, judged: true, image_action: null, reasons: [], scores: {} },
    ...{ captions: [], problems: [], pdq: null, faces: null },
  };
}

describe.each(["embedded", "postgres"] as const)("a store of scans: %s", (engine) => {
  const run = test.skipIf(engine === "postgres" && !programs);

  async function store(): Promise<ScanStore> {
    const [opened] = await stores(1);
    if (!opened) throw new Error("there is no store");
    return opened;
  }

  /** As different processes have them: of one place, each with connections of its own. */
  async function stores(count: number): Promise<readonly ScanStore[]> {
    const opened: ScanStore[] = [];
    const place = engine === "embedded" || !postgres ? temporaryFolder() : await postgres.database();
    for (let i = 0; i < count; i++)
      opened.push(engine === "embedded" ? openEmbeddedScans(place) : await openPostgresScans(place));
    onTestFinished(async () => void (await Promise.all(opened.map((each) => each.close()))));
    await opened[0]?.create(SCAN);
    return opened;
  }

  run("keeps scans, newest first, and changes them", async () => {
    const scans = await store();
    await scans.create({ ...SCAN, id: "scan_2", created_at: "2026-01-02T00:00:00.000Z" });
    await scans.update("scan_1", { state: "judging", total: 5 });
    expect(await scans.get("scan_1")).toEqual({ ...SCAN, state: "judging", total: 5 });
    expect((await scans.list(10)).map(({ id }) => id)).toEqual(["scan_2", "scan_1"]);
    expect((await scans.list(1)).map(({ id }) => id)).toEqual(["scan_2"]);
    expect(await scans.get("nothing")).toBeUndefined();
    await expect(scans.update("nothing", { total: 1 })).rejects.toMatchObject({ code: "not_found" });
  });

  run("lists scans page by page, those of one instant as well", async () => {
    const scans = await store();
    const instants = ["2026-01-03", "2026-01-02", "2026-01-02", "2026-01-02", "2025-12-31"];
    const ids = ["scan_9", "scan_c", "scan_b", "scan_a", "scan_z"];
    for (const [i, id] of ids.entries())
      await scans.create({ ...SCAN, id, created_at: `${instants[i]}T00:00:00.000Z` });
    const order = ["scan_9", "scan_c", "scan_b", "scan_a", "scan_1", "scan_z"];
    for (const limit of [1, 2, 3, 6, 7]) {
      const found: string[] = [];
      for (let last: Scan | undefined; ; ) {
        const page: readonly Scan[] = await scans.list(limit, last);
        found.push(...page.map(({ id }) => id));
        last = page.at(-1) ?? last;
        if (page.length < limit) break;
      }
      expect(found, `by ${limit}`).toEqual(order);
    }
    expect(await scans.list(10, { created_at: "2020-01-01T00:00:00.000Z", id: "scan_1" })).toEqual([]);
  });

  run("a scan is changed only from the states that are named", async () => {
    const scans = await store();
    expect(await scans.update("scan_1", { state: "cancelled" }, ["judging"])).toBe(false);
    expect(await scans.get("scan_1")).toEqual(SCAN);
    expect(await scans.update("scan_1", { state: "judging" }, ["listing", "cancelled"])).toBe(true);
    expect(await scans.update("scan_1", { state: "finished", done: 5 })).toBe(true);
    expect(await scans.update("scan_1", { state: "cancelled" }, ["judging"])).toBe(false);
    expect(await scans.get("scan_1")).toEqual({ ...SCAN, state: "finished", done: 5 });
    await expect(scans.update("nothing", { total: 1 }, ["judging"])).rejects.toMatchObject({ code: "not_found" });
  });

  run("two that finish and cancel a scan at once lose nothing of each other", async () => {
    const [one, other] = await stores(2);
    if (!one || !other) throw new Error("there are no stores");
    for (let time = 1; time <= 20; time++) {
      await one.update("scan_1", { state: "judging", total: 0, done: 0, error: null });
      await Promise.all([
        one.update("scan_1", { state: "finished", done: time }),
        other.update("scan_1", { error: "told" }),
        other.update("scan_1", { state: "cancelled" }, ["judging"]),
        one.update("scan_1", { total: time }),
      ]);
      expect(await other.get("scan_1")).toEqual({ ...SCAN, state: "finished", done: time, total: time, error: "told" });
    }
  });

  run("has keys in the order of their UTF-8 bytes, page by page", async () => {
    const scans = await store();
    await scans.addFiles(
      "scan_1",
      [...KEYS].reverse().map((key) => file(key)),
    );
    const found: string[] = [];
    for (let after: string | null = null; ; ) {
      const page: readonly InventoryFile[] = await scans.files("scan_1", "picture", after, 4);
      found.push(...page.map(({ key }) => key));
      if (page.length < 4) break;
      after = page.at(-1)?.key ?? null;
    }
    expect(found).toEqual(KEYS);
    const ranges = await scans.shards("scan_1", 4);
    const parts = await Promise.all(ranges.map((range) => scans.pending("scan_1", range, 100)));
    expect(parts.map((part) => part.map(({ key }) => key))).toEqual([
      KEYS.slice(0, 4),
      KEYS.slice(4, 8),
      KEYS.slice(8),
    ]);
  });

  run("a file that is listed twice is there once", async () => {
    const scans = await store();
    await scans.addFiles("scan_1", [file("a.png")]);
    await scans.save("scan_1", [item("a.png")]);
    await scans.addFiles("scan_1", [file("a.png"), file("b.png")]);
    expect(await scans.counts("scan_1")).toEqual({ total: 2, done: 1 });
  });

  run("gives a picture with the captions and labels that are its own", async () => {
    const scans = await store();
    const inside = { archive: "x.tar", start: 1_536 };
    await scans.addFiles("scan_1", [
      file("a.png"),
      file("a.txt", { kind: "caption" }),
      file("b.txt", { kind: "caption" }),
      file("x.tar/c.png", { inside }),
      file("other.md", { kind: "other" }),
    ]);
    await scans.addCaptions("scan_1", [
      { picture: "a.png", file: "metadata.jsonl", place: "line 2, text", text: "two" },
      { picture: "a.png", file: "metadata.jsonl", place: "line 1, text", text: "one" },
      { picture: "gone.png", file: "metadata.jsonl", place: "line 3, text", text: "three" },
    ]);
    const labels = '{"ModerationLabels":[]}';
    await scans.addLabels("scan_1", [
      { key: "a.png", labels },
      { key: "gone.png", labels },
    ]);
    await scans.addLabels("scan_1", [{ key: "a.png", labels: "{}" }]);
    expect(await scans.labelled("scan_1")).toBe(2);
    const pending = await scans.pending("scan_1", ALL_KEYS, 10);
    expect(pending).toEqual([
      {
        labels,
        ...file("a.png"),
        sidecars: [file("a.txt", { kind: "caption" })],
        captions: [
          { file: "metadata.jsonl", place: "line 1, text", text: "one" },
          { file: "metadata.jsonl", place: "line 2, text", text: "two" },
        ],
      },
      { ...file("x.tar/c.png", { inside }), sidecars: [], captions: [], labels: null },
    ]);
    expect(await scans.orphans("scan_1", null, 10)).toMatchObject([{ key: "b.txt", kind: "caption" }]);
    expect(await scans.hasCaptions("scan_1")).toBe(true);
    expect((await scans.picturesWithStems("scan_1", ["a", "b"])).map(({ key }) => key)).toEqual(["a.png"]);
  });

  run("what is judged is pending no more, and comes back as it was saved", async () => {
    const scans = await store();
    await scans.addFiles(
      "scan_1",
      KEYS.map((key) => file(key)),
    );
    await scans.save("scan_1", [item("ab.png", "block"), item("A.png")]);
    expect((await scans.pending("scan_1", ALL_KEYS, 100)).map(({ key }) => key)).toEqual(
      KEYS.filter((key) => key !== "ab.png" && key !== "A.png"),
    );
    expect(await scans.items("scan_1", null, 10)).toEqual([item("A.png"), item("ab.png", "block")]);
    expect(await scans.items("scan_1", "A.png", 10)).toEqual([item("ab.png", "block")]);
    expect(await scans.itemsOf("scan_1", ["ab.png", "B.png"])).toEqual([item("ab.png", "block")]);
  });

  run("results are browsed by action, and with the highest scores first", async () => {
    const scans = await store();
    const scored = (key: string, score: number, action: ScanItem["action"] = "allow") => ({
      ...item(key, action),
      scores: { gore: score, hate: score / 2 },
    });
    const all = [scored("a", 0.5), scored("b", 0.9, "block"), scored("c", 0.5), item("d"), scored("e", 0.7, "block")];
    await scans.addFiles(
      "scan_1",
      all.map(({ key }) => file(key)),
    );
    await scans.save("scan_1", all);
    const page = async (sort: "key" | "score", action: ScanItem["action"] | null, after: string | null) => {
      const last = all.find(({ key }) => key === after);
      const from = last ? { key: last.key, score: last.scores.gore ?? 0 } : null;
      return (await scans.browse("scan_1", { sort, action, category: null, after: from }, 3)).map(({ key }) => key);
    };
    expect(await page("key", null, null)).toEqual(["a", "b", "c"]);
    expect(await page("key", null, "c")).toEqual(["d", "e"]);
    expect(await page("key", "block", "b")).toEqual(["e"]);
    expect(await page("score", null, null)).toEqual(["b", "e", "a"]);
    expect(await page("score", null, "a")).toEqual(["c", "d"]);
    expect(await page("score", "allow", null)).toEqual(["a", "c", "d"]);
  });

  run("results are browsed by category, with its own scores", async () => {
    const scans = await store();
    const hateful = (key: string, hate: number) => ({ ...item(key), scores: { gore: 0.9, hate } });
    const known = { ...UNSCORED, stage: "image" as const, category: "hate" as const, action: "block" as const };
    const all = [
      hateful("a", 0.05),
      hateful("b", 0.04),
      hateful("c", 0.05),
      { ...item("d"), reasons: [{ ...known, detector: "known", message: "known" }] },
      hateful("e", 0.7),
    ];
    await scans.addFiles(
      "scan_1",
      all.map(({ key }) => file(key)),
    );
    await scans.save("scan_1", all);
    const page = async (sort: "key" | "score", after: { key: string; score: number } | null) =>
      (await scans.browse("scan_1", { sort, action: null, category: "hate", after }, 2)).map(({ key }) => key);
    expect(await page("key", null)).toEqual(["a", "c"]);
    expect(await page("key", { key: "c", score: 0 })).toEqual(["d", "e"]);
    expect(await page("score", null)).toEqual(["e", "a"]);
    expect(await page("score", { key: "a", score: 0.05 })).toEqual(["c", "d"]);
    await scans.save("scan_1", [hateful("c", 0.8)]); // too late
    expect(await page("score", null)).toEqual(["e", "a"]);
  });

  run("groups of copies are kept in order, and once", async () => {
    const scans = await store();
    const group = (key: string) => [
      { key, same_bytes: false, distance: 0 },
      { key: `${key} again`, same_bytes: true, distance: 0 },
    ];
    const groups = ["a", "b", "c"].map(group);
    expect(await scans.copies("scan_1", 0, 10)).toEqual([]);
    await scans.addCopies("scan_1", 0, groups.slice(0, 2));
    await scans.addCopies("scan_1", 1, groups.slice(1));
    expect(await scans.copies("scan_1", 0, 10)).toEqual(groups);
    expect(await scans.copies("scan_1", 1, 1)).toEqual([group("b")]);
  });

  run("problems are kept once for each file and kind, in order", async () => {
    const scans = await store();
    const problem = { code: "vanished", detail: "gone" } as const;
    const other = { code: "changed", detail: "other" } as const;
    await scans.addProblems("scan_1", [
      { key: "b", problem },
      { key: "a", problem },
      { key: "a", problem: other },
    ]);
    await scans.addProblems("scan_1", [{ key: "a", problem }]);
    const all = [
      { key: "a", problem: other },
      { key: "a", problem },
      { key: "b", problem },
    ];
    expect(await scans.problems("scan_1", null, 10)).toEqual(all);
    expect(await scans.problems("scan_1", all[0] ?? null, 10)).toEqual(all.slice(1));
  });

  run("remembers what was found in bytes, for those detectors and that stamp", async () => {
    const scans = await store();
    const entry = { source: "/p", key: "a", stamp: "1", digest: "d1", fingerprint: "f", verdict: "{}" };
    await scans.remember([entry, { ...entry, key: "copy" }]);
    expect(await scans.knownDigest("/p", "a", "1")).toBe("d1");
    expect(await scans.knownVerdict("f", "d1")).toBe("{}");
    await scans.remember([{ ...entry, stamp: "2", digest: "d2" }]);
    expect(await scans.knownDigest("/p", "a", "1")).toBeUndefined();
    expect(await scans.knownDigest("/p", "a", "2")).toBe("d2");
    expect(await scans.knownDigest("/q", "a", "2")).toBeUndefined();
    expect(await scans.knownVerdict("other", "d1")).toBeUndefined();
  });

  run("a scan that is deleted leaves nothing", async () => {
    const scans = await store();
    await scans.addFiles("scan_1", [file("a.png")]);
    await scans.addProblems("scan_1", [{ key: "a", problem: { code: "vanished", detail: "gone" } }]);
    await scans.delete("scan_1");
    expect(await scans.get("scan_1")).toBeUndefined();
    expect(await scans.counts("scan_1")).toEqual({ total: 0, done: 0 });
    expect(await scans.problems("scan_1", null, 10)).toEqual([]);
  });

  run("many rows in one call", async () => {
    const scans = await store();
    const keys = Array.from({ length: 3_000 }, (_, i) => `${String(i).padStart(5, "0")}.png`);
    await scans.addFiles(
      "scan_1",
      keys.map((key) => file(key)),
    );
    await scans.save(
      "scan_1",
      keys.slice(0, 1_500).map((key) => item(key)),
    );
    expect(await scans.counts("scan_1")).toEqual({ total: 3_000, done: 1_500 });
    expect((await scans.itemsOf("scan_1", keys)).length).toBe(1_500);
    expect((await scans.pending("scan_1", ALL_KEYS, 2_000)).length).toBe(1_500);
  });
});

test.skipIf(!programs)("a database that does not answer is said to be none, without its password", async () => {
  const error = await openPostgresScans("postgres://somebody:secretword@127.0.0.1:1/none").catch((e: unknown) => e);
  expect(error).toMatchObject({ code: "storage_failed" });
  expect(String(error)).not.toContain("secretword");
});
