import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { APIUserAbortError, BadRequestError, InternalServerError, NotFoundError, RateLimitError } from "openai";
import type { ImageGenerateParamsNonStreaming, ImagesResponse } from "openai/resources/images";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { imagesRequestSchema } from "../../../src/http/dialects/openai/parameters.ts";
import { serve, type TestServer } from "../serve.ts";
import { bytesOf, clientOf, formatOf, raised, safelightOf } from "./client.ts";

/** Holds where the shipped policy warns, and keeps no pictures. */
const CAREFUL = `
schema: safelight.policy/1
name: careful
version: "1"
prompt:
  detectors: {test-signals: {}}
  categories: {violence: {review: 0.5}}
image:
  detectors: {test-card: {}}
  categories: {}
retention: {pictures: discard}
`;

let folder: string;
let server: TestServer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "safelight-openai-"));
  await writeFile(join(folder, "careful.yaml"), CAREFUL);
  const shipped = join(import.meta.dirname, "../../../policies/default.yaml");
  const policies = `policies: ${JSON.stringify([shipped, folder])}\n`;
  server = await serve(`log: {level: silent}\n${policies}limits: {concurrent_generations: 2}\n`);
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

/** Members that OpenAI's types do not know are sent as they are. */
type Asked = Partial<ImageGenerateParamsNonStreaming> & { readonly safelight?: object };

const generate = (asked: Asked = {}, options: { signal?: AbortSignal } = {}) =>
  clientOf(server).images.generate({ prompt: "a red boat on a lake", size: "256x256", ...asked }, options);
const latest = async () => (await server.service.generations({ limit: 1 })).records[0];

describe("images.generate", () => {
  test("answers pictures in base64, with the decision beside them", async () => {
    const answer = await generate({ n: 2 });
    expect(answer).toMatchObject({ size: "256x256", output_format: "png", usage: { total_tokens: 0 } });
    expect(Math.abs(answer.created - Date.now() / 1000)).toBeLessThan(60);
    expect(answer.data).toHaveLength(2);
    for (const { b64_json, url } of answer.data ?? []) {
      expect(url).toBeUndefined();
      expect(await formatOf(b64_json)).toEqual({ format: "png", width: 256, height: 256 });
    }
    expect(answer.data?.[0]?.b64_json).not.toBe(answer.data?.[1]?.b64_json);
    expect(safelightOf(answer)).toMatchObject({
      state: "complete",
      action: "allow",
      policy: { name: "default" },
      notice: expect.stringMatching(/stand-in/),
      reasons: [],
      warnings: [],
      images: [
        { index: 0, data: 0, action: "allow", blurred: false, reasons: [] },
        { index: 1, data: 1, action: "allow", blurred: false, reasons: [] },
      ],
      ignored: [],
    });
  });

  test("the record that it names is the one the native API shows", async () => {
    const { id } = safelightOf(await generate());
    expect(await server.service.generation(id)).toMatchObject({ id, state: "complete", generator: "sketch" });
  });

  test("answers carry the headers that clients log", async () => {
    const { response, request_id } = await generate().withResponse();
    expect(request_id).toMatch(/^req_/);
    expect(response.headers.get("openai-processing-ms")).toMatch(/^\d+$/);
    expect(response.headers.get("Safelight-Action")).toBe("allow");
    expect(response.headers.get("Server-Timing")).toMatch(/moderation;dur=/);
  });

  test.each(["auto", null, undefined])("a size of %j is OpenAI's square", async (size) => {
    const answer = await clientOf(server).images.generate({
      prompt: "a lake",
      ...(size === undefined ? {} : { size }),
    });
    expect(answer.size).toBe("1024x1024");
    expect(await formatOf(answer.data?.[0]?.b64_json)).toMatchObject({ width: 1024, height: 1024 });
  });

  test("a size need not be square", async () => {
    expect(await generate({ size: "384x128" })).toMatchObject({ size: "384x128" });
  });

  test.each(["sketch", "gpt-image-2", "gpt-image-2.6-flare", "chatgpt-image-latest", null])(
    "the model %j is a generator that there is",
    async (model) => {
      expect((await generate({ model })).data).toHaveLength(1);
      expect(await latest()).toMatchObject({ generator: "sketch" });
    },
  );

  test("what OpenAI's clients send without asking for anything is accepted", async () => {
    const answer = await generate({
      background: "auto",
      moderation: "auto",
      quality: "auto",
      partial_images: 0,
      style: null,
      user: "somebody",
      safety_identifier: "somebody",
      stream: false,
      response_format: "b64_json",
    });
    expect(safelightOf(answer).ignored).toEqual([]);
  });

  test("a quality has no effect, and the answer says so", async () => {
    const [plain, high] = [
      await generate({ safelight: { seed: 3 } }),
      await generate({ quality: "high", safelight: { seed: 3 } }),
    ];
    expect(safelightOf(high).ignored).toEqual(["quality"]);
    expect(high.data?.[0]?.b64_json).toBe(plain.data?.[0]?.b64_json);
  });

  test.each([
    [{ model: "dall-e-3", quality: "hd", style: "natural", response_format: "b64_json" }, ["quality", "style"]],
    [{ model: "dall-e-3", quality: "standard", style: "vivid", response_format: "b64_json" }, []],
    [{ model: "gpt-image-2", output_format: "png", output_compression: 100 }, []],
  ])("%j is answered, and of it %j had no effect", async (asked, ignored) => {
    const answer = await generate(asked as object);
    expect(answer.data).toHaveLength(1);
    expect(safelightOf(answer).ignored).toEqual(ignored);
  });

  test("a laxer moderation than the policy's is asked for in vain, and the answer says so", async () => {
    const answer = await generate({ moderation: "low" });
    expect(safelightOf(answer).ignored).toEqual(["moderation"]);
    const error = await raised(generate({ moderation: "low", prompt: "a boat safelight-test:prompt:violence:1.0" }));
    expect(error).toMatchObject({ status: 400, code: "moderation_blocked" });
  });

  test("the native parameters are in the member safelight", async () => {
    await generate({ safelight: { seed: 11, negative_prompt: "fog", steps: 7, guidance_scale: 3, policy: "default" } });
    expect(await latest()).toMatchObject({
      request: { seed: 11, negative_prompt: "fog", steps: 7, guidance_scale: 3 },
      negative_prompt: expect.stringMatching(/nsfw.*fog/),
    });
  });
});

