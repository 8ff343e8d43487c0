import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { ImageRequest } from "../../../src/contract/generator.ts";
import { openOpenAi } from "../../../src/generators/openai/openai.ts";
import { OpenAiOptions } from "../../../src/generators/openai/options.ts";
import { faultSuite, KEY, PROMPT } from "../../vendors/faults.ts";
import { type Answerer, vendorServer } from "../../vendors/server.ts";
import { generatorContract } from "../contract.ts";
import { event, imagesApi, imagesStream, refused, type Sent } from "./vendor.ts";

const never = new AbortController().signal;
const PIXEL = Buffer.from("pixel").toString("base64");

process.env["TEST_OPENAI_KEY"] = KEY;
const api_key = { from_env: "TEST_OPENAI_KEY" };

for (const [name, model] of [
  ["openai", "gpt-image-2"],
  ["openai (a compatible server)", "flux-dev"],
] as const)
  generatorContract(name, {
    schema: OpenAiOptions,
    options: { model, api_key },
    open: openOpenAi,
    vendor: imagesApi,
    seeds: false,
    batches: true,
    withholds: "all",
    encoding: "base64",
    secret: "api_key",
  });

generatorContract("openai (streaming)", {
  schema: OpenAiOptions,
  options: { model: "gpt-image-2", api_key, stream: true },
  open: openOpenAi,
  vendor: imagesStream,
  seeds: false,
  batches: false,
  withholds: "all",
  encoding: "base64",
  secret: "api_key",
});

const asked = (count: number, change: Partial<ImageRequest> = {}): ImageRequest => ({
  prompt: PROMPT,
  negativePrompt: "",
  width: 1_024,
  height: 1_024,
  attempt: 1,
  images: Array.from({ length: count }, (_, index) => ({ index, seed: index })),
  ...change,
});

faultSuite("openai", {
  role: "generator",
  open: (url) => openOpenAi(OpenAiOptions.parse({ url: `${url}/v1`, api_key, model: "gpt-image-2" })),
  ask: (generator, signal) => generator.generate(asked(1), signal),
  close: (generator) => generator.close?.(),
  good: { body: { created: 1, data: [{ b64_json: PIXEL }] } },
});

faultSuite("openai (streaming)", {
  role: "generator",
  open: (url) => openOpenAi(OpenAiOptions.parse({ url: `${url}/v1`, api_key, model: "gpt-image-2", stream: true })),
  ask: (generator, signal) => generator.generate(asked(1), signal),
  close: (generator) => generator.close?.(),
  good: {
    headers: { "content-type": "text/event-stream" },
    body: event("image_generation.completed", { b64_json: PIXEL }),
  },
});

const pictures: Answerer = (call) => {
  const { n } = call.json() as Sent; // see Sent
  return { body: { created: 1, data: Array.from({ length: n }, () => ({ b64_json: PIXEL })) } };
};

/** Asks a vendor that answers so, and tells what it was sent and what came of it. */
async function exchange(answer: Answerer, options: object, request = asked(1)) {
  await using vendor = await vendorServer(answer);
  const generator = await openOpenAi(OpenAiOptions.parse({ url: `${vendor.url}/v1`, ...options }));
  try {
    const answers = await generator.generate(request, never);
    return { answers, calls: vendor.calls, sent: vendor.calls.map((call) => call.json() as Sent) };
  } finally {
    await generator.close?.();
  }
}

