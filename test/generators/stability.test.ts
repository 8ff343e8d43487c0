import { describe, expect, test } from "vitest";
import type { ImageRequest } from "../../src/contract/generator.ts";
import { aspectOf } from "../../src/generators/stability/aspect.ts";
import { StabilityOptions } from "../../src/generators/stability/options.ts";
import { openStability } from "../../src/generators/stability/stability.ts";
import { faultSuite, KEY, PROMPT } from "../vendors/faults.ts";
import { type Answerer, type Reply, type VendorCall, vendorServer } from "../vendors/server.ts";
import { generatorContract, type Script } from "./contract.ts";

const never = new AbortController().signal;
const PIXEL = Buffer.from("pixel").toString("base64");

process.env["TEST_STABILITY_KEY"] = KEY;
const api_key = { from_env: "TEST_STABILITY_KEY" };

/** The fields of the multipart form that was sent. */
async function formOf({ body, headers }: VendorCall): Promise<Record<string, string>> {
  const form = await new Response(body, { headers: { "content-type": headers["content-type"] ?? "" } }).formData();
  return Object.fromEntries([...form].map(([name, value]) => [name, String(value)]));
}

const moderated: Reply = {
  status: 403,
  body: { id: "x", name: "content_moderation", errors: ["a castle was flagged"] },
};

/** @param refused how a picture is withheld */
const generate =
  (refused: Reply) =>
  ({ ready, picture }: Script): Answerer =>
  async (call) => {
    await ready;
    const seed = Number((await formOf(call))["seed"]);
    const given = picture(seed);
    if (given.kind === "withheld") return refused;
    const image = given.kind === "text" ? given.text : Buffer.from(given.bytes).toString("base64");
    return { body: { image, finish_reason: "SUCCESS", seed } };
  };

for (const [name, refused] of [
  ["stability (a flagged prompt)", moderated],
  ["stability (a filtered picture)", { body: { image: PIXEL, finish_reason: "CONTENT_FILTERED", seed: 1 } }],
] as const)
  generatorContract(name, {
    schema: StabilityOptions,
    options: { api_key },
    open: openStability,
    vendor: generate(refused),
    seeds: true,
    batches: false,
    withholds: "each",
    encoding: "base64",
    secret: "api_key",
  });

const asked = (change: Partial<ImageRequest> = {}): ImageRequest => ({
  prompt: PROMPT,
  negativePrompt: "",
  width: 1_024,
  height: 1_024,
  attempt: 1,
  images: [{ index: 0, seed: 7 }],
  ...change,
});

faultSuite("stability", {
  role: "generator",
  open: (url) => openStability(StabilityOptions.parse({ url, api_key })),
  ask: (generator, signal) => generator.generate(asked(), signal),
  close: (generator) => generator.close?.(),
  good: { body: { image: PIXEL, finish_reason: "SUCCESS", seed: 7 } },
  refusal: (_status, code, words) => ({ body: { id: "x", name: code, errors: [words] } }),
});

/** Asks a vendor that answers so, and tells the calls and what came of them. */
async function exchange(answer: Answerer, options: object = {}, request = asked()) {
  await using vendor = await vendorServer(answer);
  const generator = await openStability(StabilityOptions.parse({ url: vendor.url, api_key, ...options }));
  try {
    const answers = await generator.generate(request, never);
    return { answers, calls: vendor.calls };
  } finally {
    await generator.close?.();
  }
}
const made = (body: object = {}) => exchange(() => ({ body: { image: PIXEL, finish_reason: "SUCCESS", ...body } }));
const first = async (work: ReturnType<typeof exchange>) => formOf((await work).calls[0] ?? expect.fail("no call"));
const drawn: Answerer = () => ({ body: { image: PIXEL, finish_reason: "SUCCESS", seed: 7 } });

