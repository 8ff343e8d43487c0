import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SharedQuestions } from "../../src/app/probe-run.ts";
import { DEFAULT_LIMITS } from "../../src/contract/limits.ts";
import type { Probe } from "../../src/contract/probe.ts";
import { IMAGE_DETECTORS, TEXT_DETECTORS } from "../../src/detectors/table.ts";
import { openHuggingface } from "../../src/generators/huggingface/huggingface.ts";
import { GENERATORS } from "../../src/generators/table.ts";
import { KEY } from "./faults.ts";
import { type Answerer, type Reply, vendorServer } from "./server.ts";

const ENV = { SAFELIGHT_TEST_KEY: KEY };
beforeAll(() => void Object.assign(process.env, ENV));
afterAll(() => {
  for (const name of Object.keys(ENV)) delete process.env[name];
});

const key = { from_env: "SAFELIGHT_TEST_KEY" };
const SIGNAL = new AbortController().signal;
const RUN = new SharedQuestions(false);
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
    expect(await part.probe?.(SIGNAL, RUN)).toMatch(words);
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
    const failure: unknown = await part.probe?.(SIGNAL, RUN).catch((error: unknown) => error);
    expect(failure).toMatchObject({ detail: expect.stringMatching(words) });
    expect(String(failure)).not.toContain(KEY);
    await part.close?.();
  });
});

/** An answer of Cloud Vision that refuses the call as a whole. */
const refusal = (code: number, status: string, message: string, reason?: string): Reply => ({
  status: code,
  body: { error: { code, message, status, details: reason === undefined ? [] : [{ "@type": ERROR_INFO, reason }] } },
});
const ERROR_INFO = "type.googleapis.com/google.rpc.ErrorInfo";
const MISSING = "Request must specify image and features.";
const vision = detector(IMAGE_DETECTORS.google, (url) => ({ url, api_key: key }));

describe("Cloud Vision is asked for no feature of no picture, which is not billed", () => {
  test.each<[string, Reply]>([
    ["inside a 200", { body: { responses: [{ error: { code: 3, message: MISSING } }] } }],
    ["with a 400", refusal(400, "INVALID_ARGUMENT", MISSING)],
  ])("that both are missing is told only to whoever may ask: %s", async (_what, reply) => {
    await using vendor = await vendorServer(() => reply);
    const part = await vision(vendor.url);
    expect(await part.probe?.(SIGNAL, RUN)).toBe(
      "Cloud Vision takes the credentials; judging is billed, and was not asked",
    );
    expect(vendor.calls).toMatchObject([
      { method: "POST", path: "/v1/images:annotate", headers: { "x-goog-api-key": KEY }, text: '{"requests":[{}]}' },
    ]);
    await part.close?.();
  });

  test("at the location that judges, on behalf of its project", async () => {
    await using vendor = await vendorServer(() => refusal(400, "INVALID_ARGUMENT", MISSING));
    const options = { api_key: key, project: "mine", location: "eu" };
    const part = await detector(IMAGE_DETECTORS.google, (url) => ({ url, ...options }))(vendor.url);
    await part.probe?.(SIGNAL, RUN);
    expect(vendor.calls[0]?.path).toBe("/v1/projects/mine/locations/eu/images:annotate");
    await part.close?.();
  });

  test.each<[string, Reply, string]>([
    [
      "an unknown key",
      refusal(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.", "API_KEY_INVALID"),
      "it does not know the API key, or the key has expired (API_KEY_INVALID)",
    ],
    [
      "the same without a reason",
      refusal(400, "INVALID_ARGUMENT", "API key expired. Please renew the API key."),
      "it does not know the API key, or the key has expired (API_KEY_INVALID)",
    ],
    [
      "a service that is off",
      refusal(403, "PERMISSION_DENIED", "Cloud Vision API has not been used in project 1", "SERVICE_DISABLED"),
      "Cloud Vision is not enabled for the project (SERVICE_DISABLED)",
    ],
    [
      "no billing",
      refusal(403, "PERMISSION_DENIED", "This API method requires billing", "BILLING_DISABLED"),
      "the project has no billing account (BILLING_DISABLED)",
    ],
    [
      "a reason of another kind",
      refusal(403, "PERMISSION_DENIED", `The key ${KEY} is odd`, "ODD"),
      "it answered with status 403 (PERMISSION_DENIED): it refuses the credentials",
    ],
    [
      "another 400, which proves nothing",
      refusal(400, "INVALID_ARGUMENT", "Request contains an invalid argument."),
      "it answered with status 400 (INVALID_ARGUMENT)",
    ],
    [
      "a picture that was refused for another reason",
      { body: { responses: [{ error: { code: 7, message: "no" } }] } },
      "it failed (PERMISSION_DENIED)",
    ],
    ["a judgement of nothing", { body: { responses: [{}] } }, "its answer has another shape than expected"],
    ["a page to log in", { headers: { "content-type": "text/html" }, body: "<h1>" }, "its answer is not JSON"],
  ])("%s is told", async (_what, reply, detail) => {
    await using vendor = await vendorServer(() => reply);
    const part = await vision(vendor.url);
    const failure: unknown = await part.probe?.(SIGNAL, RUN).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "detector_failed", detail: expect.stringContaining(detail) });
    expect(String(failure)).not.toContain(KEY);
    await part.close?.();
  });
});

/** Where a picture, or a judgement, is the only thing to ask for. */
const WITHOUT = [
  ...["http", "openai", "perspective"],
  ...["rules", "classifier", "custom", "test-signals", "nsfw", "clip", "hashes", "text-in-image", "test-card"],
];

test("every kind of detector that has no probe is one whose judgement costs nothing, or whose price its owner sets", () => {
  const kinds = new Set([...Object.keys(TEXT_DETECTORS), ...Object.keys(IMAGE_DETECTORS)]);
  const probed = ["azure", "bedrock", "comprehend", "google", "rekognition"];
  expect([...kinds].sort()).toEqual([...WITHOUT, ...probed].sort());
});
