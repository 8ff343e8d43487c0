import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Pack, pack } from "tar-stream";
import { describe, expect, test } from "vitest";
import type { Scan, ScanItem } from "../../src/contract/scan.ts";
import { hasUnjudged } from "../../src/contract/scan-problems.ts";
import { sortedFiles } from "../../src/dataset/manifest/kept.ts";
import { everyItem, everyProblem } from "../../src/dataset/scan/pages.ts";
import { createScan, finishScan, type ScanParts, unfinishedScan } from "../../src/dataset/scan/scan.ts";

import { shows, type TextJudge, textJudge } from "./judge.ts";
import { never, parts, plant, temporaryFolder } from "./world.ts";

const OPTIONS = { width: 4 };

async function scan(given: ScanParts, signal: AbortSignal = never): Promise<Scan> {
  const { id } = (await unfinishedScan(given)) ?? (await createScan(given, new Date()));
  return finishScan(id, given, OPTIONS, signal, () => {});
}

async function itemsOf({ store }: ScanParts, { id }: Scan): Promise<ReadonlyMap<string, ScanItem>> {
  const items = new Map<string, ScanItem>();
  for await (const item of everyItem(store, id)) items.set(item.key, item);
  return items;
}

async function problemsOf({ store }: ScanParts, { id }: Scan): Promise<Record<string, string>> {
  const problems: Record<string, string> = {};
  for await (const { key, problem } of everyProblem(store, id)) problems[key] = problem.code;
  return problems;
}

type Members = readonly (readonly [string, string | Uint8Array])[];

async function tar(members: Readonly<Record<string, string | Uint8Array>>): Promise<Buffer> {
  return tarOf(Object.entries(members));
}

/** In this order, and with as many of one name as there are. */
async function tarOf(members: Members): Promise<Buffer> {
  const archive = pack();
  for (const [name, content] of members) archive.entry({ name }, content);
  return packed(archive);
}

async function packed(archive: Pack): Promise<Buffer> {
  archive.finalize();
  return Buffer.concat(await Array.fromAsync(archive as AsyncIterable<Buffer>));
}

/** An archive whose first member is a sparse file of GNU's. */
function asSparse(archive: Buffer): Buffer {
  const sparse = Buffer.from(archive);
  sparse.write("S", 156);
  sparse.fill(" ", 148, 156);
  const sum = sparse.subarray(0, 512).reduce((a, b) => a + b, 0);
  sparse.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return sparse;
}

const runsAsRoot = process.getuid?.() === 0;

