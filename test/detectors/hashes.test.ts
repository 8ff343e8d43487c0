import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import sharp, { type Sharp } from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sketched, testCard } from "../../models/recipes/pdq/pictures.ts";
import { BUILT_IN_CATEGORIES } from "../../src/contract/categories.ts";
import { SafelightError } from "../../src/contract/errors.ts";
import { DEFAULT_LIMITS } from "../../src/contract/limits.ts";
import type { Finding } from "../../src/contract/report.ts";
import { appendToList } from "../../src/detectors/image/hashes/append.ts";
import { entryText, HASH_KINDS, LONGEST_NOTE, readEntry } from "../../src/detectors/image/hashes/entry.ts";
import { ExactIndex } from "../../src/detectors/image/hashes/exact.ts";
import { openHashes } from "../../src/detectors/image/hashes/hashes.ts";
import { hashesToList } from "../../src/detectors/image/hashes/listing.ts";
import { HashesOptions } from "../../src/detectors/image/hashes/options.ts";
import { decodeImage } from "../../src/models/decode.ts";
import { pdqToHex } from "../../src/models/pdq/hash.ts";

const never = new AbortController().signal;
const folder = mkdtempSync(join(tmpdir(), "safelight-hashes-"));
let boat: Buffer;
let castle: Buffer;

