import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { SafelightError } from "../../src/contract/errors.ts";
import type { ImageRequest } from "../../src/contract/generator.ts";
import { ReplicateOptions } from "../../src/generators/replicate/options.ts";
import { openReplicate } from "../../src/generators/replicate/replicate.ts";
import { faultSuite, KEY, PROMPT } from "../vendors/faults.ts";
import { type Answerer, type Reply, type VendorCall, vendorServer } from "../vendors/server.ts";
import { generatorContract } from "./contract.ts";

process.env["TEST_REPLICATE_TOKEN"] = KEY;
const token = { from_env: "TEST_REPLICATE_TOKEN" };
const OPTIONS = { token, model: "black-forest-labs/flux-schnell" };
const NSFW = "NSFW content detected. Try running it again, or try a different prompt.";
const data = (bytes: Uint8Array | string) => `data:image/png;base64,${Buffer.from(bytes).toString("base64")}`;

/** What the generator sends: its tests hold that. */
const inputOf = (call: VendorCall) => (call.json() as { input: Record<string, unknown> }).input;
const prediction = (status: string, more: object = {}): Reply => ({
  status: 201,
  body: { id: "p1", status, output: null, error: null, logs: "a castle", metrics: {}, ...more },
});

generatorContract("replicate", {
  schema: ReplicateOptions,
  options: OPTIONS,
  open: openReplicate,
  seeds: true,
  batches: false,
  withholds: "each",
  encoding: "base64",
  secret: "token",
  vendor: (script) => async (call) => {
    await script.ready;
    const given = script.picture(Number(inputOf(call)["seed"]));
    if (given.kind === "withheld") return prediction("failed", { error: NSFW });
    const url = given.kind === "text" ? `data:image/png;base64,${given.text}` : data(given.bytes);
    return prediction("succeeded", { output: [url] });
  },
});

faultSuite("replicate", {
  role: "generator",
  open: (url) => openReplicate(ReplicateOptions.parse({ ...OPTIONS, url })),
  ask: (generator, signal) => generator.generate(asked([1], { prompt: PROMPT }), signal),
  close: (generator) => generator.close?.(),
  good: prediction("succeeded", { output: [data("picture")] }),
  triesOnReset: 1,
  special: Object.fromEntries([500, 502, 504].map((status) => [status, { code: "provider_failed", again: false }])),
  refusal: (status, code, words) => ({ body: { title: words, detail: words, status, type: code } }),
});

const asked = (seeds: readonly number[], change: Partial<ImageRequest> = {}): ImageRequest => ({
  prompt: "a castle",
  negativePrompt: "nude",
  width: 512,
  height: 256,
  attempt: 1,
  images: seeds.map((seed, index) => ({ index, seed })),
  ...change,
});
const never = new AbortController().signal;

async function against<T>(
  answer: Answerer,
  options: object,
  work: (
    generator: Awaited<ReturnType<typeof openReplicate>>,
    vendor: Awaited<ReturnType<typeof vendorServer>>,
  ) => Promise<T>,
): Promise<T> {
  await using vendor = await vendorServer(answer);
  const generator = await openReplicate(ReplicateOptions.parse({ ...OPTIONS, url: `${vendor.url}/v1`, ...options }));
  try {
    return await work(generator, vendor);
  } finally {
    await generator.close?.();
  }
}

const failureFor = (answer: Answerer, options: object = {}) =>
  against(answer, options, (generator) =>
    generator.generate(asked([1]), never).then(
      () => expect.fail("it should have failed"),
      (error: SafelightError) => error,
    ),
  );

const succeeded = () => prediction("succeeded", { output: data("picture") });
const VERSION = "0123456789abcdef".repeat(4);

