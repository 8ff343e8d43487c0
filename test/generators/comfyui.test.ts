import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { openGenerators } from "../../src/app/generators.ts";
import { loadConfig } from "../../src/config/load.ts";
import type { SafelightError } from "../../src/contract/errors.ts";
import type { ImageGenerator, ImageRequest } from "../../src/contract/generator.ts";
import { openComfyui } from "../../src/generators/comfyui/comfyui.ts";
import { ComfyuiOptions } from "../../src/generators/comfyui/options.ts";
import type { Reply } from "../vendors/server.ts";
import { type Behaviour, type FakeComfyui, type FakeJob, fakeComfyui, seedOf } from "./comfyui-server.ts";

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close();
});

async function serve(behaviour: Behaviour = {}, options: object = { checkpoint: "sd15.safetensors" }, folder = "/") {
  const server = await fakeComfyui(behaviour);
  opened.push(server);
  const generator = await openComfyui(ComfyuiOptions.parse({ url: server.url, ...options }), { folder });
  opened.unshift({ close: async () => generator.close?.() });
  return { server, generator };
}

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
const texts = (answers: Awaited<ReturnType<ImageGenerator["generate"]>>) =>
  answers.map((answer) => (answer.kind === "image" ? Buffer.from(answer.bytes).toString() : answer.reason));
const failureOf = (work: Promise<unknown>): Promise<SafelightError> =>
  work.then(
    () => expect.fail("it should have failed"),
    (error: SafelightError) => error,
  );
const paths = (server: FakeComfyui, start: string) =>
  server.calls.filter(({ method, path }) => `${method} ${path}`.startsWith(start));
async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 400 && !holds(); i++) await sleep(5);
  expect(holds()).toBe(true);
}

describe("the comfyui generator", () => {
  test("has the built-in workflow done for every picture, each with its seed", async () => {
    const { server, generator } = await serve({}, { checkpoint: "sd15.safetensors", sampler: "dpmpp_2m", steps: 25 });
    const answers = await generator.generate(asked([7, 100], { guidanceScale: 4 }), never);
    expect(texts(answers)).toEqual(["picture of seed 7.png", "picture of seed 100.png"]);
    expect(answers.map((answer) => answer.kind === "image" && [answer.seed, answer.mediaType])).toEqual([
      [7, "image/png"],
      [100, "image/png"],
    ]);
    const [first, second] = server.begun;
    expect(first?.workflow).toEqual({
      "3": {
        class_type: "KSampler",
        inputs: {
          seed: 7,
          steps: 25,
          cfg: 4,
          sampler_name: "dpmpp_2m",
          scheduler: "normal",
          denoise: 1,
          model: ["4", 0],
          positive: ["6", 0],
          negative: ["7", 0],
          latent_image: ["5", 0],
        },
      },
      "4": { class_type: "CheckpointLoaderSimple", inputs: { ckpt_name: "sd15.safetensors" } },
      "5": { class_type: "EmptyLatentImage", inputs: { width: 512, height: 256, batch_size: 1 } },
      "6": { class_type: "CLIPTextEncode", inputs: { text: "a castle", clip: ["4", 1] } },
      "7": { class_type: "CLIPTextEncode", inputs: { text: "nude", clip: ["4", 1] } },
      "8": { class_type: "VAEDecode", inputs: { samples: ["3", 0], vae: ["4", 2] } },
      "9": { class_type: "PreviewImage", inputs: { images: ["8", 0] } },
    });
    expect(second && seedOf(second)).toBe(100);
    expect(new Set(server.begun.map(({ clientId }) => clientId)).size).toBe(1);
    expect(paths(server, "GET /view").map(({ path }) => path)).toContain(
      "/view?filename=seed+7.png&subfolder=a+b&type=temp",
    );
  });

  test("asks for no previews, and lets none of those that come through", async () => {
    const preview = Buffer.from("\0\0\0\x01\0\0\0\x02unjudged preview", "latin1");
    const { server, generator } = await serve({
      work: async (job) => {
        job.preview(preview);
        job.tell("progress", { value: 1, max: 2, node: "3" });
        await sleep(30);
      },
    });
    const told: unknown[] = [];
    const answers = await generator.generate(asked([7]), never, (...all) => told.push(...all));
    expect(server.begun[0]?.extra).toEqual({ preview_method: "none" });
    expect(texts(answers)).toEqual(["picture of seed 7.png"]);
    expect(told).toEqual([0.5, 1]);
  });

  test("tells how far all its pictures are together, and never goes back", async () => {
    const steps = async (job: FakeJob) => {
      for (const value of [1, 2, 4, 1, 3]) {
        job.tell("progress", { value, max: 4, node: "3" });
        await sleep(5);
      }
    };
    const { generator } = await serve({ work: steps });
    const told: number[] = [];
    await generator.generate(asked([1, 2]), never, (fraction) => told.push(fraction));
    expect(told).toEqual([0.125, 0.25, 0.5, 0.625, 0.75, 1]);
  });

  test("with a websocket, it asks for the result when the job has ended, and hardly before", async () => {
    const { server, generator } = await serve({ work: () => sleep(1_500) });
    await generator.generate(asked([1]), never);
    expect(paths(server, "GET /history").length).toBeLessThanOrEqual(2);
  });

  test.each<[string, Behaviour, (server: FakeComfyui) => void]>([
    ["that cannot be had", { websockets: false }, () => {}],
    ["that breaks off", {}, (server) => server.dropWebSockets()],
  ])("a websocket %s does not matter: the history is asked instead", async (_name, behaviour, meanwhile) => {
    const { promise: gate, resolve } = Promise.withResolvers<void>();
    const { server, generator } = await serve({ ...behaviour, work: () => gate });
    const work = generator.generate(asked([5]), never);
    await until(() => server.begun.length === 1);
    meanwhile(server);
    await sleep(50);
    resolve();
    const start = performance.now();
    expect(texts(await work)).toEqual(["picture of seed 5.png"]);
    expect(performance.now() - start).toBeLessThan(1_500);
  });

  test("sends the credentials that the environment holds, to the websocket too", async () => {
    process.env["TEST_COMFYUI_AUTH"] = "me:secret";
    const options = { checkpoint: "x", auth: { from_env: "TEST_COMFYUI_AUTH" } };
    const { server, generator } = await serve({}, options);
    const upgrades: (string | undefined)[] = [];
    server.server.on("upgrade", ({ headers }) => upgrades.push(headers.authorization));
    await generator.generate(asked([1]), never);
    const basic = `Basic ${Buffer.from("me:secret").toString("base64")}`;
    expect(upgrades).toEqual([basic]);
    for (const { headers } of server.calls) expect(headers.authorization).toBe(basic);
  });
});

