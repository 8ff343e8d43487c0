import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { extract, pack } from "tar-stream";
import { describe, expect, onTestFinished, test } from "vitest";
import { type Consequences, takeOut } from "../../src/dataset/consequences/apply.ts";
import { isBrokenOff, undoable } from "../../src/dataset/consequences/departures.ts";
import { Journal, readJournal } from "../../src/dataset/consequences/journal.ts";
import { type Undone, undo } from "../../src/dataset/consequences/undo.ts";
import type { Files } from "../../src/dataset/files/files.ts";
import { makeFolder, openFolder } from "../../src/dataset/files/folder.ts";
import { openS3 } from "../../src/dataset/files/s3.ts";
import { sortedFiles } from "../../src/dataset/manifest/kept.ts";
import { everyProblem } from "../../src/dataset/scan/pages.ts";
import { createScan, finishScan, type ScanParts } from "../../src/dataset/scan/scan.ts";
import { shows } from "./judge.ts";
import { s3Options } from "./s3-server.ts";
import { never, parts, plant, startS3, type Tree, temporaryFolder } from "./world.ts";

const OPTIONS = { width: 4 };

interface Set {
  readonly source: string;
  readonly given: ScanParts;
  readonly scan: string;
  readonly journal: string;
  readonly quarantine: Files;
  readonly backup: Files;
}

async function scanned(tree: Tree): Promise<Set> {
  const source = plant(temporaryFolder(), tree);
  const given = await parts(source);
  const { id } = await createScan(given, new Date());
  await finishScan(id, given, OPTIONS, never, () => {});
  const folder = temporaryFolder();
  return {
    source,
    given,
    scan: id,
    journal: join(folder, "consequences.jsonl"),
    quarantine: await makeFolder(join(folder, "quarantine")),
    backup: await makeFolder(join(folder, "backup")),
  };
}

async function take(set: Set, remove = false): Promise<Consequences> {
  const journal = await Journal.open(set.journal);
  try {
    const { files, store } = set.given;
    const quarantine = remove ? undefined : set.quarantine;
    return await takeOut(set.scan, { files, store, journal, quarantine, backup: set.backup }, never);
  } finally {
    await journal.close();
  }
}

async function putBack({ journal: path, given, quarantine, backup }: Set): Promise<Undone> {
  const departures = undoable((await readJournal(path)) ?? []);
  const places = [given.files, quarantine, backup];
  const open = async (uri: string) => places.find((place) => place.uri === uri) ?? makeFolder(uri);
  const journal = await Journal.open(path);
  try {
    return await undo(departures, { open, journal }, never);
  } finally {
    await journal.close();
  }
}

/** Every file below a folder, with its content. */
function contents(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return Object.fromEntries(
    names
      .filter((name) => statSync(join(folder, name)).isFile())
      .sort()
      .map((name) => [name, readFileSync(join(folder, name), "latin1")]),
  );
}

