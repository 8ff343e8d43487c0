import { describe, expect, test } from "vitest";
import type { ImageRequest } from "../../src/contract/generator.ts";
import { openBedrock } from "../../src/generators/bedrock/bedrock.ts";
import { BedrockOptions } from "../../src/generators/bedrock/options.ts";
import { AWS, awsError, signedFor, useTestAccount } from "../vendors/aws-account.ts";
import { faultSuite, PROMPT } from "../vendors/faults.ts";
import { type Answerer, vendorServer } from "../vendors/server.ts";

useTestAccount();

const never = new AbortController().signal;
const asked = (seeds: readonly number[], change: Partial<ImageRequest> = {}): ImageRequest => ({
  prompt: PROMPT,
  negativePrompt: "blurry",
  width: 1024,
  height: 576,
  attempt: 1,
  images: seeds.map((seed, index) => ({ index, seed })),
  ...change,
});
const png = Buffer.from("\x89PNG\r\n\x1a\n", "latin1").toString("base64");
const NOVA = { model: "amazon.nova-canvas-v1:0" };
const TITAN = { model: "amazon.titan-image-generator-v2:0" };
const STABILITY = { model: "stability.stable-image-core-v1:1" };

async function ask(answer: Answerer, options: object, request = asked([7])) {
  await using vendor = await vendorServer(answer);
  const generator = await openBedrock(BedrockOptions.parse({ ...AWS, endpoint: vendor.url, ...options }));
  try {
    return { answers: await generator.generate(request, never), calls: vendor.calls };
  } finally {
    await generator.close?.();
  }
}

const failureOf = (work: Promise<unknown>) =>
  work.then(
    () => expect.fail("it should have failed"),
    (error: unknown) => error,
  );
const one = () => ({ body: { images: [png], finish_reasons: [null], seeds: [7] } });