describe("layouts", () => {
  test("dreambooth: the instance prompt is that of the pictures, the class prompt that of class_data_dir", async () => {
    const given = await parts(
      plant(temporaryFolder(), {
        "dataset_info.json": JSON.stringify({ instance_prompt: "a doppler dog", class_prompt: "a dog of hate" }),
        "1.png": shows("nothing"),
        "class_data_dir/2.png": shows("nothing"),
      }),
    );
    const found = await scan(given);
    const items = await itemsOf(given, found);
    expect(found.layout).toBe("dreambooth");
    expect(items.get("1.png")).toMatchObject({ role: "instance", action: "allow" });
    expect(items.get("1.png")?.captions).toMatchObject([{ file: "dataset_info.json", place: "instance_prompt" }]);
    expect(items.get("class_data_dir/2.png")).toMatchObject({ role: "class", action: "review", image_action: "allow" });
  });

  test.each([
    ["no JSON", "{", "it is not JSON"],
    ["no instance prompt", "{}", "instance_prompt: is missing"],
    ["an empty class prompt", '{"instance_prompt":"a","class_prompt":" "}', "class_prompt: must not be empty"],
    ["bytes that are no text", Uint8Array.of(0xff, 0xfe, 0x00), "it is not UTF-8 text"],
  ])("dreambooth: %s is a problem of the file, and the rest goes on", async (_, content, detail) => {
    const given = await parts(plant(temporaryFolder(), { "dataset_info.json": content, "1.png": shows("nothing") }));
    const found = await scan(given);
    const [problem] = await given.store.problems(found.id, null, 10);
    expect(problem).toEqual({ key: "dataset_info.json", problem: { code: "metadata_invalid", detail } });
    expect(found).toMatchObject({ state: "finished", total: 1, done: 1 });
    expect(found.summary && hasUnjudged(found.summary)).toBe(true);
  });

  test("kohya: a caption file beside each picture, in folders of repeats", async () => {
    const given = await parts(
      plant(temporaryFolder(), {
        "10_dog/a.png": shows("nothing"),
        "10_dog/a.txt": "a dog full of gore",
        "10_dog/b.jpg": shows("nothing"),
        "10_dog/b.caption": "a calm dog",
        "10_dog/c.png": shows("nothing"),
        "10_dog/gone.txt": "whose picture is this",
        "10_dog/d.png": shows("nothing"),
        "10_dog/d.txt": " \n",
      }),
    );
    const found = await scan(given);
    const items = await itemsOf(given, found);
    expect(found.layout).toBe("kohya");
    expect(items.get("10_dog/a.png")).toMatchObject({ action: "block", image_action: "allow" });
    expect(items.get("10_dog/b.jpg")?.action).toBe("allow");
    expect(items.get("10_dog/c.png")?.problems).toMatchObject([{ code: "caption_missing" }]);
    expect(items.get("10_dog/d.png")?.problems).toMatchObject([{ code: "caption_empty" }]);
    expect(await problemsOf(given, found)).toEqual({ "10_dog/gone.txt": "caption_orphan" });
  });

  test("imagefolder: metadata.jsonl beside the pictures, and in a folder below", async () => {
    const given = await parts(
      plant(temporaryFolder(), {
        "metadata.jsonl":
          '{"file_name":"a.png","text":"fine"}\n\n{"file_name":"sub/b.png","caption":"hate"}\nnonsense\n',
        "a.png": shows("nothing"),
        "sub/b.png": shows("nothing"),
        "more/metadata.jsonl": '{"file_name":"../a.png","prompt":"gore"}\n{"file_name":"../../etc/x.png","text":"x"}',
      }),
    );
    const found = await scan(given);
    const items = await itemsOf(given, found);
    expect(found.layout).toBe("imagefolder");
    expect(items.get("a.png")).toMatchObject({ action: "block" });
    expect(items.get("a.png")?.captions.map(({ file, place }) => [file, place])).toEqual([
      ["metadata.jsonl", "line 1, text"],
      ["more/metadata.jsonl", "line 1, prompt"],
    ]);
    expect(items.get("sub/b.png")?.action).toBe("review");
    expect(await problemsOf(given, found)).toEqual({
      "metadata.jsonl": "metadata_invalid",
      "more/metadata.jsonl": "metadata_invalid",
    });
  });

  test("imagefolder: metadata.csv, with quotes, line breaks and a byte order mark", async () => {
    const csv = '\ufefffile_name,text\r\na.png,"two lines,\nof ""gore"""\r\nb.png,calm\r\n';
    const given = await parts(
      plant(temporaryFolder(), { "metadata.csv": csv, "a.png": shows("nothing"), "b.png": shows("nothing") }),
    );
    const items = await itemsOf(given, await scan(given));
    expect([...items].map(([key, { action }]) => [key, action])).toEqual([
      ["a.png", "block"],
      ["b.png", "allow"],
    ]);
  });

  test("webdataset: pictures and captions inside tar shards", async () => {
    const shard = await tar({
      "0001.png": shows("nothing"),
      "0001.txt": "calm",
      "0002.jpg": shows("gore"),
      "0002.json": '{"caption":"hate"}',
      "deep/0003.webp": shows("nothing"),
      "deep/0003.json": '{"width":3}',
    });
    const given = await parts(plant(temporaryFolder(), { "00.tar": shard, "01.tar": shard.subarray(0, 700) }));
    const found = await scan(given);
    const items = await itemsOf(given, found);
    expect(found.layout).toBe("webdataset");
    expect(items.get("00.tar/0001.png")).toMatchObject({ action: "allow", captions: [{ file: "00.tar/0001.txt" }] });
    expect(items.get("00.tar/0002.jpg")).toMatchObject({ action: "block", image_action: "block" });
    expect(items.get("00.tar/0002.jpg")?.captions[0]?.action).toBe("review");
    expect(items.get("00.tar/deep/0003.webp")?.problems).toMatchObject([
      { code: "wrong_extension" },
      { code: "caption_missing" },
    ]);
    expect(await problemsOf(given, found)).toEqual({ "01.tar": "archive_damaged" });
  });

  test("webdataset: a sample's key ends at the first dot", async () => {
    const shard = await tar({
      "0001.input.png": shows("nothing"),
      "0001.output.png": shows("nothing", "2"),
      "0001.caption.txt": "calm",
      "0002.input.png": shows("nothing", "3"),
      "0002.txt": "hate",
    });
    const given = await parts(plant(temporaryFolder(), { "00.tar": shard }));
    const found = await scan(given);
    const items = await itemsOf(given, found);
    const captions = [...items].map(([key, item]) => [key, ...item.captions.map(({ file }) => file)]);
    expect(captions).toEqual([
      ["00.tar/0001.input.png", "00.tar/0001.caption.txt"],
      ["00.tar/0001.output.png", "00.tar/0001.caption.txt"],
      ["00.tar/0002.input.png", "00.tar/0002.txt"],
    ]);
    expect(items.get("00.tar/0002.input.png")?.action).toBe("review");
    expect(await problemsOf(given, found)).toEqual({});
  });

  test("a plain folder expects no captions", async () => {
    const given = await parts(plant(temporaryFolder(), { "a.png": shows("nothing"), "README.md": "hello" }));
    const found = await scan(given);
    expect(found).toMatchObject({ layout: "plain", total: 1 });
    expect((await itemsOf(given, found)).get("a.png")?.problems).toEqual([]);
  });
});

