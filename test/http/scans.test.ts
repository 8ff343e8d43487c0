import { getEventListeners } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { pack } from "tar-stream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import type { Scan, ScanItem } from "../../src/contract/scan.ts";
import type { ScanAnswer } from "../../src/contract/scan-api.ts";
import { openSketch } from "../../src/generators/sketch/sketch.ts";
import type { Problem } from "../../src/http/problem.ts";
import { openEmbeddedScans } from "../../src/store/scans/embedded.ts";
import { findPostgres, startPostgres } from "../dataset/postgres.ts";
import { serve, type TestServer } from "./serve.ts";

const postgres = findPostgres();
const folder = mkdtempSync(join(tmpdir(), "safelight-scans-"));
const sets = join(folder, "sets");
/** A data set that holds the quarantine. */
const around = join(folder, "around");
const held = join(around, "held");
const policy = (name: string) => `schema: safelight.policy/1
name: ${name}
version: "1"
prompt: {detectors: {test-signals: {}}, categories: {violence: {warn: 0.5, block: 0.8}}}
image: {detectors: {test-card: {}}, on_unknown: warn, categories: {violence: {warn: 0.3, review: 0.5, block: 0.8}, gore: {block: 0.5}}}
`;
const SCANS = "/api/v1/scans";
let server: TestServer;
let closed: TestServer;
let settings: string;

async function draw(prompt: string): Promise<Uint8Array> {
  const sketch = await openSketch({});
  const request = { prompt, negativePrompt: "", width: 256, height: 256, images: [{ index: 0, seed: 1 }], attempt: 1 };
  const [made] = await sketch.generate(request, new AbortController().signal);
  if (made?.kind !== "image") throw new Error("there is no picture");
  return made.bytes;
}

beforeAll(async () => {
  mkdirSync(join(sets, "dogs"), { recursive: true });
  mkdirSync(join(folder, "sets-evil"));
  mkdirSync(join(folder, "policies"));
  for (const name of ["dataset", "default"]) writeFileSync(join(folder, "policies", `${name}.yaml`), policy(name));
  const [good, bad, worse] = await Promise.all([
    draw("a red boat"),
    draw("safelight-test:image:violence:0.9"),
    draw("safelight-test:image:gore:0.95"),
  ]);
  const dogs = { "a.png": good, "b.png": bad, "c.png": good, "d.png": worse, "broken.png": good.subarray(0, 400) };
  for (const [name, bytes] of Object.entries(dogs)) writeFileSync(join(sets, "dogs", name), bytes);
  writeFileSync(join(sets, "dogs", "b.txt"), "a dog");
  writeFileSync(join(folder, "sets-evil", "x.png"), good);
  writeFileSync(join(sets, "list.txt"), join(folder, "sets-evil", "x.png"));
  symlinkSync(join(folder, "sets-evil"), join(sets, "link"));
  const common = `log: {level: silent}\npolicies: [${JSON.stringify(join(folder, "policies"))}]\n`;
  mkdirSync(around);
  writeFileSync(join(around, "b.png"), bad);
  const sources = JSON.stringify([sets, "s3://bucket/sets", around]);
  settings = `${common}scans: {sources: ${sources}, quarantine: ${JSON.stringify(held)}}\n`;
  server = await serve(settings);
  closed = await serve(common);
});
afterAll(async () => {
  await server.close();
  await closed.close();
  rmSync(folder, { recursive: true });
});

const get = async <T>(path: string): Promise<T> => (await fetch(`${server.url}${path}`)).json() as Promise<T>;

/** A data set of one good picture and three bad ones. */
async function fill(name: string): Promise<string> {
  const set = join(sets, name);
  mkdirSync(set);
  const [good, bad] = await Promise.all([draw("a red boat"), draw("safelight-test:image:violence:0.9")]);
  for (const key of ["a.png", "b.png", "c.png", "d.png"]) writeFileSync(join(set, key), key === "a.png" ? good : bad);
  return set;
}

async function fillWithMany(name: string, count: number): Promise<string> {
  const set = join(sets, name);
  mkdirSync(set);
  const picture = await draw("a red boat");
  for (let i = 0; i < count; i++) writeFileSync(join(set, `${i}.png`), Buffer.concat([picture, Buffer.from(`${i}`)]));
  return set;
}

