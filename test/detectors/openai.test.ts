import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openOpenAiImage } from "../../src/detectors/image/openai/openai.ts";
import { openOpenAiText } from "../../src/detectors/text/openai/openai.ts";
import { OPENAI_LABELS, OPENAI_PICTURE_LABELS } from "../../src/detectors/vendors/openai/labels.ts";
import { OpenAiOptions } from "../../src/detectors/vendors/openai/options.ts";
import { faultSuite, KEY, PROMPT } from "../vendors/faults.ts";
import { vendorServer } from "../vendors/server.ts";
import { answerModeration, fakeOpenAi, type Scoring } from "./fake-openai.ts";
import { colourOf, decoded, plain, slides } from "./pictures.ts";

const never = new AbortController().signal;
const options = (url: string, more: object = {}) =>
  OpenAiOptions.parse({ url: `${url}/v1`, api_key: { from_env: "TEST_OPENAI_KEY" }, ...more });

const opened: { close?(): Promise<void> }[] = [];
beforeEach(() => {
  process.env["TEST_OPENAI_KEY"] = KEY;
});
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close?.();
});

async function text(scoring?: Scoring, more?: object) {
  const vendor = await fakeOpenAi(KEY, scoring);
  const detector = await openOpenAiText(options(vendor.url, more));
  opened.push(detector, vendor);
  return { vendor, detector };
}

async function image(scoring?: Scoring) {
  const vendor = await fakeOpenAi(KEY, scoring);
  const detector = await openOpenAiImage(options(vendor.url));
  opened.push(detector, vendor);
  return { vendor, detector };
}

