import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DEFAULT_LIMITS } from "../../src/contract/limits.ts";
import type { Probe } from "../../src/contract/probe.ts";
import { IMAGE_DETECTORS, TEXT_DETECTORS } from "../../src/detectors/table.ts";
import { openHuggingface } from "../../src/generators/huggingface/huggingface.ts";
import { GENERATORS } from "../../src/generators/table.ts";
import { KEY } from "./faults.ts";
import { type Answerer, type Reply, vendorServer } from "./server.ts";

const ENV = { SAFELIGHT_TEST_KEY: KEY, SAFELIGHT_TEST_ID: "AKIDEXAMPLE" };
beforeAll(() => void Object.assign(process.env, ENV));
afterAll(() => {
  for (const name of Object.keys(ENV)) delete process.env[name];
});

const key = { from_env: "SAFELIGHT_TEST_KEY" };
const aws = {
  region: "eu-central-1",
  credentials: { access_key_id: { from_env: "SAFELIGHT_TEST_ID" }, secret_access_key: key },
};
const SIGNAL = new AbortController().signal;
const FOLDER = import.meta.dirname;

interface Opened {
  readonly probe?: Probe;
  close?(): Promise<void>;
}

type Open = (url: string) => Promise<Opened>;

function generator<K extends keyof typeof GENERATORS>(kind: K, options: (url: string) => object): Open {
  const { options: schema, open } = GENERATORS[kind];
  // kind and options come from one line of the table; the compiler cannot see that they belong together
  const opened = open as (options: unknown, context: object) => Promise<Opened>;
  return (url) => opened(schema.parse(options(url)), { folder: FOLDER });
}

function detector(
  kind: { options: { parse(value: unknown): unknown }; open: unknown },
  options: (url: string) => object,
): Open {
  const opened = kind.open as (options: unknown, context: object) => Promise<Opened>; // as above
  return (url) => opened(kind.options.parse(options(url)), { folder: FOLDER, limits: DEFAULT_LIMITS });
}

const WORKFLOW: Readonly<Record<string, object>> = {
  CheckpointLoaderSimple: { input: { required: { ckpt_name: [["sd15.safetensors"]] } } },
  CLIPTextEncode: { input: { required: {} } },
  EmptyLatentImage: { input: { required: {} } },
  KSampler: { input: { required: { sampler_name: [["euler_a"]] } } },
  VAEDecode: { input: { required: {} } },
  PreviewImage: { input: { required: {} } },
  SaveImage: { input: { required: {} } },
};
const comfy: Answerer = ({ path }) => {
  const kind = path.replace("/object_info/", "");
  return { body: WORKFLOW[kind] ? { [kind]: WORKFLOW[kind] } : {} };
};

/** Answers these paths, and 404 for all others. */
const paths =
  (known: Readonly<Record<string, Reply>>): Answerer =>
  ({ path }) =>
    known[path] ?? { status: 404, body: { detail: "not found" } };

const azure = (url: string) => ({ endpoint: url, api_key: key, blocklists: { mine: "hate" } });
const hub =
  (model: string): Open =>
  (url) =>
    openHuggingface({ ...GENERATORS.huggingface.options.parse({ model, token: key }) }, url);
const account = { "/api/whoami-v2": { body: { name: "me" } }, "/api/models/me/good": { body: { id: "me/good" } } };
const replicate = (model: string) => generator("replicate", (url) => ({ url: `${url}/v1`, token: key, model }));
const models = { "/v1/models": { body: { data: [{ id: "flux" }] } } };

describe("a probe that succeeds says what it proved", () => {
  test.each<[string, Open, Answerer, RegExp]>([
    [
      "openai, compatible",
      generator("openai", (url) => ({ url: `${url}/v1`, model: "flux" })),
      paths(models),
      /the model flux is there/,
    ],
    [
      "openai, without a list",
      generator("openai", (url) => ({ url: `${url}/v1`, model: "flux" })),
      paths({}),
      /does not tell its models/,
    ],
    [
      "stability",
      generator("stability", (url) => ({ url, api_key: key })),
      paths({ "/v1/user/balance": { body: { credits: 12.34 } } }),
      /has 12\.3 credits/,
    ],
    ["replicate", replicate("me/good"), paths({ "/v1/models/me/good": { body: {} } }), /the model me\/good is there/],
    ["huggingface", hub("me/good"), paths(account), /there is a model me\/good/],
    [
      "comfyui",
      generator("comfyui", (url) => ({ url, checkpoint: "sd15.safetensors" })),
      comfy,
      /all that the workflow needs/,
    ],
    [
      "azure, texts",
      detector(TEXT_DETECTORS.azure, azure),
      () => ({ body: { value: [{ blocklistName: "mine" }] } }),
      /the key is good/,
    ],
    [
      "azure, pictures",
      detector(IMAGE_DETECTORS.azure, azure),
      () => ({ body: { value: [{ blocklistName: "mine" }] } }),
      /the key is good/,
    ],
  ])("%s", async (_what, open, answerer, words) => {
    await using vendor = await vendorServer(answerer);
    const part = await open(vendor.url);
    expect(await part.probe?.(SIGNAL)).toMatch(words);
    expect(vendor.calls.every(({ method }) => method === "GET")).toBe(true);
    await part.close?.();
  });
});