describe("the form of the pictures", () => {
  test.each([
    { output_format: "jpeg", output_compression: 40 },
    { output_format: "jpeg" },
    { output_format: "webp", output_compression: 0 },
    { output_format: "webp" },
    { output_format: "png" },
  ] as const)("is the one that was asked for: %j", async (asked) => {
    const answer = await generate(asked);
    expect(answer.output_format).toBe(asked.output_format);
    expect(await formatOf(answer.data?.[0]?.b64_json)).toEqual({
      format: asked.output_format,
      width: 256,
      height: 256,
    });
  });

  test("less of output_compression is fewer bytes", async () => {
    const bytes = async (output_compression: number) => {
      const answer = await generate({ output_format: "jpeg", output_compression, safelight: { seed: 5 } });
      return bytesOf(answer.data?.[0]?.b64_json).length;
    };
    expect(await bytes(10)).toBeLessThan((await bytes(90)) / 2);
  });

  test.each(["jpeg", "webp", "png"] as const)("as %s it still says how it was made", async (output_format) => {
    const { data } = await generate({ output_format });
    const { xmp } = await sharp(bytesOf(data?.[0]?.b64_json)).metadata();
    expect(xmp?.toString()).toContain("digitalsourcetype");
  });

  test("an opaque background is without transparency", async () => {
    const answer = await generate({ background: "opaque" });
    expect(answer.background).toBe("opaque");
    expect((await sharp(bytesOf(answer.data?.[0]?.b64_json)).metadata()).hasAlpha).toBe(false);
  });

  test("an address answers the same picture as base64", async () => {
    const asBase64 = await generate({ safelight: { seed: 9 } });
    const asUrl = await generate({ response_format: "url", safelight: { seed: 9 } });
    expect(asUrl.data?.[0]?.b64_json).toBeUndefined();
    const picture = await fetch(String(asUrl.data?.[0]?.url));
    expect(picture.headers.get("Content-Type")).toBe("image/png");
    expect(Buffer.from(await picture.arrayBuffer())).toEqual(bytesOf(asBase64.data?.[0]?.b64_json));
  });

  test("base64 comes also where the policy keeps no pictures", async () => {
    expect((await generate({ safelight: { policy: "careful" } })).data?.[0]?.b64_json).toBeDefined();
  });

  test("DALL·E's names answer addresses unless base64 is asked for, as they did", async () => {
    expect((await generate({ model: "dall-e-3" })).data?.[0]?.url).toMatch(/\/images\/0$/);
    const asBase64 = await generate({ model: "dall-e-3", response_format: "b64_json" });
    expect(asBase64.data?.[0]?.b64_json).toBeDefined();
  });
});