/** Starts a scan and watches it to its end. */
async function scan(source: string, policy = "dataset"): Promise<ScanAnswer> {
  const begun = await server.post(SCANS, { source, policy, min_side: 0 });
  expect(begun.status, await begun.clone().text()).toBe(202);
  const { id } = (await begun.json()) as ScanAnswer;
  expect(begun.headers.get("Location")).toBe(`${SCANS}/${id}`);
  return ended(id);
}

async function ended(id: string, at = server): Promise<ScanAnswer> {
  const events = await (await fetch(`${at.url}${SCANS}/${id}/events`)).text();
  const last = events.trim().split("\n\n").at(-1) ?? "";
  expect(last).toMatch(/^event: scan\n/);
  return JSON.parse(/^data: (.*)$/m.exec(last)?.[1] ?? "") as ScanAnswer;
}

describe("scans over the API", () => {
  test("begin, are watched, and are browsed", async () => {
    const found = await scan("dogs");
    expect(found).toMatchObject({
      state: "finished",
      activity: "idle",
      source: join(sets, "dogs"),
      total: 5,
      done: 5,
      quarantined: false,
      summary: { pictures: 5, unjudged: 1, actions: { block: 2 }, copies: { groups: 1, same_bytes: 1 } },
    });
    expect(found.files).toContain("report.html");
    const { scans, places } = await get<{ scans: ScanAnswer[]; places: object }>(SCANS);
    expect(scans.map(({ id }) => id)).toContain(found.id);
    expect(places).toEqual({ sources: [sets, "s3://bucket/sets", around], quarantine: true });

    const keys = async (query: string) => {
      const { items } = await get<{ items: ScanItem[] }>(`${SCANS}/${found.id}/items?${query}`);
      return items.map(({ key }) => key);
    };
    expect(await keys("")).toEqual(["a.png", "b.png", "broken.png", "c.png", "d.png"]);
    expect(await keys("action=block")).toEqual(["b.png", "d.png"]);
    expect(await keys("sort=score&min_score=0.1")).toEqual(["d.png", "b.png"]);
    expect(await keys("category=gore")).toEqual(["d.png"]);
    expect(await keys("problem=unreadable")).toEqual(["broken.png"]);
    expect(await keys("q=B")).toEqual(["b.png", "broken.png"]);
    expect(await keys("faces=several")).toEqual([]);

    const walked: string[] = [];
    for (let after = ""; ; ) {
      const page = await get<{ items: ScanItem[]; next: string | null }>(
        `${SCANS}/${found.id}/items?limit=2&sort=score${after}`,
      );
      walked.push(...page.items.map(({ key }) => key));
      if (page.next === null) break;
      after = `&after=${page.next}`;
    }
    expect(walked).toEqual(["d.png", "b.png", "a.png", "broken.png", "c.png"]);
    const { groups } = await get<{ groups: { key: string }[][] }>(`${SCANS}/${found.id}/copies`);
    expect(groups.map((group) => group.map(({ key }) => key))).toEqual([["a.png", "c.png"]]);
  });

  test("count how high the pictures score, category by category", async () => {
    const { id, summary } = await scan("dogs");
    const bins = (at: number) => Array.from({ length: 20 }, (_, i) => (i === at ? 1 : 0));
    expect(summary?.scores).toEqual({ gore: bins(19), violence: bins(18) });
    const from = async (query: string) =>
      (await get<{ items: ScanItem[] }>(`${SCANS}/${id}/items?${query}`)).items.map(({ key }) => key);
    expect(await from("category=violence&min_score=0.9")).toEqual(["b.png"]);
    expect(await from("category=violence&min_score=0.95")).toEqual([]);
  });

  test("hand out their files, to be saved and not to be shown", async () => {
    const { id, files } = await scan("dogs");
    for (const name of files) {
      const answer = await fetch(`${server.url}${SCANS}/${id}/files/${name}`);
      expect(answer.status, name).toBe(200);
      expect(answer.headers.get("content-disposition")).toBe(`attachment; filename="${name}"`);
      const body = await answer.text();
      expect(String(Buffer.byteLength(body))).toBe(answer.headers.get("content-length"));
    }
    for (const name of ["..%2f..%2fsigning-key.pem", "consequences.jsonl", "nothing"])
      expect((await fetch(`${server.url}${SCANS}/${id}/files/${name}`)).status, name).toBe(404);
  });

  test("show what was rejected blurred, and clear only when it is asked for", async () => {
    const { id } = await scan("dogs");
    const pixels = async (path: string, method: string) => {
      const answer = await fetch(`${server.url}${SCANS}/${id}/${path}`, { method });
      expect(answer.status, path).toBe(200);
      const raw = sharp(await answer.arrayBuffer())
        .greyscale()
        .raw();
      const { data, info } = await raw.toBuffer({ resolveWithObject: true });
      let edges = 0;
      for (let i = 1; i < data.length; i++) if (i % info.width) edges += Math.abs((data[i] ?? 0) - (data[i - 1] ?? 0));
      return edges / data.length;
    };
    const [blurred, clear] = [await pixels("thumbnail?key=b.png", "GET"), await pixels("reveal?key=b.png", "POST")];
    expect(blurred).toBeLessThan(clear / 3);
    const reveals = readFileSync(join(server.data, "scans", id, "reveals.jsonl"), "utf8")
      .trim()
      .split("\n");
    expect(reveals.map((line) => JSON.parse(line) as unknown)).toEqual([
      { at: expect.any(String), request_id: expect.stringMatching(/^req_/), picture: "b.png" },
    ]);
    expect(await pixels("thumbnail?key=a.png", "GET")).toBeGreaterThan(1);
    for (const key of ["broken.png", "nothing.png", "..%2f..%2fsets-evil%2fx.png", "b.txt"])
      expect((await fetch(`${server.url}${SCANS}/${id}/thumbnail?key=${key}`)).status, key).toBe(404);
  });

  test("quarantine what was rejected, and bring it back", async () => {
    const { id } = await scan("dogs");
    const before = readdirSync(join(sets, "dogs")).sort();
    const moved = await server.post(`${SCANS}/${id}/quarantine`, {});
    expect(await moved.json()).toEqual({ files: 3, rewritten: 0, stayed: [] });
    expect(readdirSync(join(sets, "dogs")).sort()).toEqual(["a.png", "broken.png", "c.png"]);
    expect(readdirSync(join(held, id)).sort()).toEqual(["b.png", "b.txt", "d.png"]);
    expect(await get(`${SCANS}/${id}`)).toMatchObject({ quarantined: true });
    expect((await server.post(`${SCANS}/${id}/quarantine`, {})).status).toBe(409);
    expect(await (await server.post(`${SCANS}/${id}/undo`, {})).json()).toEqual({ files: 3, rewritten: 0, stayed: [] });
    expect(readdirSync(join(sets, "dogs")).sort()).toEqual(before);
    expect((await server.post(`${SCANS}/${id}/undo`, {})).status).toBe(409);
  });

  test("are cancelled where they are, and go on from there", async () => {
    const many = await fillWithMany("many", 150);
    const begun = (await (await server.post(SCANS, { source: many })).json()) as ScanAnswer;
    const second = (await (await server.post(SCANS, { source: "dogs" })).json()) as ScanAnswer;
    expect(second.activity).toBe("queued");
    expect((await server.post(SCANS, { source: many })).status).toBe(409);
    await expect.poll(async () => (await get<ScanAnswer>(`${SCANS}/${begun.id}`)).done).toBeGreaterThan(0);
    expect((await server.post(`${SCANS}/${begun.id}/cancel`, {})).status).toBe(202);
    const stopped = await ended(begun.id);
    expect(stopped).toMatchObject({ activity: "idle", files: [] });
    expect(stopped.done).toBeLessThan(150);
    expect((await server.post(`${SCANS}/${begun.id}/cancel`, {})).status).toBe(409);
    expect((await server.post(`${SCANS}/${begun.id}/quarantine`, {})).status).toBe(409);
    expect((await fetch(`${server.url}${SCANS}/${begun.id}/files/report.html`)).status).toBe(404);
    expect(await ended(second.id)).toMatchObject({ state: "finished" });
    expect((await server.post(`${SCANS}/${begun.id}/resume`, {})).status).toBe(202);
    expect(await ended(begun.id)).toMatchObject({ state: "finished", done: 150 });
    expect((await server.post(`${SCANS}/${begun.id}/resume`, {})).status).toBe(409);
  }, 60_000);

  test("are begun once, and resumed once, however many ask at the same moment", async () => {
    const many = await fillWithMany("asked-thrice", 150);
    const statuses = (answers: readonly Response[]) => answers.map(({ status }) => status).sort();
    const thrice = <T>(ask: () => Promise<T>) => Promise.all([ask(), ask(), ask()]);
    const asked = await thrice(() => server.post(SCANS, { source: many }));
    expect(statuses(asked)).toEqual([202, 409, 409]);
    const answers = (await Promise.all(asked.map((answer) => answer.json()))) as Partial<ScanAnswer>[];
    const id = answers.find((answer) => answer.id !== undefined)?.id ?? "";
    await server.post(`${SCANS}/${id}/cancel`, {});
    await ended(id);
    expect(statuses(await thrice(() => server.post(`${SCANS}/${id}/resume`, {})))).toEqual([202, 409, 409]);
    expect(await ended(id)).toMatchObject({ state: "finished", done: 150 });
  }, 60_000);

  test("that fail say why, and can be resumed", async () => {
    mkdirSync(join(sets, "going"));
    writeFileSync(join(sets, "going", "a.png"), await draw("a red boat"));
    const waits = (await (await server.post(SCANS, { source: "dogs" })).json()) as ScanAnswer;
    const begun = (await (await server.post(SCANS, { source: "going" })).json()) as ScanAnswer;
    rmSync(join(sets, "going"), { recursive: true });
    await ended(waits.id);
    expect(await ended(begun.id)).toMatchObject({ activity: "idle", state: "listing", error: expect.any(String) });
    mkdirSync(join(sets, "going"));
    writeFileSync(join(sets, "going", "a.png"), await draw("a red boat"));
    await server.post(`${SCANS}/${begun.id}/resume`, {});
    expect(await ended(begun.id)).toMatchObject({ state: "finished", error: null, done: 1 });
  });

  test("show nothing but what was judged", async () => {
    const set = await fill("replaced");
    const { id } = await scan("replaced");
    const status = async (path: string, method = "GET") =>
      (await fetch(`${server.url}${SCANS}/${id}/${path}`, { method })).status;
    expect(await status("thumbnail?key=a.png")).toBe(200);
    writeFileSync(join(set, "a.png"), await draw("safelight-test:image:violence:0.9"));
    expect(await status("thumbnail?key=a.png")).toBe(404);
    expect(await status("reveal?key=a.png", "POST")).toBe(404);
  });

  test("are not followed out of the places that are allowed by a link that was no link when they began", async () => {
    const set = await fill("swapped");
    const { id } = await scan("swapped");
    renameSync(set, join(folder, "swapped"));
    symlinkSync(join(folder, "swapped"), set);
    for (const [method, path] of [
      ["GET", "/thumbnail?key=a.png"],
      ["GET", "/items"],
      ["GET", "/files/report.html"],
      ["POST", "/quarantine"],
    ] as const)
      expect((await fetch(`${server.url}${SCANS}/${id}${path}`, { method })).status, path).toBe(404);
    expect(readdirSync(join(folder, "swapped"))).toHaveLength(4);
  });

  test("quarantine goes to no place inside the data set", async () => {
    const { id } = await scan(around);
    const answer = await server.post(`${SCANS}/${id}/quarantine`, {});
    expect(answer.status).toBe(409);
    expect(((await answer.json()) as Problem).detail).toContain("scans.quarantine");
    expect(readdirSync(around)).toContain("b.png");
  });

  test("quarantine that broke off half-way goes on", async () => {
    const set = await fill("broken-off");
    const { id } = await scan("broken-off");
    expect((await server.post(`${SCANS}/${id}/quarantine`, {})).status).toBe(200);
    // as a crash would have left it after the first file
    const journal = join(server.data, "scans", id, "consequences.jsonl");
    const steps = readFileSync(journal, "utf8").split("\n");
    writeFileSync(journal, steps.slice(0, 1 + steps.findIndex((step) => step.includes('"left"'))).join("\n"));
    for (const name of ["c.png", "d.png"]) renameSync(join(held, id, name), join(set, name));
    expect(await (await server.post(`${SCANS}/${id}/quarantine`, {})).json()).toEqual({
      files: 2,
      rewritten: 0,
      stayed: [],
    });
    expect(readdirSync(set)).toEqual(["a.png"]);
    expect((await server.post(`${SCANS}/${id}/quarantine`, {})).status).toBe(409);
    expect(await (await server.post(`${SCANS}/${id}/undo`, {})).json()).toEqual({ files: 3, rewritten: 0, stayed: [] });
  });

  test("quarantine of nothing but members of archives can be undone", async () => {
    const set = join(sets, "shards");
    mkdirSync(set);
    const shard = pack();
    for (const [name, prompt] of [
      ["1.png", "a red boat"],
      ["2.png", "safelight-test:image:violence:0.9"],
    ] as const)
      shard.entry({ name }, Buffer.from(await draw(prompt)));
    shard.finalize();
    const before = Buffer.concat(await Array.fromAsync(shard as AsyncIterable<Buffer>));
    writeFileSync(join(set, "00.tar"), before);
    const { id } = await scan("shards");
    const moved = await server.post(`${SCANS}/${id}/quarantine`, {});
    expect(await moved.json()).toEqual({ files: 0, rewritten: 1, stayed: [] });
    expect(readFileSync(join(set, "00.tar")).length).toBeLessThan(before.length);
    expect(await get(`${SCANS}/${id}`)).toMatchObject({ quarantined: true });
    expect((await server.post(`${SCANS}/${id}/undo`, {})).status).toBe(200);
    expect(readFileSync(join(set, "00.tar")).equals(before)).toBe(true);
  });

  test("quarantine and undo can be had again and again", async () => {
    const set = await fill("to-and-fro");
    const { id } = await scan("to-and-fro");
    for (let time = 1; time <= 2; time++) {
      expect(await (await server.post(`${SCANS}/${id}/quarantine`, {})).json()).toEqual({
        files: 3,
        rewritten: 0,
        stayed: [],
      });
      expect(await get(`${SCANS}/${id}`)).toMatchObject({ quarantined: true });
      expect(await (await server.post(`${SCANS}/${id}/undo`, {})).json()).toEqual({
        files: 3,
        rewritten: 0,
        stayed: [],
      });
      expect(readdirSync(set)).toHaveLength(4);
    }
  });

  test("two scans of one data set do not move the same files at once", async () => {
    const set = await fill("twice");
    const scans = [await scan("twice"), await scan("twice", "default")];
    const answers = await Promise.all(scans.map(({ id }) => server.post(`${SCANS}/${id}/quarantine`, {})));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    const [first] = scans.filter((_, i) => answers[i]?.status === 200);
    expect((await server.post(`${SCANS}/${first?.id}/undo`, {})).status).toBe(200);
    expect(readdirSync(set)).toHaveLength(4);
  });

  test("are watched for hours without a trace", async () => {
    const { id } = (await (
      await server.post(SCANS, { source: await fillWithMany("watched", 60) })
    ).json()) as ScanAnswer;
    const { signal } = new AbortController();
    let news = 0;
    while ((await get<ScanAnswer>(`${SCANS}/${id}`)).activity !== "idle") {
      await server.service.scans.changed(id, signal);
      news += 1;
    }
    expect(news).toBeGreaterThan(0);
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  test("outlive the server, and are judged to the end by the next one", async () => {
    const data = mkdtempSync(join(folder, "data-"));
    const source = await fillWithMany("outlived", 150);
    const first = await serve(settings, data);
    const { id } = (await (await first.post(SCANS, { source })).json()) as ScanAnswer;
    const waits = (await (await first.post(SCANS, { source: "dogs" })).json()) as ScanAnswer;
    const at = async (server: TestServer, id: string) =>
      (await (await fetch(`${server.url}${SCANS}/${id}`)).json()) as ScanAnswer;
    await expect.poll(async () => (await at(first, id)).done).toBeGreaterThan(0);
    await first.close();
    const second = await serve(settings, data);
    try {
      const stopped = await at(second, id);
      expect(stopped).toMatchObject({ state: "judging", activity: "idle", total: 150, files: [] });
      expect(stopped.done).toBeGreaterThan(0);
      expect(stopped.done).toBeLessThan(150);
      expect(await at(second, waits.id)).toMatchObject({ state: "listing", activity: "idle" });
      for (const each of [id, waits.id]) {
        expect((await second.post(`${SCANS}/${each}/resume`, {})).status).toBe(202);
        expect(await ended(each, second)).toMatchObject({ state: "finished", error: null });
      }
      const lines = await (await fetch(`${second.url}${SCANS}/${id}/files/results.jsonl`)).text();
      expect(lines.trim().split("\n")).toHaveLength(150);
    } finally {
      await second.close();
    }
  }, 60_000);

  test.skipIf(!postgres)(
    "are in the database where there is one, and go the same way",
    async () => {
      const database = await startPostgres(postgres ?? "");
      process.env["TEST_SCANS_URL"] = await database.database();
      const shared = await serve(`${settings}database: {from_env: TEST_SCANS_URL}\n`);
      try {
        const source = await fillWithMany("shared", 300);
        writeFileSync(join(source, "bad.png"), await draw("safelight-test:image:violence:0.9"));
        const { id } = (await (await shared.post(SCANS, { source, min_side: 0 })).json()) as ScanAnswer;
        const now = async () => (await (await fetch(`${shared.url}${SCANS}/${id}`)).json()) as ScanAnswer;
        await expect.poll(async () => (await now()).done, { timeout: 20_000 }).toBeGreaterThan(0);
        expect((await shared.post(`${SCANS}/${id}/cancel`, {})).status).toBe(202);
        const stopped = await ended(id, shared);
        expect(stopped).toMatchObject({ state: "cancelled", activity: "idle" });
        expect(stopped.done).toBeLessThan(301);
        expect((await shared.post(`${SCANS}/${id}/resume`, {})).status).toBe(202);
        expect(await ended(id, shared)).toMatchObject({ state: "finished", done: 301 });
        const one = await scan(source);
        const results = async (at: TestServer, id: string) =>
          (await fetch(`${at.url}${SCANS}/${id}/files/results.jsonl`)).text();
        expect(await results(shared, id)).toBe(await results(server, one.id));
        expect(one.summary?.scores).toMatchObject({ violence: expect.any(Array) });
        expect((await now()).summary).toEqual(one.summary);
      } finally {
        await shared.close();
        database.stop();
        delete process.env["TEST_SCANS_URL"];
      }
    },
    120_000,
  );
});

describe("the list of scans", () => {
  type Listed = { scans: ScanAnswer[]; next: string | null };
  const placeless = join(folder, "elsewhere");
  let many: TestServer;
  let ids: string[];
  beforeAll(async () => {
    const data = mkdtempSync(join(folder, "listed-"));
    const store = openEmbeddedScans(data);
    const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();
    const scan: Omit<Scan, "id" | "source" | "created_at"> = {
      ...{ state: "finished", layout: null, min_side: 0, finished_at: at(0), total: 0, done: 0, summary: null },
      ...{ policy: { name: "dataset", version: "1", digest: "sha256:1" }, detectors: { prompt: [], image: [] } },
      error: null,
    };
    ids = Array.from({ length: 130 }, (_, i) => `scan_${String(i).padStart(4, "0")}`);
    // two of each instant, and between them more than a page of scans of a place that is none of this server's
    for (const [i, id] of ids.entries())
      await store.create({ ...scan, id, source: join(sets, "dogs"), created_at: at(i >> 1) });
    for (let i = 0; i < 120; i++)
      await store.create({ ...scan, id: `scan_other_${i}`, source: placeless, created_at: at(10) });
    ids.reverse();
    await store.close();
    many = await serve(settings, data);
  });
  afterAll(() => many.close());

  const page = async (query: string) => (await fetch(`${many.url}${SCANS}?${query}`)).json() as Promise<Listed>;

  test.each([7, 65, 100])("is read %i at a time, each scan once, the newest first", async (limit) => {
    const sizes: number[] = [];
    const found: string[] = [];
    for (let before = ""; ; ) {
      const { scans, next } = await page(`limit=${limit}${before}`);
      sizes.push(scans.length);
      found.push(...scans.map(({ id }) => id));
      if (next === null) break;
      before = `&before=${next}`;
    }
    expect(found).toEqual(ids);
    // full pages, and no empty one at the end: 130 is 2 × 65
    expect(sizes.slice(0, -1)).toEqual(sizes.slice(0, -1).map(() => limit));
    expect(sizes.at(-1)).toBe(ids.length - limit * (sizes.length - 1));
  });

  test("ends: past its end there is nothing", async () => {
    const cursor = Buffer.from(JSON.stringify(["2020-01-01T00:00:00.000Z", "scan_0"])).toString("base64url");
    expect(await page(`before=${cursor}`)).toMatchObject({ scans: [], next: null });
  });

  const cursorOf = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  test.each([
    ["nonsense", "x"],
    ["nothing", ""],
    ["JSON of another kind", cursorOf({ id: "scan_1" })],
    ["no instant", cursorOf(["yesterday", "scan_1"])],
    ["no id", cursorOf(["2026-01-01T00:00:00.000Z", "scan_\0"])],
    ["the place of a picture", cursorOf(["a.png", 0.5])],
  ])("says that %s is no place in it", async (_name, before) => {
    const answer = await fetch(`${many.url}${SCANS}?before=${before}`);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({
      code: "invalid_request",
      errors: [{ pointer: "#/before", detail: expect.stringContaining("next") }],
    });
  });

  test.each(["limit=0", "limit=101", "limit=x", "after=x"])("is not asked by %s", async (query) => {
    expect((await fetch(`${many.url}${SCANS}?${query}`)).status).toBe(400);
  });
});

describe("what may not be scanned", () => {
  test.each([
    ["another folder", () => join(folder, "sets-evil")],
    ["a folder with the same beginning", () => `${sets}-evil`],
    ["a way out", () => join("..", "sets-evil")],
    ["a way out of an absolute path", () => `${sets}/../sets-evil`],
    ["a link that leads out", () => "link"],
    ["a list, which could name files anywhere", () => "list.txt"],
    ["a folder that is not there", () => "nothing"],
    ["the whole disk", () => "/"],
    ["a zero byte", () => "dogs\0"],
    ["another bucket", () => "s3://other/sets"],
    ["a prefix with the same beginning", () => "s3://bucket/sets-evil"],
    ["the bucket above", () => "s3://bucket"],
    ["another protocol", () => "file:///etc"],
  ])("%s", async (_name, source) => {
    const answer = await server.post(SCANS, { source: source() });
    expect(answer.status).toBe(400);
    const problem = (await answer.json()) as Problem;
    expect(problem).toMatchObject({ code: "invalid_request", errors: [{ pointer: "#/source" }] });
    expect(problem.detail).toContain("scans.sources");
  });

  test("anything, where no place is configured; and scans of elsewhere are not shown", async () => {
    const answer = await closed.post(SCANS, { source: sets });
    expect(await answer.json()).toMatchObject({ status: 400, detail: expect.stringContaining("names no place") });
    expect(await (await fetch(`${closed.url}${SCANS}`)).json()).toEqual({
      scans: [],
      next: null,
      places: { sources: [], quarantine: false },
    });
    expect(existsSync(join(closed.data, "scans"))).toBe(false);
  });

  test.each<[string, object, string]>([
    ["no source", {}, "#/source"],
    ["no such policy", { source: "dogs", policy: "nope" }, "#/policy"],
    ["no such layout", { source: "dogs", layout: "folders" }, "#/layout"],
    ["a negative side", { source: "dogs", min_side: -1 }, "#/min_side"],
    ["a field that is none", { source: "dogs", remove: true }, ""],
  ])("%s", async (_name, body, pointer) => {
    const answer = await server.post(SCANS, body);
    expect(answer.status).toBe(400);
    expect(((await answer.json()) as Problem).errors?.[0]?.pointer).toContain(pointer);
  });

  test.each([
    ["GET", "/scan_nothing"],
    ["GET", "/scan_nothing/events"],
    ["GET", "/scan_nothing/items"],
    ["GET", "/scan_nothing/copies"],
    ["GET", "/scan_nothing/files/results.csv"],
    ["GET", "/scan_nothing/thumbnail?key=a.png"],
    ["POST", "/scan_nothing/reveal?key=a.png"],
    ["POST", "/scan_nothing/cancel"],
    ["POST", "/scan_nothing/resume"],
    ["POST", "/scan_nothing/quarantine"],
    ["POST", "/scan_nothing/undo"],
  ])("%s %s is a 404", async (method, path) => {
    expect((await fetch(`${server.url}${SCANS}${path}`, { method })).status).toBe(404);
  });

  test.each(["limit=0", "limit=201", "sort=size", "action=maybe", "after=x", "min_score=2", "colour=red"])(
    "browsing by %s",
    async (query) => {
      const { id } = (await get<{ scans: ScanAnswer[] }>(SCANS)).scans[0] ?? { id: "" };
      expect((await fetch(`${server.url}${SCANS}/${id}/items?${query}`)).status).toBe(400);
    },
  );
});
