import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BadRequestError, InternalServerError, NotFoundError } from "openai";
import type { ModerationCreateParams, ModerationCreateResponse } from "openai/resources/moderations";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BUILT_IN_CATEGORIES, type BuiltInCategory } from "../../../src/contract/categories.ts";
import { DEFAULT_LIMITS } from "../../../src/contract/limits.ts";
import { OPENAI_CATEGORIES, openaiCategory } from "../../../src/http/dialects/openai/categories.ts";
import { groupsOf } from "../../../src/http/dialects/openai/inputs.ts";
import { serve, type TestServer } from "../serve.ts";
import { clientOf, raised } from "./client.ts";

/** Goes on where a check fails, with a warning. */
const LENIENT = `
schema: safelight.policy/1
name: lenient
version: "1"
prompt:
  detectors: {test-signals: {}}
  on_unknown: warn
  categories: {violence: {warn: 0.5, review: 0.8}}
image:
  detectors: {test-card: {}}
  on_unknown: warn
  categories: {violence: {blur: 0.5}}
`;

let folder: string;
let server: TestServer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "safelight-openai-"));
  await writeFile(join(folder, "lenient.yaml"), LENIENT);
  const shipped = join(import.meta.dirname, "../../../policies/default.yaml");
  server = await serve(`log: {level: silent}\npolicies: ${JSON.stringify([shipped, folder])}\n`);
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

const moderate = (input: ModerationCreateParams["input"], model?: string) =>
  clientOf(server).moderations.create({ input, ...(model === undefined ? {} : { model }) });
const first = ({ results }: ModerationCreateResponse) => {
  const [result] = results;
  if (!result) throw new Error("there is no result");
  return result;
};
const part = {
  text: (text: string) => ({ type: "text" as const, text }),
  image: (bytes: Uint8Array, type = "image/png") => ({
    type: "image_url" as const,
    image_url: { url: `data:${type};base64,${Buffer.from(bytes).toString("base64")}` },
  }),
};

/** A picture that the image stage reads a score from. */
async function card(signal: string): Promise<Uint8Array> {
  const { images, id } = (await (await server.post("/api/v1/generations", { prompt: `a boat ${signal}` })).json()) as {
    images: { blurred: boolean }[];
    id: string;
  };
  const at = `${server.url}/api/v1/generations/${id}/images/0`;
  const response = await fetch(images[0]?.blurred ? `${at}/reveal` : at, {
    method: images[0]?.blurred ? "POST" : "GET",
  });
  expect(response.status).toBe(200);
  return new Uint8Array(await response.arrayBuffer());
}

describe("moderations.create", () => {
  test("answers every category of OpenAI's for a harmless text", async () => {
    const answer = await moderate("two cats in a garden");
    expect(answer).toMatchObject({ id: expect.stringMatching(/^modr-/), model: "safelight-moderation:default" });
    expect(answer.results).toHaveLength(1);
    const result = first(answer);
    expect(result.flagged).toBe(false);
    expect(Object.keys(result.categories).sort()).toEqual([...OPENAI_CATEGORIES].sort());
    expect(Object.keys(result.category_scores)).toEqual(Object.keys(result.categories));
    expect(Object.keys(result.category_applied_input_types)).toEqual(Object.keys(result.categories));
    expect(Object.values(result.categories)).not.toContain(true);
    expect(result.category_applied_input_types).toMatchObject({ hate: ["text"], "self-harm/intent": [] });
    expect(answer).toMatchObject({ safelight: { policy: { name: "default" } } });
  });

  test.each<[BuiltInCategory, string]>([
    ["sexual", "sexual"],
    ["sexual_minors", "sexual/minors"],
    ["violence", "violence"],
    ["gore", "violence/graphic"],
    ["hate", "hate"],
    ["extremism", "hate"],
    ["harassment", "harassment"],
    ["self_harm", "self-harm"],
    ["illegal_activity", "illicit"],
  ])("a text of %s is flagged as %s", async (ours, theirs) => {
    const result = first(await moderate(`words safelight-test:prompt:${ours}:1.0`));
    expect(result.flagged).toBe(true);
    expect(result.categories).toMatchObject({ [theirs]: true });
    expect(result.category_scores).toMatchObject({ [theirs]: 1 });
    expect(Object.values(result.categories).filter(Boolean)).toHaveLength(1);
    expect(result).toMatchObject({ safelight: { action: "block", reasons: [{ category: ours, score: 1 }] } });
  });

  test("a category that OpenAI has no name for flags, and is told in safelight", async () => {
    const result = first(await moderate("words safelight-test:prompt:unsafe:1.0"));
    expect(result.flagged).toBe(true);
    expect(Object.values(result.categories)).not.toContain(true);
    expect(result).toMatchObject({ safelight: { reasons: [{ category: "unsafe", score: 1 }] } });
  });

  test("what the policy only warns about is not flagged, but scored and told", async () => {
    const result = first(await moderate("words safelight-test:prompt:violence:0.6"));
    expect(result).toMatchObject({
      flagged: false,
      categories: { violence: false },
      category_scores: { violence: 0.6 },
      safelight: { action: "warn", reasons: [{ category: "violence", action: "warn" }] },
    });
  });

  test("an array of strings has one result each, in order", async () => {
    const texts = Array.from({ length: 10 }, (_, i) => (i === 6 ? "safelight-test:prompt:hate:0.9" : `boat ${i}`));
    const { results } = await moderate(texts);
    expect(results.map(({ flagged }) => flagged)).toEqual(texts.map((_, i) => i === 6));
  });

  test.each(["omni-moderation-latest", "omni-moderation-2024-09-26", "text-moderation-stable"])(
    "%s means the default policy",
    async (model) => {
      expect((await moderate("a boat", model)).model).toBe("safelight-moderation:default");
    },
  );

  test("a policy is a model", async () => {
    const text = "words safelight-test:prompt:violence:0.8";
    const lenient = await moderate(text, "safelight-moderation:lenient");
    expect(lenient).toMatchObject({
      model: "safelight-moderation:lenient",
      safelight: { policy: { name: "lenient" } },
    });
    expect(first(lenient)).toMatchObject({ flagged: true, safelight: { action: "review" } });
    expect(first(await moderate(text))).toMatchObject({ flagged: false, safelight: { action: "warn" } });
  });
});