describe("a caller who goes away", () => {
  test("has only their own running job interrupted, and their waiting one taken out", async () => {
    const { server, generator } = await serve({ work: (job) => (seedOf(job) === 9 ? undefined : job.interrupted) });
    const caller = new AbortController();
    const mine = failureOf(generator.generate(asked([1, 2]), caller.signal));
    await until(() => server.begun.length === 1 && server.waiting.length === 1);
    const other = generator.generate(asked([9]), never);
    await until(() => server.waiting.length === 2);
    caller.abort(new Error("gone"));
    expect((await mine).message).toBe("gone");
    expect(texts(await other)).toEqual(["picture of seed 9.png"]);
    expect(server.begun.map(seedOf)).toHaveLength(2); // the one that waited never began
    const interrupts = paths(server, "POST /interrupt").map((call) => call.json());
    expect(interrupts).toEqual([{ prompt_id: server.begun[0]?.id }]);
  });

  test("does not have somebody else's job interrupted, at a server that interrupts whatever runs", async () => {
    const { promise: gate, resolve } = Promise.withResolvers<void>();
    const { server, generator } = await serve({ old: true, work: () => gate });
    const other = generator.generate(asked([1]), never);
    await until(() => server.begun.length === 1);
    const caller = new AbortController();
    const mine = failureOf(generator.generate(asked([2]), caller.signal));
    await until(() => server.waiting.length === 1);
    caller.abort(new Error("gone"));
    expect((await mine).message).toBe("gone");
    await until(() => server.waiting.length === 0);
    resolve();
    expect(texts(await other)).toEqual(["picture of seed 1.png"]);
    await sleep(50);
    expect(paths(server, "POST /interrupt")).toHaveLength(0);
  });

  test("while the job is being handed over is released at once, and the job is taken back by the id it was given", async () => {
    const { promise: gate, resolve } = Promise.withResolvers<void>();
    const { server, generator } = await serve({ old: true, work: (job) => job.interrupted });
    const held = server.server.listeners("request")[0] as (...all: unknown[]) => void; // the fake's own
    server.server.removeAllListeners("request");
    server.server.on("request", async (request, response) => {
      if (request.url === "/prompt") await gate;
      held(request, response);
    });
    const caller = new AbortController();
    const mine = failureOf(generator.generate(asked([1]), caller.signal));
    await sleep(100);
    caller.abort(new Error("gone"));
    expect((await mine).message).toBe("gone");
    expect(server.begun).toHaveLength(0);
    resolve();
    await until(() => paths(server, "POST /interrupt").length === 1);
    await until(() => server.history.size === 1);
  });
});

