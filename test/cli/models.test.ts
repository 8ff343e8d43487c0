import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { appendFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import sharp from "sharp";
import { pack } from "tar-stream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { addModel } from "../../src/models/installed/add.ts";
import { tinyClip, writeTinyClip } from "../detectors/clip/tiny-clip.ts";
import { World } from "./world.ts";

const POLICY = `
schema: safelight.policy/1
name: default
version: "1"
prompt: {detectors: {}, categories: {}}
image:
  detectors:
    clip: {budget_ms: 20000, options: {concepts: {"custom:our-red": [a red thing]}}}
  require: ["custom:our-red"]
  categories: {"custom:our-red": {block: 0.8}}
`;

let world: World;
let server: Server;
let base: string;
let archive: Buffer;
const files = tinyClip();
const sha256 = (bytes: Uint8Array | string) => createHash("sha256").update(bytes).digest("hex");
/** As `sha256sum` prints it, sorted: see docs/detectors/clip.md. */
const listing = sha256(
  Object.keys(files)
    .sort()
    .map((name) => `${sha256(files[name] ?? "")}  ${name}\n`)
    .join(""),
);

beforeAll(async () => {
  world = new World();
  world.write("policies/default.yaml", POLICY);
  world.write("safelight.yaml", "policies: [policies]\ndetectors: {clip: {kind: clip, model: tiny}}\n");
  await writeTinyClip(world.path("tiny-source"));
  archive = await tarOf(Object.entries(files).map(([name, bytes]) => [`clip/${name}`, bytes]));
  server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://127.0.0.1");
    if (pathname === "/tiny.tar.gz") response.end(archive);
    else if (pathname === "/moved.tar.gz") response.writeHead(302, { location: "/tiny.tar.gz" }).end();
    else if (pathname === "/slow.tar.gz") response.write(archive.subarray(0, 100));
    else if (pathname === "/cut.tar.gz") {
      response.writeHead(200, { "content-length": archive.length });
      response.write(archive.subarray(0, 100), () => response.destroy());
    } else if (pathname.startsWith("/folder/") && files[pathname.slice("/folder/".length)]) {
      response.end(files[pathname.slice("/folder/".length)]);
    } else response.writeHead(404).end("no");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  world.remove();
});

async function tarOf(entries: readonly (readonly [string, Uint8Array])[]): Promise<Buffer> {
  const tar = pack();
  for (const [name, bytes] of entries) tar.entry({ name }, Buffer.from(bytes));
  tar.finalize();
  const parts: Buffer[] = [];
  for await (const part of tar as AsyncIterable<Buffer>) parts.push(part);
  return gzipSync(Buffer.concat(parts));
}

/** What lies in the folder of installed models. */
const installed = (data = "data") => {
  const folder = world.path(`${data}/models`);
  return existsSync(folder) ? readdirSync(folder).sort() : [];
};

describe("from a folder to a verdict", () => {
  test("a folder is added by its hash, judges pictures by words of the policy, and is watched over", async () => {
    const untold = await world.run(["models", "add", "tiny-source", "--id", "tiny"]);
    expect(untold).toMatchObject({ status: 2, out: "" });
    expect(untold.err).toContain(`the files in the folder have --sha256 ${listing}`);
    expect(installed()).toEqual([]);

    const added = await world.run([
      "models",
      "add",
      "tiny-source",
      "--id",
      "tiny",
      "--sha256",
      listing,
      "--licence",
      "MIT",
    ]);
    expect(added).toMatchObject({ status: 0, out: expect.stringMatching(/^added {2}tiny /) });
    expect(installed()).toEqual(["tiny"]);
    expect(readdirSync(world.path("data/models/tiny")).sort()).toEqual([
      "config.json",
      "model.json",
      "onnx",
      "preprocessor_config.json",
      "text-vectors.json",
      "tokenizer.json",
    ]);

    for (const [colour, status] of [
      ["#d01818", 1],
      ["#3060c0", 0],
    ] as const) {
      const create = { width: 64, height: 64, channels: 3, background: colour } as const;
      world.write("picture.png", await sharp({ create }).png().toBuffer());
      const checked = await world.run(["check", "image", "picture.png", "--json"]);
      expect(checked).toMatchObject({ status, err: "" });
      expect(checked.out).toContain("custom:our-red");
    }
    expect(await world.run(["policy", "check", "--strict"])).toMatchObject({ status: 0 });

    const listed = await world.run(["models", "list", "--json"]);
    const lines = listed.out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines.find(({ id }) => id === "nsfw-mobilenet-v2-mid")).toMatchObject({ origin: "shipped", faults: [] });
    expect(lines.at(-1)).toMatchObject({
      id: "tiny",
      origin: "installed",
      kind: "clip",
      licence: "MIT",
      source: "tiny-source",
      sha256: listing,
      faults: [],
    });
    expect((await world.run(["models", "list"])).out).toMatch(
      /^tiny +installed +clip +0\.0 MB +MIT +tiny-source +ok$/m,
    );
    expect(await world.run(["models", "verify", "tiny"])).toEqual({ status: 0, out: "ok  tiny\n", err: "" });

    await appendFile(world.path("data/models/tiny/tokenizer.json"), " ");
    const verified = await world.run(["models", "verify"]);
    expect(verified).toMatchObject({ status: 1, out: expect.stringMatching(/^changed {2}tiny$/m) });
    expect(verified.err).toContain("tokenizer.json is not the file that was pinned");

    const again = ["models", "add", "tiny-source", "--id", "tiny", "--sha256", listing];
    expect(await world.run(again)).toMatchObject({ status: 2, err: expect.stringContaining("--replace") });
    expect(await world.run([...again, "--replace"])).toMatchObject({ status: 0 });
    expect((await world.run(["models", "verify", "tiny"])).status).toBe(0);
    expect(installed()).toEqual(["tiny"]);
  }, 60_000);
});