describe("texts and pictures together", () => {
  test("are one input with one result, which says what each category was looked for in", async () => {
    const answer = await moderate([part.text("a boat"), part.image(await card("safelight-test:image:sexual:0.8"))]);
    expect(answer.results).toHaveLength(1);
    const result = first(answer);
    expect(result).toMatchObject({ flagged: true, categories: { sexual: true }, category_scores: { sexual: 0.8 } });
    expect(result.category_applied_input_types.sexual).toEqual(["text", "image"]);
    expect(result).toMatchObject({ safelight: { action: "blur", reasons: [{ stage: "image", category: "sexual" }] } });
  });

  test("a picture alone is judged, and nothing is claimed of a text", async () => {
    const plain = await sharp({ create: { width: 64, height: 64, channels: 3, background: "teal" } })
      .webp()
      .toBuffer();
    const result = first(await moderate([part.image(plain, "image/webp")]));
    expect(result.flagged).toBe(false);
    expect(result.category_applied_input_types).toMatchObject({ sexual: ["image"], harassment: [] });
  });

  test("several texts are judged as one, so that nothing hides between them", async () => {
    const result = first(await moderate([part.text("a boat"), part.text("safelight-test:prompt:hate:0.9")]));
    expect(result).toMatchObject({ flagged: true, categories: { hate: true } });
  });

  test("a picture for which the policy only warns is not flagged", async () => {
    const result = first(await moderate([part.image(await card("safelight-test:image:sexual:0.6"))]));
    expect(result).toMatchObject({ flagged: false, category_scores: { sexual: 0.6 }, safelight: { action: "warn" } });
  });
});

describe("a check that could not tell", () => {
  test("is no clean answer but a 503, which the client asks again by itself", async () => {
    const error = await raised(moderate("words safelight-test:prompt:error"));
    expect(error).toBeInstanceOf(InternalServerError);
    expect(error).toMatchObject({ status: 503, type: "server_error", code: "detector_failed" });
    expect(error.message).toMatch(/could not be judged/);
    expect(error.headers?.get("Retry-After")).toMatch(/^\d+$/);
    expect(error.error).toMatchObject({
      safelight: { input: 0, reasons: [{ detector: "test-signals", score: null }] },
    });
  });

  test("says which input it was", async () => {
    const error = await raised(moderate(["a boat", "a safelight-test:prompt:error"]));
    expect(error.error).toMatchObject({ safelight: { input: 1 } });
  });

  test("does not outweigh what another check saw", async () => {
    const image = await card("safelight-test:image:sexual:0.8");
    const result = first(await moderate([part.text("safelight-test:prompt:error"), part.image(image)]));
    expect(result).toMatchObject({ flagged: true, categories: { sexual: true } });
  });

  test("is a warning where the policy says so", async () => {
    const result = first(await moderate("words safelight-test:prompt:error", "safelight-moderation:lenient"));
    expect(result).toMatchObject({ flagged: false, safelight: { action: "warn", reasons: [{ score: null }] } });
    expect(Object.values(result.category_applied_input_types).flat()).toEqual([]); // nobody looked
  });
});