describe("the bedrock generator", () => {
  test("invokes the model that it names, signed for Bedrock, over HTTP/1.1", async () => {
    const { calls } = await ask(one, STABILITY);
    const [call] = calls;
    expect(call).toMatchObject({ method: "POST", path: "/model/stability.stable-image-core-v1%3A1/invoke" });
    expect(call?.headers).toMatchObject({ "content-type": "application/json", accept: "application/json" });
    expect(call && signedFor(call)).toEqual({ region: "us-east-1", service: "bedrock" });
  });

  test("asks a model of Stability's for a shape, because sizes are not its own", async () => {
    const { calls, answers } = await ask(one, { ...STABILITY, output_format: "jpeg" });
    expect(calls[0]?.json()).toEqual({
      prompt: PROMPT,
      negative_prompt: "blurry",
      aspect_ratio: "16:9",
      seed: 7,
      output_format: "jpeg",
    });
    expect(answers).toEqual([{ kind: "image", bytes: expect.any(Uint8Array), mediaType: "image/jpeg", seed: 7 }]);
  });

  test.each([
    [512, 512, "1:1"],
    [512, 768, "2:3"],
    [768, 512, "3:2"],
    [1024, 816, "5:4"],
    [816, 1024, "4:5"],
    [576, 1024, "9:16"],
    [2048, 64, "21:9"],
    [64, 2048, "9:21"],
  ])("%i × %i is nearest to %s", async (width, height, aspect_ratio) => {
    const { calls } = await ask(one, STABILITY, asked([7], { width, height }));
    expect(calls[0]?.json()).toMatchObject({ aspect_ratio });
  });

  test.each([
    [0, 4_294_967_294],
    [1, 1],
    [4_294_967_295, 4_294_967_294],
  ])("the seed %i is sent to Stability as %i: 0 would be any", async (seed, sent) => {
    const { calls } = await ask(one, STABILITY, asked([seed]));
    expect(calls[0]?.json()).toMatchObject({ seed: sent });
  });

  test("asks Nova Canvas for size, quality, guidance and seed", async () => {
    const { calls, answers } = await ask(
      () => ({ body: { images: [png, png] } }),
      { ...NOVA, quality: "premium", guidance_scale: 6.5, pictures_per_call: 2 },
      asked([900_000_000, 8]),
    );
    expect(calls[0]?.json()).toEqual({
      taskType: "TEXT_IMAGE",
      textToImageParams: { text: PROMPT, negativeText: "blurry" },
      imageGenerationConfig: {
        width: 1024,
        height: 576,
        numberOfImages: 2,
        seed: 900_000_000 - 858_993_460,
        quality: "premium",
        cfgScale: 6.5,
      },
    });
    expect(answers.map((answer) => answer.kind === "image" && answer.seed)).toEqual([900_000_000, 900_000_000]);
  });

  test("leaves out what is empty or left to the model", async () => {
    const { calls } = await ask(() => ({ body: { images: [png] } }), TITAN, asked([7], { negativePrompt: "" }));
    expect(calls[0]?.json()).toEqual({
      taskType: "TEXT_IMAGE",
      textToImageParams: { text: PROMPT },
      imageGenerationConfig: { width: 1024, height: 576, numberOfImages: 1, seed: 7 },
    });
  });

  test("a negative prompt that is too long for the model loses whole terms from its end", async () => {
    const terms = Array.from({ length: 200 }, (_, i) => `term ${i}`);
    const { calls } = await ask(
      () => ({ body: { images: [png] } }),
      TITAN,
      asked([7], { negativePrompt: terms.join(", ") }),
    );
    const negativeText = /"negativeText":"([^"]*)"/.exec(calls[0]?.text ?? "")?.[1] ?? "";
    const sent = negativeText.split(", ");
    expect(negativeText.length).toBeLessThanOrEqual(512);
    expect(sent.length).toBeGreaterThan(50);
    expect(sent).toEqual(terms.slice(0, sent.length));
  });

  test.each<[string, object, Partial<ImageRequest>, RegExp]>([
    [
      "a prompt too long for Titan",
      TITAN,
      { prompt: "x".repeat(513) },
      /^prompt has 513 characters; titan-image takes at most 512$/,
    ],
    ["a prompt too long for Nova", NOVA, { prompt: "x".repeat(1025) }, /at most 1024/],
    ["a prompt too long for Stability", STABILITY, { prompt: "x".repeat(10_001) }, /^prompt has 10001 .* 10000$/],
    [
      "a negative prompt too long for Stability",
      STABILITY,
      { negativePrompt: "x".repeat(10_001) },
      /^negative_prompt has/,
    ],
    ["a guidance beyond Amazon's", NOVA, { guidanceScale: 11 }, /^guidance_scale is 11; nova-canvas takes 1.1 to 10$/],
    ["a side too short for Nova", NOVA, { width: 256 }, /^width is 256; nova-canvas takes multiples of 16 from 320/],
    ["a side that is no multiple for Nova", NOVA, { height: 520 }, /^height is 520/],
  ])("%s is not sent", async (_name, options, change, detail) => {
    const calls: unknown[] = [];
    const failure = await failureOf(ask((call) => void calls.push(call), options, asked([7], change)));
    expect(failure).toMatchObject({ code: "provider_rejected", detail: expect.stringMatching(detail) });
    expect(calls).toEqual([]);
  });

  test.each<[string, object, RegExp]>([
    ["a model that nobody knows", { model: "acme.painter-v1" }, /^family:/],
    ["a quality for Stability", { ...STABILITY, quality: "premium" }, /^quality:/],
    ["a guidance for Stability", { ...STABILITY, guidance_scale: 5 }, /^guidance_scale:/],
    ["several pictures of Stability", { ...STABILITY, pictures_per_call: 2 }, /^pictures_per_call:/],
    ["a format for Amazon", { ...NOVA, output_format: "jpeg" }, /^output_format:/],
  ])("%s is a mistake in the configuration", async (_name, options, detail) => {
    await expect(openBedrock(BedrockOptions.parse({ ...AWS, ...options }))).rejects.toMatchObject({
      code: "config_invalid",
      detail: expect.stringMatching(detail),
    });
  });

  test.each([
    ["us.stability.stable-image-ultra-v1:1", undefined, "prompt"],
    ["arn:aws:bedrock:us-east-1::foundation-model/amazon.titan-image-generator-v1", undefined, "textToImageParams"],
    ["arn:aws:bedrock:us-east-1:111122223333:application-inference-profile/abc", "nova-canvas", "textToImageParams"],
  ])("%s is known, with the family %s", async (model, family, key) => {
    const { calls } = await ask(one, { model, ...(family === undefined ? {} : { family }) });
    expect(calls[0]?.json()).toHaveProperty(key);
  });
});