describe("what is wrong with single files", () => {
  test("what may be full of pictures, and is not opened, is told: nobody has judged it", async () => {
    const shard = await tar({ "1.png": shows("nothing"), "1.txt": "calm", "2.MP4": "a film", "2.npy": "numbers" });
    const more = {
      "more.tar.gz": "",
      "a/photo.HEIC": "",
      "table.parquet": "",
      "README.md": "hello",
      "latents.npz": "",
    };
    const given = await parts(plant(temporaryFolder(), { "00.tar": shard, ...more }));
    const found = await scan(given);
    expect(await problemsOf(given, found)).toEqual({
      "00.tar/2.MP4": "not_looked_into",
      "00.tar/2.npy": "not_looked_into",
      "a/photo.HEIC": "not_looked_into",
      "latents.npz": "not_looked_into",
      "more.tar.gz": "not_looked_into",
      "table.parquet": "not_looked_into",
    });
    expect(found.summary && hasUnjudged(found.summary)).toBe(true);
    const rejected: string[] = [];
    for await (const file of sortedFiles(given.files, given.store, found.id, never))
      if ("rejected" in file) rejected.push(file.rejected.key);
    expect(rejected).toEqual(["00.tar", "a/photo.HEIC", "latents.npz", "more.tar.gz", "table.parquet"]);
  });

  test("what a name does not say, the first bytes do: pictures are judged, what is not opened is told", async () => {
    const png = Buffer.from("89504e470d0a1a0a", "hex");
    const jpeg = Buffer.concat([Buffer.from("ffd8ffe0", "hex"), Buffer.from(shows("gore"))]);
    const shard = await tar({
      "1": jpeg,
      "2.txt": png,
      "3.bin": "PK\x03\x04",
      "4.cls": "7",
      "deep.tar": "",
      "5.png": png,
    });
    const given = await parts(
      plant(temporaryFolder(), {
        bad: jpeg,
        "bad.png.bak": Buffer.concat([png, Buffer.from(shows("gore"))]),
        "bad.txt": "full of hate",
        "orphan.txt": jpeg,
        "caption.txt": "calm",
        "weights.pt": "PK\x03\x04",
        photo: Buffer.concat([Buffer.alloc(4), Buffer.from("ftypheic")]),
        log: Buffer.from("1f8b0800", "hex"),
        shard,
        "notes.md": "BMW builds cars, and P3 is a colour space",
        empty: "",
      }),
    );
    const found = await scan(given);
    const items = await itemsOf(given, found);
    expect([...items].map(([key, { action }]) => [key, action])).toEqual([
      ["bad", "block"],
      ["bad.png.bak", "block"],
      ["orphan.txt", "block"],
      ["shard/1", "block"],
      ["shard/2.txt", "allow"],
      ["shard/5.png", "allow"],
    ]);
    expect(items.get("bad")?.captions[0]?.action).toBe("review");
    expect(items.get("bad.png.bak")?.problems).toMatchObject([
      { code: "wrong_extension" },
      { code: "caption_missing" },
    ]);
    expect(await problemsOf(given, found)).toEqual({
      "caption.txt": "caption_orphan",
      log: "not_looked_into",
      photo: "not_looked_into",
      "shard/3.bin": "not_looked_into",
      "shard/deep.tar": "not_looked_into",
      "weights.pt": "not_looked_into",
    });
    const kept: string[] = [];
    for await (const file of sortedFiles(given.files, given.store, found.id, never))
      if ("kept" in file) kept.push(file.kept.key);
    expect(kept).toEqual(["caption.txt", "empty", "notes.md"]);
  });

  test("an archive with two members of one name, with sparse files, or with links out of it is not vouched for", async () => {
    const named = (...names: readonly string[]) =>
      tarOf(names.map((name, i) => [name, shows(i === 0 ? "nothing" : "gore")]));
    const linked = pack();
    linked.entry({ name: "in.png", type: "symlink", linkname: "a.png" });
    linked.entry({ name: "deep/up.png", type: "symlink", linkname: "../a.png" });
    linked.entry({ name: "out.png", type: "symlink", linkname: "/etc/passwd" });
    const given = await parts(
      plant(temporaryFolder(), {
        "dotted.tar": await named("a.png", "./a.png"),
        "linked.tar": await packed(linked),
        "sparse.tar": asSparse(await named("a.png")),
        "twice.tar": await named("a.png", "a.png"),
        "fine.tar": await named("a.png"),
      }),
    );
    const found = await scan(given);
    expect(await problemsOf(given, found)).toEqual({
      "dotted.tar": "archive_damaged",
      "linked.tar": "leaves_source",
      "sparse.tar": "not_looked_into",
      "twice.tar": "archive_damaged",
    });
    const kept: string[] = [];
    for await (const file of sortedFiles(given.files, given.store, found.id, never))
      if ("kept" in file) kept.push(file.kept.key);
    expect(kept).toEqual(["fine.tar"]);
  });

  test("names that no store need hold are told, wherever they stand", async () => {
    const long = `${"n".repeat(1_100)}.png`;
    const archive = pack();
    archive.entry({ name: "fine.png" }, shows("nothing"));
    archive.entry({ name: long, pax: { path: long } } as { name: string }, shows("gore"));
    archive.entry({ name: "x", pax: { path: "with\0nul.png" } } as { name: string }, shows("gore"));
    const source = plant(temporaryFolder(), {
      "00.tar": await packed(archive),
      "metadata.jsonl": `{"file_name":"${long}","text":"calm"}\n{"file_name":"a.png","text":"with\\u0000nul"}\n`,
      "a.png": shows("nothing"),
    });
    let deep = source;
    for (let level = 0; level < 5; level++) {
      deep = join(deep, "d".repeat(250));
      mkdirSync(deep);
    }
    writeFileSync(join(deep, "a.png"), shows("gore"));
    const given = await parts(source);
    const found = await scan(given);
    const told: string[] = [];
    for await (const { key, problem } of everyProblem(given.store, found.id))
      told.push(`${key.slice(0, 20)} ${problem.code}: ${problem.detail.replace(/n{9,}…?/, "n…")}`);
    expect(told).toEqual([
      '00.tar name_unusable: "n…": its path has 1111 bytes; the limit is 1024',
      '00.tar name_unusable: "with\\u0000nul.png": its path holds a NUL',
      "dddddddddddddddddddd name_unusable: its path has 1260 bytes; the limit is 1024",
      'metadata.jsonl metadata_invalid: line 1: "file_name": its path has 1104 bytes; the limit is 1024',
      'metadata.jsonl metadata_invalid: line 2: "text" holds a NUL',
    ]);
    expect([...(await itemsOf(given, found)).keys()]).toEqual(["00.tar/fine.png", "a.png"]);
  });

  test("every line of a metadata file that is wrong, or names no picture, is told", async () => {
    const lines = [
      '{"file_name":"a.png","text":"calm"}',
      '{"file_name":"gone.png","text":"calm"}',
      "no JSON",
      '{"text":"calm"}',
      '{"file_name":"away.png","text":"calm","prompt":"calm"}',
    ];
    const given = await parts(
      plant(temporaryFolder(), { "a.png": shows("nothing"), "metadata.jsonl": `${lines.join("\n")}\n` }),
    );
    const found = await scan(given);
    const problems: string[] = [];
    for await (const { problem } of everyProblem(given.store, found.id))
      problems.push(`${problem.code}: ${problem.detail}`);
    expect(problems).toEqual([
      'caption_orphan: line 2, text: there is no picture "gone.png"',
      'caption_orphan: line 5, prompt: there is no picture "away.png"',
      'caption_orphan: line 5, text: there is no picture "away.png"',
      "metadata_invalid: line 3: it is not JSON in UTF-8",
      'metadata_invalid: line 4: "file_name" is missing or no text',
    ]);
    expect(found.summary?.problems).toEqual({ caption_orphan: 3, metadata_invalid: 2 });
  });

  test("is told, and the rest goes on", async () => {
    const outside = plant(temporaryFolder(), { "secret.png": shows("nothing") });
    const source = plant(temporaryFolder(), {
      "fine.png": shows("nothing"),
      "garbage.png": shows("garbage"),
      "large.png": shows("nothing", "x".repeat(20_000)),
      "long.png": shows("nothing"),
      "long.txt": "x".repeat(300),
      "binary.png": shows("nothing", "2"),
      "binary.txt": Uint8Array.of(0xff),
      "unknown.png": shows("unknown"),
      "folder/inner.png": shows("nothing"),
    });
    symlinkSync(join(outside, "secret.png"), join(source, "leaves.png"));
    symlinkSync(join(source, "fine.png"), join(source, "inside.png"));
    symlinkSync(join(source, "nothing.png"), join(source, "dangling.png"));
    symlinkSync(join(source, "circle.png"), join(source, "circle.png"));
    symlinkSync(source, join(source, "folder/loop"));
    execFileSync("mkfifo", [join(source, "pipe.png")]);
    writeFileSync(Buffer.concat([Buffer.from(`${source}/b`), Buffer.of(0xff), Buffer.from(".png")]), "x");
    const given = await parts(source);
    const found = await scan(given);
    const items = await itemsOf(given, found);
    const codes = Object.fromEntries([...items].map(([key, item]) => [key, item.problems.map(({ code }) => code)]));
    expect(codes).toEqual({
      "binary.png": ["caption_unreadable"],
      "fine.png": ["caption_missing"],
      "folder/inner.png": ["caption_missing"],
      "garbage.png": ["unreadable", "caption_missing"],
      "inside.png": ["caption_missing"],
      "large.png": ["too_large", "caption_missing"],
      "long.png": ["caption_too_long"],
      "unknown.png": ["caption_missing"],
    });
    expect(await problemsOf(given, found)).toEqual({
      "b%ff.png": "name_not_utf8",
      "circle.png": "leaves_source",
      "dangling.png": "vanished",
      "folder/loop": "linked_folder",
      "inside.png": "linked_file",
      "leaves.png": "leaves_source",
      "pipe.png": "no_regular_file",
    });
    for (const key of ["binary.png", "garbage.png", "large.png", "long.png", "unknown.png"]) {
      expect(items.get(key), key).toMatchObject({ action: "review", judged: false });
    }
    expect(found.summary?.unjudged).toBe(5);
  });

  test.skipIf(runsAsRoot)("a folder that may not be read is told", async () => {
    const source = plant(temporaryFolder(), { "a.png": shows("nothing"), "closed/b.png": shows("nothing") });
    chmodSync(join(source, "closed"), 0o000);
    const given = await parts(source);
    const found = await scan(given);
    chmodSync(join(source, "closed"), 0o755);
    expect(await problemsOf(given, found)).toEqual({ closed: "access_denied" });
  });

  test("a file that goes away after the listing is not judged", async () => {
    const source = plant(temporaryFolder(), { "a.png": shows("nothing"), "b.png": shows("nothing") });
    const judge = textJudge("1", async () => rmSync(join(source, "b.png"), { force: true }));
    const given = await parts(source, judge);
    const { id } = await createScan(given, new Date());
    const found = await finishScan(id, given, { ...OPTIONS, width: 1 }, never, () => {});
    expect((await itemsOf(given, found)).get("b.png")).toMatchObject({
      judged: false,
      problems: [{ code: "vanished" }],
    });
  });
});

