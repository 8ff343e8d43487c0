import { InvokeEndpointCommand, type InvokeEndpointCommandInput } from "@aws-sdk/client-sagemaker-runtime";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { asJpeg, asPixels } from "../../../src/http/dialects/aws/sagemaker/pictures.ts";
import { type AwsWorld, awsWorld } from "./world.ts";

let aws: AwsWorld;
beforeAll(async () => {
  aws = await awsWorld("limits: {image_pixels: 4000000}\n");
});
afterAll(() => aws.close());

const JPEG = "application/json;jpeg";
const SMALL = { width: 128, height: 64 };

interface Answer {
  readonly generated_images?: readonly unknown[];
  readonly generated_image?: unknown;
  readonly artifacts?: readonly { readonly seed: number; readonly base64: string; readonly finishReason: string }[];
  readonly result?: string;
  readonly prompt?: unknown;
  readonly safelight?: {
    readonly id: string;
    readonly action: string;
    readonly images: readonly { readonly action: string }[];
  };
}

const send = (input: Partial<InvokeEndpointCommandInput>) =>
  aws.sagemaker.send(
    new InvokeEndpointCommand({ EndpointName: "default", ContentType: "application/json", Body: "", ...input }),
  );

async function invoke(body: unknown, Accept = JPEG, more: Partial<InvokeEndpointCommandInput> = {}): Promise<Answer> {
  const Body = typeof body === "string" ? body : JSON.stringify(body);
  const answer = await send({ Body, Accept, ...more });
  return JSON.parse(answer.Body.transformToString()) as Answer;
}

/** What the SDK throws, with the container's own words parsed. */
async function modelError(body: unknown, more: Partial<InvokeEndpointCommandInput> = {}) {
  const error = await invoke(body, JPEG, more).then(
    () => undefined,
    (thrown: {
      name: string;
      OriginalStatusCode: number;
      OriginalMessage: string;
      $metadata: { httpStatusCode: number };
    }) => thrown,
  );
  expect(error).toMatchObject({ name: "ModelError", $metadata: { httpStatusCode: 424 } });
  const said = JSON.parse(error?.OriginalMessage ?? "") as { name: string; message: string };
  return { status: error?.OriginalStatusCode, ...said };
}

const picture = async (base64: unknown) => {
  const image = sharp(Buffer.from(String(base64), "base64"));
  const { format, width, height } = await image.metadata();
  const { channels } = await image.stats();
  return { format, width, height, black: channels.every(({ max }) => max === 0) };
};

describe("the SageMaker client, invoking a JumpStart endpoint,", () => {
  test("gets pictures as base64 JPEG, with the prompt", async () => {
    const answer = await invoke({
      prompt: "a red boat",
      ...SMALL,
      num_images_per_prompt: 2,
      seed: 7,
      num_inference_steps: 20,
      guidance_scale: 7.5,
      eta: 0,
    });
    expect(answer.prompt).toBe("a red boat");
    expect(answer.generated_images).toHaveLength(2);
    for (const image of answer.generated_images ?? [])
      expect(await picture(image)).toEqual({ format: "jpeg", width: 128, height: 64, black: false });
    expect(answer.safelight).toMatchObject({ action: "allow", images: [{ action: "allow" }, { action: "allow" }] });
  });

  test("gets pictures as rows of pixels when it accepts plain JSON, and they are the same picture", async () => {
    const request = { prompt: "a red boat", ...SMALL, seed: 7 };
    const pixels = (await invoke(request, "application/json")).generated_images?.[0] as number[][][];
    expect(pixels).toHaveLength(64);
    for (const row of pixels) {
      expect(row).toHaveLength(128);
      for (const pixel of row) expect(pixel).toHaveLength(3);
    }
    const jpeg = Buffer.from(String((await invoke(request)).generated_images?.[0]), "base64");
    const same = await sharp(jpeg).raw().toBuffer();
    const flat = pixels.flat(2);
    expect(flat.every((value) => Number.isInteger(value) && value >= 0 && value <= 255)).toBe(true);
    const distance = flat.reduce((sum, value, at) => sum + Math.abs(value - (same[at] ?? 0)), 0) / flat.length;
    expect(distance).toBeLessThan(6); // what JPEG loses
  });

  test.each(["a red boat", '"a red boat"'])("may send the bare text %j, and gets one picture", async (text) => {
    const answer = await invoke(text, "application/json", { ContentType: "application/x-text" });
    expect(answer.prompt).toBe("a red boat");
    expect((answer.generated_image as number[][][]).length).toBe(512);
  });

  test("may send several prompts, and gets the pictures of all", async () => {
    const answer = await invoke({
      prompt: ["a boat", "a cat"],
      negative_prompt: ["sails", "a tail"],
      ...SMALL,
      num_images_per_prompt: 2,
    });
    expect(answer.generated_images).toHaveLength(4);
    expect(answer.prompt).toEqual(["a boat", "a cat"]);
    expect(answer.safelight).toHaveLength(2);
  });

  test("reaches a generator by its name", async () => {
    const answer = await invoke({ prompt: "a boat", ...SMALL }, JPEG, { EndpointName: "sketch" });
    expect(answer.generated_images).toHaveLength(1);
    await expect(invoke({ prompt: "a boat" }, JPEG, { EndpointName: "nobody" })).rejects.toMatchObject({
      name: "ValidationError",
      message: expect.stringMatching(/Endpoint nobody not found; there are: default, sketch/),
      $metadata: { httpStatusCode: 400 },
    });
  });

  test("leaves a record behind, like any other generation", async () => {
    const answer = await send({ Body: JSON.stringify({ prompt: "a boat on record", ...SMALL }), Accept: JPEG });
    const { safelight } = JSON.parse(answer.Body.transformToString()) as { safelight: { id: string } };
    expect((await aws.server.service.generation(safelight.id))?.request.prompt).toBe("a boat on record");
    expect(answer.InvokedProductionVariant).toBe("default");
    expect(answer.$metadata.requestId).toMatch(/^req_/);
  });
});

