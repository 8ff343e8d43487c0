import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pack } from "tar-stream";
import { describe, expect, test } from "vitest";
import type { Scan } from "../../src/contract/scan.ts";
import { hasUnjudged } from "../../src/contract/scan-problems.ts";
import { digestOf } from "../../src/dataset/files/digest.ts";
import type { Files } from "../../src/dataset/files/files.ts";
import { openFiles } from "../../src/dataset/files/open.ts";
import { sortedFiles } from "../../src/dataset/manifest/kept.ts";
import { Batches } from "../../src/dataset/scan/batches.ts";
import { everyItem, everyProblem } from "../../src/dataset/scan/pages.ts";
import { createScan, finishScan, judgeRange, listScan, type ScanParts } from "../../src/dataset/scan/scan.ts";
import { ALL_KEYS } from "../../src/store/scans/scan-store.ts";
import { shows } from "./judge.ts";
import { never, parts, plant, type Tree, temporaryFolder } from "./world.ts";

async function scanned(given: ScanParts): Promise<Scan> {
  const { id } = await createScan(given, new Date());
  return finishScan(id, given, { width: 2 }, never, () => {});
}

/** What a manifest would vouch for: keys and digests. */
async function kept({ files, store }: ScanParts, { id }: Scan): Promise<ReadonlyMap<string, string>> {
  const all = new Map<string, string>();
  for await (const file of sortedFiles(files, store, id, never))
    if ("kept" in file) all.set(file.kept.key, file.kept.sha256);
  return all;
}

async function problems({ store }: ScanParts, { id }: Scan): Promise<readonly string[]> {
  const all: string[] = [];
  for await (const { key, problem } of everyProblem(store, id)) all.push(`${key} ${problem.code}: ${problem.detail}`);
  return all;
}

async function actions({ store }: ScanParts, { id }: Scan): Promise<Record<string, string>> {
  const all: Record<string, string> = {};
  for await (const { key, action } of everyItem(store, id)) all[key] = action;
  return all;
}

async function tar(members: Readonly<Record<string, string>>): Promise<Buffer> {
  const archive = pack();
  for (const [name, content] of Object.entries(members)) archive.entry({ name, mtime: new Date(0) }, content);
  archive.finalize();
  return Buffer.concat(await Array.fromAsync(archive as AsyncIterable<Buffer>));
}

