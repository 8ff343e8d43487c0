import { generateKeyPairSync } from "node:crypto";
import { appendFileSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pack } from "tar-stream";
import { describe, expect, test } from "vitest";
import { sortedFiles } from "../../src/dataset/manifest/kept.ts";
import { publicKeyOf, signingKey } from "../../src/dataset/manifest/keys.ts";
import { openManifest } from "../../src/dataset/manifest/read.ts";
import { assertSignedBy, differences } from "../../src/dataset/manifest/verify.ts";
import { writeManifest } from "../../src/dataset/manifest/write.ts";
import { createScan, finishScan } from "../../src/dataset/scan/scan.ts";
import { openEmbeddedScans } from "../../src/store/scans/embedded.ts";
import { shows } from "./judge.ts";
import { never, parts, plant, type Tree, temporaryFolder } from "./world.ts";

const TREE: Tree = {
  "a.png": shows("nothing"),
  "a.txt": "calm",
  "b.png": shows("gore"),
  "b.txt": "calm too",
  "sub/ü c.png": shows("nothing", "3"),
  "README.md": "hello",
};

/** @param meanwhile done to the data set after it was judged, and before the manifest is written */
async function scanned(tree = TREE, meanwhile: (source: string) => void = () => {}) {
  const source = plant(temporaryFolder(), tree);
  const given = await parts(source);
  const { id } = await createScan(given, new Date());
  const scan = await finishScan(id, given, { width: 2 }, never, () => {});
  meanwhile(source);
  const folder = temporaryFolder();
  const key = await signingKey(join(folder, "key.pem"));
  await writeManifest(folder, scan, sortedFiles(given.files, given.store, id, never), "1.0.0", key);
  return { source, given, folder, path: join(folder, "manifest.json"), key };
}

async function compare(path: string, source: string): Promise<readonly string[]> {
  const { files } = await parts(source);
  const scratch = openEmbeddedScans(temporaryFolder());
  try {
    const found: string[] = [];
    for await (const { kind, key } of differences(await openManifest(path), files, scratch, never)) {
      found.push(`${kind} ${key}`);
    }
    return found;
  } finally {
    await scratch.close();
  }
}

test("a manifest is JSON that lists what may be trained on and what may not", async () => {
  const { path } = await scanned();
  const { header, kept, rejected } = JSON.parse(readFileSync(path, "utf8"));
  expect(kept.map(({ key }: { key: string }) => key)).toEqual(["README.md", "a.png", "a.txt", "sub/ü c.png"]);
  expect(rejected.map(({ key, action }: { key: string; action: string }) => [key, action])).toEqual([
    ["b.png", "block"],
    ["b.txt", "block"],
  ]);
  expect(header).toMatchObject({ complete: true, kept: { count: 4 }, rejected: { count: 2 } });
});

test("what changed between its judgement and the manifest is vouched for as it was: verify tells", async () => {
  const shard = pack();
  shard.entry({ name: "1.png" }, shows("nothing", "4"));
  shard.finalize();
  const tree = {
    ...TREE,
    "00.tar": Buffer.concat(await Array.fromAsync(shard as AsyncIterable<Buffer>)),
    "metadata.jsonl": '{"file_name":"a.png","text":"calm"}\n',
    "sub/dataset_info.json": '{"instance_prompt":"calm"}',
  };
  const edited = ["00.tar", "a.png", "a.txt", "metadata.jsonl", "sub/dataset_info.json"];
  const before = await scanned(tree);
  expect(await compare(before.path, before.source)).toEqual(["rejected b.png", "rejected b.txt"]);
  const { path, source } = await scanned(tree, (set) => {
    for (const key of edited) writeFileSync(join(set, key), "another");
  });
  expect(JSON.parse(readFileSync(path, "utf8")).kept).toEqual(JSON.parse(readFileSync(before.path, "utf8")).kept);
  expect(await compare(path, source)).toEqual(
    [...edited.map((key) => `changed ${key}`), "rejected b.png", "rejected b.txt"].sort((a, b) =>
      (a.split(" ")[1] ?? "") < (b.split(" ")[1] ?? "") ? -1 : 1,
    ),
  );
});

