import { appendFileSync, mkdirSync, readdirSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { FileProblem, type Files, isListed } from "../../src/dataset/files/files.ts";
import { makeFolder, openFolder } from "../../src/dataset/files/folder.ts";
import { openFiles } from "../../src/dataset/files/open.ts";
import { openS3 } from "../../src/dataset/files/s3.ts";
import { s3Options } from "./s3-server.ts";
import { never, plant, startS3, temporaryFolder } from "./world.ts";

const NAMES = [
  "plain.png",
  "sub/folder/deep.png",
  "with space.png",
  "plus+and&.png",
  "ümlaut 漢字.png",
  "per%20cent.png",
  "quote'\"s.png",
  "#hash?query.png",
  "a.b.c",
];

async function places() {
  const s3 = await startS3("bucket");
  return {
    folder: await makeFolder(join(temporaryFolder(), "made")),
    s3: await openS3("s3://bucket/some/prefix", s3Options(s3)),
  };
}

function once(text: string) {
  return async function* (): AsyncGenerator<Uint8Array> {
    yield Buffer.from(text);
  };
}

async function listed(files: Files): Promise<readonly string[]> {
  const keys: string[] = [];
  for await (const entry of files.list(never)) keys.push(isListed(entry) ? entry.key : `! ${entry.key}`);
  return keys.sort();
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

async function streamed(files: Files, key: string): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of files.stream(key, never)) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

async function problemOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof FileProblem) return error.code;
  throw error ?? new Error("nothing was wrong");
}

describe.each(["folder", "s3"] as const)("a place in %s", (kind) => {
  test("lists, reads and removes what was written, whatever it is called", async () => {
    const files = (await places())[kind];
    for (const name of NAMES) await files.write(name, once(`content of ${name}`), never);
    expect(await listed(files)).toEqual([...NAMES].sort());
    for (const name of NAMES) {
      const content = `content of ${name}`;
      const { bytes, stamp } = await files.read(name, 1_000, never);
      expect(Buffer.from(bytes).toString()).toBe(content);
      expect(await streamed(files, name)).toBe(content);
      const found = await files.stat(name, never);
      expect(found).toEqual({ key: name, bytes: Buffer.byteLength(content), stamp });
    }
    for (const name of NAMES) await files.remove(name, never);
    expect(await listed(files)).toEqual([]);
    await files.remove("never there", never);
    await files.close();
  });

  test("reads parts", async () => {
    const files = (await places())[kind];
    await files.write("a", once("0123456789"), never);
    const part = await files.read("a", 4, never, { start: 3, end: 7 });
    expect(Buffer.from(part.bytes).toString()).toBe("3456");
    expect(part.stamp).toBe((await files.stat("a", never))?.stamp);
    expect((await files.read("a", 4, never, { start: 3, end: 3 })).bytes.length).toBe(0);
    expect(await problemOf(files.read("a", 100, never, { start: 8, end: 20 }))).toBe("changed");
    expect(await problemOf(files.read("a", 3, never, { start: 0, end: 4 }))).toBe("too_large");
    await files.close();
  });

  test("an empty file is a file", async () => {
    const files = (await places())[kind];
    await files.write("empty", once(""), never);
    expect((await files.read("empty", 10, never)).bytes.length).toBe(0);
    expect(await streamed(files, "empty")).toBe("");
    await files.close();
  });

  test("another content has another stamp", async () => {
    const files = (await places())[kind];
    await files.write("a", once("one"), never);
    const before = await files.stat("a", never);
    await files.write("a", once("two"), never);
    expect((await files.stat("a", never))?.stamp).not.toBe(before?.stamp);
    await files.close();
  });

  test("a missing file and one that is too large are problems of that file", async () => {
    const files = (await places())[kind];
    await files.write("a", once("0123456789"), never);
    expect(await problemOf(files.read("b", 10, never))).toBe("vanished");
    expect(await problemOf(streamed(files, "b"))).toBe("vanished");
    expect(await files.stat("b", never)).toBeUndefined();
    expect(await problemOf(files.read("a", 9, never))).toBe("too_large");
    await files.close();
  });

  test("a write that fails half-way leaves nothing", async () => {
    const files = (await places())[kind];
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield Buffer.alloc(300_000);
      throw new Error("the source is gone");
    }
    await expect(files.write("half", broken, never)).rejects.toThrow("the source is gone");
    expect(await listed(files)).toEqual([]);
    await files.close();
  });

  test("an aborted signal ends everything with its reason", async () => {
    const files = (await places())[kind];
    await files.write("a", once("x"), never);
    const stop = AbortSignal.abort(new Error("enough"));
    await expect(files.read("a", 10, stop)).rejects.toThrow("enough");
    await expect(files.list(stop)[Symbol.asyncIterator]().next()).rejects.toThrow("enough");
    await files.close();
  });
});

