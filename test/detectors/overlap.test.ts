import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { GenerationEvent } from "../../src/contract/generation.ts";
import { serve, type TestServer } from "../http/serve.ts";
import { KEY, PROMPT } from "../vendors/faults.ts";
import { type Reply, type VendorServer, vendorServer } from "../vendors/server.ts";
import { fakeOpenAi } from "./fake-openai.ts";
import { plain } from "./pictures.ts";

const POLICY = `
schema: safelight.policy/1
name: vendor
version: "1"
prompt:
  detectors:
    rules: { required: true, budget_ms: 2000 }
    moderation: { required: true, budget_ms: 10000, overlap: true }
  require: [violence, hate]
  categories:
    violence: { warn: 0.5, block: 0.8 }
    hate: { block: 0.8 }
image:
  detectors:
    moderation: { required: true, budget_ms: 10000 }
    counted: { required: true, budget_ms: 10000 }
  require: [sexual]
  categories:
    sexual: { block: 0.8 }
`;

/** A web UI whose pictures take as long as the test says. Ends its job when it is interrupted. */
async function painter() {
  const picture = (await plain(64, 64)).toString("base64");
  const state = { begun: Promise.withResolvers<void>(), interrupts: 0, delay: 0, end: () => {} };
  const server = await vendorServer(async (call): Promise<Reply | undefined> => {
    if (call.path.startsWith("/sdapi/v1/progress")) return { body: { progress: 0.5 } };
    if (call.path === "/sdapi/v1/interrupt") {
      state.interrupts++;
      state.end();
      return { body: {} };
    }
    const { seed } = call.json() as { seed: number };
    state.begun.resolve();
    await new Promise<void>((resolve) => {
      state.end = resolve;
      setTimeout(resolve, state.delay).unref();
    });
    return { body: { images: [picture], info: JSON.stringify({ all_seeds: [seed], index_of_first_image: 0 }) } };
  });
  return { server, state };
}

let folder: string;
let vendor: VendorServer;
let counted: VendorServer;
let canvas: Awaited<ReturnType<typeof painter>>;
let server: TestServer;
/** What the vendor says of the prompt, once it says it. */
let verdict: () => Promise<number>;

beforeAll(async () => {
  process.env["TEST_OPENAI_KEY"] = KEY;
  folder = await mkdtemp(join(tmpdir(), "safelight-overlap-"));
  await writeFile(join(folder, "vendor.yaml"), POLICY);
  vendor = await fakeOpenAi(KEY, async (asked) => ("text" in asked ? { violence: await verdict() } : {}));
  counted = await vendorServer(() => ({ body: { findings: [], units: 3 } }));
  canvas = await painter();
  server = await serve(`
log: { level: silent }
image_cache: {entries: 0} # the back end has one picture
policies: [${JSON.stringify(join(folder, "vendor.yaml"))}]
default_policy: vendor
generators:
  sd: { kind: a1111, url: "${canvas.server.url}" }
detectors:
  moderation: { kind: openai, url: "${vendor.url}/v1", api_key: { from_env: TEST_OPENAI_KEY } }
  counted: { kind: http, url: "${counted.url}", categories: [gore], price_per_unit: { amount: 0.25, currency: USD } }
`);
});
afterAll(async () => {
  await server.close();
  await Promise.all([vendor.close(), counted.close(), canvas.server.close()]);
  await rm(folder, { recursive: true });
});
beforeEach(() => {
  Object.assign(canvas.state, { begun: Promise.withResolvers<void>(), interrupts: 0, delay: 0 });
});
afterEach(() => canvas.state.end());

async function generate(): Promise<readonly GenerationEvent[]> {
  const response = await server.post(
    "/api/v1/generations",
    { prompt: PROMPT, width: 64, height: 64 },
    { accept: "text/event-stream" },
  );
  const text = await response.text();
  return [...text.matchAll(/^data: ?(\{.*\})$/gm)].map(([, data = ""]) => JSON.parse(data) as GenerationEvent);
}

const recordOf = (events: readonly GenerationEvent[]) => {
  const last = events.at(-1);
  if (last?.type !== "finished") throw new Error(`ended with ${last?.type}`);
  return last.record;
};
const order = (events: readonly GenerationEvent[]) =>
  events
    .map(({ type }) => type)
    .filter((type) => ["generation_started", "prompt_decided", "image_decided"].includes(type));

describe("a slow vendor that overlaps with the generation", () => {
  test("stops it with its verdict: the generator is interrupted, and nothing is shown", async () => {
    canvas.state.delay = 20_000;
    verdict = async () => {
      await canvas.state.begun.promise;
      return 0.93;
    };
    const start = performance.now();
    const events = await generate();
    expect(performance.now() - start).toBeLessThan(10_000);
    expect(order(events)).toEqual(["generation_started", "prompt_decided"]);
    const record = recordOf(events);
    expect(record).toMatchObject({ state: "refused", action: "block", images: [], attempts: 1, trials: [] });
    expect(record.prompt?.reasons[0]).toMatchObject({
      category: "violence",
      score: 0.93,
      threshold: 0.8,
      detector: "moderation",
      label: "violence",
    });
    await expect.poll(() => canvas.state.interrupts).toBe(1);
    expect(counted.calls).toHaveLength(0);
  });

  test("holds nothing up: the picture is begun before its verdict, and shown after it", async () => {
    verdict = async () => {
      await canvas.state.begun.promise;
      return 0.6;
    };
    const events = await generate();
    const record = recordOf(events);
    expect(order(events).indexOf("generation_started")).toBeLessThan(order(events).indexOf("prompt_decided"));
    expect(record).toMatchObject({ state: "complete", action: "warn", attempts: 1 });
    expect(record.prompt?.coverage).toContainEqual(
      expect.objectContaining({ category: "hate", state: "scored", detectors: ["moderation", "rules"] }),
    );
    expect(record.images[0]).toMatchObject({ action: "allow", blurred: false });
    expect(record.trials[0]?.reports.map(({ detector, version }) => [detector, version])).toEqual([
      ["moderation", "openai@1.omni-moderation-latest"],
      ["counted", "http@1.safelight"],
    ]);
  });

  test("is asked with one entry of the configuration for prompts and pictures", () => {
    const asked = vendor.calls.map((call) => typeof (call.json() as { input: unknown }).input);
    expect(new Set(asked)).toEqual(new Set(["string", "object"]));
  });

  test("costs what it bills", async () => {
    verdict = async () => 0;
    const { cost } = recordOf(await generate());
    expect(cost.parts).toContainEqual({ part: "counted", units: 3, unit_price: 0.25, amount: 0.75 });
    expect(cost.parts.some(({ part }) => part === "moderation")).toBe(false);
  });

  test("that fails leaves the prompt unknown, which is not safe, and says what the vendor said but not its words", async () => {
    canvas.state.delay = 20_000;
    verdict = async () => {
      await canvas.state.begun.promise;
      return Number.NaN; // JSON has no such number: the answer is of another shape
    };
    const record = recordOf(await generate());
    expect(record).toMatchObject({ state: "refused", action: "block", images: [] });
    expect(record.prompt?.reasons[0]).toMatchObject({ detector: "moderation", label: "detector_failed", score: null });
    expect(record.prompt?.reports.find(({ detector }) => detector === "moderation")).toMatchObject({
      state: "unknown",
      because: "detector_failed",
    });
    await expect.poll(() => canvas.state.interrupts).toBe(1);
  });
});