describe("a job that does not succeed", () => {
  test("an error of a node is told with the node and the kind of error, and without a word of the prompt", async () => {
    const { server, generator } = await serve({
      work: (job) => {
        if (seedOf(job) === 2) throw Object.assign(new Error("a castle: CUDA"), { name: "torch.OutOfMemoryError" });
        return job.interrupted;
      },
    });
    const failure = await failureOf(generator.generate(asked([2, 3]), never));
    expect(failure).toMatchObject({
      code: "provider_failed",
      detail: "node 3 (KSampler) of the workflow failed (torch.OutOfMemoryError)",
      vendor: { status: null, code: "torch.OutOfMemoryError", request_id: server.begun[0]?.id, retry_after_ms: null },
    });
    await until(() => server.waiting.length === 0 && server.history.size === server.begun.length); // nothing is left behind
  });

  test("a job that somebody interrupts fails", async () => {
    const { server, generator } = await serve({ work: () => new Promise(() => {}) });
    const failure = failureOf(generator.generate(asked([1]), never));
    await until(() => server.begun.length === 1);
    await fetch(`${server.url}/interrupt`, { method: "POST", body: "{}" });
    expect(await failure).toMatchObject({
      code: "provider_failed",
      detail: "its job was interrupted",
      vendor: { code: "execution_interrupted" },
    });
  });

  test("a workflow that the server does not accept is told with the node, the input and the kind of mistake", async () => {
    const error = { type: "value_not_in_list", message: "a castle", extra_info: { input_name: "ckpt_name" } };
    const { generator } = await serve({
      refuse: () => ({
        status: 400,
        body: {
          error: { type: "prompt_outputs_failed_validation", message: "Prompt outputs failed validation: a castle" },
          node_errors: { "4": { errors: [error], dependent_outputs: ["9"], class_type: "CheckpointLoaderSimple" } },
        },
      }),
    });
    expect(await failureOf(generator.generate(asked([1]), never))).toMatchObject({
      code: "provider_rejected",
      detail:
        'it answered with status 400 (prompt_outputs_failed_validation), at node 4 (CheckpointLoaderSimple), input "ckpt_name": value_not_in_list',
      vendor: { status: 400, code: "prompt_outputs_failed_validation" },
    });
  });

  test("a sentence where a name belongs is not told", async () => {
    const { generator } = await serve({
      refuse: () => ({
        status: 400,
        body: {
          error: "a castle cannot be built",
          node_errors: { "6": { errors: [{ type: "a castle!", extra_info: null }], class_type: "a castle node" } },
        },
      }),
    });
    const failure = await failureOf(generator.generate(asked([1]), never));
    expect(failure).toMatchObject({ code: "provider_rejected", detail: "it answered with status 400, at node 6" });
  });

  test("a job whose taking the server could not tell is not handed over a second time", async () => {
    const { server, generator } = await serve({ silent: ({ path }) => path === "/prompt" });
    expect(texts(await generator.generate(asked([1]), never))).toEqual(["picture of seed 1.png"]);
    expect(paths(server, "POST /prompt")).toHaveLength(2);
    expect(server.begun).toHaveLength(1);
  });

  test("a server that was restarted no longer knows the job, and that is said", async () => {
    const { server, generator } = await serve({ websockets: false, work: () => new Promise(() => {}) });
    const failure = failureOf(generator.generate(asked([1]), never));
    await until(() => server.begun.length === 1);
    server.restart();
    expect(await failure).toMatchObject({
      code: "provider_failed",
      detail: expect.stringContaining("no longer knows the job"),
    });
  });

  const image = (filename: string, type = "output") => ({ filename, subfolder: "", type });
  test.each<[string, object, number]>([
    ["no outputs", {}, 0],
    ["only texts", { "9": { text: ["a castle"], images: ["a castle"] } }, 0],
    ["two pictures of one node", { "9": { images: [image("a.png"), image("b.png")] } }, 2],
    ["two nodes with a picture", { "9": { images: [image("a.png")] }, "10": { images: [image("b.png")] } }, 2],
  ])("%s is not one picture", async (_name, outputs, count) => {
    const { generator } = await serve({ outputs: () => outputs });
    expect(await failureOf(generator.generate(asked([1]), never))).toMatchObject({
      code: "provider_failed",
      detail: `its workflow was to give 1 picture and gave ${count}`,
    });
  });

  test("of a kept picture and a temporary one, the kept one is meant", async () => {
    const outputs = { "9": { images: [image("kept.png")] }, "10": { images: [image("temporary.png", "temp")] } };
    const { generator } = await serve({ outputs: () => outputs });
    expect(texts(await generator.generate(asked([1]), never))).toEqual(["picture of kept.png"]);
  });

  test.each<[string, Reply, string, RegExp]>([
    ["a history of another shape", { body: [] }, "provider_failed", /another shape/],
    ["a history that is no JSON", { body: "<p>a castle</p>" }, "provider_failed", /not JSON/],
    ["a history that may not be read", { status: 403 }, "provider_rejected", /credentials/],
    ["a history that fails for good", { status: 500, body: "a castle" }, "provider_failed", /status 500$/],
  ])("%s is a failure, and the job is taken back", async (_name, reply, code, detail) => {
    const { server, generator } = await serve({
      websockets: false,
      work: (job) => job.interrupted,
      ended: () => reply,
    });
    expect(await failureOf(generator.generate(asked([1]), never))).toMatchObject({
      code,
      detail: expect.stringMatching(detail),
    });
    await until(() => paths(server, "POST /interrupt").length === 1);
  });

  test("a history and a picture that cannot be had for a moment are asked for again", async () => {
    let asks = 0;
    let views = 0;
    const busy = { status: 503, headers: { "retry-after": "0" }, body: "" };
    const { generator } = await serve({
      ended: () => (asks++ === 0 ? busy : undefined),
      view: () => (views++ === 0 ? busy : { headers: { "content-type": "image/png" }, body: "picture" }),
    });
    expect(texts(await generator.generate(asked([1]), never))).toEqual(["picture"]);
  });

  test("a picture that is gone is a failure", async () => {
    const { generator } = await serve({ view: () => ({ status: 404, body: "a castle" }) });
    expect(await failureOf(generator.generate(asked([1]), never))).toMatchObject({
      code: "provider_rejected",
      detail: "it answered with status 404",
    });
  });

  test("a file that is no picture by its type is a failure", async () => {
    const { generator } = await serve({ view: () => ({ headers: { "content-type": "text/html" }, body: "a castle" }) });
    expect(await failureOf(generator.generate(asked([1]), never))).toMatchObject({
      code: "provider_failed",
      detail: "its answer is no picture",
    });
  });
});