describe("pictures that are not to be seen as they are", () => {
  test("a warning of the prompt goes through with it", async () => {
    const answer = await generate({ prompt: "a boat safelight-test:prompt:violence:0.6" });
    expect(safelightOf(answer)).toMatchObject({
      action: "warn",
      warnings: [expect.objectContaining({ stage: "prompt", category: "violence" })],
    });
    expect(answer.data).toHaveLength(1);
  });

  test.each(["png", "jpeg", "webp", null] as const)("a blurred picture comes blurred, as %j", async (output_format) => {
    const answer = await generate({
      prompt: "safelight-test:image:sexual:0.8",
      size: "512x512",
      ...(output_format ? { output_format } : {}),
    });
    expect(safelightOf(answer).images).toEqual([expect.objectContaining({ data: 0, action: "blur", blurred: true })]);
    const b64 = answer.data?.[0]?.b64_json;
    expect(await formatOf(b64)).toEqual({ format: output_format ?? "jpeg", width: 512, height: 512 });
    const { reports } = await server.service.checkImage(bytesOf(b64), undefined, new AbortController().signal);
    const card = reports.find(({ detector }) => detector === "test-card");
    expect(card).toMatchObject({ state: "scored", findings: [] }); // the card can no longer be read
  });

  test("of several, those that are not shown are left out, and safelight says which is which", async () => {
    const prompt = "a boat safelight-test:image:sexual:0.8:index=0 safelight-test:image:gore:0.97:index=1";
    const answer = await generate({ prompt, n: 3 });
    expect(answer.data).toHaveLength(2);
    expect(answer.output_format).toBeUndefined(); // the blurred one is a JPEG, the other a PNG
    expect(safelightOf(answer).images).toMatchObject([
      { index: 0, data: 0, action: "blur", reasons: [{ category: "sexual", score: 0.8 }] },
      { index: 1, data: null, action: "block", reasons: [{ category: "gore", score: 0.97 }] },
      { index: 2, data: 1, action: "allow", reasons: [] },
    ]);
    expect((await formatOf(answer.data?.[1]?.b64_json)).format).toBe("png");
  });

  test.each([
    ["blocked", "safelight-test:image:sexual:0.97", "block", ["sexual"]],
    ["held for review", "safelight-test:image:hate:0.75", "review", ["hate"]],
    ["withheld by the back end", "safelight-test:image:withheld", "block", []],
    ["not to be judged", "safelight-test:image:error", "block", []],
    ["of a category that OpenAI has no name for", "safelight-test:image:unsafe:0.97", "block", ["unsafe"]],
  ])("when all are %s it is the 400 of a refusal, with the reasons", async (_name, prompt, action, categories) => {
    const error = await raised(generate({ prompt, n: 2 }));
    expect(error).toBeInstanceOf(BadRequestError);
    expect(error).toMatchObject({ code: "moderation_blocked", type: "image_generation_user_error", param: null });
    expect(error.error).toMatchObject({ moderation_details: { moderation_stage: "output", categories } });
    const { images } = safelightOf(error.error as object);
    expect(images.map((image) => [image.data, image.action])).toEqual([
      [null, action],
      [null, action],
    ]);
  });

  test("a picture that became safe in a second try is answered", async () => {
    const answer = await generate({ prompt: "a boat safelight-test:image:sexual:0.97:attempts=1" });
    expect(safelightOf(answer)).toMatchObject({ action: "allow", attempts: 2 });
  });
});