describe("the replicate generator", () => {
  test("asks the model's own address, waits there for a while, and sends what the request and the options say", async () => {
    const options = { input: { num_outputs: 1, go_fast: false }, steps: 4 };
    await against(succeeded, options, async (generator, vendor) => {
      const answers = await generator.generate(asked([7], { guidanceScale: 3.5 }), never);
      expect(answers).toEqual([
        { kind: "image", bytes: new Uint8Array(Buffer.from("picture")), mediaType: "image/png", seed: 7 },
      ]);
      const [call] = vendor.calls;
      expect(call && [call.method, call.path]).toEqual([
        "POST",
        "/v1/models/black-forest-labs/flux-schnell/predictions",
      ]);
      expect(call?.headers).toMatchObject({ authorization: `Bearer ${KEY}`, prefer: "wait=5" });
      expect(call?.json()).toEqual({
        input: {
          num_outputs: 1,
          go_fast: false,
          prompt: "a castle",
          negative_prompt: "nude",
          width: 512,
          height: 256,
          seed: 7,
          num_inference_steps: 4,
          guidance_scale: 3.5,
        },
      });
    });
  });

  test("names inputs as the model does, and leaves out those that it does not have", async () => {
    const fields = { negative_prompt: false, width: false, height: false, seed: false, guidance_scale: "guidance" };
    await against(succeeded, { fields, input: { seed: 5, aspect_ratio: "1:1" } }, async (generator, vendor) => {
      const answers = await generator.generate(asked([7], { guidanceScale: 3.5 }), never);
      expect(vendor.calls[0]?.json()).toEqual({
        input: { seed: 5, aspect_ratio: "1:1", prompt: "a castle", guidance: 3.5 },
      });
      expect(answers[0]).not.toHaveProperty("seed"); // nobody made it for that seed
    });
  });

  test("asks for a version where one is named", async () => {
    await against(succeeded, { model: `stability-ai/sdxl:${VERSION}` }, async (generator, vendor) => {
      await generator.generate(asked([7]), never);
      expect(vendor.calls[0]?.path).toBe("/v1/predictions");
      expect(vendor.calls[0]?.json()).toMatchObject({ version: VERSION, input: { prompt: "a castle" } });
    });
  });

  test("polls a prediction that takes longer, and fetches its picture without the token", async () => {
    let polls = 0;
    const answer: Answerer = (call) => {
      const base = `http://${call.headers.host}`;
      const urls = { get: `${base}/v1/predictions/p1?x=1`, cancel: `${base}/v1/predictions/p1/cancel` };
      if (call.path === "/out.webp") return { headers: { "content-type": "image/webp" }, body: "RIFF\0\0\0\0WEBPVP8 " };
      if (call.method === "POST") return prediction("starting", { urls });
      const states = ["starting", "processing"];
      const state = states[polls++];
      return state ? prediction(state, { urls }) : prediction("succeeded", { urls, output: [`${base}/out.webp`] });
    };
    await against(answer, {}, async (generator, vendor) => {
      expect(await generator.generate(asked([7]), never)).toMatchObject([{ kind: "image", mediaType: "image/webp" }]);
      expect(vendor.calls.map(({ path, headers }) => [path, headers.authorization])).toEqual([
        ["/v1/models/black-forest-labs/flux-schnell/predictions", `Bearer ${KEY}`],
        ...Array(3).fill(["/v1/predictions/p1?x=1", `Bearer ${KEY}`]),
        ["/out.webp", undefined],
      ]);
    });
  });

  test("a poll that fails is repeated: it begins nothing", async () => {
    let polls = 0;
    const answer: Answerer = (call) => {
      if (call.method === "POST") return prediction("processing");
      return polls++ === 0 ? { status: 502, body: {} } : prediction("succeeded", { output: [data("picture")] });
    };
    await against(answer, {}, async (generator, vendor) => {
      expect(await generator.generate(asked([7]), never)).toMatchObject([{ kind: "image" }]);
      expect(vendor.calls.map(({ method }) => method)).toEqual(["POST", "GET", "GET"]);
    });
  });

  test("a picture on a host that is not trusted is not fetched", async () => {
    await using elsewhere = await vendorServer(() => ({ body: "picture" }));
    const failure = await failureFor(() => prediction("succeeded", { output: [`${elsewhere.url}/a.png`] }));
    expect(failure).toMatchObject({
      code: "provider_failed",
      detail: expect.stringContaining("trusted_hosts"),
    });
    expect(elsewhere.calls).toHaveLength(0);
  });

  test("the token goes to no other address, whatever a prediction says", async () => {
    await using elsewhere = await vendorServer(() => ({ body: {} }));
    const urls = { get: `${elsewhere.url}/v1/predictions/p1`, cancel: `${elsewhere.url}/v1/predictions/p1/cancel` };
    const failure = await failureFor(() => prediction("processing", { urls }));
    expect(failure).toMatchObject({ code: "provider_failed", detail: expect.stringContaining("not one of its API") });
    await sleep(50);
    expect(elsewhere.calls).toHaveLength(0);
  });

  test.each([
    [NSFW, "nsfw"],
    ["All generated images contained nsfw content.", "nsfw"],
    ["The input or output was flagged as sensitive. Please try again with different inputs. (E005) (uIJ6)", "E005"],
  ])("%j is withheld", async (error, reason) => {
    await against(
      () => prediction("failed", { error }),
      {},
      async (generator) => {
        expect(await generator.generate(asked([1]), never)).toEqual([{ kind: "withheld", reason }]);
      },
    );
  });

  test.each<[string, object, string, string]>([
    ["failed", { error: "a castle: CUDA out of memory" }, "its prediction failed", "failed"],
    ["failed", { error: "Service is busy (E004)" }, "its prediction failed (E004)", "E004"],
    ["failed", { error: { detail: "NSFW" } }, "its prediction failed", "failed"],
    ["canceled", {}, "its prediction was canceled", "canceled"],
    ["aborted", {}, "its prediction was aborted", "aborted"],
  ])(
    "a prediction that %s with %j is a failure, told without a word of the prompt",
    async (status, more, detail, code) => {
      expect(await failureFor(() => prediction(status, more))).toMatchObject({
        code: "provider_failed",
        detail,
        vendor: { status: null, code, request_id: "p1", retry_after_ms: null },
      });
    },
  );

  test.each<[string, unknown, RegExp]>([
    ["no output", null, /asked for 1 picture and gave 0/],
    ["an empty list", [], /asked for 1 picture and gave 0/],
    ["two pictures", [data("a"), data("b")], /asked for 1 picture and gave 2/],
    ["an object", { image: "a castle" }, /another shape/],
    ["no address", "a castle", /no plain URL/],
  ])("%s is a failure", async (_name, output, detail) => {
    expect(await failureFor(() => prediction("succeeded", { output }))).toMatchObject({
      code: "provider_failed",
      detail: expect.stringMatching(detail),
    });
  });

  test("a status that nobody knows is a failure", async () => {
    expect(await failureFor(() => prediction("pondering"))).toMatchObject({
      code: "provider_failed",
      detail: expect.stringContaining('"status"'),
    });
  });

  test("a caller who goes away has their prediction cancelled", async () => {
    const caller = new AbortController();
    await against(
      () => prediction("processing"),
      {},
      async (generator, vendor) => {
        const failure = generator.generate(asked([1]), caller.signal).catch((error: unknown) => error);
        while (vendor.calls.length < 2) await sleep(5);
        caller.abort(new Error("gone"));
        expect(await failure).toMatchObject({ message: "gone" });
        while (!vendor.calls.some(({ path }) => path.endsWith("/cancel"))) await sleep(5);
        expect(vendor.calls.at(-1)).toMatchObject({ method: "POST", path: "/v1/predictions/p1/cancel" });
      },
    );
  });

  test("a caller who goes away while the prediction is being begun is released at once, and it is cancelled after that", async () => {
    const { promise: gate, resolve } = Promise.withResolvers<void>();
    const caller = new AbortController();
    const answer: Answerer = async () => {
      await gate;
      return prediction("processing");
    };
    await against(answer, {}, async (generator, vendor) => {
      const failure = generator.generate(asked([1]), caller.signal).catch((error: unknown) => error);
      while (vendor.calls.length === 0) await sleep(5);
      caller.abort(new Error("gone"));
      expect(await failure).toMatchObject({ message: "gone" });
      expect(vendor.calls).toHaveLength(1);
      resolve();
      while (vendor.calls.length < 2) await sleep(5);
      expect(vendor.calls[1]?.path).toBe("/v1/predictions/p1/cancel");
    });
  });

  test("one failure has the other predictions of the request cancelled", async () => {
    const answer: Answerer = (call) => {
      if (call.path.endsWith("/cancel")) return prediction("canceled");
      if (call.method === "GET") return prediction("processing");
      return inputOf(call)["seed"] === 2
        ? prediction("failed", { error: "CUDA" })
        : prediction("processing", { id: "p2" });
    };
    await against(answer, {}, async (generator, vendor) => {
      await expect(generator.generate(asked([1, 2]), never)).rejects.toMatchObject({ detail: "its prediction failed" });
      while (!vendor.calls.some(({ path }) => path === "/v1/predictions/p2/cancel")) await sleep(5);
    });
  });
});

describe("the options of replicate", () => {
  test.each<[object, string]>([
    [{ model: "flux" }, "model: must be owner/name of an official model"],
    [{ model: "a/b:latest" }, "model: must be owner/name of an official model"],
    [{ model: "../../v1" }, "model: must be owner/name of an official model"],
    [{ input: { prompt: "x" } }, "input: prompt: is set from the request: fields.prompt says so"],
    [{ input: { num_inference_steps: 4 } }, "input: num_inference_steps: is set from the request: fields.steps"],
    [{ fields: { steps: "guidance", guidance_scale: "guidance" } }, "is the same input as fields.steps"],
    [{ fields: { prompt: false } }, "fields: prompt: "],
    [{ trusted_hosts: ["https://example.com/"] }, "must be a host name"],
  ])("%j is refused", (options, message) => {
    const { error } = ReplicateOptions.safeParse({ ...OPTIONS, ...options });
    expect(error?.issues.map(({ path, message }) => [...path, message].join(": ")).join("\n")).toContain(message);
  });

  test("an input whose field is false may be given", () => {
    expect(
      ReplicateOptions.safeParse({ ...OPTIONS, fields: { steps: false }, input: { num_inference_steps: 4 } }).success,
    ).toBe(true);
  });
});