async function drawn(prompt: string): Promise<Buffer> {
  const { rgb, width, height } = await sketched(prompt, prompt, 512, 512, 3);
  return sharp(rgb, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}

beforeAll(async () => {
  [boat, castle] = await Promise.all([
    drawn("a red boat on a lake at sunset"),
    drawn("a castle in the mountains, winter"),
  ]);
});
afterAll(() => rmSync(folder, { recursive: true }));

let lists = 0;
async function listing(bytes: Uint8Array, crops = false): Promise<string> {
  const file = join(folder, `list ${++lists}.txt`);
  const hashes = await hashesToList(await decodeImage(bytes, DEFAULT_LIMITS), crops);
  await appendToList(file, hashes, { category: "custom:banned", note: "ticket 4711" });
  return file;
}

async function found(
  file: string,
  bytes: Uint8Array,
  options: Partial<HashesOptions> = {},
): Promise<readonly Finding[]> {
  const detector = await openHashes(HashesOptions.parse({ lists: [file], ...options }), {
    folder,
    limits: DEFAULT_LIMITS,
  });
  return detector.inspect(await decodeImage(bytes, DEFAULT_LIMITS), never);
}

function changed(change: (picture: Sharp) => Sharp): Promise<Buffer> {
  return change(sharp(boat)).toBuffer();
}

const mark = (text: string, opacity: number, y: string) =>
  Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="512" height="512"><rect width="120" height="16" x="380" y="${y}" fill="#fff" fill-opacity="${opacity}"><title>${text}</title></rect></svg>`,
  );

describe("known pictures", () => {
  test("are found by their bytes, and nothing else is", async () => {
    const file = await listing(boat);
    expect(await found(file, boat)).toEqual([
      { category: "custom:banned", score: 1, label: expect.any(String), evidence: { list: expect.any(String) } },
    ]);
    expect(await found(file, castle)).toEqual([]);
  });

  test.each<[string, (picture: Sharp) => Sharp, Partial<HashesOptions>]>([
    ["JPEG 50", (picture) => picture.jpeg({ quality: 50 }), {}],
    ["WebP 40", (picture) => picture.webp({ quality: 40 }), {}],
    ["half the size", (picture) => picture.resize(256).jpeg(), {}],
    ["twice the size", (picture) => picture.resize(1024).jpeg(), {}],
    ["2 % cut off", (picture) => picture.extract({ left: 5, top: 5, width: 502, height: 502 }).jpeg(), {}],
    ["a mark in a corner", (picture) => picture.composite([{ input: mark("x", 0.8, "490") }]).jpeg(), {}],
    ["grey", (picture) => picture.greyscale().jpeg(), {}],
    ["mirrored, where turned copies are looked for", (picture) => picture.flop().jpeg(), { orientations: true }],
    ["turned, where turned copies are looked for", (picture) => picture.rotate(90).jpeg(), { orientations: true }],
  ])("are found again: %s", async (_name, change, options) => {
    const [finding] = await found(await listing(boat), await changed(change), options);
    expect(finding?.category).toBe("custom:banned");
    const { distance = Number.NaN } = finding?.evidence ?? {};
    expect(distance).toBeLessThanOrEqual(31);
    expect(finding?.score).toBe(distance === 0 ? 1 : 1 - distance / 62);
  });

  test("with their edges listed, are found with an edge cut off", async () => {
    const cut = await changed((picture) => picture.extract({ left: 0, top: 0, width: 486, height: 486 }).jpeg());
    expect(await found(await listing(boat), cut)).toEqual([]);
    expect(await found(await listing(boat, true), cut)).not.toEqual([]);
  });

  test("are not found beyond the distance asked for", async () => {
    const smaller = await changed((picture) => picture.resize(256).jpeg());
    expect(await found(await listing(boat), smaller, { distance: 0 })).toEqual([]);
  });

  test("that are plain are found by their pixels, whatever the file", async () => {
    const plain = sharp({ create: { width: 300, height: 300, channels: 3, background: "#123456" } });
    const file = await listing(await plain.clone().png().toBuffer());
    expect(readFileSync(file, "utf8")).toContain("pixels:");
    expect(await found(file, await plain.clone().webp({ lossless: true }).toBuffer())).not.toEqual([]);
    const other = sharp({ create: { width: 300, height: 300, channels: 3, background: "#123457" } });
    expect(await found(file, await other.png().toBuffer())).toEqual([]);
  });

  test("in an animation are found in the frame where they are", async () => {
    const frames = await Promise.all(
      [castle, boat, castle].map((bytes) => sharp(bytes).resize(256, 256).removeAlpha().raw().toBuffer()),
    );
    const animated = await sharp(Buffer.concat(frames), {
      raw: { width: 256, height: 768, channels: 3, pageHeight: 256 },
    })
      .webp({ loop: 0, delay: [100, 100, 100] })
      .toBuffer();
    const [finding] = await found(await listing(boat), animated);
    expect(finding?.evidence?.region).toMatchObject({ frame: 1 });
  });

  test("tell their note only where they may", async () => {
    const file = await listing(boat);
    expect((await found(file, boat))[0]?.evidence?.term).toBeUndefined();
    expect((await found(file, boat, { notes: true }))[0]?.evidence?.term).toBe("ticket 4711");
  });

  test("include the test cards, each under its category", async () => {
    for (const category of BUILT_IN_CATEGORIES) {
      const { rgb, width, height } = await testCard(category, 1, 512, 512);
      const bytes = await sharp(rgb, { raw: { width, height, channels: 3 } })
        .jpeg({ quality: 70 })
        .toBuffer();
      expect((await found("test-cards", bytes))[0]?.category).toBe(category);
    }
  });
});

describe("a list", () => {
  const sha = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
  const open = (content: string, lists?: HashesOptions["lists"]) => {
    const file = join(folder, `wrong ${++lists_}.txt`);
    writeFileSync(file, content);
    return openHashes(HashesOptions.parse({ lists: lists ?? [file] }), { folder, limits: DEFAULT_LIMITS });
  };
  let lists_ = 0;

  test.each([
    ["no hash", "hello,gore", /:1: must begin with a hash: 64 hexadecimal digits/],
    ["a SHA-256 without its kind", sha.replaceAll(/[0-7]/g, "f"), /:1: no PDQ hash has \d+ bits set: is it a SHA-256/],
    ["another kind", `md5:${sha},gore`, /:1: "md5" is no kind of hash; there are pdq, sha256, pixels/],
    ["no such category", `# a comment\n\nsha256:${sha},violins`, /:3: "violins" is no category/],
    ["no category at all", `sha256:${sha}`, /:1: names no category/],
    ["a long note", `sha256:${sha},gore,${"x".repeat(501)}`, /:1: the note has 501 characters; the limit is 500/],
    ["a long line", "x".repeat(9_000), /:1: is longer than 4096 characters/],
    ["several mistakes", "a,gore\nb,gore", /:1: [\s\S]*:2: /],
  ])("with %s is refused, with file and line", async (_name, content, message) => {
    await expect(open(content)).rejects.toMatchObject({
      code: "config_invalid",
      detail: expect.stringMatching(message),
    });
  });

  test("that is no text is refused", async () => {
    const file = join(folder, "binary.txt");
    writeFileSync(file, Uint8Array.of(0xff, 0xfe, 0));
    const opening = openHashes(HashesOptions.parse({ lists: [file] }), { folder, limits: DEFAULT_LIMITS });
    await expect(opening).rejects.toMatchObject({ detail: expect.stringContaining("is not UTF-8 text") });
  });

  test("that is not there is refused, and those that ship are named", async () => {
    await expect(open("", ["nothing"])).rejects.toMatchObject({ detail: expect.stringContaining("test-cards") });
    await expect(open("", ["./nothing.txt"])).rejects.toMatchObject({ code: "config_invalid" });
  });

  test("may have comments, a name and a category for the lines below", async () => {
    const detector = await open(
      `# name: ours\n# category: gore\nsha256:${sha}\n# category: hate\r\nsha256:${sha},,"a, b"\r\n`,
    );
    expect(detector.version).toMatch(/^\d+\.[0-9a-f]{12}\.31\.50$/);
  });

  test("of other content makes a detector of another version", async () => {
    const versions = await Promise.all(
      [`sha256:${sha},gore`, `sha256:${sha},hate`].map(async (content) => (await open(content)).version),
    );
    expect(new Set(versions).size).toBe(2);
  });

  test("has each hash once, however often it is added, and keeps what it had", async () => {
    const file = join(folder, "growing.txt");
    writeFileSync(file, "# ours\n# category: gore"); // no line feed at the end
    const hashes = await hashesToList(await decodeImage(boat, DEFAULT_LIMITS), false);
    const first = await appendToList(file, hashes, { category: undefined, note: undefined });
    const again = await appendToList(file, [...hashes, ...hashes], { category: undefined, note: "later" });
    expect(first.every(({ added, category }) => added && category === "gore")).toBe(true);
    expect(again.some(({ added }) => added)).toBe(false);
    expect(readFileSync(file, "utf8")).toMatch(
      /^# ours\n# category: gore\nsha256:[0-9a-f]{64},gore\npdq:[0-9a-f]{64},gore\n$/,
    );
  });

  test("is not written by two at once", async () => {
    const file = join(folder, "busy.txt");
    writeFileSync(`${file}.new`, "");
    const hashes = await hashesToList(await decodeImage(boat, DEFAULT_LIMITS), false);
    await expect(appendToList(file, hashes, { category: "gore", note: undefined })).rejects.toMatchObject({
      code: "conflict",
    });
  });

  test("loses nothing of many that write, and try again while another does", async () => {
    const file = join(folder, "crowded.txt");
    const add = async (words: Uint32Array): Promise<void> => {
      for (;;) {
        try {
          await appendToList(file, [{ kind: "sha256", words }], { category: "gore", note: undefined });
          return;
        } catch (error) {
          if (!(error instanceof SafelightError) || error.code !== "conflict") throw error;
          await sleep(Math.random() * 4);
        }
      }
    };
    const writer = async (number: number) => {
      for (let i = 0; i < 25; i++) await add(new Uint32Array(8).fill(number * 1_000 + i));
    };
    await Promise.all([1, 2, 3, 4].map(writer));
    const lines = readFileSync(file, "utf8").split("\n");
    expect(new Set(lines.filter((line) => line.startsWith("sha256:"))).size).toBe(100);
  });

  test("is read as it was written", () => {
    const words = fc.uint32Array({ minLength: 8, maxLength: 8 });
    const note = fc.string({ minLength: 1, maxLength: LONGEST_NOTE }).map((text) => text.replaceAll(/\p{Cc}/gu, "·"));
    fc.assert(
      fc.property(fc.constantFrom(...HASH_KINDS), words, fc.option(note, { nil: undefined }), (kind, hash, said) => {
        const entry = { kind, words: hash, category: "custom:x" as const, note: said };
        const read = readEntry(entryText(entry));
        expect(typeof read === "string" ? read : { ...read, words: pdqToHex(read.words) }).toEqual({
          ...entry,
          words: pdqToHex(hash),
        });
      }),
    );
  });

  test("finds equal digests, all of them, and no others", async () => {
    const digest = fc.uint32Array({ minLength: 8, maxLength: 8, max: 3 });
    await fc.assert(
      fc.asyncProperty(fc.array(digest, { maxLength: 60 }), digest, async (all, sought) => {
        const joined = new Uint32Array(all.length * 8);
        for (const [i, each] of all.entries()) joined.set(each, i * 8);
        const expected = all.flatMap((each, i) => (each.join() === sought.join() ? [i] : []));
        expect((await ExactIndex.build(joined)).find(sought)).toEqual(expected);
      }),
    );
  });
});