test("the variant of an endpoint chooses a policy", async () => {
  const Body = JSON.stringify({ prompt: "a castle safelight-test:prompt:suggestive:0.3", ...SMALL });
  const ask = (TargetVariant?: string) => send({ Body, Accept: JPEG, ...(TargetVariant ? { TargetVariant } : {}) });
  expect((await ask()).InvokedProductionVariant).toBe("default");
  expect((await ask("AllTraffic")).InvokedProductionVariant).toBe("default");
  await expect(ask("strict")).rejects.toMatchObject({ name: "ModelError", OriginalStatusCode: 400 });
  await expect(ask("nobody")).rejects.toMatchObject({
    name: "ValidationError",
    message: expect.stringMatching(/Variant nobody not found/),
  });
});

describe("the SageMaker client, invoking one of Stability's containers,", () => {
  const asked = {
    text_prompts: [{ text: "a red boat" }, { text: "sails", weight: -1 }],
    ...SMALL,
    seed: 133,
    steps: 20,
    cfg_scale: 7,
  };

  test("gets artifacts with a reason to finish", async () => {
    const answer = await invoke(
      { ...asked, samples: 2, sampler: "K_DPMPP_2M", style_preset: "anime" },
      "application/json",
    );
    expect(answer).toMatchObject({
      result: "success",
      artifacts: [{ seed: 133, finishReason: "SUCCESS" }, { finishReason: "SUCCESS" }],
    });
    expect(await picture(answer.artifacts?.[0]?.base64)).toEqual({
      format: "png",
      width: 128,
      height: 64,
      black: false,
    });
  });

  test("gets one PNG from the open models", async () => {
    const answer = await invoke({ ...asked, sampler: "DPMPP2MSampler", use_refiner: true }, "application/json");
    expect(await picture(answer.generated_image)).toMatchObject({ format: "png", width: 128 });
  });

  test("sends what has a negative weight to the model as the negative prompt", async () => {
    const { safelight } = await invoke(asked);
    const record = await aws.server.service.generation(safelight?.id ?? "");
    expect(record?.request).toMatchObject({
      prompt: "a red boat",
      negative_prompt: "sails",
      steps: 20,
      guidance_scale: 7,
    });
  });

  test("gets pictures of 1024 pixels when it does not say", async () => {
    const answer = await invoke({ text_prompts: [{ text: "a red boat" }] });
    expect(await picture(answer.artifacts?.[0]?.base64)).toMatchObject({ width: 1024, height: 1024 });
  });
});

