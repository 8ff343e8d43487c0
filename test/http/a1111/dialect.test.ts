import { createRequire } from "node:module";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { GenerationAnswer } from "../../../src/contract/generation.ts";
import { serve, type TestServer } from "../serve.ts";

/** A client of the web UI from npm. Its ES modules and its types cannot be reached from ES modules, so here is what we use of it. */
interface Client {
  txt2img(options: object): Promise<{ images: string[]; parameters: object; info: string }>;
}
const { default: sdwebui } = createRequire(import.meta.url)("node-sd-webui") as {
  default(options: { apiUrl: string }): Client;
};

let server: TestServer;
let strict: TestServer;
beforeAll(async () => {
  [server, strict] = await Promise.all([
    serve("log: {level: silent}\ngenerators: {sketch: {kind: sketch}, second: {kind: sketch}}\n"),
    serve("log: {level: silent}\ndialects: {a1111: {refused: error}}\n"),
  ]);
});
afterAll(() => Promise.all([server.close(), strict.close()]));

const BASE = "/sdapi/v1";
const PROMPT = "a red boat on a lake";

interface Answer {
  readonly images: string[];
  readonly parameters: Record<string, unknown>;
  readonly info: string;
  readonly safelight: GenerationAnswer & { code?: string };
  readonly detail?: unknown;
}

const txt2img = (body: object, on = server) => on.post(`${BASE}/txt2img`, { prompt: PROMPT, ...body });
const answerOf = async (response: Response) => (await response.json()) as Answer;
const get = async (path: string, on = server) => (await fetch(`${on.url}${BASE}/${path}`)).json();
const bytesOf = (image: string | undefined) => Buffer.from(image ?? "", "base64");

describe("an npm client of the web UI", () => {
  const client = () => sdwebui({ apiUrl: server.url });

  test("gets its pictures, and the settings they were made with", async () => {
    const answer = await client().txt2img({
      prompt: PROMPT,
      negativePrompt: "fog",
      seed: 7,
      steps: 30,
      cfgScale: 5,
      width: 256,
      height: 128,
      batchCount: 2,
      batchSize: 2,
    });
    expect(answer.images).toHaveLength(4);
    for (const image of answer.images) {
      expect(await sharp(bytesOf(image)).metadata()).toMatchObject({ format: "png", width: 256, height: 128 });
    }
    expect(answer.parameters).toMatchObject({ prompt: PROMPT, seed: 7, steps: 30, cfg_scale: 5, n_iter: 2 });
    const info = JSON.parse(answer.info) as Record<string, unknown>;
    expect(info).toMatchObject({
      prompt: PROMPT,
      negative_prompt: expect.stringMatching(/nsfw.*fog/),
      seed: 7,
      all_seeds: [7, 8, 9, 10],
      all_prompts: Array(4).fill(PROMPT),
      width: 256,
      height: 128,
      steps: 30,
      cfg_scale: 5,
      batch_size: 2,
      sd_model_name: "sketch",
      index_of_first_image: 0,
      job_timestamp: expect.stringMatching(/^\d{14}$/),
      extra_generation_params: { Safelight: "allow", "Safelight record": expect.stringMatching(/^gen_/) },
    });
    expect((info["infotexts"] as string[])[1]).toMatch(
      /^a red boat on a lake\nNegative prompt: .*fog\nSteps: 30, CFG scale: 5, Seed: 8, Size: 256x128, Model: sketch, Safelight: allow/,
    );
  });

  test("gets a picture of the notice, of the size it asked for, where the prompt is refused", async () => {
    const { images } = await client().txt2img({
      prompt: `${PROMPT} safelight-test:prompt:violence:1.0`,
      width: 320,
      height: 192,
      batchCount: 2,
    });
    expect(images).toHaveLength(2);
    const { data, info } = await sharp(bytesOf(images[0])).raw().toBuffer({ resolveWithObject: true });
    expect(info).toMatchObject({ format: "raw", width: 320, height: 192, channels: 3 });
    expect(share(data, isYellow)).toBeGreaterThan(0.005); // the letters
    expect(share(data, isDark)).toBeGreaterThan(0.8); // on a dark ground
  });
});

