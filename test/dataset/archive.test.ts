import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pack } from "tar-stream";
import { describe, expect, onTestFinished, test } from "vitest";
import { membersOf } from "../../src/dataset/layouts/archive.ts";
import { GoneBy } from "../../src/dataset/layouts/tar-headers.ts";

const never = new AbortController().signal;

interface Fields {
  readonly name: string;
  readonly type?: string;
  readonly size?: string;
  readonly magic?: string;
  readonly prefix?: string;
  readonly linkname?: string;
}

const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, "0")}\0`;

/** A member as its bytes stand in an archive. `behind` is what its last block holds after its content. */
function member(
  { name, type = "0", size, magic = "ustar\x0000", prefix = "", linkname = "" }: Fields,
  content = "",
  behind = "",
): Buffer {
  const block = Buffer.alloc(512);
  const length = Buffer.byteLength(content);
  block.write(name, 0, "latin1");
  block.write(octal(0o644, 7), 100);
  block.write(octal(0, 7), 108);
  block.write(octal(0, 7), 116);
  block.write(size ?? octal(length, 11), 124, "latin1");
  block.write(octal(0, 11), 136);
  block.write(type, 156);
  block.write(linkname, 157);
  block.write(magic, 257, "latin1");
  block.write(prefix, 345);
  const padding = Buffer.alloc((512 - (length % 512)) % 512);
  padding.write(behind);
  return Buffer.concat([summed(block), Buffer.from(content), padding]);
}

function summed(block: Buffer): Buffer {
  block.write(" ".repeat(8), 148);
  const sum = block.reduce((a, b) => a + b, 0);
  block.write(`${octal(sum, 6)} `, 148);
  return block;
}

function recordsOf(...records: readonly string[]): string {
  const content = records.map((record) => {
    let length = Buffer.byteLength(record) + 3;
    while (Buffer.byteLength(`${length} ${record}\n`) !== length) length += 1;
    return `${length} ${record}\n`;
  });
  return content.join("");
}

const pax = (type: "x" | "g", ...records: readonly string[]) => member({ name: "pax", type }, recordsOf(...records));

const long = (type: "L" | "K", name: string) => member({ name: "././@LongLink", type }, `${name}\0`);
const END = Buffer.alloc(1_024);
const GNU = "ustar  \0";

async function* inPieces(archive: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < archive.length; at += size) yield archive.subarray(at, at + size);
}

async function read(archive: Buffer, piece = 700): Promise<readonly string[]> {
  const found: string[] = [];
  try {
    for await (const each of membersOf(inPieces(archive, piece), never))
      found.push("problem" in each ? `! ${each.name}: ${each.problem.detail.split(": ").at(-1)}` : each.name);
  } catch (error) {
    found.push(`! ${error instanceof Error ? error.message : ""}`);
  }
  return found;
}

describe("what readers of tar agree on is read", () => {
  test.each([
    ["a plain member", [member({ name: "a.png" }, "abc")], ["a.png"]],
    ["one of GNU's", [member({ name: "a.png", magic: GNU }, "abc")], ["a.png"]],
    ["a prefix", [member({ name: "a.png", prefix: "deep/er" }, "abc")], ["deep/er/a.png"]],
    ["a long name of GNU's", [long("L", "n".repeat(150)), member({ name: "n", magic: GNU }, "x")], ["n".repeat(150)]],
    ["a name of pax", [pax("x", "path=ü.png", "mtime=1.5"), member({ name: "u" }, "x")], ["ü.png"]],
    ["a comment for all", [pax("g", "comment=1234"), member({ name: "a.png" }, "x")], ["a.png"]],
    ["folders and links", [member({ name: "d/", type: "5" }), member({ name: "l", type: "2", linkname: "a" })], []],
    ["two archives, one after the other", [member({ name: "a" }, "1"), END, member({ name: "b" }, "2")], ["a", "b"]],
    [
      "a long name and times",
      [long("L", "n".repeat(150)), pax("x", "mtime=1.5"), member({ name: "n" })],
      ["n".repeat(150)],
    ],
    ["a size of pax", [pax("x", "size=3"), member({ name: "a", size: octal(0, 11) }, "abc")], ["a"]],
    [
      "an old folder, and an old file",
      [member({ name: "d/", type: "\0" }), member({ name: "d/a", type: "\0" }, "1")],
      ["d/", "d/a"],
    ],
    [
      "blocks of zeros before a member",
      [member({ name: "a" }, "1"), Buffer.alloc(5_120), member({ name: "b" })],
      ["a", "b"],
    ],
    ["a value of more than one line", [pax("x", "comment=1\n18 path=0001.txt\n"), member({ name: "a" })], ["a"]],
    ["spaces around a size", [member({ name: "a", size: "        3 \0\0" }, "abc")], ["a"]],
  ] as const)("%s", async (_name, members, names) => {
    const archive = Buffer.concat([...members, END]);
    for (const piece of [512, 700, 100_000]) expect(await read(archive, piece)).toEqual(names);
  });

  test("what the library packs itself, whatever the names", async () => {
    const names = [
      "a.png",
      "ü/ö.png",
      "n".repeat(99),
      "n".repeat(101),
      `${"d/".repeat(100)}x`,
      "with = sign",
      "1 path=x",
    ];
    const archive = pack();
    for (const name of names) archive.entry({ name }, "x".repeat(name.length * 37));
    archive.finalize();
    expect(await read(Buffer.concat(await Array.fromAsync(archive as AsyncIterable<Buffer>)))).toEqual(names);
  });
});

describe("what they do not agree on is told", () => {
  const file = member({ name: "0001.png" }, "x");
  const hidden = member({ name: "0001.txt" }, "hidden").toString("latin1");
  const onlySummed = summed(Buffer.alloc(512));
  test.each([
    ["a link with a content", [member({ name: "l", type: "2", linkname: "a" }, "hidden".repeat(200)), file], "no file"],
    ["a hard link with a content", [member({ name: "l", type: "1", linkname: "a" }, "hidden"), file], "no file"],
    ["a pipe with a content", [member({ name: "p", type: "6" }, "hidden"), file], "no file"],
    ["a file that is named like a folder", [member({ name: "x.png/" }, "hidden"), file], "no file"],
    ["an old one", [member({ name: "x.png/", type: "\0" }, "hidden"), file], "no file"],
    ["a path for all", [pax("g", "path=other.txt"), file], "global header"],
    ["a size for all", [pax("g", "size=0"), file], "global header"],
    ["two names, GNU's first", [long("L", "one.cls"), pax("x", "path=two.txt"), file], "name it"],
    ["two names, pax first", [pax("x", "path=two.txt"), long("L", "one.cls"), file], "name it"],
    ["two extended headers", [pax("x", "path=one.cls"), pax("x", "mtime=1"), file], "of one kind"],
    ["two long names", [long("L", "one.cls"), long("L", "two.txt"), file], "of one kind"],
    ["a prefix that GNU does not know", [member({ name: "a", magic: GNU, prefix: "0001" }, "x"), file], "prefix"],
    ["a long name in GNU's oldest form", [member({ name: "n", type: "N" }, "one.cls\0"), file], "no longer in use"],
    [
      "records behind an extended header",
      [member({ name: "pax", type: "x" }, recordsOf("a=1"), recordsOf("path=a.txt")), file],
      "behind",
    ],
    ["a long name that has no end", [member({ name: "l", type: "L" }, "one.cls", ".txt"), file], "behind"],
    ["an extended header without content", [member({ name: "pax", type: "x" }), file], "is empty"],
    ["a global header without content", [member({ name: "pax", type: "g" }), file], "is empty"],
    ["an empty long name", [long("L", ""), file], "is empty"],
    ["an empty path", [pax("x", "path="), file], "malformed"],
    [
      "an old folder by another name",
      [long("L", "one.cls"), member({ name: "d/", type: "\0" }, hidden), file],
      "old folder",
    ],
    [
      "an old folder of a size in pax",
      [pax("x", "path=a.cls", "size=512"), member({ name: "d/", type: "\0" }), onlySummed, file],
      "old folder",
    ],
    [
      "a block that has nothing but a checksum",
      [pax("x", "path=a.txt", "size=512"), onlySummed, file],
      "none is expected",
    ],
    ["zeros between a header and its member", [pax("x", "path=a.txt"), Buffer.alloc(512), file], "none is expected"],
    ["an extended header of no member", [file, pax("x", "path=a.txt")], "of no member"],
    ["a size in octal's other spelling", [member({ name: "a", size: "0o3\0" }, "abc"), file], "octal"],
    ["a size with something behind", [member({ name: "a", size: "3\x00junk" }, "abc"), file], "octal"],
    ["a negative size", [member({ name: "a", size: "\xff".repeat(12) }), file], "octal"],
    ["a size of neither sign", [member({ name: "a", size: `\x81${"\0".repeat(11)}` }), file], "no whole number"],
    ["a size beyond all files", [member({ name: "a", size: `\x80\0\x10${"\0".repeat(9)}` }), file], "no whole number"],
    ["a malformed extended header", [member({ name: "pax", type: "x" }, "99 path=a.txt\n"), file], "malformed"],
    ["a key without a value", [member({ name: "pax", type: "x" }, "9 comment\n"), file], "malformed"],
    ["a size that is no number", [pax("x", "size=0x1"), file], "malformed"],
    ["a size with a sign", [member({ name: "a", size: "+0000000003\0" }, "abc"), file], "octal"],
    ["a size behind NULs", [member({ name: "a", size: "\0\0\0\0\0\0\0\0\x0033\0" }, "x".repeat(27)), file], "octal"],
  ] as const)("%s", async (_name, members, because) => {
    for (const piece of [512, 700, 100_000]) {
      const found = await read(Buffer.concat([...members, END]), piece);
      expect(found.filter((each) => each.startsWith("!") && each.includes(because))).toHaveLength(1);
    }
  });
});

const python = spawnSync("python3", ["-c", "import tarfile"]).status === 0;
test.skipIf(!python)("Python's tarfile reads what is read here", async () => {
  const folder = mkdtempSync(join(tmpdir(), "safelight-tar-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const archive = Buffer.concat([
    member({ name: "a.png", prefix: "deep" }, "abc"),
    long("L", "n".repeat(150)),
    member({ name: "n", magic: GNU }, "x"),
    pax("x", "path=ü.png", "size=3"),
    member({ name: "u", size: octal(0, 11) }, "abc"),
    pax("g", "comment=1234"),
    member({ name: "b.png", size: "        3 \0\0" }, "abc"),
    END,
  ]);
  writeFileSync(join(folder, "a.tar"), archive);
  const script = "import sys,json,tarfile\nprint(json.dumps([m.name for m in tarfile.open(sys.argv[1]) if m.isreg()]))";
  const names = JSON.parse(execFileSync("python3", ["-c", script, join(folder, "a.tar")], { encoding: "utf8" }));
  expect(await read(archive)).toEqual(names);
});

test("of a stream that goes by, no more is held than is wanted", async () => {
  const goneBy = new GoneBy();
  const pieces = goneBy.of(inPieces(Buffer.from("0123456789".repeat(100)), 7));
  await pieces.next();
  expect(Buffer.from(goneBy.take(3, 900)).toString()).toBe("012");
  for await (const _ of pieces);
  expect(Buffer.from(goneBy.take(905, 1_000)).toString()).toBe("01234");
});

test("zeros are not held, however many there are, and headers without an end are refused", async () => {
  const zeros = Buffer.alloc(1024 * 1024);
  async function* far(): AsyncGenerator<Uint8Array> {
    for (let i = 0; i < 40; i++) yield zeros;
    yield member({ name: "a.png" }, "x");
    yield END;
  }
  const names: string[] = [];
  for await (const { name } of membersOf(far(), never)) names.push(name);
  expect(names).toEqual(["a.png"]);

  const comment = pax("g", `comment=${"x".repeat(1024 * 1024)}`);
  let sent = 0;
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (; ; sent++) yield comment;
  }
  await expect(membersOf(endless(), never).next()).rejects.toThrow("too long");
  expect(sent).toBeLessThan(64);
});