/** What metadata files were, by their names. */
function backedUp({ backup }: Set): Record<string, string> {
  const named = Object.entries(contents(backup.uri)).map(([key, content]) => [
    key.replace(/^[0-9a-f]{16}\//, ""),
    content,
  ]);
  return Object.fromEntries(named) as Record<string, string>;
}

async function tar(members: Readonly<Record<string, string>>): Promise<Buffer> {
  const archive = pack();
  for (const [name, content] of Object.entries(members)) archive.entry({ name, mtime: new Date(0) }, content);
  archive.finalize();
  const pieces: Buffer[] = [];
  for await (const piece of archive) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

async function membersOf(archive: Buffer): Promise<readonly string[]> {
  const entries = extract();
  entries.end(archive);
  const names: string[] = [];
  for await (const entry of entries) {
    names.push(entry.header.name);
    entry.resume();
  }
  return names;
}

const TREE: Tree = {
  "10_dog/a.png": shows("nothing"),
  "10_dog/a.txt": "calm",
  "10_dog/b.png": shows("gore"),
  "10_dog/b.txt": "calm too",
  "10_dog/b.jpg": shows("nothing", "shares its caption"),
  "10_dog/c.png": shows("nothing", "3"),
  "10_dog/c.txt": "full of hate",
  "10_dog/d.png": shows("garbage"),
  "README.md": "hello",
};

describe("quarantine", () => {
  test("takes out what was rejected, with the captions that belong to nothing else", async () => {
    const set = await scanned(TREE);
    const { left, stayed } = await take(set);
    expect(stayed).toEqual([]);
    expect(left).toBe(4);
    expect(Object.keys(contents(set.source))).toEqual([
      "10_dog/a.png",
      "10_dog/a.txt",
      "10_dog/b.jpg",
      "10_dog/b.txt",
      "README.md",
    ]);
    expect(contents(set.quarantine.uri)).toEqual({
      "10_dog/b.png": TREE["10_dog/b.png"],
      "10_dog/c.png": TREE["10_dog/c.png"],
      "10_dog/c.txt": TREE["10_dog/c.txt"],
      "10_dog/d.png": TREE["10_dog/d.png"],
    });
  });

  test("is undone byte for byte", async () => {
    const set = await scanned(TREE);
    const before = contents(set.source);
    await take(set);
    expect(await putBack(set)).toEqual({ restored: 4, open: [] });
    expect(contents(set.source)).toEqual(before);
    expect(contents(set.quarantine.uri)).toEqual({});
    expect(await putBack(set)).toEqual({ restored: 0, open: [] });
  });

  test("rows of metadata.jsonl go with their pictures, and come back", async () => {
    const lines = [
      '{"file_name":"a.png", "text":"fine"}',
      "",
      '  {"text":"ü","file_name":"b.png"}\r',
      '{"file_name":"gone.png","text":"x"}',
      '{"file_name":"./c.png","text":"hate"}',
    ];
    const set = await scanned({
      "metadata.jsonl": lines.join("\n"),
      "a.png": shows("nothing"),
      "b.png": shows("gore"),
      "c.png": shows("nothing", "3"),
    });
    const before = contents(set.source);
    await take(set);
    expect(readFileSync(join(set.source, "metadata.jsonl"), "utf8")).toBe(
      [lines[0], lines[1], lines[3], ""].join("\n"),
    );
    expect(backedUp(set)).toEqual({ "metadata.jsonl": before["metadata.jsonl"] });
    expect((await putBack(set)).restored).toBe(3);
    expect(contents(set.source)).toEqual(before);
  });

  test.each(["\n", "\r\n"])(
    "rows of metadata.csv go with their pictures; all other bytes stay (line end %j)",
    async (end) => {
      const rows = ["\ufefffile_name,text,n", 'a.png,"two,\nlines of ""ü""",1', "b.png,calm,2", 'c.png,"x",3'];
      const set = await scanned({
        "metadata.csv": rows.join(end),
        "a.png": shows("nothing"),
        "b.png": shows("gore"),
        "c.png": shows("nothing", "3"),
      });
      const before = contents(set.source);
      await take(set);
      const staying = [rows[0], rows[1], rows[3]].join(end);
      expect(readFileSync(join(set.source, "metadata.csv"), "utf8")).toBe(staying);
      await putBack(set);
      expect(contents(set.source)).toEqual(before);
    },
  );

  test.each([
    ["csv", "a quoted header behind a byte order mark", '\ufeff"file_name",text\n', "b.png,calm\n", "a.png,calm\n"],
    ["csv", "an empty line before the header", "\nfile_name,text\n", "b.png,calm\n", "a.png,calm\n"],
    [
      "jsonl",
      "a byte order mark before a row that leaves",
      "",
      '\ufeff{"file_name":"b.png"}\n',
      '{"file_name":"a.png"}\n',
    ],
  ])("metadata.%s with %s loses the rows that leave", async (ending, _what, header, leaving, staying) => {
    const name = `metadata.${ending}`;
    const set = await scanned({
      [name]: header + leaving + staying,
      "a.png": shows("nothing"),
      "b.png": shows("gore"),
    });
    const before = contents(set.source);
    expect((await take(set)).stayed).toEqual([]);
    expect(readFileSync(join(set.source, name), "utf8")).toBe(header + staying);
    await putBack(set);
    expect(contents(set.source)).toEqual(before);
  });

  test("a metadata.csv that is none is told by the scan, and stays as it is", async () => {
    const csv = 'file_name,text\na.png,a "plant"\nb.png,calm\n';
    const set = await scanned({ "metadata.csv": csv, "a.png": shows("nothing"), "b.png": shows("gore") });
    const problems = [];
    for await (const { problem } of everyProblem(set.given.store, set.scan)) problems.push(problem.code);
    expect(problems).toEqual(["metadata_invalid"]);
    expect(await take(set)).toMatchObject({ left: 1, stayed: [{ key: "metadata.csv" }] });
    expect(readFileSync(join(set.source, "metadata.csv"), "utf8")).toBe(csv);
  });

  test("metadata that names nobody who leaves is not touched", async () => {
    const set = await scanned({
      "metadata.csv": "file_name,text\na.png,calm",
      "a.png": shows("nothing"),
      "b.png": shows("gore"),
    });
    const before = statSync(join(set.source, "metadata.csv")).mtimeMs;
    await take(set);
    expect(statSync(join(set.source, "metadata.csv")).mtimeMs).toBe(before);
  });

  test("archives lose their rejected members, and come back whole", async () => {
    const shard = await tar({
      "1.png": shows("nothing"),
      "1.txt": "calm",
      "2.png": shows("gore"),
      "2.json": '{"caption":"calm"}',
      "3.png": shows("nothing", "3"),
      "3.txt": "hate",
      "other.cls": "7",
    });
    const set = await scanned({ "00.tar": shard, "01.tar": await tar({ "4.png": shows("nothing", "4") }) });
    const before = contents(set.source);
    const { rewritten } = await take(set);
    expect([...rewritten.keys()]).toEqual(["00.tar"]);
    expect(await membersOf(readFileSync(join(set.source, "00.tar")))).toEqual(["1.png", "1.txt", "other.cls"]);
    expect(contents(set.source)["01.tar"]).toBe(before["01.tar"]);
    await putBack(set);
    expect(contents(set.source)).toEqual(before);
  });

  test("an archive of which not every member can be judged or copied is not rewritten", async () => {
    const twice = pack();
    for (const what of ["gore", "nothing"] as const) twice.entry({ name: "1.png", mtime: new Date(0) }, shows(what));
    twice.finalize();
    const sparse = await tar({ "1.png": shows("nothing"), "2.png": shows("gore") });
    sparse.write("S", 156); // GNU's sparse file
    sparse.fill(" ", 148, 156);
    sparse.write(
      `${sparse
        .subarray(0, 512)
        .reduce((a, b) => a + b, 0)
        .toString(8)
        .padStart(6, "0")}\0 `,
      148,
    );
    const set = await scanned({
      "sparse.tar": sparse,
      "twice.tar": Buffer.concat(await Array.fromAsync(twice as AsyncIterable<Buffer>)),
    });
    const before = contents(set.source);
    expect((await take(set, true)).stayed).toEqual([
      { key: "sparse.tar", detail: '"1.png" in it cannot be copied' },
      { key: "twice.tar", detail: "it is damaged: single members cannot be taken out of it" },
    ]);
    expect(contents(set.source)).toEqual(before);
    expect(await take(set)).toMatchObject({ left: 1, rewritten: new Map(), stayed: [{ key: "sparse.tar" }] });
    expect(contents(set.quarantine.uri)).toEqual({ "twice.tar": before["twice.tar"] });
  });

  test("an archive that is damaged goes as a whole", async () => {
    const shard = await tar({ "1.png": shows("nothing"), "2.png": shows("gore", "x".repeat(2_000)) });
    const set = await scanned({ "00.tar": shard.subarray(0, 2_500) });
    await take(set);
    expect(Object.keys(contents(set.source))).toEqual([]);
    expect(Object.keys(contents(set.quarantine.uri))).toEqual(["00.tar"]);
  });

  test("a picture that is another one by now stays, and is told", async () => {
    const set = await scanned(TREE);
    appendFileSync(join(set.source, "10_dog/b.png"), "!");
    const { stayed } = await take(set);
    expect(stayed).toEqual([{ key: "10_dog/b.png", detail: "it is not what was judged any more" }]);
    expect(existsSync(join(set.source, "10_dog/b.png"))).toBe(true);
  });

  test("into the data set itself, also by a link, is refused before anything moves", async () => {
    const set = await scanned(TREE);
    const before = contents(set.source);
    const alias = join(temporaryFolder(), "alias");
    symlinkSync(set.source, alias);
    for (const place of [set.source, alias, join(alias, "10_dog")]) {
      await expect(take({ ...set, quarantine: await makeFolder(place) })).rejects.toMatchObject({
        code: "invalid_request",
        detail: expect.stringContaining("lies in it"),
      });
    }
    expect(contents(set.source)).toEqual(before);
    expect(await readJournal(set.journal)).toEqual([]);
  });

  test("a caption, a metadata file or an archive that is another one by now stays, and is told", async () => {
    const shard = await tar({ "1.png": shows("gore") });
    const set = await scanned({
      ...TREE,
      "00.tar": shard,
      "metadata.jsonl": '{"file_name":"10_dog/b.png","text":"calm"}\n',
    });
    const edited = {
      "10_dog/c.txt": "edited",
      "00.tar": await tar({ "1.png": shows("gore"), "2.png": shows("nothing", "new") }),
      "metadata.jsonl": '{"file_name":"10_dog/b.png","text":"calm"}\n{"file_name":"10_dog/a.png","text":"new"}\n',
    };
    for (const [key, content] of Object.entries(edited)) writeFileSync(join(set.source, key), content);
    const { left, rewritten, stayed } = await take(set);
    expect([left, rewritten.size]).toEqual([3, 0]);
    const detail = "it is not what was judged any more";
    expect(stayed.toSorted((a, b) => (a.key < b.key ? -1 : 1))).toEqual(
      Object.keys(edited)
        .sort()
        .map((key) => ({ key, detail })),
    );
    for (const [key, content] of Object.entries(edited))
      expect(readFileSync(join(set.source, key)), key).toEqual(Buffer.from(content));
  });

  test.each([1, 2])(
    "an archive that is swapped while it is rewritten, after reading number %i, stays",
    async (reading) => {
      const archive = await tar({ "1.png": shows("gore"), "2.png": shows("nothing") });
      const swapped = await tar({ "1.png": shows("gore"), "2.png": shows("gore", "new") });
      const set = await scanned({ "00.tar": archive });
      let readings = 0;
      const files = new Proxy(set.given.files, {
        get(target, name) {
          if (name === "stream" && ++readings === 1 + reading) writeFileSync(join(set.source, "00.tar"), swapped);
          const member: unknown = Reflect.get(target, name);
          return typeof member === "function" ? member.bind(target) : member;
        },
      });
      const { rewritten, stayed } = await take({ ...set, given: { ...set.given, files } }, true);
      expect([rewritten.size, stayed]).toMatchObject([0, [{ key: "00.tar" }]]);
      expect(readFileSync(join(set.source, "00.tar"))).toEqual(swapped);
    },
  );

  test("a file that another one replaces while it is moved stays", async () => {
    const set = await scanned({ "1.png": shows("gore") });
    const quarantine = new Proxy(set.quarantine, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name);
        if (name !== "write") return typeof member === "function" ? member.bind(target) : member;
        return async (...given: Parameters<Files["write"]>) => {
          await target.write(...given);
          writeFileSync(join(set.source, "1.png"), "a new one");
        };
      },
    });
    const { left, stayed } = await take({ ...set, quarantine });
    expect([left, stayed]).toEqual([0, [{ key: "1.png", detail: "it changed while it was moved" }]]);
    expect(contents(set.source)).toEqual({ "1.png": "a new one" });
    expect(contents(set.quarantine.uri)).toEqual({});
    expect(await putBack(set)).toEqual({ restored: 0, open: [] });
  });

  test("whether a move came to its end is told for each scan of a journal", async () => {
    const begin = (scan: string) => ({
      step: "begin" as const,
      ...{ scan, source: `/${scan}`, destination: "/held", backup: "/backup" },
    });
    const leaving = { step: "leaving" as const, key: "a.png", bytes: 1, sha256: "sha256:a" };
    const entries = [begin("a"), leaving, begin("b"), leaving, { step: "done" as const, scan: "b" }];
    expect(["a", "b", "c"].map((scan) => isBrokenOff(entries, scan))).toEqual([true, false, false]);
    expect(isBrokenOff([...entries, begin("a"), { step: "done", scan: "a" }], "a")).toBe(false);
  });

  test("an undo removes nothing from the quarantine that the move did not put there", async () => {
    const set = await scanned(TREE);
    mkdirSync(join(set.quarantine.uri, "10_dog"));
    writeFileSync(join(set.quarantine.uri, "10_dog/b.png"), "of somebody else");
    const before = contents(set.source);
    expect((await take(set)).stayed).toMatchObject([{ key: "10_dog/b.png" }]);
    expect(await putBack(set)).toEqual({ restored: 3, open: [] });
    expect(contents(set.source)).toEqual(before);
    expect(contents(set.quarantine.uri)).toEqual({ "10_dog/b.png": "of somebody else" });
  });

  test("what two scans have moved to two places, with one journal, comes back from both", async () => {
    const first = await scanned({ "1.png": shows("gore"), "2.png": shows("nothing") });
    const before = contents(first.source);
    await take(first);
    plant(first.source, { "3.png": shows("gore", "3") });
    const { id } = await createScan(first.given, new Date());
    await finishScan(id, first.given, OPTIONS, never, () => {});
    const second = { ...first, scan: id, quarantine: await makeFolder(join(temporaryFolder(), "other")) };
    await take(second);
    expect(Object.keys(contents(first.source))).toEqual(["2.png"]);
    expect(await putBack(second)).toEqual({ restored: 2, open: [] });
    expect(contents(first.source)).toEqual({ ...before, "3.png": shows("gore", "3") });
    expect([first, second].map(({ quarantine }) => contents(quarantine.uri))).toEqual([{}, {}]);
  });

  test("a file that left twice comes back twice, when there is room", async () => {
    const set = await scanned({ "1.png": shows("gore", "first") });
    await take(set);
    plant(set.source, { "1.png": shows("gore", "second") });
    const { id } = await createScan(set.given, new Date());
    await finishScan(id, set.given, OPTIONS, never, () => {});
    const again = { ...set, scan: id, quarantine: await makeFolder(join(temporaryFolder(), "other")) };
    await take(again);
    expect(await putBack(again)).toEqual({
      restored: 1,
      open: [{ key: "1.png", detail: "there is another file in its place by now" }],
    });
    rmSync(join(set.source, "1.png"));
    expect(await putBack(again)).toEqual({ restored: 1, open: [] });
    expect(contents(set.source)).toEqual({ "1.png": shows("gore", "first") });
  });

  test("two data sets with the same picture do not share one place for it", async () => {
    const one = await scanned({ "a.png": shows("gore") });
    const other = { ...(await scanned({ "a.png": shows("gore") })), quarantine: one.quarantine };
    await take(one);
    const { left, stayed } = await take(other);
    expect({ left, stayed }).toEqual({
      left: 0,
      stayed: [{ key: "a.png", detail: `another file lies in its place in ${one.quarantine.uri}` }],
    });
    await putBack(one);
    expect(await take(other)).toMatchObject({ left: 1, stayed: [] });
    await putBack(other);
    for (const set of [one, other]) expect(contents(set.source)).toEqual({ "a.png": shows("gore") });
  });

  test("a place above the data set is refused: what is moved there could become a part of it", async () => {
    const folder = plant(temporaryFolder(), { "dogs/dogs/bad.png": shows("gore") });
    const set = await scanned({});
    const given = await parts(join(folder, "dogs"));
    const { id } = await createScan(given, new Date());
    await finishScan(id, given, OPTIONS, never, () => {});
    const above = { ...set, given, scan: id, quarantine: await makeFolder(folder) };
    await expect(take(above)).rejects.toMatchObject({ code: "invalid_request" });
    expect(Object.keys(contents(folder))).toEqual(["dogs/dogs/bad.png"]);
  });

  test("links leave before what they lead to, and one that is left behind is told", async () => {
    const set = await scanned({
      "10/m.png": shows("gore"),
      "10/b.png": shows("nothing"),
      "10/b.txt": "hate",
      "10/c.png": shows("nothing", "c"),
    });
    symlinkSync("m.png", join(set.source, "10/n.png"));
    symlinkSync("b.png", join(set.source, "10/z.png"));
    symlinkSync("c.png", join(set.source, "10/d.png"));
    symlinkSync("b.txt", join(set.source, "10/m.txt"));
    const { id } = await createScan(set.given, new Date());
    await finishScan(id, set.given, OPTIONS, never, () => {});
    const linked = { ...set, scan: id };
    const { left, stayed } = await take(linked);
    expect({ left, stayed }).toEqual({
      left: 5,
      stayed: [{ key: "10/z.png", detail: "it is a link, and what it led to has left" }],
    });
    expect(readdirSync(join(set.source, "10")).sort()).toEqual(["c.png", "d.png", "z.png"]);
    expect((await putBack(linked)).open).toEqual([]);
    expect(contents(set.source)["10/n.png"]).toBe(shows("gore"));
    expect(contents(set.source)["10/z.png"]).toBe(shows("nothing"));
  });

  test("one file for which there is no room stops neither a move nor an undo", async () => {
    const set = await scanned({
      "1/a.png": shows("gore"),
      "2/b.png": shows("gore", "b"),
      "3/c.png": shows("gore", "c"),
    });
    writeFileSync(join(set.quarantine.uri, "1"), "in the way");
    mkdirSync(join(set.quarantine.uri, "2/b.png"), { recursive: true });
    const { left, stayed } = await take(set);
    expect({ left, stayed }).toEqual({
      left: 1,
      stayed: [
        { key: "1/a.png", detail: "a file lies where its folder is to be" },
        { key: "2/b.png", detail: "a folder lies in its place" },
      ],
    });
    rmSync(join(set.quarantine.uri, "1"));
    rmSync(join(set.quarantine.uri, "2"), { recursive: true });
    await take(set);
    mkdirSync(join(set.source, "2/b.png"));
    expect(await putBack(set)).toEqual({
      restored: 2,
      open: [{ key: "2/b.png", detail: "a folder lies in its place" }],
    });
    rmSync(join(set.source, "2"), { recursive: true });
    expect(await putBack(set)).toEqual({ restored: 1, open: [] });
  });

  test("a quarantine that is gone keeps nothing else from coming back", async () => {
    const set = await scanned({ "1.png": shows("gore"), "2.png": shows("gore", "2") });
    rmSync(join(set.source, "2.png"));
    await take(set);
    plant(set.source, { "2.png": shows("gore", "2") });
    const { id } = await createScan(set.given, new Date());
    await finishScan(id, set.given, OPTIONS, never, () => {});
    const gone = { ...set, scan: id, quarantine: await makeFolder(join(temporaryFolder(), "gone")) };
    await take(gone);
    rmSync(gone.quarantine.uri, { recursive: true });
    const departures = undoable((await readJournal(set.journal)) ?? []);
    const journal = await Journal.open(set.journal);
    const { restored, open: stayed } = await undo(departures, { open: openFolder, journal }, never);
    await journal.close();
    expect(restored).toBe(1);
    expect(stayed).toMatchObject([{ key: "2.png", detail: expect.stringContaining("cannot be opened") }]);
  });

  test("what could not be read when it was judged leaves only as it was listed", async () => {
    const set = await scanned({
      "large.png": shows("gore", "x".repeat(20_000)),
      "torn.tar": (await tar({ "1.png": shows("nothing") })).subarray(0, 700),
    });
    writeFileSync(join(set.source, "large.png"), shows("nothing"));
    writeFileSync(join(set.source, "torn.tar"), await tar({ "1.png": shows("nothing") }));
    const { left, stayed } = await take(set);
    expect({ left, stayed: stayed.map(({ key }) => key) }).toEqual({ left: 0, stayed: ["large.png", "torn.tar"] });
  });

  test("moved first and removed later: an undo brings back what was moved, and the metadata as it was", async () => {
    const rows = ["a", "b", "c"].map((name) => `{"file_name":"${name}.png","text":"calm"}\n`);
    const set = await scanned({
      "a.png": shows("gore"),
      "b.png": shows("gore", "b"),
      "c.png": shows("nothing"),
      "metadata.jsonl": rows.join(""),
    });
    plant(set.quarantine.uri, { "b.png": "in the way" });
    expect((await take(set)).left).toBe(1);
    expect((await take(set, true)).left).toBe(1);
    expect(contents(set.source)["metadata.jsonl"]).toBe(rows[2]);
    expect(await putBack(set)).toEqual({ restored: 3, open: [] });
    expect(contents(set.source)).toEqual({
      "a.png": shows("gore"),
      "c.png": shows("nothing"),
      "metadata.jsonl": rows.join(""),
    });
  });

  test("overwrites nothing that lies there: what has no place stays, and is told", async () => {
    const first = await scanned({ "1.png": shows("gore", "a dog"), "2.png": shows("nothing") });
    await take(first);
    const second = await scanned({ "1.png": shows("gore", "a cat"), "3.png": shows("gore", "another") });
    const { stayed, left } = await take({ ...second, quarantine: first.quarantine });
    expect(left).toBe(1);
    expect(stayed).toEqual([{ key: "1.png", detail: expect.stringContaining("another file lies in its place") }]);
    expect(Object.keys(contents(second.source))).toEqual(["1.png"]);
    await putBack(first);
    expect(contents(first.source)["1.png"]).toBe(shows("gore", "a dog"));
  });

  test("leaves alone what nobody has looked into", async () => {
    const shard = await tar({ "1.png": shows("nothing"), "1.mp4": "a film" });
    const set = await scanned({ "00.tar": shard, "bad.png": shows("gore"), "more.zip": "", "photo.heic": "" });
    expect((await take(set)).left).toBe(1);
    expect(Object.keys(contents(set.source))).toEqual(["00.tar", "more.zip", "photo.heic"]);
  });

  test("an archive that lost its rejected members, and holds what nobody looked into, is still not vouched for", async () => {
    const shard = await tar({ "1.png": shows("nothing"), "2.png": shows("gore"), "3.mp4": "a film" });
    const set = await scanned({ "00.tar": shard });
    const { rewritten } = await take(set);
    expect([...rewritten.keys()]).toEqual(["00.tar"]);
    expect(await membersOf(readFileSync(join(set.source, "00.tar")))).toEqual(["1.png", "3.mp4"]);
    const { files, store } = set.given;
    const sorted = [];
    for await (const file of sortedFiles(files, store, set.scan, never, rewritten)) sorted.push(file);
    expect(sorted).toMatchObject([{ rejected: { key: "00.tar", action: "review" } }]);
  });

  test("an aborted one stops, and is no file's problem", async () => {
    const set = await scanned(TREE);
    const journal = await Journal.open(set.journal);
    const stop = new AbortController();
    const { files, store } = set.given;
    const parts = { files, store, journal, quarantine: set.quarantine, backup: set.backup };
    await expect(
      takeOut(set.scan, parts, stop.signal, () => stop.abort(new DOMException("Ctrl-C", "AbortError"))),
    ).rejects.toMatchObject({ name: "AbortError" });
    await journal.close();
    expect((await readJournal(set.journal))?.some(({ step }) => step === "done")).toBe(false);
    expect((await take(set)).stayed).toEqual([]);
  });

  test("a journal whose last line was cut off loses none of what is written next", async () => {
    const set = await scanned(TREE);
    writeFileSync(set.journal, '{"step":"beg');
    await take(set);
    expect((await readJournal(set.journal))?.[0]).toMatchObject({ step: "begin" });
    expect((await putBack(set)).open).toEqual([]);
  });

  test("an undo never overwrites what is there by now", async () => {
    const set = await scanned(TREE);
    await take(set);
    writeFileSync(join(set.source, "10_dog/b.png"), "a new one");
    const { restored, open } = await putBack(set);
    expect(restored).toBe(3);
    expect(open).toEqual([{ key: "10_dog/b.png", detail: "there is another file in its place by now" }]);
    expect(readFileSync(join(set.source, "10_dog/b.png"), "utf8")).toBe("a new one");
    expect(Object.keys(contents(set.quarantine.uri))).toEqual(["10_dog/b.png"]);
  });

  test("an undo says what is not where it was put", async () => {
    const set = await scanned(TREE);
    await take(set);
    rmSync(join(set.quarantine.uri, "10_dog/c.png"));
    expect((await putBack(set)).open).toEqual([{ key: "10_dog/c.png", detail: "it is not where it was put" }]);
  });

  test("is not begun before the report is whole", async () => {
    const set = await scanned(TREE);
    const { id } = await createScan(set.given, new Date());
    await expect(take({ ...set, scan: id })).rejects.toMatchObject({ code: "conflict" });
    expect(Object.keys(contents(set.quarantine.uri))).toEqual([]);
  });

  test("interrupted at every step, it ends the same, and is undone the same", async () => {
    const tree: Tree = {
      ...TREE,
      "metadata.jsonl": '{"file_name":"10_dog/b.png","text":"calm"}\n{"file_name":"10_dog/a.png","text":"calm"}\n',
      "00.tar": await tar({ "1.png": shows("nothing"), "2.png": shows("gore", "2") }),
    };
    const whole = await scanned(tree);
    const before = contents(whole.source);
    await take(whole);
    const after = contents(whole.source);
    for (let failAt = 1; ; failAt++) {
      const set = await scanned(tree);
      if (await breaksAt(set, failAt)) break;
      await take(set);
      expect(contents(set.source), `broken at step ${failAt}`).toEqual(after);
      expect((await putBack(set)).open, `broken at step ${failAt}`).toEqual([]);
      expect(contents(set.source), `broken at step ${failAt}`).toEqual(before);
      const half = await scanned(tree);
      await breaksAt(half, failAt);
      if ((await readJournal(half.journal))?.length) await putBack(half);
      expect(contents(half.source), `undone after step ${failAt}`).toEqual(before);
    }
  }, 120_000);
});