describe("a folder", () => {
  test("is not left through links or names", async () => {
    const outside = plant(temporaryFolder(), { "secret.txt": "secret" });
    const inside = plant(temporaryFolder(), { "a.txt": "a" });
    symlinkSync(join(outside, "secret.txt"), join(inside, "link.txt"));
    symlinkSync(outside, join(inside, "folder"));
    const files = await openFolder(inside);
    expect(await problemOf(files.read("link.txt", 100, never))).toBe("leaves_source");
    expect(await problemOf(files.read("folder/secret.txt", 100, never))).toBe("leaves_source");
    expect(await problemOf(files.read("../x", 100, never))).toBe("leaves_source");
    expect(await problemOf(files.read(join(outside, "secret.txt"), 100, never))).toBe("leaves_source");
  });

  test("a file that changes while it is streamed is told at the end", async () => {
    const folder = plant(temporaryFolder(), { big: Buffer.alloc(1_000_000, 1) });
    const files = await openFolder(folder);
    const pieces = files.stream("big", never)[Symbol.asyncIterator]();
    await pieces.next();
    appendFileSync(join(folder, "big"), "more");
    const rest = (async () => {
      while (!(await pieces.next()).done);
    })();
    expect(await problemOf(rest)).toBe("changed");
  });

  test("a file that shrinks is no shorter one", async () => {
    const folder = plant(temporaryFolder(), { a: "0123456789" });
    const files = await openFolder(folder);
    truncateSync(join(folder, "a"), 5);
    expect(await problemOf(files.read("a", 100, never, { start: 0, end: 10 }))).toBe("changed");
  });

  test("what a crash left of a write is seen, and goes when the write is tried again", async () => {
    const folder = temporaryFolder();
    const files = await openFolder(folder);
    let left: string | undefined;
    const watched = async function* () {
      left = readdirSync(folder)[0];
      yield Buffer.from("whole");
    };
    await files.write("b", watched, never);
    writeFileSync(join(folder, left ?? ""), "half");
    expect(await listed(files)).toEqual([left, "b"].sort());
    await files.write("b", watched, never);
    expect(await listed(files)).toEqual(["b"]);
  });

  test("a write does not follow a folder that leads out", async () => {
    const [folder, outside] = [temporaryFolder(), temporaryFolder()];
    symlinkSync(outside, join(folder, "out"));
    const files = await openFolder(folder);
    for (const key of ["out/a", "out/deep/a"])
      expect(await problemOf(files.write(key, nothing, never))).toBe("leaves_source");
    expect(readdirSync(outside)).toEqual([]);
  });

  test("a name may be as long as the system allows", async () => {
    const files = await openFolder(temporaryFolder());
    const name = `${"n".repeat(251)}.png`;
    await files.write(name, nothing, never);
    expect(await listed(files)).toEqual([name]);
    await expect(files.write(`n${name}`, nothing, never)).rejects.toMatchObject({
      code: "access_denied",
      detail: "its name is too long for the place",
    });
  });

  test("a write for which there is no room is a problem of that file", async () => {
    const files = await openFolder(plant(temporaryFolder(), { file: "x", "folder/inner": "x" }));
    for (const key of ["file/below", "folder"])
      expect(await problemOf(files.write(key, nothing, never))).toBe("access_denied");
    expect([...(await listed(files))].sort()).toEqual(["file", "folder/inner"]);
  });

  test("that is none is said to be none", async () => {
    const folder = plant(temporaryFolder(), { file: "x" });
    await expect(openFolder(join(folder, "nothing"))).rejects.toThrow("not a folder");
    await expect(openFolder(join(folder, "file"))).rejects.toThrow("not a folder");
    await expect(openFiles("ftp://x/y", {})).rejects.toThrow("s3://bucket/prefix");
  });

  test("cannot be made where a file is", async () => {
    const folder = plant(temporaryFolder(), { file: "x" });
    await expect(makeFolder(join(folder, "file/below"))).rejects.toMatchObject({ code: "storage_failed" });
    mkdirSync(join(folder, "there"));
    await expect(makeFolder(join(folder, "there"))).resolves.toBeDefined();
  });
});