describe("the openai generator", () => {
  test("reads large pictures from among small ones, with the base64 they came as", async () => {
    const large = [70_001, 400_000].map((length) => randomBytes(length));
    const data = [large[0], "pixel", large[1]].map((bytes) => ({
      b64_json: Buffer.from(bytes ?? "").toString("base64"),
    }));
    const { answers } = await exchange(() => ({ body: { created: 1, data } }), { model: "flux-dev" }, asked(3));
    const texts = answers.map((answer) => answer.kind === "image" && Buffer.from(answer.bytes).toString("base64"));
    expect(texts).toEqual(data.map(({ b64_json }) => b64_json));
    const kept = answers.map(
      (answer) => answer.kind === "image" && answer.base64 && Buffer.concat(answer.base64).toString(),
    );
    expect(kept).toEqual([data[0]?.b64_json, undefined, data[2]?.b64_json]);
  });

  test("sends what a GPT image model takes, and nothing else", async () => {
    const options = { model: "gpt-image-2", api_key, organization: "org-1", project: "proj-1" };
    const looks = { quality: "low", background: "opaque", moderation: "low" };
    const { sent, calls, answers } = await exchange(
      pictures,
      { ...options, ...looks, output_format: "webp", output_compression: 80 },
      asked(3, { negativePrompt: "cranes, scaffolding", steps: 30, guidanceScale: 7 }),
    );
    expect(sent).toEqual([
      {
        model: "gpt-image-2",
        prompt: `${PROMPT}\n\nAvoid: cranes, scaffolding`,
        n: 3,
        size: "1024x1024",
        ...looks,
        output_format: "webp",
        output_compression: 80,
      },
    ]);
    expect(calls[0]).toMatchObject({ method: "POST", path: "/v1/images/generations" });
    expect(calls[0]?.headers).toMatchObject({
      authorization: `Bearer ${KEY}`,
      "openai-organization": "org-1",
      "openai-project": "proj-1",
    });
    expect(answers.map((answer) => answer.kind === "image" && answer.mediaType)).toEqual(Array(3).fill("image/webp"));
  });

  test("asks older and other models for base64, and those that make one picture a call for one", async () => {
    const three = await exchange(pictures, { model: "dall-e-3", style: "natural", quality: "hd" }, asked(3));
    expect(three.sent).toEqual(
      Array(3).fill({
        model: "dall-e-3",
        prompt: PROMPT,
        n: 1,
        size: "1024x1024",
        quality: "hd",
        style: "natural",
        response_format: "b64_json",
      }),
    );
    const { sent } = await exchange(pictures, { model: "flux-dev", pictures_per_call: 2 }, asked(3));
    expect(sent.map(({ n }) => n)).toEqual([2, 1]);
    expect(sent[0]).toMatchObject({ response_format: "b64_json" });
    const plain = await exchange(pictures, { model: "flux-dev", response_format: "none" });
    expect(plain.sent[0]).not.toHaveProperty("response_format");
  });

  test("makes at most so many calls at a time", async () => {
    let running = 0;
    let most = 0;
    const slowly: Answerer = async () => {
      most = Math.max(most, ++running);
      await new Promise((go) => setTimeout(go, 30));
      running--;
      return { body: { data: [{ b64_json: PIXEL }] } };
    };
    await exchange(slowly, { model: "dall-e-3", concurrent_calls: 2 }, asked(5));
    expect(most).toBe(2);
  });

  test("does without a key at a compatible server, but not at OpenAI's", async () => {
    const { calls } = await exchange(pictures, { model: "flux-dev" });
    expect(calls[0]?.headers).not.toHaveProperty("authorization");
    expect(OpenAiOptions.safeParse({ model: "gpt-image-2" }).error?.issues).toMatchObject([{ path: ["api_key"] }]);
  });

  test("sends the negative prompt in a field, or not at all, where it is told so", async () => {
    const request = asked(1, { negativePrompt: "cranes" });
    const field = await exchange(pictures, { model: "sdxl", negative_prompt: "field" }, request);
    expect(field.sent[0]).toMatchObject({ prompt: PROMPT, negative_prompt: "cranes" });
    const none = await exchange(pictures, { model: "sdxl", negative_prompt: "none" }, request);
    expect(JSON.stringify(none.sent)).not.toContain("cranes");
    const empty = await exchange(pictures, { model: "sdxl", negative_prompt: "field" });
    expect(empty.sent[0]).not.toHaveProperty("negative_prompt");
  });

  test("refuses a prompt that the model cannot take, without sending it", async () => {
    let calls = 0;
    const work = exchange(
      (...call) => {
        calls++;
        return pictures(...call);
      },
      { model: "dall-e-2" },
      asked(1, { prompt: "x".repeat(1_001) }),
    );
    await expect(work).rejects.toMatchObject({
      code: "provider_rejected",
      detail: "the prompt has 1001 characters, and the model takes at most 1000",
    });
    expect(calls).toBe(0);
  });
});