describe("a probe that fails says what is wrong", () => {
  test.each<[string, Open, Answerer, RegExp]>([
    [
      "openai: an unknown model",
      generator("openai", (url) => ({ url: `${url}/v1`, model: "dream" })),
      paths(models),
      /no model "dream"; it has flux/,
    ],
    [
      "stability: no credit",
      generator("stability", (url) => ({ url, api_key: key })),
      paths({ "/v1/user/balance": { body: { credits: 0 } } }),
      /no credits left/,
    ],
    ["replicate: an unknown model", replicate("me/bad"), paths({}), /no model "me\/bad"/],
    ["replicate: an unknown version", replicate(`me/good:${"0".repeat(64)}`), paths({}), /no model "me\/good:0{64}"/],
    ["huggingface: an unknown model", hub("me/bad"), paths(account), /no model "me\/bad"/],
    [
      "huggingface: a wrong token",
      hub("me/good"),
      () => ({ status: 401, body: { error: `Invalid token ${KEY}` } }),
      /status 401.*refuses the credentials/,
    ],
    [
      "comfyui: an unknown checkpoint",
      generator("comfyui", (url) => ({ url, checkpoint: "sdxl.safetensors" })),
      comfy,
      /no ckpt_name "sdxl\.safetensors".*it has sd15\.safetensors/,
    ],
    [
      "comfyui: an unknown node",
      generator("comfyui", (url) => ({ url, checkpoint: "a.ckpt" })),
      () => ({ body: {} }),
      /has no node \w+/,
    ],
    [
      "azure: an unknown blocklist",
      detector(TEXT_DETECTORS.azure, azure),
      () => ({ body: { value: [] } }),
      /no blocklist "mine"/,
    ],
    [
      "azure: a wrong key",
      detector(TEXT_DETECTORS.azure, azure),
      () => ({ status: 401, body: {} }),
      /refuses the credentials/,
    ],
  ])("%s", async (_what, open, answerer, words) => {
    await using vendor = await vendorServer(answerer);
    const part = await open(vendor.url);
    const failure: unknown = await part.probe?.(SIGNAL).catch((error: unknown) => error);
    expect(failure).toMatchObject({ detail: expect.stringMatching(words) });
    expect(String(failure)).not.toContain(KEY);
    await part.close?.();
  });
});

describe("a probe of what bills every call asks nobody", () => {
  test.each<[string, Open]>([
    ["sagemaker", generator("sagemaker", (endpoint) => ({ ...aws, endpoint, endpoint_name: "sd" }))],
    ["bedrock", generator("bedrock", (endpoint) => ({ ...aws, endpoint, model: "amazon.nova-canvas-v1:0" }))],
    ["comprehend", detector(TEXT_DETECTORS.comprehend, (endpoint) => ({ ...aws, endpoint }))],
    ["rekognition", detector(IMAGE_DETECTORS.rekognition, (endpoint) => ({ ...aws, endpoint }))],
    [
      "bedrock guardrail, texts",
      detector(TEXT_DETECTORS.bedrock, (endpoint) => ({ ...aws, endpoint, guardrail: "abc" })),
    ],
    [
      "bedrock guardrail, pictures",
      detector(IMAGE_DETECTORS.bedrock, (endpoint) => ({ ...aws, endpoint, guardrail: "abc" })),
    ],
    ["google", detector(IMAGE_DETECTORS.google, (url) => ({ url, api_key: key }))],
  ])("%s", async (_what, open) => {
    await using vendor = await vendorServer(() => ({ body: {} }));
    const part = await open(vendor.url);
    expect(await part.probe?.(SIGNAL)).toMatch(/credentials are there.*not asked/);
    expect(vendor.calls).toEqual([]);
    await part.close?.();
  });
});

/** Where a picture, or a judgement, is the only thing to ask for. */
const WITHOUT = ["http", "openai", "perspective", "rules", "classifier", "custom", "test-signals", "nsfw", "test-card"];

test("every kind of detector that has no probe is one whose judgement costs nothing, or whose price its owner sets", () => {
  const kinds = new Set([...Object.keys(TEXT_DETECTORS), ...Object.keys(IMAGE_DETECTORS)]);
  const probed = ["azure", "bedrock", "comprehend", "google", "rekognition"];
  expect([...kinds].sort()).toEqual([...WITHOUT, ...probed].sort());
});