describe("a refused prompt", () => {
  const refused = "a boat safelight-test:prompt:violence:1.0";

  test("is the 400 that clients of OpenAI know, with our reasons", async () => {
    const error = await raised(generate({ prompt: refused }));
    expect(error).toBeInstanceOf(BadRequestError);
    expect(error).toMatchObject({
      status: 400,
      code: "moderation_blocked",
      type: "image_generation_user_error",
      param: "prompt",
      message: expect.stringMatching(/rejected by the safety system.*1\.00 for violence/),
    });
    expect(error.error).toMatchObject({
      moderation_details: { moderation_stage: "input", categories: ["violence"] },
    });
    expect(safelightOf(error.error as object)).toMatchObject({
      state: "refused",
      action: "block",
      images: [],
      reasons: [{ category: "violence", score: 1, evidence: { span: [7, 41] } }],
    });
  });

  test("of DALL·E has DALL·E's code", async () => {
    expect(await raised(generate({ model: "dall-e-3", prompt: refused }))).toMatchObject({
      code: "content_policy_violation",
    });
  });

  test("has the reasons beside the error too, for whoever reads the body", async () => {
    const response = await server.post("/v1/images/generations", { prompt: refused });
    const body = (await response.json()) as { error: { safelight: object }; safelight: object };
    expect(body.safelight).toEqual(body.error.safelight);
  });

  test("that is held until a person has decided says so", async () => {
    const prompt = "a boat safelight-test:prompt:violence:0.6";
    const error = await raised(generate({ prompt, safelight: { policy: "careful" } }));
    expect(error).toMatchObject({ status: 400, code: "moderation_blocked", message: expect.stringMatching(/is held/) });
    expect(safelightOf(error.error as object)).toMatchObject({ state: "held", action: "review" });
  });

  test("that nobody could judge is refused, because unknown is not safe", async () => {
    const error = await raised(generate({ prompt: "a boat safelight-test:prompt:error" }));
    expect(error).toMatchObject({ status: 400, code: "moderation_blocked" });
    expect(error.message).toMatch(/could not tell/);
  });
});