describe("the openai text detector", () => {
  test("gives every category that the vendor scores, with its label", async () => {
    const { detector } = await text(() => ({ "violence/graphic": 0.84, "illicit/violent": 0.5 }));
    const findings = await detector.inspect({ text: PROMPT }, never);
    expect(findings).toHaveLength(13);
    expect(findings.some(({ category }) => category === "unsafe")).toBe(false);
    expect(findings).toContainEqual({ category: "gore", score: 0.84, label: "violence/graphic" });
    expect(findings).toContainEqual({ category: "weapons", score: 0.5, label: "illicit/violent" });
    expect(findings).toContainEqual({ category: "sexual_minors", score: 1.5e-6, label: "sexual/minors" });
    expect([...detector.categories].sort()).toEqual([...new Set(Object.values(OPENAI_LABELS))].sort());
  });

  test("sends the text alone, to the model it is told, as who it is told", async () => {
    const { detector, vendor } = await text(undefined, {
      model: "omni-moderation-2024-09-26",
      organization: "org-1",
      project: "proj_2",
    });
    await detector.inspect({ text: PROMPT }, never);
    expect(vendor.calls.map((call) => call.json())).toEqual([{ model: "omni-moderation-2024-09-26", input: PROMPT }]);
    expect(vendor.calls[0]?.headers).toMatchObject({ "openai-organization": "org-1", "openai-project": "proj_2" });
    expect(detector.version).toContain("omni-moderation-2024-09-26");
  });

  test("keeps a label that it does not know, as unsafe; a label that could be a sentence without its words", async () => {
    const { detector } = await text(() => ({ "weapons/printed": 0.9, [`about "${PROMPT}"`]: 0.4 }));
    const findings = await detector.inspect({ text: PROMPT }, never);
    expect(findings).toContainEqual({ category: "unsafe", score: 0.9, label: "weapons/printed" });
    expect(findings).toContainEqual({ category: "unsafe", score: 0.4, label: "unnamed" });
    expect(detector.categories).not.toContain("unsafe");
  });

  test("bills nothing", async () => {
    const { detector } = await text();
    const units: number[] = [];
    await detector.inspect({ text: PROMPT }, never, (used) => units.push(used));
    expect(units).toEqual([]);
  });

  test.each([
    ["a score that is missing", { category_scores: { sexual: 0.1 } }, /no score for harassment/],
    ["a score that is null", { category_scores: { ...scores(0.1), violence: null } }, /no score for violence/],
    ["a score above 1", { category_scores: scores(1.2) }, /another shape/],
    [
      "a score that is text, under a label that could be a sentence",
      { category_scores: { ...scores(0.1), [`about "${PROMPT}"`]: "0.1" } },
      /expected, at "results\.0\.category_scores"$/,
    ],
    ["a score that is text", { category_scores: { ...scores(0.1), hate: "0.1" } }, /another shape/],
    [
      "a label that it says it did not look for",
      { category_scores: { ...scores(0.1), hate: 0 }, category_applied_input_types: { hate: [], sexual: ["text"] } },
      /no score for hate/,
    ],
  ])("cannot tell from an answer with %s", async (_what, result, detail) => {
    await using vendor = await vendorServer(() => ({ body: { id: "m", model: "o", results: [result] } }));
    const detector = await openOpenAiText(options(vendor.url));
    opened.push(detector);
    await expect(detector.inspect({ text: PROMPT }, never)).rejects.toMatchObject({
      code: "detector_failed",
      detail: expect.stringMatching(detail),
    });
  });

  test.each([0, 2])("cannot tell from an answer with %i results", async (count) => {
    const results = Array.from({ length: count }, () => ({ category_scores: scores(0) }));
    await using vendor = await vendorServer(() => ({ body: { results } }));
    const detector = await openOpenAiText(options(vendor.url));
    opened.push(detector);
    await expect(detector.inspect({ text: PROMPT }, never)).rejects.toMatchObject({
      detail: `it was asked for one result and gave ${count}`,
    });
  });

  test("takes an answer without applied input types, as older models and compatible servers give", async () => {
    await using vendor = await vendorServer(() => ({ body: { results: [{ category_scores: scores(0.3) }] } }));
    const detector = await openOpenAiText(options(vendor.url));
    opened.push(detector);
    expect(await detector.inspect({ text: PROMPT }, never)).toHaveLength(13);
  });

  test("sends no credentials to a compatible server that needs none", async () => {
    await using vendor = await vendorServer(() => ({ body: { results: [{ category_scores: scores(0) }] } }));
    const detector = await openOpenAiText(OpenAiOptions.parse({ url: vendor.url }));
    opened.push(detector);
    await detector.inspect({ text: PROMPT }, never);
    expect(vendor.calls[0]?.headers).not.toHaveProperty("authorization");
    expect(vendor.calls[0]?.path).toBe("/moderations");
  });

  test("does not open without its key, and names the variable", async () => {
    const open = openOpenAiText(OpenAiOptions.parse({ api_key: { from_env: "TEST_UNSET_KEY" } }));
    await expect(open).rejects.toMatchObject({
      code: "config_invalid",
      detail: expect.stringContaining("TEST_UNSET_KEY"),
    });
  });

  test.each([
    [{}, "api_key"],
    [{ api_key: KEY }, "api_key"],
    [{ api_key: { from_env: "K" }, url: "ftp://x" }, "url"],
    [{ api_key: { from_env: "K" }, project: "a b" }, "project"],
    [{ api_key: { from_env: "K" }, treshold: 1 }, ""],
  ])("refuses the options %j", (given, path) => {
    expect(OpenAiOptions.safeParse(given).error?.issues[0]?.path.join(".")).toBe(path);
  });
});