describe("one's own workflow", () => {
  const folder = mkdtempSync(join(tmpdir(), "safelight workflows "));
  afterAll(() => rmSync(folder, { recursive: true }));
  const write = (name: string, content: unknown) =>
    writeFileSync(join(folder, name), typeof content === "string" ? content : JSON.stringify(content));

  test("is sent with the request's values in the place of the placeholders", async () => {
    write("mine.json", {
      "1": {
        class_type: "Sampler",
        inputs: {
          seed: "{{seed}}",
          steps: "{{ steps }}",
          cfg: "{{guidance_scale}}",
          size: { width: "{{width}}", height: "{{height}}", text: "{{width}}x{{height}}" },
          list: ["{{seed}}", 1, null, true, ["2", 0]],
        },
        _meta: { title: "{{anything}}" },
      },
      "2": { class_type: "Text", inputs: { text: "masterpiece, {{prompt}}, 8k {a|b}", not: "{{negative_prompt}}" } },
      "3": { class_type: "Save", inputs: { images: ["1", 0] } },
    });
    const outputs = { "1": { images: [{ filename: "x.png" }] }, "3": { images: [{ filename: "y.png" }] } };
    const { server, generator } = await serve(
      { outputs: () => outputs },
      { workflow: "mine.json", output_node: "3", steps: 9 },
      folder,
    );
    const prompt = 'a "castle" {{seed}} $& \\n';
    expect(texts(await generator.generate(asked([7], { prompt }), never))).toEqual(["picture of y.png"]);
    expect(server.begun[0]?.workflow).toEqual({
      "1": {
        class_type: "Sampler",
        inputs: {
          seed: 7,
          steps: 9,
          cfg: 7,
          size: { width: 512, height: 256, text: "512x256" },
          list: [7, 1, null, true, ["2", 0]],
        },
        _meta: { title: "{{anything}}" },
      },
      "2": { class_type: "Text", inputs: { text: `masterpiece, ${prompt}, 8k {a|b}`, not: "nude" } },
      "3": { class_type: "Save", inputs: { images: ["1", 0] } },
    });
  });

  test("is looked for in the folder of the configuration", async () => {
    write("mine.json", node("{{prompt}}"));
    const file = (name: string) =>
      `generators:\n  mine: {kind: comfyui, url: "http://127.0.0.1:9", workflow: ${name}}\n`;
    const load = (yaml: string) => {
      write("safelight.yaml", yaml);
      return loadConfig({ cwd: "/", env: {}, flags: { config: join(folder, "safelight.yaml") } }).config.generators;
    };
    const generators = await openGenerators(load(file("mine.json")));
    expect(generators.get("mine")?.generator.id).toBe("comfyui");
    await generators.get("mine")?.generator.close?.();
    await expect(openGenerators(load(file("yours.json")))).rejects.toMatchObject({ code: "config_invalid" });
  });

  const node = (text: string) => ({ "6": { class_type: "CLIPTextEncode", inputs: { text } } });
  test.each<[string, unknown, object, string]>([
    ["without a prompt", node("a fixed text"), {}, "has no {{prompt}} in the inputs of any node"],
    [
      "with a misspelt placeholder",
      node("{{promt}}"),
      {},
      'node 6 (CLIPTextEncode), input "text": there is no placeholder {{promt}}; did you mean {{prompt}}?',
    ],
    [
      "with an unknown placeholder, deep inside",
      { ...node("{{prompt}}"), "7": { class_type: "X", inputs: { a: [{ b: "{{colour of it}}" }] } } },
      {},
      'node 7 (X), input "a.0.b": there is no placeholder {{colour of it}}; there are {{prompt}}, {{negative_prompt}}',
    ],
    ["that is no JSON", "{", {}, "is not JSON"],
    ["that is a list", [], {}, "is not in ComfyUI's API format"],
    ["without a class_type", { "6": { inputs: { text: "{{prompt}}" } } }, {}, "at 6.class_type"],
    ["in the format of the editor", { nodes: [], links: [] }, {}, "Export (API)"],
    ["without the node that is to give the picture", node("{{prompt}}"), { output_node: "9" }, 'has no node "9"'],
  ])("%s is a mistake in the configuration that says where", async (_name, content, more, detail) => {
    write("mine.json", content);
    const options = ComfyuiOptions.parse({ url: "http://127.0.0.1:9", workflow: "mine.json", ...more });
    expect(await failureOf(openComfyui(options, { folder }))).toMatchObject({
      code: "config_invalid",
      detail: expect.stringMatching(/^the workflow mine\.json: /),
    });
    expect((await failureOf(openComfyui(options, { folder }))).detail).toContain(detail);
  });

  test("that is not there is a mistake in the configuration", async () => {
    const options = ComfyuiOptions.parse({ url: "http://127.0.0.1:9", workflow: "none.json" });
    expect(await failureOf(openComfyui(options, { folder }))).toMatchObject({
      code: "config_invalid",
      detail: "the workflow none.json: there is no such file",
    });
  });

  test.each<[object, string]>([
    [{}, "must have either checkpoint or workflow"],
    [{ workflow: "a.json", checkpoint: "x" }, "checkpoint: has no meaning with workflow"],
    [{ workflow: "a.json", sampler: "x" }, "sampler: has no meaning with workflow"],
    [{ checkpoint: "x", output_node: "9" }, "output_node: has a meaning only with workflow"],
  ])("%j is refused", (options, message) => {
    const { error } = ComfyuiOptions.safeParse({ url: "http://127.0.0.1:9", ...options });
    expect(error?.issues.map(({ path, message }) => [...path, message].join(": "))).toContain(message);
  });
});
