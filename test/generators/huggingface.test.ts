import { describe, expect, test } from "vitest";
import { SafelightError } from "../../src/contract/errors.ts";
import type { ImageRequest } from "../../src/contract/generator.ts";
import { openHuggingface } from "../../src/generators/huggingface/huggingface.ts";
import { addressOf, HuggingfaceOptions } from "../../src/generators/huggingface/options.ts";
import { faultSuite, KEY, PROMPT } from "../vendors/faults.ts";
import { type Answerer, type Reply, vendorServer } from "../vendors/server.ts";
import { generatorContract } from "./contract.ts";

process.env["TEST_HF_TOKEN"] = KEY;
const token = { from_env: "TEST_HF_TOKEN" };

/** What the generator sends: its tests hold that. */
interface Sent {
  readonly inputs: string;
  readonly parameters: { readonly seed: number };
}

generatorContract("huggingface", {
  schema: HuggingfaceOptions,
  options: { token },
  open: openHuggingface,
  seeds: true,
  batches: false,
  encoding: "bytes",
  secret: "token",
  vendor: (script) => async (call) => {
    await script.ready;
    const given = script.picture((call.json() as Sent).parameters.seed);
    if (given.kind !== "bytes") throw new Error("this service has no filter, and no base64");
    return { headers: { "content-type": "image/png" }, body: given.bytes };
  },
});

faultSuite("huggingface", {
  role: "generator",
  open: (url) => openHuggingface(HuggingfaceOptions.parse({ url, token })),
  ask: (generator, signal) => generator.generate(asked([1], { prompt: PROMPT }), signal),
  close: (generator) => generator.close?.(),
  good: { headers: { "content-type": "image/jpeg" }, body: "picture" },
  refusal: (_status, code, words) => ({ body: { error: [words, code] } }),
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
const picture = (body = "picture"): Reply => ({ headers: { "content-type": "image/jpeg; q=1" }, body });
const LOADING: Reply = { status: 503, body: { error: "Model a castle is currently loading", estimated_time: 0.6 } };

async function against<T>(
  answer: Answerer,
  options: object,
  work: (
    generator: Awaited<ReturnType<typeof openHuggingface>>,
    vendor: Awaited<ReturnType<typeof vendorServer>>,
  ) => Promise<T>,
): Promise<T> {
  await using vendor = await vendorServer(answer);
  const generator = await openHuggingface(
    HuggingfaceOptions.parse({ url: `${vendor.url}/own/endpoint?v=1`, ...options }),
  );
  try {
    return await work(generator, vendor);
  } finally {
    await generator.close?.();
  }
}

describe("the huggingface generator", () => {
  test("asks for each picture in a call of its own, with what the request and the options say", async () => {
    await against(
      () => picture(),
      { token, steps: 30 },
      async (generator, vendor) => {
        const answers = await generator.generate(asked([7, 8], { guidanceScale: 4.5 }), never);
        expect(answers).toEqual(
          [7, 8].map((seed) => ({ kind: "image", bytes: Buffer.from("picture"), mediaType: "image/jpeg", seed })),
        );
        const parameters = {
          negative_prompt: "nude",
          width: 512,
          height: 256,
          num_inference_steps: 30,
          guidance_scale: 4.5,
        };
        expect(vendor.calls.map((call) => call.json())).toEqual(
          [7, 8].map((seed) => ({ inputs: "a castle", parameters: { ...parameters, seed } })),
        );
        for (const { method, path, headers } of vendor.calls) {
          expect([method, path]).toEqual(["POST", "/own/endpoint?v=1"]);
          expect(headers).toMatchObject({ authorization: `Bearer ${KEY}`, accept: "image/png" });
        }
      },
    );
  });

  test("leaves to the model what nobody asked for, and sends no token where there is none", async () => {
    await against(
      () => picture(),
      {},
      async (generator, vendor) => {
        await generator.generate(asked([7], { negativePrompt: "" }), never);
        expect(vendor.calls[0]?.json()).toEqual({
          inputs: "a castle",
          parameters: { width: 512, height: 256, seed: 7 },
        });
        expect(vendor.calls[0]?.headers.authorization).toBeUndefined();
      },
    );
  });

  test("has no more calls at a time than it may", async () => {
    let open = 0;
    let most = 0;
    const slow: Answerer = async () => {
      most = Math.max(most, ++open);
      await new Promise((go) => setTimeout(go, 30));
      open--;
      return picture();
    };
    await against(slow, { concurrent_calls: 3 }, (generator) =>
      generator.generate(asked([1, 2, 3, 4, 5, 6, 7]), never),
    );
    expect(most).toBe(3);
  });

  test("waits for a model that is being loaded, for about as long as it is told", async () => {
    let calls = 0;
    await against(
      () => (calls++ < 2 ? LOADING : picture()),
      {},
      async (generator) => {
        const start = performance.now();
        expect(await generator.generate(asked([1]), never)).toMatchObject([{ kind: "image" }]);
        expect(performance.now() - start).toBeGreaterThan(1_150);
        expect(calls).toBe(3);
      },
    );
  });

  test("a model that takes longer to load than the budget lasts is left with the signal's reason", async () => {
    const late = new SafelightError("provider_timeout", "late");
    const budget = new AbortController();
    await against(
      () => LOADING,
      {},
      async (generator, vendor) => {
        setTimeout(() => budget.abort(late), 200);
        await expect(generator.generate(asked([1]), budget.signal)).rejects.toBe(late);
        expect(vendor.calls).toHaveLength(1);
      },
    );
  });

  test("a loading model is no outage: however often it says so, the breaker stays closed", async () => {
    let calls = 0;
    await against(
      () => (calls++ < 7 ? { ...LOADING, body: { estimated_time: 0 } } : picture()),
      {},
      async (generator) => {
        expect(await generator.generate(asked([1]), never)).toMatchObject([{ kind: "image" }]);
      },
    );
  });

  test.each<[string, Reply]>([
    ["addresses", { body: { output: ["https://example.com/a.png"] } }],
    ["a file of an unknown type", { headers: { "content-type": "application/octet-stream" }, body: "picture" }],
  ])("%s in place of a picture are a failure", async (_name, reply) => {
    await against(
      () => reply,
      {},
      async (generator) => {
        await expect(generator.generate(asked([1]), never)).rejects.toMatchObject({
          code: "provider_failed",
          detail: "its answer is no picture",
        });
      },
    );
  });
});

describe("the options of huggingface", () => {
  test("a model is asked for at the router", () => {
    const options = HuggingfaceOptions.parse({ model: "black-forest-labs/FLUX.1-schnell", token });
    expect(addressOf(options).href).toBe(
      "https://router.huggingface.co/hf-inference/models/black-forest-labs/FLUX.1-schnell",
    );
  });

  test.each<[object, string]>([
    [{ token }, "must have either model or url"],
    [{ model: "a/b" }, "token: is needed to use Hugging Face's router"],
    [{ model: "a/b", url: "http://127.0.0.1:9", token }, "model: cannot be given together with url"],
    [{ model: "a/b?c", token }, "model: must be the name of a model, such as owner/name"],
    [{ model: "../b", token }, "model: must be the name of a model, such as owner/name"],
  ])("%j is refused", (options, message) => {
    const { error } = HuggingfaceOptions.safeParse(options);
    expect(error?.issues.map(({ path, message }) => [...path, message].join(": "))).toContain(message);
  });
});