/** Takes out with a disk that is gone after so many writes and removals. @returns whether it came to its end all the same */
async function breaksAt(set: Set, failAt: number): Promise<boolean> {
  let steps = 0;
  const broken = (files: Files): Files =>
    new Proxy(files, {
      get(target, name) {
        const method: unknown = Reflect.get(target, name);
        if (typeof method !== "function") return method;
        return (...given: unknown[]) => {
          if ((name === "write" || name === "remove") && ++steps >= failAt) throw new Error("the power is gone");
          return method.apply(target, given) as unknown;
        };
      },
    });
  const journal = await Journal.open(set.journal);
  const { files, store } = set.given;
  try {
    await takeOut(
      set.scan,
      { files: broken(files), store, journal, quarantine: broken(set.quarantine), backup: broken(set.backup) },
      never,
    );
    return true;
  } catch (error) {
    if (error instanceof Error && error.message === "the power is gone") return false;
    throw error;
  } finally {
    await journal.close();
  }
}

describe("removal", () => {
  test("takes out for good, and keeps what metadata said", async () => {
    const set = await scanned({ ...TREE, "metadata.jsonl": '{"file_name":"10_dog/b.png","text":"calm"}\n' });
    const before = contents(set.source);
    const { left } = await take(set, true);
    expect(left).toBe(4);
    expect(contents(set.quarantine.uri)).toEqual({});
    expect(backedUp(set)).toEqual({ "metadata.jsonl": before["metadata.jsonl"] });
    await expect(putBack(set)).rejects.toThrow("only a backup");
  });

  test("takes nothing that nobody has judged: damaged archives, and what is not opened", async () => {
    const shard = await tar({ "1.png": shows("nothing"), "2.png": shows("gore", "x".repeat(2_000)) });
    const others = { "00.tar": shard.subarray(0, 2_500), "more.zip": "", "photo.heic": "" };
    const set = await scanned({ ...others, "bad.png": shows("gore") });
    await take(set, true);
    expect(Object.keys(contents(set.source))).toEqual(Object.keys(others));
  });
});