describe("parameters that cannot be honoured", () => {
  test.each<[Record<string, unknown>, string, string, RegExp]>([
    [{ prompt: undefined }, "prompt", "missing_required_parameter", /is missing/],
    [{ prompt: 5 }, "prompt", "invalid_type", /must be a string/],
    [{ prompt: " " }, "prompt", "invalid_value", /must not be empty/],
    [{ prompt: "x".repeat(4001) }, "prompt", "string_above_max_length", /at most 4000 characters/],
    [{ n: 0 }, "n", "integer_below_min_value", /at least 1/],
    [{ n: 9 }, "n", "integer_above_max_value", /at most 8/],
    [{ n: 1.5 }, "n", "invalid_type", /integer/],
    [{ size: "huge" }, "size", "invalid_value", /WIDTHxHEIGHT/],
    [{ size: "4096x256" }, "size", "invalid_value", /64 to 2048/],
    [{ size: "100x100" }, "size", "invalid_value", /multiples of 8/],
    [{ quality: "best" }, "quality", "invalid_value", /must be one of "auto", "low"/],
    [{ style: "gothic" }, "style", "invalid_value", /must be one of "vivid", "natural"/],
    [{ background: "transparent" }, "background", "invalid_value", /must be "auto" or "opaque"/],
    [{ moderation: "none" }, "moderation", "invalid_value", /must be one of "auto", "low"/],
    [{ output_format: "gif" }, "output_format", "invalid_value", /"png", "jpeg", "webp"/],
    [
      { output_format: "jpeg", output_compression: 101 },
      "output_compression",
      "integer_above_max_value",
      /at most 100/,
    ],
    [{ output_compression: 50 }, "output_compression", "invalid_value", /needs "output_format"/],
    [{ output_format: "png", output_compression: 50 }, "output_compression", "invalid_value", /needs "output_format"/],
    [{ response_format: "base64" }, "response_format", "invalid_value", /"b64_json", "url"/],
    [{ response_format: "url", output_format: "jpeg" }, "output_format", "invalid_value", /as it was made/],
    [{ response_format: "url", background: "opaque" }, "background", "invalid_value", /as it was made/],
    [{ partial_images: 4 }, "partial_images", "integer_above_max_value", /at most 3/],
    [{ complexity: "high" }, "complexity", "invalid_value", /not supported/],
    [{ frame_count: 4 }, "frame_count", "invalid_value", /not animated/],
    [{ svg: { model: "x" } }, "svg", "invalid_value", /PNG, JPEG or WebP/],
    [{ negative_prompt: "fog" }, "negative_prompt", "unknown_parameter", /no known field/],
    [{ safelight: { sede: 1 } }, "safelight.sede", "unknown_parameter", /no known field/],
    [{ safelight: { seed: -1 } }, "safelight.seed", "integer_below_min_value", /at least 0/],
    [{ safelight: { policy: "nope" } }, "safelight.policy", "invalid_value", /there are: default, careful/],
    [
      { response_format: "url", safelight: { policy: "careful" } },
      "response_format",
      "invalid_value",
      /the policy keeps no pictures/,
    ],
  ])("%j is the 400 that names it", async (asked, param, code, message) => {
    const error = await raised(generate(asked as Asked)); // wrong on purpose
    expect(error).toBeInstanceOf(BadRequestError);
    expect(error).toMatchObject({
      param,
      code,
      type: "invalid_request_error",
      message: expect.stringMatching(message),
    });
  });

  test("every parameter, and what becomes of it, is in docs/dialects/openai.md", async () => {
    const page = await readFile(join(import.meta.dirname, "../../../docs/dialects/openai.md"), "utf8");
    const rows = page.split("\n").filter((line) => line.startsWith("| `"));
    const told = rows.flatMap((row) => [...(row.split(" | ")[0] ?? "").matchAll(/`(\w+)`/g)].map(([, name]) => name));
    for (const name of Object.keys(imagesRequestSchema(server.service).shape)) expect(told).toContain(name);
  });

  test("an unknown model is a 404 that names those that there are", async () => {
    const error = await raised(generate({ model: "midjourney" }));
    expect(error).toBeInstanceOf(NotFoundError);
    expect(error).toMatchObject({ param: "model", code: "model_not_found", message: expect.stringMatching(/sketch/) });
  });

  test.each(["edit", "createVariation"] as const)("images.%s says that it is not supported", async (call) => {
    const image = new File([new Uint8Array([1, 2, 3])], "boat.png", { type: "image/png" });
    const { images } = clientOf(server);
    const asked = call === "edit" ? images.edit({ image, prompt: "a boat" }) : images.createVariation({ image });
    const error = await raised(asked);
    expect(error).toBeInstanceOf(NotFoundError);
    expect(error.message).toMatch(/not supported/);
  });
});

describe("what goes wrong", () => {
  test("a failing back end is a server error, with the record's name", async () => {
    const error = await raised(generate({ prompt: "safelight-test:generator:error" }));
    expect(error).toBeInstanceOf(InternalServerError);
    expect(error).toMatchObject({ status: 502, type: "server_error", code: "provider_failed" });
    expect(safelightOf(error.error as object)).toMatchObject({ state: "failed" });
  });

  test("a client that goes away aborts the generation", async () => {
    const leave = new AbortController();
    const asked = generate({ prompt: "a lost boat safelight-test:generator:delay:20000" }, { signal: leave.signal });
    await Promise.all([expect(asked).rejects.toThrow(APIUserAbortError), sleep(500).then(() => leave.abort())]);
    await expect
      .poll(latest, { timeout: 5_000 })
      .toMatchObject({ state: "cancelled", request: { prompt: expect.stringContaining("lost boat") } });
  });

  test("too many at once is a rate limit that says when to come back", async () => {
    const leave = new AbortController();
    const slow = { prompt: "a slow boat safelight-test:generator:delay:20000" };
    const running = [1, 2].map(() => generate(slow, { signal: leave.signal }));
    const gone: Promise<PromiseSettledResult<ImagesResponse>[]> = Promise.allSettled(running);
    await sleep(500);
    const error = await raised(generate());
    leave.abort();
    await gone;
    expect(error).toBeInstanceOf(RateLimitError);
    expect(error).toMatchObject({ status: 429, code: "rate_limit_exceeded", type: "requests" });
    expect(error.headers?.get("Retry-After")).toMatch(/^\d+$/);
  });
});
