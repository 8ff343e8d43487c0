import { describe, expect, test } from "vitest";
import { wordShares } from "../../src/detectors/text/custom/explain.ts";
import { probabilitiesOf, scoresOf, sigmoid } from "../../src/detectors/text/custom/linear.ts";
import { classify } from "../../src/detectors/text/custom/scores.ts";
import { categoriesFor, slug } from "../../src/training/categories.ts";
import type { Dataset } from "../../src/training/dataset.ts";
import { splitDataset } from "../../src/training/split.ts";
import { datasetFrom, multiClassCsv, multiLabelCsv, topicEncoder, trainOn } from "./fixtures.ts";

const TWO = datasetFrom(multiClassCsv(300, ["sea", "garage"]));
const THREE = datasetFrom(multiClassCsv(360, ["sea", "garage", "kitchen"]));
const LABELS = datasetFrom(multiLabelCsv(480));

describe("training", () => {
  test.each([
    ["two classes", TWO],
    ["three classes", THREE],
    ["several labels a text", LABELS],
  ])("what can be told apart is told apart: %s", async (_name, dataset) => {
    const { test } = await trainOn(dataset);
    expect(test.metrics.accuracy).toBe(1);
    expect(test.metrics.f1).toBe(1);
    expect(test.metrics.auroc).toBe(1);
    expect(test.worst).toEqual([]);
  });

  test("the same seed gives the same weights, another seed others", async () => {
    const [first, again, other] = [await trainOn(TWO), await trainOn(TWO), await trainOn(TWO, { seed: 2 })];
    expect(again.weights).toEqual(first.weights);
    expect(again.model.manifest.version).toBe(first.model.manifest.version);
    expect(other.model.manifest.version).not.toBe(first.model.manifest.version);
  });

  test("rows whose labels are partly unknown teach only what they know", async () => {
    const targets = LABELS.targets.map((target, i) => (Math.floor(i / LABELS.classes.length) % 2 === 0 ? target : -1));
    const some: Dataset = { ...LABELS, targets };
    const { test } = await trainOn(some);
    expect(test.metrics.accuracy).toBeGreaterThan(0.97);
  });

  test("balanced class weights raise the recall of a rare class that is hard to see", async () => {
    const noisy = (i: number) => (i % 23 === 0 ? "SEA" : "GARAGE");
    const lines = multiClassCsv(600, ["sea"])
      .split("\n")
      .map((line, i) => line.replace("SEA", noisy(i)));
    const dataset = datasetFrom(lines.join("\n"));
    const plain = await trainOn(dataset);
    const balanced = await trainOn(dataset, { classWeights: "balanced" });
    const raw = async ({ model }: Awaited<ReturnType<typeof trainOn>>) =>
      dataset.texts.reduce((sum, text) => sum + (scoresOf(model.linear, model.featurizer.of(text))[0] ?? 0), 0);
    expect(await raw(balanced)).toBeGreaterThan(await raw(plain));
  });

  test("an abort ends it", async () => {
    const stop = new AbortController();
    const running = trainOn(datasetFrom(multiClassCsv(4_000, ["sea", "garage"])), {}, { signal: stop.signal });
    stop.abort(new Error("enough"));
    await expect(running).rejects.toThrow("enough");
  });
});

test("the vectors of an encoder help with words that no text to train on had", async () => {
  const seen = datasetFrom(multiClassCsv(300, ["sea", "garage"]).replace(/anchor|camshaft/g, "thing"));
  const plain = await trainOn(seen);
  const withVectors = await trainOn(seen, {}, { encoder: topicEncoder() });
  const sea = async ({ model }: Awaited<ReturnType<typeof trainOn>>, text: string) => {
    const [verdict] = await classify(model, [text], new AbortController().signal);
    return verdict?.probabilities[model.manifest.classes.findIndex(({ name }) => name === "SEA")] ?? Number.NaN;
  };
  expect(await sea(withVectors, "anchor anchor")).toBeGreaterThan(0.6);
  expect(await sea(withVectors, "camshaft camshaft")).toBeLessThan(0.4);
  const sure = async (trained: typeof plain) => (await sea(trained, "anchor")) - (await sea(trained, "camshaft"));
  expect(await sure(withVectors)).toBeGreaterThan(await sure(plain));
  expect(withVectors.model.manifest.encoder).toEqual({ id: "topics", version: "1", dimensions: 3 });
});