describe("pictures that openai's answer only names", () => {
  const named =
    (address: (origin: string) => string, file: Answerer): Answerer =>
    (call, response) =>
      call.method === "GET"
        ? file(call, response)
        : { body: { created: 1, data: [{ url: address(`http://${call.headers.host}`) }] } };
  const options = { model: "flux-dev", response_format: "url" };

  test("are fetched from the server itself, without the key", async () => {
    const { answers, calls, sent } = await exchangeNamed((origin) => `${origin}/files/1.png`);
    expect(answers).toMatchObject([{ kind: "image", bytes: new Uint8Array(Buffer.from("a picture")) }]);
    expect(sent).toMatchObject({ response_format: "url" });
    expect(calls[1]).toMatchObject({ method: "GET", path: "/files/1.png" });
    expect(calls[1]?.headers).not.toHaveProperty("authorization");
  });

  test("are not fetched from a host that the configuration does not trust", async () => {
    await using elsewhere = await vendorServer(() => ({ body: "a picture" }));
    await expect(exchangeNamed(() => `${elsewhere.url}/1.png`)).rejects.toMatchObject({
      code: "provider_failed",
      detail: expect.stringContaining("trusted_hosts"),
    });
    expect(elsewhere.calls).toHaveLength(0);
  });

  test("are failures when they are empty, gone, or not even named", async () => {
    const here = (origin: string) => `${origin}/1.png`;
    await expect(
      exchange(
        named(here, () => ({ body: "" })),
        options,
      ),
    ).rejects.toThrow(/is empty/);
    await expect(
      exchange(
        named(here, () => ({ status: 404 })),
        options,
      ),
    ).rejects.toMatchObject({
      vendor: { status: 404 },
    });
    await expect(exchange(() => ({ body: { data: [{}] } }), options)).rejects.toThrow(/without b64_json and url/);
  });

  async function exchangeNamed(address: (origin: string) => string) {
    await using vendor = await vendorServer(named(address, () => ({ body: "a picture" })));
    const generator = await openOpenAi(OpenAiOptions.parse({ url: `${vendor.url}/v1`, api_key, ...options }));
    try {
      const answers = await generator.generate(asked(1), never);
      return { answers, calls: vendor.calls, sent: vendor.calls[0]?.json() };
    } finally {
      await generator.close?.();
    }
  }
});