describe("inputs that cannot be judged", () => {
  const image = (url: string) => [{ type: "image_url", image_url: { url } }];
  test.each<[string, unknown, string, string, RegExp]>([
    ["none", undefined, "input", "missing_required_parameter", /is missing/],
    ["an empty text", "", "input", "invalid_value", /must not be empty/],
    ["an empty array", [], "input", "array_below_min_length", /must not be empty/],
    ["a number", 5, "input", "invalid_type", /must be a string/],
    ["tokens", [1, 2, 3], "input[0]", "invalid_type", /must be a string/],
    ["strings and parts together", ["a", { type: "text", text: "b" }], "input[0]", "invalid_type", /must be/],
    ["an empty text among others", ["a", " "], "input[1]", "invalid_value", /must not be empty/],
    ["a text over the limit", "x".repeat(4001), "input", "string_above_max_length", /at most 4000/],
    [
      "parts that are over the limit together",
      [part.text("x".repeat(3000)), part.text("y".repeat(3000))],
      "input",
      "string_above_max_length",
      /at most 4000/,
    ],
    [
      "more than a thousand",
      Array.from({ length: 1001 }, () => "a"),
      "input",
      "array_above_max_length",
      /at most 1000/,
    ],
    ["a part of another kind", [{ type: "audio", text: "a" }], "input[0].type", "invalid_value", /must be/],
    ["a part without a text", [{ type: "text" }], "input[0].text", "missing_required_parameter", /is missing/],
    ["an address", image("https://127.0.0.1/a.png"), "input[0].image_url.url", "invalid_image_url", /does not fetch/],
    [
      "another scheme",
      image("file:///etc/hosts"),
      "input[0].image_url.url",
      "invalid_image_url",
      /must begin with data:/,
    ],
    [
      "no base64",
      image("data:image/png;base64,***"),
      "input[0].image_url.url",
      "invalid_image_url",
      /not valid base64/,
    ],
    ["an empty picture", image("data:image/png;base64,"), "input[0].image_url.url", "invalid_image_url", /base64/],
    [
      "no picture",
      image("data:image/png;base64,AAAA"),
      "input[0].image_url.url",
      "invalid_image",
      /no known image format/,
    ],
  ])("%s is the 400 that names it", async (_name, input, param, code, message) => {
    const error = await raised(moderate(input as string)); // wrong on purpose
    expect(error).toBeInstanceOf(BadRequestError);
    expect(error).toMatchObject({ param, code, message: expect.stringMatching(message) });
  });

  test("an unknown model is a 404 that names those that there are", async () => {
    const error = await raised(moderate("a boat", "safelight-moderation:nope"));
    expect(error).toBeInstanceOf(NotFoundError);
    expect(error).toMatchObject({
      code: "model_not_found",
      message: expect.stringMatching(/safelight-moderation:default/),
    });
  });
});

describe("the table of categories", () => {
  test("gives every one of OpenAI's names back to a detector that speaks them", async () => {
    const { OPENAI_LABELS } = await import("../../../src/detectors/vendors/openai/labels.ts");
    for (const name of OPENAI_CATEGORIES) expect(openaiCategory(OPENAI_LABELS[name], name)).toBe(name);
  });

  test("a label of somebody else's does not lend a category another name", () => {
    expect(openaiCategory("alcohol", "sexual")).toBeNull();
    expect(openaiCategory("sexual", "violence")).toBe("sexual");
    expect(openaiCategory("custom:our-mascot", "hate")).toBeNull();
  });

  test("has a place, or none on purpose, for every one of ours", () => {
    const elsewhere = BUILT_IN_CATEGORIES.filter((category) => openaiCategory(category, null) === null);
    expect(elsewhere).toEqual([
      "suggestive",
      "tobacco",
      "alcohol",
      "gambling",
      "profanity",
      "privacy",
      "intellectual_property",
      "misinformation",
      "prompt_attack",
      "unsafe",
    ]);
  });
});

describe("the inputs of one request", () => {
  const groups = (lengths: readonly number[]) => {
    const inputs = lengths.map((length) => ({ text: "x".repeat(length), images: [] }));
    const made = [...groupsOf(inputs, { ...DEFAULT_LIMITS, prompt_characters: 100 })];
    return made.map((group) => group.map(({ text }) => text?.length));
  };

  test.each([
    [[1], [[1]]],
    [
      [10, 10, 10, 10, 10],
      [[10, 10, 10, 10], [10]],
    ],
    [
      [100, 100, 1],
      [[100], [100], [1]],
    ],
    [
      [60, 40, 1],
      [[60, 40], [1]],
    ],
  ])("of %j characters are judged in the groups %j: few, and no more text than one may have", (lengths, expected) => {
    expect(groups(lengths)).toEqual(expected);
  });

  test("are judged together where they are pictures without a text", () => {
    expect([...groupsOf([{ text: undefined, images: [] }], DEFAULT_LIMITS)]).toHaveLength(1);
  });
});