describe("the stability generator", () => {
  test("sends a form with what core takes, and asks for JSON", async () => {
    const request = asked({ negativePrompt: "cranes", width: 1_920, height: 1_080, steps: 30, guidanceScale: 7 });
    const work = exchange(drawn, { style_preset: "cinematic", output_format: "webp" }, request);
    expect(await first(work)).toEqual({
      prompt: PROMPT,
      negative_prompt: "cranes",
      aspect_ratio: "16:9",
      seed: "7",
      output_format: "webp",
      style_preset: "cinematic",
    });
    const { calls, answers } = await work;
    expect(calls[0]).toMatchObject({ method: "POST", path: "/v2beta/stable-image/generate/core" });
    expect(calls[0]?.headers).toMatchObject({ accept: "application/json", authorization: `Bearer ${KEY}` });
    expect(answers).toMatchObject([{ kind: "image", mediaType: "image/webp", seed: 7 }]);
  });

  test("sends the model and the guidance to sd3", async () => {
    const options = { service: "sd3", model: "sd3.5-medium", guidance_scale: 4 };
    expect(await first(exchange(drawn, options))).toEqual({
      prompt: PROMPT,
      aspect_ratio: "1:1",
      seed: "7",
      output_format: "png",
      mode: "text-to-image",
      model: "sd3.5-medium",
      cfg_scale: "4",
    });
    expect(await first(exchange(drawn, options, asked({ guidanceScale: 9 })))).toMatchObject({ cfg_scale: "9" });
  });

  test("makes at most so many pictures at a time, and keeps their order", async () => {
    let running = 0;
    let most = 0;
    const slowly: Answerer = async (call) => {
      most = Math.max(most, ++running);
      const seed = Number((await formOf(call))["seed"]);
      await new Promise((go) => setTimeout(go, 60 - seed * 10));
      running--;
      return { body: { image: Buffer.from(`picture ${seed}`).toString("base64"), finish_reason: "SUCCESS", seed } };
    };
    const images = [1, 2, 3, 4, 5].map((seed, index) => ({ index, seed }));
    const { answers } = await exchange(slowly, { concurrent_calls: 2 }, asked({ images }));
    expect(most).toBe(2);
    expect(answers.map((answer) => answer.kind === "image" && Buffer.from(answer.bytes).toString())).toEqual(
      images.map(({ seed }) => `picture ${seed}`),
    );
  });

  test("keeps within the vendor's seeds, and tells the one that was used", async () => {
    const images = [{ index: 0, seed: 4_294_967_295 }];
    expect(await first(exchange(drawn, {}, asked({ images })))).toMatchObject({ seed: "4294967294" });
    expect((await made({ seed: 99 })).answers).toMatchObject([{ seed: 99 }]);
    expect((await made({ seed: null })).answers).toMatchObject([{ seed: 7 }]);
  });

  test("claims no seed where the vendor chose one and did not tell it", async () => {
    const { answers } = await exchange(
      () => ({ body: { image: PIXEL, finish_reason: "SUCCESS" } }),
      {},
      asked({ images: [{ index: 0, seed: 0 }] }),
    );
    expect(answers[0]).not.toHaveProperty("seed");
  });

  test("never lets the blurred picture of a filter out", async () => {
    const { answers } = await made({ finish_reason: "CONTENT_FILTERED" });
    expect(answers).toEqual([{ kind: "withheld", reason: "CONTENT_FILTERED" }]);
  });

  test("takes a flagged prompt for a refusal, and any other 403 for a fault", async () => {
    const { answers, calls } = await exchange(() => moderated);
    expect(answers).toEqual([{ kind: "withheld", reason: "content_moderation" }]);
    expect(calls).toHaveLength(1);
    const other = exchange(() => ({
      status: 403,
      body: { name: "permission_denied", errors: ["content_moderation"] },
    }));
    await expect(other).rejects.toMatchObject({ code: "provider_rejected", vendor: { code: "permission_denied" } });
  });

  test.each([
    ["a reason that nobody knows", { finish_reason: "ERROR" }],
    ["no reason at all", { finish_reason: null }],
    ["no picture", { image: null }],
  ])("fails for an answer with %s", async (_name, body) => {
    await expect(made(body)).rejects.toMatchObject({
      code: "provider_failed",
      detail: "it answered without a finished picture",
    });
  });

  test.each<[string, Partial<ImageRequest>, string]>([
    ["a prompt", { prompt: "x".repeat(10_001) }, "the prompt has 10001 characters, and it takes at most 10000"],
    [
      "a negative prompt",
      { negativePrompt: "x".repeat(10_001) },
      "the negative prompt has 10001 characters, and it takes at most 10000",
    ],
    ["a guidance", { guidanceScale: 12 }, "guidance_scale is 12, and it takes 1 to 10"],
  ])("does not send %s beyond the limit", async (_name, change, detail) => {
    const work = exchange(() => expect.fail("it was sent"), { service: "sd3" }, asked(change));
    await expect(work).rejects.toMatchObject({ code: "provider_rejected", detail });
  });
});

describe("the options of stability", () => {
  test.each<[string, object, string, RegExp]>([
    ["no key", { api_key: undefined }, "api_key", /./],
    ["a key in the file", { api_key: KEY }, "api_key", /./],
    ["a service that there is not", { service: "sdxl" }, "service", /core/],
    ["a model of core", { model: "sd3.5-large" }, "model", /sd3 only/],
    ["a guidance of ultra", { service: "ultra", guidance_scale: 4 }, "guidance_scale", /sd3 only/],
    ["a style of sd3", { service: "sd3", style_preset: "anime" }, "style_preset", /core only/],
    ["a webp of sd3", { service: "sd3", output_format: "webp" }, "output_format", /png or jpeg/],
  ])("say what is wrong with %s", (_name, options, where, what) => {
    const { error } = StabilityOptions.safeParse({ api_key, ...options });
    expect(error?.issues).toMatchObject([{ path: [where], message: expect.stringMatching(what) }]);
  });
});

test.each([
  [512, 512, "1:1"],
  [1_920, 1_080, "16:9"],
  [1_080, 1_920, "9:16"],
  [768, 512, "3:2"],
  [512, 768, "2:3"],
  [1_000, 800, "5:4"],
  [800, 1_000, "4:5"],
  [2_048, 64, "21:9"],
  [64, 2_048, "9:21"],
  [1_024, 768, "5:4"],
  [1_100, 1_000, "1:1"],
] as const)("a picture of %i × %i has the shape %s", (width, height, aspect) => {
  expect(aspectOf(width, height)).toBe(aspect);
});
