import { spawnSync } from "node:child_process";
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findModel, readModel } from "./manifest.ts";
import { openModel, type Tensors } from "./session.ts";

const ID = "nsfw-mobilenet-v2-mid";
const SHIPPED = new URL("../../models/", import.meta.url);
const feeds = (n = 1): Tensors => ({ pixels: { dims: [n, 224, 224, 3], data: new Float32Array(n * 224 * 224 * 3) } });
const invalid = (detail: RegExp) =>
  expect.objectContaining({ code: "config_invalid", detail: expect.stringMatching(detail) });

let path: string;
let folder: URL;
beforeAll(async () => {
  path = await mkdtemp(join(tmpdir(), "safelight-models-"));
  folder = pathToFileURL(`${path}/`);
  await mkdir(join(path, ID));
  await copyFile(new URL("manifest.json", SHIPPED), join(path, "manifest.json"));
});
afterAll(async () => {
  await rm(path, { recursive: true });
});

describe("the manifest", () => {
  test("every model has its file, card and recipe, and the file is the one it names", async () => {
    const { models } = JSON.parse(await readFile(new URL("manifest.json", SHIPPED), "utf8"));
    for (const { id } of models) {
      const entry = await findModel(id);
      expect(await readModel(entry)).toHaveLength(entry.bytes);
      await readFile(new URL(entry.card, SHIPPED));
      await readFile(new URL(entry.recipe, SHIPPED));
    }
  });

  test("the recipe makes the very bytes that ship", () => {
    const recipe = new URL("recipes/nsfw-mobilenet-v2-mid.ts", SHIPPED);
    const { status, stderr } = spawnSync(process.execPath, [recipe.pathname, "--check"], { encoding: "utf8" });
    expect(stderr).toContain("are as this recipe makes them");
    expect(status).toBe(0);
  });

  test("an unknown model is named together with those that exist", async () => {
    await expect(findModel("nsfw")).rejects.toEqual(invalid(/no model "nsfw".*there are: nsfw-mobilenet-v2-mid/));
    await expect(findModel(ID, new URL("file:///nowhere/"))).rejects.toEqual(invalid(/manifest.json is missing/));
  });
});

describe("a session", () => {
  test("a missing file, or one with another hash, is never opened; afterwards the right one is", async () => {
    await expect(openModel(ID, { folder })).rejects.toEqual(
      invalid(/cannot be read: restore models\/.*\.onnx, or make it/),
    );
    const bytes = await readFile(new URL(`${ID}/model.onnx`, SHIPPED));
    const changed = Buffer.from(bytes);
    changed[4_000_000] = (changed[4_000_000] ?? 0) ^ 1;
    await writeFile(join(path, ID, "model.onnx"), changed);
    await expect(openModel(ID, { folder })).rejects.toEqual(invalid(/is not the one in the manifest/));
    await writeFile(join(path, ID, "model.onnx"), bytes);
    await (await openModel(ID, { folder })).close();
  });

  test("a file that is no model is refused, although its hash is right", async () => {
    const manifest = JSON.parse(await readFile(new URL("manifest.json", SHIPPED), "utf8"));
    const text = Buffer.from("no model");
    const hash = Buffer.from(await crypto.subtle.digest("SHA-256", text)).toString("hex");
    manifest.models = [{ ...manifest.models[0], id: "bad", file: "bad.onnx", bytes: text.length, sha256: hash }];
    const place = await mkdtemp(join(path, "bad-"));
    await writeFile(join(place, "manifest.json"), JSON.stringify(manifest));
    await writeFile(join(place, "bad.onnx"), text);
    await expect(openModel("bad", { folder: pathToFileURL(`${place}/`) })).rejects.toEqual(
      invalid(/model bad cannot be opened/),
    );
  });

  test("is shared by all who ask, and released by the last one", async () => {
    const [one, two] = await Promise.all([openModel(ID), openModel(ID)]);
    await one.close();
    await one.close(); // twice is once
    const { probabilities } = await two.run(feeds(3));
    expect(probabilities?.dims).toEqual([3, 5]);
    await two.close();
    await expect(two.run(feeds())).rejects.toThrow(/was closed/);
  });

  test("many runs at once all answer, the same; a wrong input fails alone", async () => {
    const model = await openModel(ID, { sessions: 2, threads: 1 });
    const wrong = expect(
      model.run({ pixels: { dims: [1, 2, 2, 3], data: new Float32Array(12) } }),
    ).rejects.toMatchObject({ code: "detector_failed" });
    const [first, ...others] = await Promise.all(Array.from({ length: 12 }, () => model.run(feeds())));
    for (const other of others) expect(other).toEqual(first);
    await wrong;
    await model.close();
  });

  test("a run that still waits when its caller leaves is dropped", async () => {
    const model = await openModel(ID, { sessions: 1 });
    const caller = new AbortController();
    const running = model.run(feeds());
    const waiting = model.run(feeds(), caller.signal);
    caller.abort(new Error("gone"));
    await expect(waiting).rejects.toThrow("gone");
    await running;
    await model.close();
  });

  test("computing does not hold the event loop", async () => {
    const model = await openModel(ID);
    const mine = process.threadCpuUsage();
    const everyones = process.cpuUsage();
    for (let i = 0; i < 10; i++) await model.run(feeds());
    const { user, system } = process.threadCpuUsage(mine);
    const all = process.cpuUsage(everyones);
    expect(user + system).toBeLessThan((all.user + all.system) / 3);
    await model.close();
  });

  test("the process may end at any moment, with the code it wants", () => {
    const script = `
      const { openModel } = await import(${JSON.stringify(new URL("./session.ts", import.meta.url).href)});
      const model = await openModel(${JSON.stringify(ID)});
      void model.run({ pixels: { dims: [1, 224, 224, 3], data: new Float32Array(150528) } });
      setTimeout(() => process.exit(7), 3);`;
    const { status, stderr } = spawnSync(process.execPath, ["--input-type=module", "--eval", script], {
      encoding: "utf8",
    });
    expect([status, stderr]).toEqual([7, ""]);
  });
});
