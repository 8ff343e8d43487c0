import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import type { GenerationAnswer } from "../../src/contract/generation.ts";
import { serve, type TestServer } from "./serve.ts";

/**
 * Two servers. The far one has the shipped detectors and the built-in generator, and speaks AWS. The near one has nothing of
 * its own: it asks Rekognition, Comprehend and SageMaker through the AWS SDK, at the far one's `/aws`. Under the same
 * thresholds it must come to the same decision that the far one comes to natively.
 */
let folder: string;
let far: TestServer;
let near: TestServer;

const SECRET = "secret-of-the-near-server";
/** The far server as a mere model: whatever it makes is handed out, for the near one to judge. */
const OPEN = `
schema: safelight.policy/1
name: open
version: "1"
prompt:
  detectors: {test-signals: {}}
  categories: {}
image:
  detectors: {nsfw: {}}
  categories: {}
`;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "safelight-round-trip-"));
  const shipped = join(import.meta.dirname, "../../policies");
  process.env["TEST_ROUND_TRIP_ID"] = "near";
  process.env["TEST_ROUND_TRIP_SECRET"] = SECRET;
  await writeFile(join(folder, "open.yaml"), OPEN);
  far = await serve(`
log: {level: silent}
policies: [${shipped}, ${join(folder, "open.yaml")}]
keys: {near: {secret: {from_env: TEST_ROUND_TRIP_SECRET}}}
`);
  const policy = parse(await readFile(join(shipped, "default.yaml"), "utf8"));
  const asked = { budget_ms: 20_000 };
  const prompt = { ...policy.prompt, require: ["sexual", "violence", "hate"], per_detector: {} };
  const image = { ...policy.image, detectors: { rekognition: asked } };
  await writeFile(
    join(folder, "near.yaml"),
    stringify({ ...policy, prompt: { ...prompt, detectors: { toxicity: asked } }, image }),
  );
  await writeFile(
    join(folder, "classified.yaml"),
    stringify({
      ...policy,
      name: "classified",
      prompt: {
        ...prompt,
        require: ["unsafe"],
        detectors: { classes: asked },
        per_detector: { classes: { unsafe: { warn: 0.25, block: 0.5 } } },
      },
      image,
    }),
  );
  const aws = {
    endpoint: `${far.url}/aws`,
    region: "us-east-1",
    credentials: {
      access_key_id: { from_env: "TEST_ROUND_TRIP_ID" },
      secret_access_key: { from_env: "TEST_ROUND_TRIP_SECRET" },
    },
  };
  near = await serve(
    stringify({
      log: { level: "silent" },
      policies: [join(folder, "near.yaml"), join(folder, "classified.yaml")],
      generators: {
        model: { kind: "sagemaker", ...aws, endpoint_name: "default", target_variant: "open" },
        sdxl: { kind: "sagemaker", ...aws, endpoint_name: "sketch", target_variant: "open", payload: "sgm" },
        pixels: {
          kind: "sagemaker",
          ...aws,
          endpoint_name: "sketch",
          target_variant: "open",
          accept: "application/json",
        },
        moderated: { kind: "sagemaker", ...aws, endpoint_name: "default" },
      },
      detectors: {
        rekognition: { kind: "rekognition", ...aws },
        toxicity: { kind: "comprehend", ...aws },
        classes: {
          kind: "comprehend",
          ...aws,
          endpoint_arn: "arn:aws:comprehend:us-east-1:111122223333:document-classifier-endpoint/default",
          classes: { TOXIC: "unsafe", NON_TOXIC: null },
        },
      },
    }),
  );
});
afterAll(async () => {
  await near?.close();
  await far?.close();
  await rm(folder, { recursive: true, force: true });
  delete process.env["TEST_ROUND_TRIP_ID"];
  delete process.env["TEST_ROUND_TRIP_SECRET"];
});

const KEY = { Authorization: `Bearer ${SECRET}` };

async function decision(server: TestServer, request: object) {
  const body = { seed: 11, width: 256, height: 256, ...request };
  const answer = (await (await server.post("/api/v1/generations", body, KEY)).json()) as GenerationAnswer & {
    code?: string;
  };
  return {
    state: answer.state,
    action: answer.action,
    prompt: answer.prompt?.action,
    images: answer.images.map(({ action, blurred, b64 }) => ({ action, blurred, shown: b64 !== null })),
    attempts: answer.attempts,
    error: answer.error?.code,
  };
}