test("quarantine in S3, and back", async () => {
  const s3 = await startS3("bucket");
  await s3.put("bucket", { "dogs/a.png": shows("nothing"), "dogs/b.png": shows("gore"), "dogs/b.txt": "calm" });
  const given = { ...(await parts(temporaryFolder())), files: await openS3("s3://bucket/dogs", s3Options(s3)) };
  const quarantine = await openS3("s3://bucket/held", s3Options(s3));
  onTestFinished(async () => {
    await given.files.close();
    await quarantine.close();
  });
  const { id } = await createScan(given, new Date());
  await finishScan(id, given, OPTIONS, never, () => {});
  const folder = temporaryFolder();
  mkdirSync(join(folder, "backup"));
  const set: Set = {
    source: "",
    given,
    scan: id,
    journal: join(folder, "consequences.jsonl"),
    quarantine,
    backup: await makeFolder(join(folder, "backup")),
  };
  const keysOf = async (files: Files) => (await Array.fromAsync(files.list(never))).map(({ key }) => key).sort();
  expect((await take(set)).left).toBe(2);
  expect(await keysOf(given.files)).toEqual(["a.png"]);
  expect(await keysOf(quarantine)).toEqual(["b.png", "b.txt"]);
  expect(await putBack(set)).toEqual({ restored: 2, open: [] });
  expect(await keysOf(given.files)).toEqual(["a.png", "b.png", "b.txt"]);
  expect(await keysOf(quarantine)).toEqual([]);
});