describe("a prefix in S3", () => {
  test("more than a thousand objects come in pages", async () => {
    const s3 = await startS3("bucket");
    const keys = Array.from({ length: 1_203 }, (_, i) => `p/${String(i).padStart(4, "0")}.png`);
    await s3.put("bucket", Object.fromEntries(keys.map((key) => [key, "x"])));
    await s3.put("bucket", { "pp/other.png": "x", q: "x" });
    const files = await openS3("s3://bucket/p", s3Options(s3));
    s3.requests.length = 0;
    expect(await listed(files)).toEqual(keys.map((key) => key.slice(2)));
    expect(s3.requests.filter((line) => line.startsWith("GET")).length).toBe(2);
    await files.close();
  });

  test("what the console calls a folder is none of the files", async () => {
    const s3 = await startS3("bucket");
    const object = (key: string, size: number) =>
      `<Contents><Key>${key}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>"1"</ETag><Size>${size}</Size></Contents>`;
    const page = `<?xml version="1.0"?><ListBucketResult><EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>${object("p/", 0)}${object("p/sub/", 0)}${object("p/full/", 9)}${object("p/sub/a+b%2B%01.png", 3)}</ListBucketResult>`;
    s3.fault = () => ({ status: 200, body: page });
    const files = await openS3("s3://bucket/p/", s3Options(s3));
    const [full, file, ...more] = await Array.fromAsync(files.list(never));
    expect([full, file, more]).toMatchObject([
      { key: "full/", problem: { code: "not_looked_into" } },
      { key: "sub/a b+\u0001.png", bytes: 3 },
      [],
    ]);
    await files.close();
  });

  test("a write is tried again from its start", async () => {
    const s3 = await startS3("bucket");
    const files = await openS3("s3://bucket", s3Options(s3));
    let faults = 2;
    s3.fault = (method) => (method === "PUT" && faults-- > 0 ? { status: 503, code: "SlowDown" } : undefined);
    await files.write("a", once("whole"), never);
    expect(await streamed(files, "a")).toBe("whole");
    await files.close();
  });

  test("patience where S3 asks for it, and where it fails for a moment", async () => {
    const s3 = await startS3("bucket");
    await s3.put("bucket", { "a.png": "content" });
    const files = await openS3("s3://bucket", s3Options(s3));
    const faults = [
      { status: 503, code: "SlowDown" },
      { status: 500, code: "InternalError" },
      { status: 503, code: "ServiceUnavailable" },
    ];
    s3.fault = () => faults.pop();
    expect(Buffer.from((await files.read("a.png", 100, never)).bytes).toString()).toBe("content");
    expect(faults).toEqual([]);
    await files.close();
  });

  test.each([
    [403, "AccessDenied", "access_denied"],
    [403, "InvalidObjectState", "access_denied"],
    [404, "NoSuchVersion", "vanished"],
  ])("%s %s is a problem of one object, and asked for once", async (status, code, problem) => {
    const s3 = await startS3("bucket");
    await s3.put("bucket", { "a.png": "content" });
    const files = await openS3("s3://bucket", s3Options(s3));
    s3.fault = (_, key) => (key === "a.png" ? { status, code } : undefined);
    s3.requests.length = 0;
    expect(await problemOf(files.read("a.png", 100, never))).toBe(problem);
    expect(s3.requests.length).toBe(1);
    await files.close();
  });

  test.each([
    [400, "ExpiredToken", "have expired"],
    [403, "InvalidAccessKeyId", "access key"],
  ])("%s %s is a problem of the place, in words", async (status, code, words) => {
    const s3 = await startS3("bucket");
    await s3.put("bucket", { "a.png": "content" });
    const files = await openS3("s3://bucket", s3Options(s3));
    s3.fault = () => ({ status, code });
    await expect(files.read("a.png", 100, never)).rejects.toMatchObject({
      code: "config_invalid",
      detail: expect.stringContaining(words),
    });
    await files.close();
  });

  test("a bucket that is not there, or an address that is none", async () => {
    const s3 = await startS3("bucket");
    await expect(openS3("s3://other/x", s3Options(s3))).rejects.toThrow("no such bucket");
    await expect(openS3("s3://Not_a_bucket", s3Options(s3))).rejects.toThrow("is not s3://bucket/prefix");
    s3.fault = () => ({ status: 403, code: "AccessDenied" });
    await expect(openS3("s3://bucket/x", s3Options(s3))).rejects.toThrow("may not list");
  });
});

describe("a list", () => {
  test("names files wherever they lie", async () => {
    const s3 = await startS3("bucket");
    await s3.put("bucket", { "dogs/1.png": "one" });
    const outside = plant(temporaryFolder(), { "far.png": "far" });
    const folder = plant(temporaryFolder(), { "near.png": "near", "sub/2.png": "two" });
    const lines = [
      "# pictures",
      "near.png",
      "",
      "  ./sub/2.png\r",
      join(outside, "far.png"),
      '{"source-ref":"s3://bucket/dogs/1.png"}',
      "gone.png",
      "s3://bucket/dogs/2.png",
      '{"source":"x"}',
      "{",
    ];
    writeFileSync(join(folder, "list.txt"), lines.join("\n"));
    const files = await openFiles(join(folder, "list.txt"), s3Options(s3));
    const entries = await Array.fromAsync(files.list(never));
    expect(entries.map((entry) => (isListed(entry) ? entry.key : `! ${entry.key}`))).toEqual([
      "near.png",
      "./sub/2.png",
      join(outside, "far.png"),
      "s3://bucket/dogs/1.png",
      "! gone.png",
      "! s3://bucket/dogs/2.png",
      "! line 9",
      "! line 10",
    ]);
    expect(await streamed(files, "./sub/2.png")).toBe("two");
    expect(await streamed(files, "s3://bucket/dogs/1.png")).toBe("one");
    const part = await files.read(join(outside, "far.png"), 10, never, { start: 1, end: 3 });
    expect(Buffer.from(part.bytes).toString()).toBe("ar");
    await files.remove("near.png", never);
    expect(await files.stat("near.png", never)).toBeUndefined();
    await files.close();
  });
});