const isYellow = (r: number, g: number, b: number) => r > 200 && g > 160 && b < 120;
const isDark = (r: number, g: number, b: number) => r < 50 && g < 50 && b < 50;
function share(rgb: Uint8Array, is: (r: number, g: number, b: number) => boolean): number {
  let found = 0;
  for (let i = 0; i < rgb.length; i += 3) if (is(rgb[i] ?? 0, rgb[i + 1] ?? 0, rgb[i + 2] ?? 0)) found++;
  return found / (rgb.length / 3);
}

describe("POST txt2img", () => {
  test("the same seed gives the picture that the native API gives", async () => {
    const [one, native] = await Promise.all([
      txt2img({ seed: 3 }).then(answerOf),
      server
        .post("/api/v1/generations", { prompt: PROMPT, seed: 3 })
        .then((r) => r.json() as Promise<GenerationAnswer>),
    ]);
    expect(one.images[0]).toBe(native.images[0]?.b64);
    expect(one.safelight).toMatchObject({ action: "allow", state: "complete", policy: native.policy });
  });

  test("a seed of -1 or none is random", async () => {
    const seeds = await Promise.all(
      [{ seed: -1 }, { seed: null }, {}].map(
        async (body) => JSON.parse((await answerOf(await txt2img(body))).info).seed,
      ),
    );
    expect(new Set(seeds).size).toBe(3);
  });

  test.each([
    ["a blocked picture", "safelight-test:image:sexual:0.97", "block"],
    ["a held picture", "safelight-test:image:hate:0.75", "review"],
    ["a picture whose check failed", "safelight-test:image:error", "block"],
    ["a picture that the generator withheld", "safelight-test:image:withheld", "block"],
  ])("%s comes as a notice, not as it was drawn", async (_what, signal, action) => {
    const answer = await answerOf(await txt2img({ prompt: `${PROMPT} ${signal}` }));
    expect(answer.safelight.images[0]).toMatchObject({ action, b64: null });
    const rgb = await sharp(bytesOf(answer.images[0])).raw().toBuffer();
    expect(share(rgb, isDark)).toBeGreaterThan(0.8);
    expect(JSON.parse(answer.info).infotexts[0]).toContain(`Safelight: ${action}`);
  });

  test("of several pictures, only the one that is refused is a notice", async () => {
    const answer = await answerOf(
      await txt2img({ prompt: `${PROMPT} safelight-test:image:gore:0.97:index=1`, n_iter: 3 }),
    );
    const dark = await Promise.all(
      answer.images.map(async (b64) => share(await sharp(bytesOf(b64)).raw().toBuffer(), isDark)),
    );
    expect(dark.map((part) => part > 0.8)).toEqual([false, true, false]);
  });

  test("a blurred picture carries the notice on a band", async () => {
    const answer = await answerOf(await txt2img({ prompt: "safelight-test:image:sexual:0.8" }));
    expect(answer.safelight.images[0]).toMatchObject({ blurred: true, action: "blur" });
    const band = await sharp(bytesOf(answer.images[0]))
      .extract({ left: 0, top: 470, width: 512, height: 42 })
      .raw()
      .toBuffer();
    expect(share(band, isYellow)).toBeGreaterThan(0.02);
  });

  test("pictures carry no settings in their metadata", async () => {
    const { images } = await answerOf(await txt2img({}));
    const text = bytesOf(images[0]).toString("latin1");
    expect(text).not.toContain("parameters");
    expect(text).not.toContain(PROMPT);
  });

  test("send_images: false leaves the pictures out", async () => {
    const answer = await answerOf(await txt2img({ send_images: false }));
    expect(answer.images).toEqual([]);
    expect(JSON.parse(answer.info).all_seeds).toHaveLength(1);
  });

  test("what clients send for things that are switched off is no obstacle", async () => {
    const response = await txt2img({
      enable_hr: false,
      hr_scale: 2,
      denoising_strength: 0.7,
      styles: [],
      script_name: null,
      script_args: [],
      alwayson_scripts: { ControlNet: { args: [] }, ADetailer: { args: [false] } },
      subseed: 5,
      subseed_strength: 0,
      refiner_checkpoint: "None",
      override_settings: { sd_vae: "Automatic", CLIP_stop_at_last_layers: 1, show_progressbar: true },
      sampler_name: "DPM++ 2M",
      scheduler: "Karras",
      eta: 1,
      width: null,
    });
    expect(response.status).toBe(200);
    expect(JSON.parse((await answerOf(response)).info).sampler_name).toBe("DPM++ 2M");
  });

  test.each([
    [{ enable_hr: true }, "enable_hr", /high-resolution/],
    [{ init_images: ["aGk="] }, "init_images", /text alone/],
    [{ styles: ["Anime"] }, "styles", /no styles/],
    [{ script_name: "X/Y/Z plot" }, "script_name", /no scripts/],
    [{ alwayson_scripts: { ControlNet: { args: [{ image: "x" }] } } }, "alwayson_scripts", /no extensions/],
    [{ tiling: true }, "tiling", /not supported/],
    [{ enable_hr: 1 }, "enable_hr", /high-resolution/],
    [{ restore_faces: "true" }, "restore_faces", /not supported/],
    [{ subseed_strength: "0.5" }, "subseed_strength", /variations/],
    [{ subseed_strength: 0.2 }, "subseed_strength", /variations/],
    [{ infotext: "a cat" }, "infotext", /members of their own/],
    [{ width: 500 }, "width", /multiple of 8/],
    [{ steps: 0 }, "steps", /at least 1/],
    [{ cfg_scale: 99 }, "cfg_scale", /at most 50/],
    [{ cfg_scale: "high" }, "cfg_scale", /must be a number, not a string/],
    [{ n_iter: 5, batch_size: 4 }, "n_iter", /times batch_size must be at most 8, not 20/],
    [{ n_iter: 2 ** 40, batch_size: 2 ** 40 }, "n_iter", /times batch_size must be at most 8/],
    [{ batch_size: 0 }, "batch_size", /at least 1, not 0/],
    [{ prompt: "" }, "prompt", /empty/],
    [{ prompt: 7 }, "prompt", /must be a string/],
  ])("%j is refused as FastAPI refuses it, naming %s", async (body, field, message) => {
    const response = await txt2img(body);
    expect(response.status).toBe(422);
    const { detail, safelight } = (await response.json()) as Answer;
    expect(detail).toEqual([{ type: "value_error", loc: ["body", field], msg: expect.stringMatching(message) }]);
    expect(safelight).toMatchObject({ code: "invalid_request", detail: expect.stringMatching(`^"${field}" `) });
  });

  test("numbers may be written as strings, as the web UI takes them", async () => {
    const { parameters, info } = await answerOf(
      await txt2img({ width: "128", height: "64", n_iter: "2", steps: "20", cfg_scale: "7.5", seed: "5" }),
    );
    expect(parameters).toMatchObject({ width: 128, height: 64, n_iter: 2, steps: 20, cfg_scale: 7.5, seed: 5 });
    expect(JSON.parse(info)).toMatchObject({ all_seeds: [5, 6], width: 128, height: 64 });
  });

  test.each([
    [{ sd_model_checkpoint: "sketsh" }, "sd_model_checkpoint", /did you mean "sketch"/],
    [{ CLIP_stop_at_last_layers: 2 }, "CLIP_stop_at_last_layers", /always 1/],
    [{ nested: { deep: [[]] } }, "nested", /must be a string, a number/],
  ])("override_settings %j is refused", async (override_settings, field, message) => {
    const response = await txt2img({ override_settings });
    expect(response.status).toBe(422);
    const { detail } = (await response.json()) as { detail: { loc: string[]; msg: string }[] };
    expect(detail[0]).toMatchObject({
      loc: ["body", "override_settings", field],
      msg: expect.stringMatching(message),
    });
  });

  test("override_settings choose the generator of one request", async () => {
    const answer = await answerOf(await txt2img({ override_settings: { sd_model_checkpoint: "second" } }));
    expect(answer.safelight.generator).toBe("second");
    expect(JSON.parse(answer.info).sd_model_name).toBe("second");
  });

  test("a failing back end is an error with the record beside it", async () => {
    const response = await txt2img({ prompt: "safelight-test:generator:error" });
    expect(response.status).toBe(502);
    expect(await response.json()).toMatchObject({
      error: "HTTPException",
      detail: expect.any(String),
      safelight: { code: "provider_failed", state: "failed", id: expect.stringMatching(/^gen_/) },
    });
  });
});

