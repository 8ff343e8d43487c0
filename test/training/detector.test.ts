import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { LimitsSchema } from "../../src/contract/limits.ts";
import { openCustom } from "../../src/detectors/text/custom/custom.ts";
import { readModelFolder } from "../../src/detectors/text/custom/files.ts";
import { CustomOptions } from "../../src/detectors/text/custom/options.ts";
import { classify } from "../../src/detectors/text/custom/scores.ts";
import { writeModelFolder } from "../../src/training/folder.ts";
import type { Trained } from "../../src/training/train.ts";
import { datasetFrom, multiClassCsv, multiLabelCsv, topicEncoder, trainOn } from "./fixtures.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "safelight model "));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const TWO = datasetFrom(multiClassCsv(300, ["sea", "garage"]));

const { signal } = new AbortController();

function write({ model, weights }: Trained, name = "model"): Promise<void> {
  return writeModelFolder(join(folder, name), model.manifest, { "weights.bin": weights, "notes.txt": "hello" });
}

function open(options: object = {}) {
  const parsed = CustomOptions.parse({ model: "./model", ...options });
  return openCustom(parsed, { folder, limits: LimitsSchema.parse({}) });
}

function inspect(detector: Awaited<ReturnType<typeof open>>, text: string) {
  return detector.inspect({ text }, new AbortController().signal);
}

describe("a model folder", () => {
  test("what is written is what is read, to the last bit", async () => {
    for (const dataset of [TWO, datasetFrom(multiLabelCsv(240))]) {
      const trained = await trainOn(dataset);
      await write(trained);
      const read = await readModelFolder(join(folder, "model"));
      for (const text of ["the old lighthouse", "a gearbox", "", "whisk and dough"]) {
        expect(await classify(read, [text], signal)).toEqual(await classify(trained.model, [text], signal));
      }
      expect(read.manifest.files["notes.txt"]?.bytes).toBe(5);
    }
  });

  test("a model that reads an encoder's vectors opens with that very encoder only", async () => {
    const trained = await trainOn(TWO, {}, { encoder: topicEncoder() });
    await write(trained);
    const path = join(folder, "model");
    const read = await readModelFolder(path, async () => topicEncoder());
    const texts = ["the old lighthouse", "a gearbox", "anchor"];
    expect(await classify(read, texts, signal)).toEqual(await classify(trained.model, texts, signal));
    const other = readModelFolder(path, async () => topicEncoder("2"));
    await expect(other).rejects.toThrow(/reads the vectors of topics 1, and this is version 2; train it again/);
    await expect(readModelFolder(path, async () => undefined)).rejects.toThrow(/there is none here/);
  });

  test.each([
    ["manifest.json", "{", /custom model model: manifest.json is not JSON/],
    ["manifest.json", '{"schema": "other"}', /manifest.json is not valid: schema/],
    ["weights.bin", "other", /weights.bin is not the one in manifest.json/],
  ])("a broken %s is named", async (file, content, message) => {
    await write(await trainOn(TWO));
    writeFileSync(join(folder, "model", file), content);
    await expect(open()).rejects.toMatchObject({ code: "config_invalid", detail: expect.stringMatching(message) });
  });

  test("any cut or changed byte of the weights is noticed", async () => {
    await write(await trainOn(TWO));
    const file = join(folder, "model/weights.bin");
    const whole = readFileSync(file);
    for (const at of [0, 5, 9, 20, whole.length - 1]) {
      const changed = Buffer.from(whole);
      changed[at] = (changed[at] ?? 0) ^ 0x40;
      writeFileSync(file, changed);
      await expect(open()).rejects.toThrow(/weights.bin/);
      writeFileSync(file, whole.subarray(0, at));
      await expect(open()).rejects.toThrow(/weights.bin/);
    }
  });

  test("a folder that is not there is named", async () => {
    await expect(open({ model: "./nowhere" })).rejects.toThrow(/custom model nowhere: manifest.json cannot be read/);
  });
});

describe("the detector", () => {
  test("scores each category, and names the words that carried the score", async () => {
    await write(await trainOn(TWO));
    const detector = await open();
    expect(detector.categories).toEqual(["custom:garage", "custom:sea"]);
    const text = "a photo of the old camshaft in grease";
    const findings = await inspect(detector, text);
    const garage = findings.filter(({ category }) => category === "custom:garage");
    const sea = findings.filter(({ category }) => category === "custom:sea");
    expect(garage[0]?.score).toBeGreaterThan(0.8);
    expect(garage[0]?.label).toBe("GARAGE");
    const spans = garage.map(({ evidence }) => text.slice(...(evidence?.span ?? [0, 0])));
    expect(spans.join(" ")).toMatch(/camshaft/);
    expect(spans.join(" ")).not.toMatch(/photo/);
    expect(sea).toHaveLength(1);
    expect((sea[0]?.score ?? 1) + (garage[0]?.score ?? 0)).toBeCloseTo(1);
    expect(sea[0]?.evidence).toBeUndefined();
  });

  test("is quick: a prompt of 100 characters in well under 2 ms", async () => {
    await write(await trainOn(TWO));
    const detector = await open();
    const text =
      "a painting of the old lighthouse with gull and tide, in the style of nobody, soft light, many details";
    for (let i = 0; i < 200; i++) await inspect(detector, text);
    const start = performance.now();
    for (let i = 0; i < 200; i++) await inspect(detector, text);
    expect((performance.now() - start) / 200).toBeLessThan(2);
  });

  test("a new model in its place takes over, a broken one does not", async () => {
    await write(await trainOn(TWO));
    const detector = await open();
    const before = detector.version;
    writeFileSync(join(folder, "model/manifest.json"), "{");
    await sleep(1_050);
    await inspect(detector, "a sail");
    await sleep(100);
    expect(detector.version).toBe(before);

    await write(await trainOn(datasetFrom(multiClassCsv(300, ["sea", "kitchen"]))), "next");
    rmSync(join(folder, "model"), { recursive: true });
    cpSync(join(folder, "next"), join(folder, "model"), { recursive: true });
    let looks = 0;
    for (; detector.version === before && looks < 100; looks++) {
      await inspect(detector, "a sail");
      await sleep(50);
    }
    expect(looks).toBeLessThan(100);
    expect(detector.categories).toEqual(["custom:kitchen", "custom:sea"]);
    const [first] = await inspect(detector, "whisk, dough, ladle");
    expect(first).toMatchObject({ category: "custom:kitchen", label: "KITCHEN" });
  });
});