describe("verify", () => {
  test.each([
    ["a second list at the end", (text: string) => text.replace(/\]\}\n$/, '],\n"kept":[\n{"key":"evil.png"}\n]}\n')],
    ["something after the end", (text: string) => `${text}{"kept":[]}\n`],
    ["a list before the lists", (text: string) => text.replace('"kept":[', '"kept":[],\n"kept":[')],
    ["no end", (text: string) => text.slice(0, -3)],
  ])("refuses a manifest with %s, which another reader could take for signed", async (_what, change) => {
    const { path } = await scanned();
    writeFileSync(path, change(readFileSync(path, "utf8")));
    const readAll = async () => {
      const manifest = await openManifest(path);
      for await (const _ of manifest.kept());
      for await (const _ of manifest.rejected());
    };
    await expect(readAll()).rejects.toMatchObject({ code: "invalid_request" });
  });

  test("says nothing when the rejected files are gone and nothing else has changed", async () => {
    const { path, source } = await scanned();
    expect(await compare(path, source)).toEqual(["rejected b.png", "rejected b.txt"]);
    rmSync(join(source, "b.png"));
    rmSync(join(source, "b.txt"));
    expect(await compare(path, source)).toEqual([]);
  });

  test("names what was added, changed and removed", async () => {
    const { path, source } = await scanned();
    appendFileSync(join(source, "a.png"), "!");
    writeFileSync(join(source, "a.txt"), "CALM");
    renameSync(join(source, "README.md"), join(source, "z.md"));
    expect(await compare(path, source)).toEqual([
      "missing README.md",
      "changed a.png",
      "changed a.txt",
      "rejected b.png",
      "rejected b.txt",
      "added z.md",
    ]);
  });

  test.each([
    ["the header", (text: string) => text.replace('"version":"1.0.0"', '"version":"1.0.1"'), "signature"],
    ["an entry", (text: string) => text.replace(/("key":"a.png","bytes":)\d+/, "$11"), "list of files"],
    ["a rejected file", (text: string) => text.replace(/\{"key":"b.png"[^\n]*\n/, ""), "list of files"],
    [
      "an entry added",
      (text: string) =>
        text.replace('"kept":[\n', `"kept":[\n{"key":"0","bytes":1,"sha256":"sha256:${"0".repeat(64)}"},\n`),
      "list of files",
    ],
    [
      "the key",
      (text: string) =>
        text.replace(
          /"public_key":"[^"]*"/,
          `"public_key":"${publicKeyOf(generateKeyPairSync("ed25519").privateKey)}"`,
        ),
      "signature",
    ],
    ["the layout of the file", (text: string) => JSON.stringify(JSON.parse(text), null, 1), "no manifest"],
  ])("refuses a manifest in which %s was changed", async (_, change, about) => {
    const { path, source } = await scanned();
    const text = readFileSync(path, "utf8");
    const changed = change(text);
    expect(changed).not.toBe(text);
    writeFileSync(path, changed);
    await expect(compare(path, source)).rejects.toThrow(about);
  });

  test("refuses one that somebody else signed, where the key is pinned", async () => {
    const { path, key } = await scanned();
    const manifest = await openManifest(path);
    expect(() => assertSignedBy(manifest, publicKeyOf(key))).not.toThrow();
    const other = publicKeyOf(generateKeyPairSync("ed25519").privateKey);
    expect(() => assertSignedBy(manifest, other)).toThrow("another key");
  });
});

describe("the signing key", () => {
  test("is made once, and only its owner may read it", async () => {
    const path = join(temporaryFolder(), "keys/signing.pem");
    const [first, second] = [await signingKey(path), await signingKey(path)];
    expect(publicKeyOf(first)).toBe(publicKeyOf(second));
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test("must be one of Ed25519", async () => {
    const path = join(temporaryFolder(), "signing.pem");
    writeFileSync(
      path,
      generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ type: "pkcs8", format: "pem" }),
    );
    await expect(signingKey(path)).rejects.toThrow("no Ed25519");
    writeFileSync(path, "nonsense");
    await expect(signingKey(path)).rejects.toThrow("no Ed25519");
  });
});