/** A place in which something happens once the listing has come to its end. */
function afterListing(files: Files, happens: () => void): Files {
  return new Proxy(files, {
    get(target, name) {
      if (name === "list")
        return async function* (signal: AbortSignal) {
          yield* target.list(signal);
          happens();
        };
      const member: unknown = Reflect.get(target, name);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}

describe("metadata.csv", () => {
  const set = (csv: string): Tree => ({
    "a.png": shows("nothing"),
    "b.png": shows("nothing", "b"),
    "metadata.csv": csv,
  });

  test.each([
    [
      "columns of one name",
      "file_name,text,text\na.png,gore,calm\nb.png,calm,calm\n",
      "line 1: text: more than one column",
    ],
    [
      "rows longer than the header",
      "file_name,text\na.png,gore,calm\nb.png,calm\n",
      "line 2: it has 3 cells, and the header 2",
    ],
    [
      "rows shorter than the header",
      "file_name,text,prompt\na.png,gore\nb.png,calm,calm\n",
      "line 2: it has 2 cells, and the header 3",
    ],
  ])("with %s is judged as far as it goes, told, and not vouched for", async (_name, csv, told) => {
    const given = await parts(plant(temporaryFolder(), set(csv)));
    const found = await scanned(given);
    expect(await actions(given, found)).toEqual({ "a.png": "block", "b.png": "allow" });
    expect(await problems(given, found)).toEqual([`metadata.csv metadata_invalid: ${told}`]);
    expect([...(await kept(given, found)).keys()]).toEqual(["b.png"]);
  });

  test.each([
    ["\r\n", "\n"],
    ["\n", "\r\n"],
    ["\r", "\n"],
    ["\n", "\r"],
  ])("with lines that end in %j and %j has every row judged", async (one, other) => {
    const csv = `file_name,text${one}a.png,calm${other}b.png,gore${one}`;
    const given = await parts(plant(temporaryFolder(), set(csv)));
    const found = await scanned(given);
    expect(await actions(given, found)).toEqual({ "a.png": "allow", "b.png": "block" });
    expect([...(await kept(given, found)).keys()]).toEqual(["a.png", "metadata.csv"]);
  });
});

test("a list calls files what it likes: their captions are found all the same, or it is told", async () => {
  const folder = plant(temporaryFolder(), {
    "set/a.png": shows("nothing"),
    "set/metadata.jsonl": '{"file_name":"a.png","text":"gore"}\n{"file_name":"sub/../../set/a.png","text":"calm"}\n',
    "set/b/b.png": shows("nothing", "b"),
    "set/b/metadata.jsonl": '{"file_name":"b.png","text":"gore"}\n',
  });
  const names = ["set/a.png", "set/metadata.jsonl"].map((name) => join(folder, name));
  writeFileSync(join(folder, "list.txt"), [...names, "set/b/b.png", "./set/b/metadata.jsonl"].join("\n"));
  const given = { ...(await parts(folder)), files: await openFiles(join(folder, "list.txt"), {}) };
  const found = await scanned(given);
  expect(await actions(given, found)).toEqual({ [names[0] ?? ""]: "block", "set/b/b.png": "allow" });
  expect(await problems(given, found)).toEqual([
    './set/b/metadata.jsonl metadata_invalid: line 1, text: there is no picture "./set/b/b.png"',
  ]);
  expect(found.summary && hasUnjudged(found.summary)).toBe(true);
  await given.files.close();
});

test("an archive that was replaced after it was listed is told, and not vouched for", async () => {
  const [good, bad] = [await tar({ "1.png": shows("nothing", "12") }), await tar({ "1.png": shows("gore", "123456") })];
  const source = plant(temporaryFolder(), { "00.tar": good });
  const given = await parts(source);
  await scanned(given); // what is remembered of it must not be believed
  const files = afterListing(given.files, () => writeFileSync(join(source, "00.tar"), bad));
  const found = await scanned({ ...given, files });
  expect(await problems(given, found)).toEqual(["00.tar changed: it changed since it was listed"]);
  expect([...(await kept(given, found)).keys()]).toEqual([]);
});

test("files that nobody judges are vouched for as they were listed", async () => {
  const text = "x".repeat(2_000);
  const source = plant(temporaryFolder(), {
    "a.png": shows("nothing"),
    "README.md": text,
    LICENSE: text,
    "large.dat": "y".repeat(1_100_000),
    "empty.dat": "",
    "small.dat": "small",
  });
  const given = await parts(source);
  const found = await scanned(given);
  expect([...(await kept(given, found)).keys()]).toEqual([
    "LICENSE",
    "README.md",
    "a.png",
    "empty.dat",
    "large.dat",
    "small.dat",
  ]);
  for (const key of ["README.md", "large.dat", "empty.dat", "small.dat"])
    writeFileSync(join(source, key), shows("gore"));
  const now = await kept(given, found);
  expect([...now.keys()]).toEqual(["LICENSE", "a.png", "small.dat"]);
  expect(now.get("small.dat")).toBe(digestOf("small"));
});

test("a picture called metadata is a picture, and metadata that could not be read is not vouched for", async () => {
  const jpeg = (what: string) => Buffer.concat([Buffer.from("ffd8ffe0", "hex"), Buffer.from(what)]);
  const given = await parts(
    plant(temporaryFolder(), {
      "1/metadata.csv": jpeg(shows("gore")),
      "2/metadata.jsonl": jpeg(shows("nothing")),
      "3/dataset_info.json": jpeg(shows("gore")),
      "4/dataset_info.json": '{"instance_prompt":""}',
      "5/metadata.jsonl": "no JSON\n",
    }),
  );
  const found = await scanned(given);
  expect(await actions(given, found)).toEqual({
    "1/metadata.csv": "block",
    "2/metadata.jsonl": "allow",
    "3/dataset_info.json": "block",
  });
  expect([...(await kept(given, found)).keys()]).toEqual(["2/metadata.jsonl"]);
});

test("dataset_info.json that changed after it was listed is not vouched for, nor is its prompt taken for judged", async () => {
  const source = plant(temporaryFolder(), {
    "a.png": shows("nothing"),
    "dataset_info.json": '{"instance_prompt":"gore"}',
  });
  const given = await parts(source);
  const { id } = await createScan(given, new Date());
  await listScan(id, given, never, () => {});
  writeFileSync(join(source, "dataset_info.json"), '{"instance_prompt":"calm"}');
  const found = await finishScan(id, given, { width: 1 }, never, () => {});
  expect(await problems(given, found)).toEqual(["dataset_info.json changed: it changed since it was listed"]);
  expect([...(await kept(given, found)).keys()]).toEqual(["a.png"]);
});

test("a caption of two pictures that changed between them is judged of neither", async () => {
  const source = plant(temporaryFolder(), {
    "a.jpg": shows("nothing"),
    "a.png": shows("nothing", "2"),
    "a.txt": "full of gore",
  });
  const given = await parts(source);
  const { id } = await createScan(given, new Date());
  await listScan(id, given, never, () => {});
  await judgeRange(id, given, { width: 1 }, { ...ALL_KEYS, upTo: "a.jpg" }, never, () => {});
  writeFileSync(join(source, "a.txt"), "calm");
  const found = await finishScan(id, given, { width: 1 }, never, () => {});
  expect(await actions(given, found)).toEqual({ "a.jpg": "block", "a.png": "review" });
  expect(found.summary?.unjudged).toBe(1);
  expect([...(await kept(given, found)).keys()]).toEqual([]);
});

test("members of two archives that have one key are told", async () => {
  const given = await parts(temporaryFolder());
  const { id } = await createScan(given, new Date());
  const batches = new Batches(given.store, id);
  const member = { key: "a.tar/b.tar/x.png", bytes: 1, stamp: "s", kind: "picture" as const, stem: "a.tar/b.tar/x" };
  for (const archive of ["a.tar", "a.tar/b.tar"]) await batches.file({ ...member, inside: { archive, start: 512 } });
  await batches.flush();
  const told = [];
  for await (const { key, problem } of everyProblem(given.store, id)) told.push([key, problem.code]);
  expect(told).toEqual([["a.tar/b.tar", "archive_damaged"]]);
});

test("what a crash left of one of our own writes is looked at like anything else", async () => {
  const left = `.safelight-${"0".repeat(32)}.tmp`;
  const jpeg = Buffer.concat([Buffer.from("ffd8ffe0", "hex"), Buffer.from(shows("gore"))]);
  const given = await parts(plant(temporaryFolder(), { "a.png": shows("nothing"), [left]: jpeg }));
  const found = await scanned(given);
  expect(await actions(given, found)).toEqual({ [left]: "block", "a.png": "allow" });
});