describe("what the models' own filters hold back", () => {
  test.each(["Filter reason: prompt", "Filter reason: output image", "Filter reason: input image"])(
    "Stability's %j is withheld",
    async (reason) => {
      const { answers } = await ask(() => ({ body: { finish_reasons: [reason] } }), STABILITY);
      expect(answers).toEqual([{ kind: "withheld", reason }]);
    },
  );

  test.each<[string, object]>([
    ["an inference error", { finish_reasons: ["Inference error"], images: [] }],
    ["a reason in words", { finish_reasons: [`Filter reason: ${PROMPT}, that is "bad"!`], images: [] }],
    ["a picture that is missing", { finish_reasons: [null], images: [] }],
  ])("%s of Stability's is a failure", async (_name, body) => {
    const failure = await failureOf(ask(() => ({ body }), STABILITY));
    expect(failure).toMatchObject({ code: "provider_failed" });
    expect(String(failure)).not.toContain("castle");
  });

  test.each([
    "This request has been blocked by our content filters. Please adjust your text prompt to submit a new request.",
    `Text "${PROMPT}" conflicts with the AWS Responsible AI Policy.`,
  ])("a ValidationException that says %j is withheld", async (message) => {
    const { answers } = await ask(() => awsError(400, "ValidationException", message), TITAN, asked([7, 8]));
    expect(answers).toEqual([
      { kind: "withheld", reason: "content_filtered" },
      { kind: "withheld", reason: "content_filtered" },
    ]);
  });

  test("any other ValidationException rejects the request", async () => {
    const failure = await failureOf(ask(() => awsError(400, "ValidationException", `Malformed: ${PROMPT}`), TITAN));
    expect(failure).toMatchObject({ code: "provider_rejected", vendor: { status: 400, code: "ValidationException" } });
    expect(String(failure)).not.toContain("castle");
  });

  test("pictures missing from Amazon's answer are withheld where it says why, and a failure where it does not", async () => {
    const options = { ...NOVA, pictures_per_call: 3 };
    const error = "Some images have been blocked by our content filters.";
    const { answers } = await ask(() => ({ body: { images: [png], error } }), options, asked([7, 8, 9]));
    expect(answers.map(({ kind }) => kind)).toEqual(["image", "withheld", "withheld"]);
    const failure = await failureOf(ask(() => ({ body: { images: [png] } }), options, asked([7, 8, 9])));
    expect(failure).toMatchObject({ code: "provider_failed", detail: "it was asked for 3 pictures and gave 1" });
  });

  test("an error that comes with all pictures is a failure: one of them may be what the filter means", async () => {
    const error = "Some of the generated images have been blocked by our content filters.";
    const failure = await failureOf(ask(() => ({ body: { images: [png], error } }), NOVA));
    expect(failure).toMatchObject({ code: "provider_failed", detail: "it gave all pictures, and an error with them" });
  });

  test("a model that the account has no access to is told as that", async () => {
    const failure = await failureOf(ask(() => awsError(403, "AccessDeniedException", PROMPT), NOVA));
    expect(failure).toMatchObject({
      code: "provider_rejected",
      detail: "it answered with status 403 (AccessDeniedException): it refuses the credentials, request aws-1",
    });
  });
});

for (const [name, options] of [
  ["bedrock's Stability", STABILITY],
  ["bedrock's Nova Canvas", NOVA],
] as const) {
  faultSuite(name, {
    role: "generator",
    open: (endpoint) => openBedrock(BedrockOptions.parse({ ...AWS, ...options, endpoint })),
    ask: (generator, signal) => generator.generate(asked([7]), signal),
    close: (generator) => generator.close?.(),
    good: one(),
    refusal: (_status, code, words) => ({ headers: { "x-amzn-errortype": code }, body: { message: words } }),
  });
}