describe("from the network", () => {
  test.each([
    ["an archive", "/tiny.tar.gz?key=secret", () => sha256(archive)],
    ["an archive that has moved", "/moved.tar.gz", () => sha256(archive)],
    ["a folder, file by file", "/folder/", () => listing],
  ])("%s is fetched and added", async (_what, path, hash) => {
    const data = `data${path.length}`;
    const args = ["models", "add", `${base}${path}`, "--sha256", hash(), "--id", "far", "--data", data, "--json"];
    const { status, out, err } = await world.run(args);
    expect(err).not.toContain("secret");
    expect({ status, record: JSON.parse(out) }).toMatchObject({
      status: 0,
      record: { id: "far", source: `${base}${path.replace(/\?.*/, "")}`, licence: null },
    });
    expect(installed(data)).toEqual(["far"]);
    expect((await world.run(["models", "verify", "far", "--data", data])).status).toBe(0);
  });

  test.each([
    ["without a hash", ["/tiny.tar.gz"], 2, "needs --sha256: what comes from the network must be known"],
    ["with another hash", ["/tiny.tar.gz", "--sha256", "0".repeat(64)], 2, "this is not the model that was asked for"],
    ["with half a hash", ["/tiny.tar.gz", "--sha256", "abc"], 2, '64 hexadecimal digits (found "abc")'],
    ["that is not there", ["/none.tar.gz", "--sha256", "0".repeat(64)], 2, "/none.tar.gz answered 404 Not Found"],
    ["that breaks off", ["/cut.tar.gz", "--sha256", "0".repeat(64)], 3, "/cut.tar.gz: cannot be fetched"],
    [
      "in a variant that is not there",
      ["/folder/", "--variant", "q4", "--sha256", "0".repeat(64)],
      2,
      "_q4.onnx answered",
    ],
  ])("a model %s is not added, and nothing of it stays", async (_what, [path = "", ...more], status, message) => {
    const ended = await world.run(["models", "add", `${base}${path}`, "--id", "no", "--data", "none", ...more]);
    expect(ended).toMatchObject({ status, out: "" });
    expect(ended.err).toContain(message);
    expect(installed("none")).toEqual([]);
  });

  test("a download that is interrupted leaves nothing", async () => {
    const args = ["models", "add", `${base}/slow.tar.gz`, "--sha256", "0".repeat(64), "--data", "cut"];
    const running = world.start(args);
    await running.until("stderr", /fetching/);
    await expect.poll(() => installed("cut").length).toBe(1);
    running.child.kill("SIGINT");
    expect((await running.ended).status).toBe(3);
    expect(installed("cut")).toEqual([]);
  });
});