describe("with refusals as errors", () => {
  test.each([
    ["a refused prompt", "safelight-test:prompt:violence:1.0", "Refused: violence (score 1.00)"],
    ["a blocked picture", "safelight-test:image:sexual:0.97", "Refused: sexual (score 0.97)"],
    ["a held picture", "safelight-test:image:hate:0.75", "Held for review: hate (score 0.75)"],
    ["a withheld picture", "safelight-test:image:withheld", "Refused: the generator withheld it"],
    ["a failed check", "safelight-test:image:error", "Refused: a required check could not tell"],
  ])("%s is a 422 that says why, and no picture", async (_what, signal, detail) => {
    const response = await txt2img({ prompt: `${PROMPT} ${signal}` }, strict);
    expect(response.status).toBe(422);
    const body = await answerOf(response);
    expect(body.detail).toBe(detail);
    expect(body.images).toBeUndefined();
    expect(body.safelight).toMatchObject({ code: "prompt_blocked", id: expect.stringMatching(/^gen_/) });
  });

  test("of several pictures, those that may be shown are answered, with their seeds", async () => {
    const prompt = `${PROMPT} safelight-test:image:gore:0.97:index=1`;
    const answer = await answerOf(await txt2img({ prompt, n_iter: 3, seed: 7 }, strict));
    expect(answer.images).toHaveLength(2);
    expect(JSON.parse(answer.info).all_seeds).toEqual([7, 9]);
  });

  test("a blurred picture is shown", async () => {
    const answer = await answerOf(await txt2img({ prompt: "safelight-test:image:sexual:0.8" }, strict));
    expect(answer.images).toHaveLength(1);
  });
});