describe("a refusal of openai's filter", () => {
  test.each<[string, Answerer, string]>([
    ["of a GPT image model", () => refused("moderation_blocked"), "moderation_blocked"],
    [
      "with its details",
      () =>
        refused("moderation_blocked", {
          moderation_details: { moderation_stage: "input", categories: ["sexual", "a castle above the clouds"] },
        }),
      "moderation_blocked (input: sexual)",
    ],
    [
      "with details of another shape",
      () => refused("moderation_blocked", { moderation_details: { categories: "all" } }),
      "moderation_blocked",
    ],
    ["of DALL·E", () => refused("content_policy_violation"), "content_policy_violation"],
    ["of Azure", () => refused("contentFilter"), "contentFilter"],
  ])("%s is a value, not an error, and is not asked for again", async (_name, answer, reason) => {
    const { answers, calls } = await exchange(answer, { model: "gpt-image-2" }, asked(2));
    expect(answers).toEqual([
      { kind: "withheld", reason },
      { kind: "withheld", reason },
    ]);
    expect(calls).toHaveLength(1);
  });

  test("holds back only the pictures of its own call", async () => {
    let calls = 0;
    const { answers } = await exchange(
      (call, response) => (++calls === 2 ? refused("content_policy_violation") : pictures(call, response)),
      { model: "dall-e-3", concurrent_calls: 1 },
      asked(3),
    );
    expect(answers.map(({ kind }) => kind)).toEqual(["image", "withheld", "image"]);
  });

  const mixed = { model: "gpt-image-2" };
  const shown = (text: string) => ({ b64_json: Buffer.from(text).toString("base64") });

  test("a single picture that Azure marks as filtered is withheld in its place, whatever comes with it", async () => {
    const safe = { filtered: false, severity: "safe" };
    const data = [
      { ...shown("first"), content_filter_results: { hate: safe, custom_blocklists: [] } },
      { ...shown("blurred"), content_filter_results: { hate: safe, sexual: { filtered: true, severity: "high" } } },
      { content_filter_results: { violence: { filtered: true, severity: "low" } } },
    ];
    const { answers } = await exchange(() => ({ body: { data } }), mixed, asked(3));
    expect(answers).toMatchObject([
      { kind: "image", bytes: new Uint8Array(Buffer.from("first")) },
      { kind: "withheld", reason: "content_filter (sexual)" },
      { kind: "withheld", reason: "content_filter (violence)" },
    ]);
  });

  test("a single picture that another Safelight does not show is withheld in its place", async () => {
    const images = [
      { index: 0, data: null, action: "review" },
      { index: 1, data: 0, action: "warn" },
    ];
    const body = { data: [shown("second")], safelight: { state: "complete", images } };
    const { answers } = await exchange(() => ({ body }), mixed, asked(2));
    expect(answers).toMatchObject([
      { kind: "withheld", reason: "safelight: review" },
      { kind: "image", bytes: new Uint8Array(Buffer.from("second")) },
    ]);
  });

  test.each<[string, object]>([
    ["names a picture that is not there", { images: [{ data: 3, action: "allow" }] }],
    ["tells of more pictures", { images: [0, 0].map((data) => ({ data, action: "allow" })) }],
    ["knows another action", { images: [{ data: 0, action: "quarantine" }] }],
    ["tells of no pictures", {}],
  ])("an answer of another Safelight that %s is a failure", async (_name, safelight) => {
    const body = { data: [shown("first")], safelight };
    await expect(exchange(() => ({ body }), mixed)).rejects.toMatchObject({ code: "provider_failed" });
  });

  test.each([
    ["another code", refused("invalid_value")],
    [
      "a message that only speaks of it",
      { status: 400, body: { error: { message: "moderation_blocked", code: null } } },
    ],
  ])("is not seen in %s", async (_name, reply) => {
    await expect(exchange(() => reply, { model: "gpt-image-2" })).rejects.toMatchObject({ code: "provider_rejected" });
  });
});