describe("what is no model", () => {
  const add = (source: string, hash: string, mostBytes?: number) =>
    addModel({
      source,
      cwd: world.folder,
      sha256: hash,
      id: "no",
      data: world.path("empty"),
      signal: AbortSignal.timeout(20_000),
      attempt: async () => {},
      ...(mostBytes === undefined ? {} : { mostBytes }),
    });
  const refused = (detail: RegExp) => expect.objectContaining({ detail: expect.stringMatching(detail) });
  const written = async (name: string, bytes: Uint8Array) => {
    world.write(name, bytes);
    return [name, sha256(bytes)] as const;
  };

  test("is told from one, and nothing of it stays", async () => {
    await expect(add("nowhere", listing)).rejects.toEqual(refused(/nowhere: there is no such file or folder/));
    await expect(add("policies", listing)).rejects.toEqual(refused(/no config.json and no preprocessor_config.json/));
    await expect(add("ftp://models.example/a.tar", listing)).rejects.toEqual(refused(/must be an http or https URL/));
    await expect(add("http://me:pw@models.example/a.tar", listing)).rejects.toEqual(refused(/user and password/));
    await expect(add(...(await written("text.tar", Buffer.from("no archive"))))).rejects.toEqual(
      refused(/no folder and no tar archive/),
    );
    await expect(add(...(await written("cut.tar.gz", archive.subarray(0, archive.length / 2))))).rejects.toEqual(
      refused(/no folder and no tar archive/),
    );
    const half = Object.entries(files).filter(([name]) => !name.includes("text_model"));
    await expect(add(...(await written("half.tar.gz", await tarOf(half))))).rejects.toEqual(
      refused(/needs onnx\/vision_model_quantized.onnx and onnx\/text_model_quantized.onnx.*there are onnx\/vision/),
    );
    expect(installed("empty")).toEqual([]);
  });

  test("an archive that unpacks to more than the limit is given up, and so is a large folder", async () => {
    const bomb = await tarOf([...Object.entries(files), ["zeros", Buffer.alloc(8 * 2 ** 20)]]);
    expect(bomb.length).toBeLessThan(2 ** 20);
    await expect(add(...(await written("bomb.tar.gz", bomb)), 4 * 2 ** 20)).rejects.toEqual(refused(/4 MiB at most/));
    await expect(add("tiny-source", listing, 1_000)).rejects.toEqual(refused(/MiB at most/));
    expect(installed("empty")).toEqual([]);
  });

  test("names that lead out of an archive lead nowhere", async () => {
    const climbing = await tarOf(Object.entries(files).map(([name, bytes]) => [`../../up/${name}`, bytes]));
    await add(...(await written("climbing.tar.gz", climbing)));
    expect(existsSync(join(world.folder, "..", "up"))).toBe(false);
    expect(installed("empty")).toEqual(["no"]);
    expect(readFileSync(world.path("empty/models/no/config.json"))).toEqual(files["config.json"]);
  });

  test("a model whose towers cannot be used is not added, although its hash is right", async () => {
    const text = files["onnx/text_model_quantized.onnx"] ?? new Uint8Array();
    const mixed = await tarOf(Object.entries({ ...files, "onnx/vision_model_quantized.onnx": text }));
    const [name, hash] = await written("mixed.tar.gz", mixed);
    const { status } = await world.run(["models", "add", name, "--sha256", hash, "--data", "mixed"]);
    expect(status).toBe(2);
    expect(installed("mixed")).toEqual([]);
  });
});