describe("the openai image detector", () => {
  test("covers only what the vendor scores in pictures", async () => {
    const { detector } = await image(({ ...asked }) => ("picture" in asked ? { sexual: 0.97, violence: 0.2 } : {}));
    const findings = await detector.inspect(await decoded(await plain(64, 64)), never);
    expect(detector.categories.toSorted()).toEqual(["gore", "self_harm", "sexual", "violence"]);
    expect(findings.map(({ label }) => label).toSorted()).toEqual(Object.keys(OPENAI_PICTURE_LABELS).toSorted());
    expect(findings).toContainEqual({ category: "sexual", score: 0.97, label: "sexual" });
  });

  test("sends the very bytes of a still picture, as a data URL", async () => {
    const bytes = await plain(64, 64);
    const { detector, vendor } = await image();
    await detector.inspect(await decoded(bytes), never);
    expect(vendor.calls[0]?.json()).toEqual({
      model: "omni-moderation-latest",
      input: [{ type: "image_url", image_url: { url: `data:image/png;base64,${bytes.toString("base64")}` } }],
    });
  });

  test("asks about every frame of an animation; the worst counts, and is named", async () => {
    const { detector, vendor } = await image(async (asked) => ({
      sexual: "picture" in asked && (await colourOf(asked.picture)) === "green" ? 0.9 : 0.1,
    }));
    const findings = await detector.inspect(await decoded(await slides(["#e00000", "#00e000", "#0000e0"])), never);
    expect(vendor.calls).toHaveLength(3);
    expect(findings).toContainEqual({
      category: "sexual",
      score: 0.9,
      label: "sexual",
      evidence: { region: { x: 0, y: 0, width: 1, height: 1, frame: 1 } },
    });
    expect(findings.filter(({ label }) => label === "sexual")).toHaveLength(1);
  });

  test("cannot tell of an animation when one frame fails", async () => {
    let asked = 0;
    const vendor = await vendorServer((call) =>
      asked++ === 1 ? { status: 400, body: {} } : answerModeration(call, KEY, () => ({})),
    );
    const detector = await openOpenAiImage(options(vendor.url));
    opened.push(detector, vendor);
    await expect(detector.inspect(await decoded(await slides(["red", "lime", "blue"])), never)).rejects.toMatchObject({
      code: "detector_failed",
      vendor: { status: 400 },
    });
  });

  test("cannot tell from an answer that says that nobody looked at the picture", async () => {
    await using vendor = await vendorServer(() => ({
      body: { results: [{ category_scores: scores(0), category_applied_input_types: { violence: ["text"] } }] },
    }));
    const detector = await openOpenAiImage(options(vendor.url));
    opened.push(detector);
    await expect(detector.inspect(await decoded(await plain(64, 64)), never)).rejects.toMatchObject({
      code: "detector_failed",
      detail: "its answer has no score for violence",
    });
  });

  test("takes a label for texts when the vendor says one day that it has looked for it in the picture", async () => {
    const applied = { hate: ["image"], harassment: [], "hate/threatening": null };
    await using vendor = await vendorServer(() => ({
      body: { results: [{ category_scores: scores(0.6), category_applied_input_types: applied }] },
    }));
    const detector = await openOpenAiImage(options(vendor.url));
    opened.push(detector);
    const findings = await detector.inspect(await decoded(await plain(64, 64)), never);
    expect(findings).toContainEqual({ category: "hate", score: 0.6, label: "hate" });
    expect(findings.some(({ label }) => label === "harassment" || label === "hate/threatening")).toBe(false);
  });
});

function scores(value: number): Record<string, number> {
  return Object.fromEntries(Object.keys(OPENAI_LABELS).map((label) => [label, value]));
}

process.env["TEST_OPENAI_KEY"] = KEY;

faultSuite("the openai text detector", {
  role: "detector",
  open: (url) => openOpenAiText(options(url)),
  ask: (detector, signal) => detector.inspect({ text: PROMPT }, signal),
  close: (detector) => detector.close?.(),
  good: (call) => answerModeration(call, KEY, () => ({})),
});

faultSuite("the openai image detector", {
  role: "detector",
  open: (url) => openOpenAiImage(options(url)),
  ask: async (detector, signal) => detector.inspect(await decoded(await plain(64, 64)), signal),
  close: (detector) => detector.close?.(),
  good: (call) => answerModeration(call, KEY, () => ({})),
});