describe("a stream of openai", () => {
  const options = { model: "gpt-image-2", stream: true, partial_images: 3 };

  test("tells progress, and never lets an unfinished picture out", async () => {
    await using vendor = await vendorServer(
      imagesStream({
        count: (n) => n,
        picture: () => ({ kind: "bytes", bytes: Buffer.from("finished") }),
        ready: Promise.resolve(),
      }),
    );
    const generator = await openOpenAi(OpenAiOptions.parse({ url: `${vendor.url}/v1`, ...options }));
    const told: number[] = [];
    const answers = await generator.generate(asked(2), never, (fraction) => told.push(fraction));
    await generator.close?.();
    expect(answers.map((answer) => answer.kind === "image" && Buffer.from(answer.bytes).toString())).toEqual([
      "finished",
      "finished",
    ]);
    expect(told.length).toBe(8);
    expect(told.at(-1)).toBe(1);
    expect(vendor.calls.map((call) => call.json())).toEqual(
      Array(2).fill({
        model: "gpt-image-2",
        prompt: PROMPT,
        size: "1024x1024",
        n: 1,
        stream: true,
        partial_images: 3,
      }),
    );
  });

  const streamed =
    (...parts: string[]): Answerer =>
    (_call, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.end(parts.join(""));
    };
  const partial = event("image_generation.partial_image", { b64_json: PIXEL, partial_image_index: 0 });

  test.each<[string, string[], RegExp]>([
    ["that ends with an unfinished picture", [partial], /ended without a picture/],
    ["that ends as a chat does", [partial, "data: [DONE]\n\n"], /ended without a picture/],
    ["that holds no JSON", [partial, "data: a castle\n\n"], /not JSON/],
    [
      "that tells an error",
      [partial, event("error", { error: { code: "server_error", message: "a castle" } })],
      /server_error/,
    ],
    ["that tells an error without an object around it", [event("error", { code: "server_error" })], /server_error/],
    ["whose picture is empty", [event("image_generation.completed", { b64_json: "" })], /not base64/],
  ])("%s is a failure", async (_name, parts, detail) => {
    const failure = await exchange(streamed(...parts), options).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "provider_failed", detail: expect.stringMatching(detail) });
    expect(JSON.stringify(failure)).not.toContain("castle");
  });

  test.each<[string, Answerer]>([
    ["before it begins", () => refused("moderation_blocked")],
    [
      "in its middle",
      streamed(partial, event("error", { error: { code: "moderation_blocked", message: "a castle" } })),
    ],
    ["in its middle, plainly", streamed(partial, event("error", { code: "moderation_blocked", message: "a castle" }))],
  ])("that is refused %s withholds the picture", async (_name, answer) => {
    const { answers } = await exchange(answer, options);
    expect(answers).toEqual([{ kind: "withheld", reason: "moderation_blocked" }]);
  });
});

describe("the options of openai", () => {
  test.each<[string, object, string, RegExp]>([
    ["no model", {}, "model", /./],
    ["an address that is none", { model: "x", url: "api.openai.com" }, "url", /http/],
    ["a quality of another family", { model: "gpt-image-2", quality: "hd" }, "quality", /auto, low, medium, high/],
    ["a style", { model: "gpt-image-2", style: "vivid" }, "style", /not taken by gpt-image-2/],
    ["a background", { model: "dall-e-3", background: "opaque" }, "background", /not taken by dall-e-3/],
    ["a response format", { model: "gpt-image-2", response_format: "url" }, "response_format", /not taken/],
    ["a stream", { model: "dall-e-3", stream: true }, "stream", /not taken by dall-e-3/],
    ["steps of no stream", { model: "gpt-image-2", partial_images: 1 }, "partial_images", /needs stream/],
    ["a compression of png", { model: "gpt-image-2", output_compression: 9 }, "output_compression", /jpeg or webp/],
    [
      "a transparent jpeg",
      { model: "gpt-image-2", background: "transparent", output_format: "jpeg" },
      "background",
      /png or webp/,
    ],
    ["two pictures a call", { model: "dall-e-3", pictures_per_call: 2 }, "pictures_per_call", /at most 1 for dall-e-3/],
    [
      "two pictures a stream",
      { model: "gpt-image-2", stream: true, pictures_per_call: 2 },
      "pictures_per_call",
      /at most 1 in a stream/,
    ],
    [
      "a family that says otherwise",
      { model: "my-deployment", family: "dall-e-3", background: "opaque" },
      "background",
      /dall-e-3/,
    ],
  ])("say what is wrong with %s", (_name, options, where, what) => {
    const { error } = OpenAiOptions.safeParse({ url: "http://127.0.0.1:8000/v1", ...options });
    expect(error?.issues).toMatchObject([{ path: [where], message: expect.stringMatching(what) }]);
  });
});