describe("long work", () => {
  function many(count: number): string {
    const tree = Object.fromEntries(
      Array.from({ length: count }, (_, i) => [`${i}.png`, shows(i % 7 === 3 ? "gore" : "nothing", `${i}`)]),
    );
    return plant(temporaryFolder(), tree);
  }

  test("a scan that is stopped goes on where it was: nothing is judged twice, nothing is skipped", async () => {
    const source = many(600);
    const stop = new AbortController();
    const judge: TextJudge = textJudge("1", async () => {
      if (judge.seen.length === 300) stop.abort(new Error("stopped"));
    });
    const given = await parts(source, judge);
    await expect(scan(given, stop.signal)).rejects.toThrow("stopped");
    const before = await given.store.counts((await unfinishedScan(given))?.id ?? "");
    expect(before.total).toBe(600);
    expect(before.done).toBeGreaterThan(0);
    expect(before.done).toBeLessThan(600);
    const found = await scan(given);
    expect(found).toMatchObject({ state: "finished", total: 600, done: 600 });
    // Of those under way when it stopped, at most `width` may have been looked at without a result.
    expect(judge.seen.length).toBeLessThanOrEqual(600 + OPTIONS.width);
    expect(new Set(judge.seen).size).toBe(600);
    expect(found.summary?.actions).toMatchObject({ block: 86, allow: 514 });
  });

  test("files that did not change are not judged again, nor are copies of them", async () => {
    const source = many(20);
    const data = temporaryFolder();
    const first = textJudge();
    const again = textJudge();
    await scan(await parts(source, first, data));
    plant(source, { "copy.png": shows("gore", "3"), "new.png": shows("nothing", "new") });
    const given = await parts(source, again, data);
    const found = await scan(given);
    expect(first.seen.length).toBe(20);
    expect(again.seen).toEqual([shows("nothing", "new")]);
    expect(found).toMatchObject({ total: 22, done: 22 });
    expect((await itemsOf(given, found)).get("copy.png")?.action).toBe("block");
  });

  test("other detectors judge anew", async () => {
    const source = many(5);
    const data = temporaryFolder();
    const newer = textJudge("2");
    await scan(await parts(source, textJudge("1"), data));
    await scan(await parts(source, newer, data));
    expect(newer.seen.length).toBe(5);
  });

  test("what a detector left open is asked again", async () => {
    const source = plant(temporaryFolder(), { "a.png": shows("unknown") });
    const data = temporaryFolder();
    const again = textJudge();
    await scan(await parts(source, textJudge(), data));
    await scan(await parts(source, again, data));
    expect(again.seen.length).toBe(1);
  });

  test("shards cover every picture once", async () => {
    const given = await parts(many(25));
    const found = await scan(given);
    const ranges = await given.store.shards(found.id, 10);
    expect(ranges.length).toBe(3);
    const keys = [...(await itemsOf(given, found)).keys()];
    const inside = ranges.map(({ after, upTo }) =>
      keys.filter((key) => (after === null || key > after) && (upTo === null || key <= upTo)),
    );
    expect(inside.map((part) => part.length)).toEqual([10, 10, 5]);
    expect(inside.flat()).toEqual(keys);
  });

  test("pictures are counted by their faces", async () => {
    const source = plant(temporaryFolder(), {
      "a.png": shows("nothing", "1 faces"),
      "b.png": shows("nothing", "2 faces"),
      "c.png": shows("nothing", "0 faces"),
      "d.png": shows("garbage"),
    });
    const given = await parts(source);
    const found = await scan(given);
    expect(found.summary?.faces).toEqual({ none: 1, one: 1, several: 1 });
    expect((await itemsOf(given, found)).get("b.png")?.faces).toBe(2);
  });

  test("an empty folder is a scan too", async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, "empty"));
    const found = await scan(await parts(folder));
    expect(found).toMatchObject({ state: "finished", total: 0, summary: { pictures: 0 } });
    expect(found.summary && hasUnjudged(found.summary)).toBe(true);
  });
});
