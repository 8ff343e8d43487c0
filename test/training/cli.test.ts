import { existsSync, readdirSync, readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { LimitsSchema } from "../../src/contract/limits.ts";
import { openCustom } from "../../src/detectors/text/custom/custom.ts";
import { CustomOptions } from "../../src/detectors/text/custom/options.ts";
import { PolicySchema } from "../../src/policy/schema.ts";
import { parseStrictYaml } from "../../src/policy/strict-yaml.ts";
import { World } from "../cli/world.ts";
import { multiClassCsv, multiLabelCsv } from "./fixtures.ts";

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => {
  world.remove();
});

/** A fragment, put into the smallest policy. */
function policyWith(fragment: string) {
  const [, prompt = ""] = fragment.split(/^prompt:\n/m);
  const head = "schema: safelight.policy/1\nname: p\nversion: '1'\nimage: {detectors: {}, categories: {}}\nprompt:\n";
  return parseStrictYaml(`${head}  categories: {}\n${prompt}`, "policy.yaml", PolicySchema);
}

describe("safelight train", () => {
  test("writes a whole model folder, which the detector opens", async () => {
    world.write("words.csv", `${multiClassCsv(300, ["sea", "garage"])}SEA,two,commas\nGARAGE,\n`);
    const { status, out, err } = await world.run(["train", "words.csv", "--out", "model", "--safe", "GARAGE"]);
    expect(err).toContain("left out 1 row: not exactly two columns");
    expect(out).toMatch(/Accuracy +1\.0000/);
    expect(status).toBe(0);
    expect(readdirSync(world.path("model")).sort()).toEqual([
      "confusion-matrix.svg",
      "confusion_matrix.json",
      "labels.json",
      "manifest.json",
      "metrics.json",
      "policy.yaml",
      "precision-recall.svg",
      "problems.jsonl",
      "report.html",
      "thresholds.json",
      "weights.bin",
    ]);
    expect(readFileSync(world.path("model/problems.jsonl"), "utf8").split("\n")).toEqual([
      '{"line":301,"kind":"columns","detail":"3 columns"}',
      '{"line":302,"kind":"empty_text"}',
      "",
    ]);
    const options = CustomOptions.parse({ model: "model" });
    const detector = await openCustom(options, { folder: world.folder, limits: LimitsSchema.parse({}) });
    expect(detector.categories).toEqual(["custom:sea"]);
    const policy = policyWith(readFileSync(world.path("model/policy.yaml"), "utf8"));
    expect(policy.prompt.per_detector["model"]?.["custom:sea"]?.block).toBeGreaterThan(0);
  });

  test("the report loads nothing, and holds texts only when asked to", async () => {
    const flipped = (row: string) => (Number(/\d+$/.exec(row)) % 7 < 3 ? row.replace(/^SEA/, "GARAGE") : row);
    const rows = multiClassCsv(600, ["sea", "garage"]).trim().split("\n").map(flipped);
    const noisy = rows.map((row) => `${row} <b>marked</b>`).join("\n");
    world.write("words.csv", noisy);
    await world.run(["train", "words.csv", "--out", "plain"]);
    await world.run(["train", "words.csv", "--out", "shown", "--include-texts"]);
    const [plain, shown] = ["plain", "shown"].map((name) => readFileSync(world.path(`${name}/report.html`), "utf8"));
    for (const page of [plain, shown]) {
      expect(page).not.toMatch(/<script|<link|src=|https?:(?!\/\/www\.w3\.org)/);
      expect(page).toContain("default-src 'none'");
    }
    expect(plain).not.toContain("marked");
    expect(shown).toContain("&lt;b&gt;marked&lt;/b&gt;");
    expect(shown).toContain("<details>");
  });

  test("the same seed gives the same weights from one run to the next", async () => {
    world.write("words.csv", multiLabelCsv(320));
    for (const out of ["one", "two"]) await world.run(["train", "words.csv", "--out", out, "--seed", "5"]);
    const [one, two] = ["one", "two"].map((name) => readFileSync(world.path(`${name}/weights.bin`)));
    expect(one).toEqual(two);
  });

  test("stopped by Ctrl-C, it leaves nothing behind", async () => {
    world.write("words.csv", multiClassCsv(30_000, ["sea", "garage", "kitchen"]));
    const running = world.start(["train", "words.csv", "--out", "model", "--features", "ngrams"]);
    await running.until("stderr", /vocabulary/);
    running.child.kill("SIGINT");
    const { status, err } = await running.ended;
    expect(err).toContain("stopped; nothing was written");
    expect(status).toBe(3);
    expect(readdirSync(world.folder).filter((name) => name.includes("model"))).toEqual([]);
  });

  test("a model is replaced, anything else is not", async () => {
    world.write("words.csv", multiClassCsv(200, ["sea", "garage"]));
    const refused = await world.run(["train", "words.csv", "--out", "policies"]);
    expect(refused.err).toContain("policies exists already, and is no model");
    expect(refused.status).toBe(2);
    for (let i = 0; i < 2; i++) expect((await world.run(["train", "words.csv", "--out", "model"])).status).toBe(0);
    expect(existsSync(world.path("policies/default.yaml"))).toBe(true);
    expect(readdirSync(world.folder).filter((name) => name.startsWith("."))).toEqual([]);
  });

  test.each([
    [[], /takes one file/],
    [["nothing.csv"], /there is no such file/],
    [["words.csv", "--seed", "x"], /--seed/],
    [["words.csv", "--map", "SEA=nonsense"], /no category "nonsense"/],
    [["words.csv", "--map", "LAKE=hate"], /no class "LAKE"; there are "GARAGE", "SEA"/],
    [["words.csv", "--format", "tsv"], /--format: must be one of/],
    [["words.csv", "--class-weights", "odd"], /none or balanced/],
    [["empty.csv"], /too few classes/],
  ])("bad usage is told: %j", async (args, message) => {
    world.write("words.csv", multiClassCsv(60, ["sea", "garage"]));
    world.write("empty.csv", "");
    const { status, err } = await world.run(["train", ...args]);
    expect(err).toMatch(message);
    expect(status).toBe(2);
  });
});