describe("progress and interrupt", () => {
  const IDLE = { progress: 0, eta_relative: 0, state: { job_count: 0, sampling_steps: 0 }, current_image: null };

  test("nothing under way is told as that", async () => {
    expect(await get("progress")).toMatchObject(IDLE);
  });

  test.each([
    ["interrupt", "interrupted"],
    ["skip", "skipped"],
  ])("%s ends what is under way; it answers without pictures, and the record says so", async (path, word) => {
    const asked = txt2img({ prompt: `${PROMPT} safelight-test:generator:delay:20000`, n_iter: 2, steps: 12 });
    await expect
      .poll(() => get("progress?skip_current_image=true"))
      .toMatchObject({
        progress: expect.closeTo(0.01, 1),
        state: { job: "txt2img", job_count: 2, sampling_steps: 12, interrupted: false, skipped: false },
        current_image: null,
        textinfo: null,
      });
    expect((await server.post(`${BASE}/${path}`, "")).status).toBe(200);
    const response = await asked;
    expect(response.status).toBe(200);
    const answer = await answerOf(response);
    expect(answer).toMatchObject({
      images: [],
      safelight: { state: "cancelled", error: { detail: `the caller ${word} it` } },
    });
    expect((await server.service.generation(answer.safelight.id))?.state).toBe("cancelled");
    expect(await get("progress")).toMatchObject(IDLE);
  });

  test("interrupting nothing is no error", async () => {
    const response = await server.post(`${BASE}/interrupt`, "");
    expect(await response.json()).toEqual({});
  });
});