describe("what the policy does not let through", () => {
  const image = (signal: string, n = 1) => ({
    prompt: `a boat safelight-test:image:${signal}`,
    ...SMALL,
    num_images_per_prompt: n,
  });
  const artifacts = (signal: string, samples = 1) => ({
    text_prompts: [{ text: `a boat safelight-test:image:${signal}` }],
    ...SMALL,
    samples,
  });

  test.each([
    ["blocked", "a castle safelight-test:prompt:violence:1.0", /violence/],
    ["not to be judged", "a castle safelight-test:prompt:error", /./],
  ])("a prompt that is %s is an error of the model with the reasons", async (_what, prompt, message) => {
    for (const body of [{ prompt }, { text_prompts: [{ text: prompt }] }])
      expect(await modelError(body)).toEqual({
        status: 400,
        name: "invalid_prompts",
        message: expect.stringMatching(message),
      });
    const raw = await aws.server.post("/aws/endpoints/default/invocations", { prompt });
    expect(raw.headers.get("x-amzn-ErrorType")).toBe("ModelError");
    expect(await raw.json()).toMatchObject({
      ErrorCode: "CLIENT_ERROR_FROM_MODEL",
      safelight: { state: "refused", action: "block", reasons: [expect.anything()] },
    });
  });

  test("one refused prompt among several refuses them all", async () => {
    const prompt = ["a boat", "a castle safelight-test:prompt:violence:1.0"];
    expect(await modelError({ prompt, ...SMALL })).toMatchObject({ name: "invalid_prompts" });
  });

  test("a picture to be blurred comes blurred", async () => {
    const request = { ...image("sexual:0.8"), seed: 5 };
    const answer = await invoke(request);
    expect(answer.safelight).toMatchObject({ action: "blur", images: [{ action: "blur", blurred: true }] });
    const { prompt, seed } = request;
    const native = await aws.server.post("/api/v1/generations", { prompt, seed, ...SMALL });
    const { images } = (await native.json()) as { images: { b64: string; blurred: boolean }[] };
    expect(images[0]?.blurred).toBe(true);
    expect(answer.generated_images?.[0]).toBe(images[0]?.b64);
  });

  test.each([
    ["gore:0.97", /0\.97 for gore/],
    ["hate:0.75", /0\.75 for hate/],
    ["error", /could not tell/],
    ["withheld", /withheld the picture/],
  ])("a picture that is %s is not shown: an error that says why where it is the only one", async (signal, message) => {
    expect(await modelError(image(signal))).toEqual({
      status: 400,
      name: "invalid_prompts",
      message: expect.stringMatching(message),
    });
  });

  test("a picture that is not shown among others is black", async () => {
    const answer = await invoke(image("gore:0.97:index=1", 3));
    const black = await Promise.all((answer.generated_images ?? []).map(async (one) => (await picture(one)).black));
    expect(black).toEqual([false, true, false]);
    const pixels = (await invoke(image("gore:0.97:index=0", 2), "application/json")).generated_images as number[][][][];
    expect(new Set(pixels[0]?.flat(2))).toEqual(new Set([0]));
    expect(new Set(pixels[1]?.flat(2)).size).toBeGreaterThan(1);
  });

  test("an artifact that is not shown says that it was filtered, and is black", async () => {
    const answer = await invoke(artifacts("gore:0.97:index=0", 2));
    expect(answer.artifacts?.map(({ finishReason }) => finishReason)).toEqual(["CONTENT_FILTERED", "SUCCESS"]);
    expect(await picture(answer.artifacts?.[0]?.base64)).toEqual({
      format: "png",
      width: 128,
      height: 64,
      black: true,
    });
    expect((await invoke(artifacts("hate:0.75"))).artifacts?.[0]?.finishReason).toBe("CONTENT_FILTERED");
  });

  test("a generator that fails is a fault of the container that may pass", async () => {
    expect(await modelError({ prompt: "safelight-test:generator:error", ...SMALL })).toMatchObject({
      status: 500,
      name: "generation_error",
    });
  });
});