test("a configuration and a policy name the model, and prompts are judged by it", async () => {
  world.write("words.csv", multiClassCsv(400, ["sea", "garage"]));
  await world.run(["train", "words.csv", "--out", "model", "--safe", "SEA", "--max-false-positive-rate", "0.1"]);
  const fragment = readFileSync(world.path("model/policy.yaml"), "utf8").split(/^prompt:\n/m)[1] ?? "";
  const head =
    "schema: safelight.policy/1\nname: default\nversion: '2'\nimage: {detectors: {}, categories: {}}\nprompt:\n";
  world.write("policies/default.yaml", `${head}  categories: {}\n${fragment}`);
  const detectors = "detectors: {model: {kind: custom, model: ./model}}";
  world.write("safelight.yaml", `policies: [policies]\n${detectors}\n`);
  const flagged = await world.run(["check", "text", "a photo of the old gearbox with piston and clutch", "--json"]);
  expect(flagged.status).toBe(1);
  const { action, reasons, reports } = JSON.parse(flagged.out);
  expect(action).toBe("block");
  expect(reasons[0]).toMatchObject({ category: "custom:garage", detector: "model", label: "GARAGE" });
  expect(reports[0].version).toMatch(/^custom@1\.[0-9a-f]{12}$/);
  expect((await world.run(["check", "text", "a lighthouse, a gull and a sail"])).status).toBe(0);
});

describe("safelight evaluate", () => {
  beforeEach(async () => {
    world.write("words.csv", multiClassCsv(400, ["sea", "garage"]));
    world.write("held.csv", multiClassCsv(2_000, ["sea", "garage"], 99));
    await world.run(["train", "words.csv", "--out", "model"]);
  });

  test("prints the metrics of Comprehend, as text and as JSON", async () => {
    const text = await world.run(["evaluate", "model", "held.csv"]);
    expect(text.out).toMatch(/^2000 texts\nAccuracy +1\.0000\nPrecision \(macro\)/);
    const { out } = await world.run(["evaluate", "model", "held.csv", "--json"]);
    const metrics = JSON.parse(out);
    expect(metrics).toMatchObject({ accuracy: 1, hamming_loss: 0, micro_f1: 1, auroc: 1, auprc: 1 });
    expect(metrics.confusion.confusion_matrix).toEqual([
      [1_000, 0],
      [0, 1_000],
    ]);
  });

  test("thresholds for a budget are a policy fragment that the schema takes", async () => {
    const args = ["evaluate", "model", "held.csv", "--max-false-positive-rate", "0.01", "--action", "review"];
    const { out, err } = await world.run([...args, "--detector", "my-words"]);
    expect(err).toContain("Accuracy");
    expect(out).toContain('kind: custom, model: "./model"');
    const limits = policyWith(out).prompt.per_detector["my-words"]?.["custom:sea"];
    expect(limits?.review).toBeGreaterThan(0);
    const saved = await world.run([...args, "--out", "fragment.yaml"]);
    expect(saved.out).toContain("Accuracy");
    expect(policyWith(readFileSync(world.path("fragment.yaml"), "utf8")).prompt.detectors["model"]).toBeDefined();
  });

  test("what is no model, and texts of other classes, are told", async () => {
    const noModel = await world.run(["evaluate", "policies", "held.csv"]);
    expect(noModel.err).toContain("custom model policies: manifest.json cannot be read");
    expect(noModel.status).toBe(2);
    world.write("other.csv", multiClassCsv(60, ["kitchen"]));
    const strangers = await world.run(["evaluate", "model", "other.csv"]);
    expect(strangers.err).toContain('no row of the file can be used; the model knows the classes "GARAGE", "SEA"');
  });
});