describe("with keys", () => {
  const SECRETS = { SAFELIGHT_TEST_ONE: "one-secret-of-a-key", SAFELIGHT_TEST_TWO: "two-secrets-of-a-key" };
  const basic = (name: string, secret: string) => ({ Authorization: `Basic ${btoa(`${name}:${secret}`)}` });
  const one = basic("one", SECRETS.SAFELIGHT_TEST_ONE);
  const two = basic("two", SECRETS.SAFELIGHT_TEST_TWO);
  let keyed: TestServer;
  beforeAll(async () => {
    Object.assign(process.env, SECRETS);
    keyed = await serve(
      "log: {level: silent}\ngenerators: {sketch: {kind: sketch}, second: {kind: sketch}}\nkeys: {one: {secret: {from_env: SAFELIGHT_TEST_ONE}}, two: {secret: {from_env: SAFELIGHT_TEST_TWO}}}\n",
    );
  });
  afterAll(async () => {
    for (const name of Object.keys(SECRETS)) delete process.env[name];
    await keyed.close();
  });
  const read = async (path: string, headers: Record<string, string>) =>
    (await fetch(`${keyed.url}${BASE}/${path}`, { headers })).json();

  test("without one, nothing is told but that, in the web UI's form", async () => {
    const response = await keyed.post(`${BASE}/txt2img`, { prompt: PROMPT });
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ error: "HTTPException", safelight: { code: "unauthorized" } });
  });

  test("nobody sees or ends the generations of another", async () => {
    const prompt = `${PROMPT} safelight-test:generator:delay:20000`;
    const asked = keyed.post(`${BASE}/txt2img`, { prompt }, one);
    await expect.poll(() => read("progress", one)).toMatchObject({ state: { job: "txt2img" } });
    expect(await read("progress", two)).toMatchObject({ progress: 0, state: { job_count: 0 } });
    expect((await keyed.post(`${BASE}/interrupt`, "", two)).status).toBe(200);
    expect(await read("progress", one)).toMatchObject({ state: { job: "txt2img", interrupted: false } });
    await keyed.post(`${BASE}/interrupt`, "", one);
    expect(await answerOf(await asked)).toMatchObject({ images: [], safelight: { state: "cancelled" } });
  });

  test("the model that one chooses is not chosen for another", async () => {
    await keyed.post(`${BASE}/options`, { sd_model_checkpoint: "second" }, one);
    expect(await read("options", one)).toMatchObject({ sd_model_checkpoint: "second" });
    expect(await read("options", two)).toMatchObject({ sd_model_checkpoint: "sketch" });
  });
});

describe("what clients ask before they begin", () => {
  test("models are the generators", async () => {
    expect(await get("sd-models")).toEqual([
      expect.objectContaining({ title: "sketch", model_name: "sketch" }),
      expect.objectContaining({ title: "second", model_name: "second" }),
    ]);
  });

  test("the model can be chosen, and a client that writes back what it read changes nothing", async () => {
    const options = (await get("options")) as object;
    expect(options).toMatchObject({ sd_model_checkpoint: "sketch", CLIP_stop_at_last_layers: 1 });
    expect((await server.post(`${BASE}/options`, { ...options, sd_model_checkpoint: "second" })).status).toBe(200);
    expect(await get("options")).toMatchObject({ sd_model_checkpoint: "second" });
    expect((await answerOf(await txt2img({}))).safelight.generator).toBe("second");
    expect((await server.post(`${BASE}/options`, { sd_model_checkpoint: "sketch" })).status).toBe(200);
  });

  test.each([
    [{ sd_model_checkpoint: "v1-5" }, "sd_model_checkpoint"],
    [{ sd_vae: "anime.vae.pt" }, "sd_vae"],
    [{ enable_pnginfo: true }, "enable_pnginfo"],
  ])("the option %j cannot be set, and is not", async (options, field) => {
    const response = await server.post(`${BASE}/options`, options);
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ detail: [{ loc: ["body", field] }] });
    expect(await get("options")).toMatchObject({ sd_model_checkpoint: "sketch", sd_vae: "Automatic" });
  });

  test.each(["samplers", "schedulers", "upscalers", "loras", "prompt-styles", "sd-vae", "latent-upscale-modes"])(
    "%s is a list",
    async (path) => expect(Array.isArray(await get(path))).toBe(true),
  );
});

describe("errors", () => {
  test("img2img says that it is not there", async () => {
    const response = await server.post(`${BASE}/img2img`, { prompt: PROMPT, init_images: ["aGk="] });
    expect(response.status).toBe(501);
    expect(await response.json()).toMatchObject({ detail: expect.stringMatching(/img2img is not supported/) });
  });

  test.each([
    ["an unknown address", "POST", "interrogate", "{}", 404],
    ["a wrong method", "GET", "txt2img", undefined, 405],
    ["a body that is no JSON", "POST", "txt2img", "prompt=x", 422],
  ])("%s is told in the web UI's form", async (_what, method, path, body, status) => {
    const response = await fetch(`${server.url}${BASE}/${path}`, {
      method,
      headers: { "Content-Type": "application/json" },
      ...(body === undefined ? {} : { body }),
    });
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ error: "HTTPException", detail: expect.any(String) });
  });
});