describe("the split", () => {
  test("is stratified, disjoint and complete", () => {
    const { train, validation, test } = splitDataset(LABELS, { validation: 0.1, test: 0.2 }, 5);
    const all = [...train, ...validation, ...test].sort((a, b) => a - b);
    expect(all).toEqual(LABELS.texts.map((_, i) => i));
    const share = (part: Uint32Array, k: number) =>
      part.reduce((sum, row) => sum + (LABELS.targets[row * LABELS.classes.length + k] ?? 0), 0) / part.length;
    for (const k of LABELS.classes.keys()) expect(share(test, k)).toBeCloseTo(share(train, k), 1);
    expect(test.length / all.length).toBeCloseTo(0.2, 1);
  });

  test("keeps twins on one side", () => {
    const csv = multiClassCsv(200, ["sea", "garage"]);
    const dataset = datasetFrom(csv + csv.replace(/,.*/g, (text) => `${text.toUpperCase()}!`));
    const { test } = splitDataset(dataset, { validation: 0.1, test: 0.1 }, 1);
    const held = new Set(test);
    for (const row of test) expect(held.has((row + 200) % 400)).toBe(true);
  });
});

describe("explanation", () => {
  test("the shares of the words and the bias sum to the log odds", async () => {
    const { model } = await trainOn(THREE);
    const { linear, featurizer, featureOf } = model;
    const text = "The OLD lighthouse, the gull and a saucepan: 🦊 lighthouse";
    for (const k of [0, 1, 2]) {
      const features = featurizer.of(text);
      const scores = scoresOf(linear, features);
      const shares = wordShares(linear, featureOf, features, k);
      const against = (values: ArrayLike<number>) =>
        (values[k] ?? 0) - [0, 1, 2].reduce((sum, j) => sum + (values[j] ?? 0), 0) / 3;
      const slope = linear.slopes[0] ?? 0;
      const total = shares.reduce((sum, { weight }) => sum + weight, 0);
      expect(total).toBeCloseTo(slope * (against(scores) - against(linear.bias)), 6);
    }
  });

  test("of two classes, either can be explained, and spans are those of the original", async () => {
    const { model } = await trainOn(TWO);
    const text = "Ａ ｌｉｇｈｔｈｏｕｓｅ\u200b   and a GEARBOX";
    const features = model.featurizer.of(text);
    const sea = model.manifest.classes.findIndex(({ name }) => name === "SEA");
    for (const [of, word] of [
      [sea, "ｌｉｇｈｔｈｏｕｓｅ"],
      [1 - sea, "GEARBOX"],
    ] as const) {
      const [best] = wordShares(model.linear, model.featureOf, features, of).toSorted((a, b) => b.weight - a.weight);
      expect(text.slice(...(best?.span ?? [0, 0]))).toBe(word);
    }
  });
});

test("probabilities: two classes sum to 1, competing ones too, independent ones need not", () => {
  const plain = (outputs: number) => ({
    slopes: new Float32Array(outputs).fill(1),
    intercepts: new Float32Array(outputs),
  });
  expect([...probabilitiesOf({ link: "binary", ...plain(1) }, Float64Array.of(1))]).toEqual([
    1 - sigmoid(1),
    sigmoid(1),
  ]);
  const soft = probabilitiesOf({ link: "softmax", ...plain(3) }, Float64Array.of(900, 0, -900));
  expect([...soft]).toEqual([1, 0, 0]);
  const free = probabilitiesOf({ link: "independent", ...plain(2) }, Float64Array.of(40, 40));
  expect(free[0]).toBeCloseTo(1);
});

test("texts of all sorts get a score", async () => {
  const { model } = await trainOn(TWO);
  for (const text of ["", " ", "\u0301", "🦊".repeat(2_000), "ß".repeat(9_000), "\ud800", "a\u0000b", "ﷺ", "中文"]) {
    const [verdict] = await classify(model, [text], new AbortController().signal);
    const p = verdict?.probabilities[0] ?? Number.NaN;
    expect(p).toBeGreaterThanOrEqual(0);
    expect(p).toBeLessThanOrEqual(1);
  }
});

describe("names of categories", () => {
  const naming = (classes: readonly string[], map = {}, safe?: readonly string[]) =>
    categoriesFor(classes, { map: new Map(Object.entries(map)), ...(safe ? { safe } : {}) });

  test("classes become slugs, safe ones nothing, mapped ones built-in categories", () => {
    expect(naming(["TOXIC", "NON_TOXIC"])).toEqual(["custom:toxic", null]);
    expect(naming(["SAFE_PROMPT", "UNSAFE_PROMPT"])).toEqual([null, "custom:unsafe_prompt"]);
    expect(naming(["TOXIC", "fine"], { TOXIC: "harassment" }, ["fine"])).toEqual(["harassment", null]);
    expect(naming(["nothing"])).toEqual(["custom:nothing"]);
  });

  test("names that collide, or have no Latin letter, stay apart", () => {
    expect(naming(["A b", "a-b", "ярость", "怒り"])).toEqual([
      "custom:a-b",
      "custom:a-b-2",
      "custom:class",
      "custom:class-2",
    ]);
    expect(slug("  Émeute!  ")).toBe("emeute");
  });

  test("a class that is not there, and nothing left to report, are told", () => {
    expect(() => naming(["A", "B"], { C: "hate" })).toThrow(/no class "C"; there are "A", "B"/);
    expect(() => naming(["safe", "benign"])).toThrow(/every class is safe/);
  });
});