const PROMPTS: readonly (readonly [signal: string, state: string, action: string])[] = [
  ["a red boat on a lake", "complete", "allow"],
  ["a castle safelight-test:prompt:violence:0.6", "complete", "warn"],
  ["a castle safelight-test:prompt:suggestive:0.8", "complete", "warn"],
  ["a castle safelight-test:prompt:drugs:0.8", "complete", "warn"],
  ["a castle safelight-test:prompt:violence:1.0", "refused", "block"],
  ["a castle safelight-test:prompt:self_harm:0.8", "refused", "block"],
  ["a castle safelight-test:prompt:sexual_minors:0.5", "refused", "block"],
  ["a castle safelight-test:prompt:error", "refused", "block"],
];
const IMAGES: readonly (readonly [signal: string, state: string, action: string])[] = [
  ["violence:0.6", "complete", "warn"],
  ["weapons:0.85", "complete", "warn"],
  ["suggestive:0.7", "complete", "warn"],
  ["sexual:0.8", "complete", "blur"],
  ["gore:0.75", "complete", "blur"],
  ["self_harm:0.6", "complete", "blur"],
  ["hate:0.75", "complete", "review"],
  ["extremism:0.75", "complete", "review"],
  ["sexual:0.97", "complete", "block"],
  ["error", "complete", "block"],
  ["withheld", "complete", "block"],
];
const CASES = [
  ...PROMPTS,
  ...IMAGES.map(([signal, ...rest]) => [`a boat safelight-test:image:${signal}`, ...rest] as const),
];

describe("a server that asks AWS, and AWS is Safelight,", () => {
  test.each(CASES)("decides on %j as that server itself does: %s, %s", async (prompt, state, action) => {
    const native = await decision(far, { prompt });
    expect(native).toMatchObject({ state, action });
    expect(await decision(near, { prompt, generator: "model" })).toEqual(native);
  });

  test.each(["sdxl", "pixels"])("decides the same through the container's other form, %s", async (generator) => {
    for (const prompt of [
      "a red boat",
      "a boat safelight-test:image:sexual:0.8",
      "a boat safelight-test:image:withheld",
    ])
      expect(await decision(near, { prompt, generator })).toEqual(await decision(far, { prompt }));
  });

  test("has its pictures from there, and every report from there", async () => {
    const before = (await far.service.generations({ limit: 1 })).records[0]?.id;
    const body = { prompt: "a lighthouse", seed: 11, width: 256, height: 256 };
    const answer = (await (await near.post("/api/v1/generations", body)).json()) as GenerationAnswer;
    const [made] = (await far.service.generations({ limit: 1 })).records;
    expect(made?.id).not.toBe(before);
    expect(made).toMatchObject({ policy: { name: "open" }, request: { seed: 11, width: 256 } });
    expect(answer.prompt?.reports.map(({ detector }) => detector)).toEqual(["toxicity"]);
    expect(answer.trials[0]?.reports.map(({ detector }) => detector)).toEqual(["rekognition"]);
  });

  test("fails as that server fails", async () => {
    const prompt = "safelight-test:generator:error";
    const native = await decision(far, { prompt });
    expect(native).toMatchObject({ state: "failed", error: "provider_failed" });
    expect(await decision(near, { prompt, generator: "model" })).toEqual(native);
  });

  test.each(PROMPTS)("decides on the prompt %j the same with a classifier", async (prompt, state, action) => {
    expect(await decision(near, { prompt, policy: "classified", generator: "model" })).toMatchObject({
      state,
      prompt: action,
    });
  });

  test("keeps two pictures apart, of which one is not shown", async () => {
    const prompt = "a boat safelight-test:image:gore:0.97";
    const request = { prompt, n: 2, generator: "moderated" };
    const { images } = await decision(near, request);
    expect(images).toEqual([
      { action: "block", blurred: false, shown: false },
      { action: "block", blurred: false, shown: false },
    ]);
  });

  test("gets from a far server that moderates nothing that it does not show", async () => {
    for (const signal of ["sexual:0.97", "hate:0.75", "error", "withheld"]) {
      const { images } = await decision(near, {
        prompt: `a boat safelight-test:image:${signal}`,
        generator: "moderated",
      });
      expect(images).toEqual([{ action: "block", blurred: false, shown: false }]);
    }
  });
});