describe("a body that is wrong", () => {
  test.each<[string, unknown, RegExp]>([
    ["is no JSON", "{", /JSON object/],
    ["has no prompt", { width: 512 }, /"prompt" is missing/],
    ["has an empty prompt", { prompt: " " }, /"prompt" must not be empty/],
    ["has an empty list of prompts", { prompt: [] }, /"prompt" must have at least 1 entry/],
    ["has too many prompts", { prompt: Array(9).fill("a") }, /"prompt" must have at most 8 entries/],
    ["has a prompt that is a number", { prompt: 5 }, /"prompt" must be a string/],
    ["has a side that is no multiple of 8", { prompt: "a", width: 513 }, /"width" must be a multiple of 8, not 513/],
    ["has a side that is too large", { prompt: "a", height: 4096 }, /"height" must be at most 2048/],
    ["wants too many pictures", { prompt: "a", num_images_per_prompt: 9 }, /"num_images_per_prompt" must be at most 8/],
    [
      "wants too many for its prompts",
      { prompt: ["a", "b", "c"], num_images_per_prompt: 3 },
      /"num_images_per_prompt" must be at most 2/,
    ],
    ["has a seed that is negative", { prompt: "a", seed: -1 }, /"seed" must be at least 0/],
    ["has a picture to start from", { prompt: "a", image: "aGk=" }, /"image" is not supported/],
    ["has one under the other name", { prompt: "a", init_image: "aGk=" }, /"init_image" is not supported/],
    [
      "has one for Stability's model",
      { text_prompts: [{ text: "a" }], init_image: "aGk=" },
      /"init_image" is not supported/,
    ],
    ["has no text prompts", { text_prompts: [] }, /"text_prompts" must have at least 1 entry/],
    [
      "has nothing but negative ones",
      { text_prompts: [{ text: "a", weight: -1 }] },
      /"text_prompts" must not be empty/,
    ],
    [
      "wants two from the open models",
      { text_prompts: [{ text: "a" }], use_refiner: true, samples: 2 },
      /"samples" must be 1/,
    ],
  ])("because it %s is the model's error, and names the field", async (_what, body, message) => {
    expect(await modelError(body)).toEqual({
      status: 400,
      name: "bad_request",
      message: expect.stringMatching(message),
    });
  });

  test("because it wants more pixels as numbers than there may be says how to get them", async () => {
    const made = (await aws.server.service.generations({ limit: 1 })).records[0]?.id;
    const asked = { prompt: "a", width: 2048, height: 1024, num_images_per_prompt: 2 };
    const response = await aws.server.post("/aws/endpoints/default/invocations", asked);
    expect(response.status).toBe(424);
    expect(await response.json()).toMatchObject({
      OriginalMessage: expect.stringMatching(/may have 2097152 pixels together, and these have 4194304.*jpeg/),
    });
    expect((await aws.server.service.generations({ limit: 1 })).records[0]?.id).toBe(made);
  });

  test("of another type says which there are", async () => {
    expect(await modelError("a boat", { ContentType: "text/csv" })).toMatchObject({
      message: expect.stringMatching(/application\/json or application\/x-text/),
    });
  });

  test("takes null for what is not there, as Python's clients send it", async () => {
    const answer = await invoke({ prompt: "a boat", ...SMALL, seed: null, negative_prompt: null });
    expect(answer.generated_images).toHaveLength(1);
  });

  test("over a mebibyte is refused: no picture is in it", async () => {
    const Body = JSON.stringify({ prompt: "a", image: "x".repeat(1_048_576) });
    await expect(send({ Body })).rejects.toMatchObject({
      name: "ValidationError",
      message: expect.stringMatching(/1048576/),
    });
  });
});

test("a client that goes away ends the generation", async () => {
  const abort = new AbortController();
  const gone = aws.sagemaker.send(
    new InvokeEndpointCommand({
      EndpointName: "default",
      ContentType: "application/json",
      Body: JSON.stringify({ prompt: "safelight-test:generator:delay:20000", ...SMALL }),
    }),
    { abortSignal: abort.signal },
  );
  setTimeout(() => abort.abort(), 300);
  await expect(gone).rejects.toThrow();
  await expect
    .poll(async () => (await aws.server.service.generations({ limit: 1 })).records[0]?.state, { timeout: 10_000 })
    .toBe("cancelled");
});

test("behind the transparent parts of a picture is what was there when it was judged", async () => {
  const create = { width: 16, height: 16, channels: 4, background: { r: 128, g: 128, b: 128, alpha: 0 } } as const;
  const bytes = await sharp({ create }).png().toBuffer();
  const shown = { picture: { bytes, mediaType: "image/png" as const }, width: 16, height: 16 };
  expect(new Set((JSON.parse(await asPixels(shown)) as number[][][]).flat(2))).toEqual(new Set([128]));
  const jpeg = await sharp(Buffer.from(await asJpeg(shown), "base64")).stats();
  for (const { min, max } of jpeg.channels) expect([min, max]).toEqual([128, 128]);
});
