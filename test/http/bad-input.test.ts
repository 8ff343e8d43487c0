import { request as httpRequest } from "node:http";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openService } from "../../src/app/open.ts";
import { loadConfig } from "../../src/config/load.ts";
import { startServer } from "../../src/http/server.ts";
import { serve, type TestServer } from "./serve.ts";

let server: TestServer;
beforeAll(async () => {
  server = await serve("log: {level: silent}\nlimits: {body_bytes: 2000000, image_pixels: 1000000, image_frames: 4}\n");
});
afterAll(() => server.close());

const GENERATIONS = "/api/v1/generations";
const TEXT = "/api/v1/checks/text";
const IMAGE = "/api/v1/checks/image";

interface Problem {
  readonly code: string;
  readonly status: number;
  readonly detail: string;
  readonly request_id: string;
  readonly errors?: readonly { readonly pointer: string; readonly detail: string }[];
}

async function problem(response: Response): Promise<Problem> {
  expect(response.headers.get("Content-Type")).toBe("application/problem+json");
  const body = (await response.json()) as Problem;
  expect(body.status).toBe(response.status);
  expect(body.request_id).toBe(response.headers.get("X-Request-Id"));
  expect(JSON.stringify(body)).not.toMatch(/\bat .*\.ts:\d+/);
  return body;
}

describe("a generation request", () => {
  test.each<[string, unknown, string, RegExp]>([
    ["no prompt", {}, "#/prompt", /is missing; a string is expected/],
    ["an empty prompt", { prompt: "" }, "#/prompt", /must not be empty/],
    ["a blank prompt", { prompt: " \n\t " }, "#/prompt", /must not be empty/],
    ["a prompt that is a number", { prompt: 5 }, "#/prompt", /must be a string, not a number/],
    ["a prompt that is null", { prompt: null }, "#/prompt", /must be a string, not null/],
    ["a prompt that is a list", { prompt: ["a"] }, "#/prompt", /must be a string, not an array/],
    ["a prompt over the limit", { prompt: "x".repeat(4001) }, "#/prompt", /at most 4000 characters/],
    ["a lone surrogate", { prompt: "a \ud800 b" }, "#/prompt", /lone surrogate/],
    ["a control character", { prompt: "a\u0000b" }, "#/prompt", /control characters/],
    [
      "an escape character in the negative prompt",
      { prompt: "a", negative_prompt: "\u001b[2J" },
      "#/negative_prompt",
      /control characters/,
    ],
    ["a width of zero", { prompt: "a", width: 0 }, "#/width", /at least 64, not 0/],
    ["a negative height", { prompt: "a", height: -512 }, "#/height", /at least 64/],
    ["a width over the limit", { prompt: "a", width: 4096 }, "#/width", /at most 2048, not 4096/],
    ["a width no model can draw", { prompt: "a", width: 513 }, "#/width", /multiple of 8, not 513/],
    ["a fractional width", { prompt: "a", width: 512.5 }, "#/width", /integer/],
    [
      "a width in a string",
      { prompt: "a", width: "512" },
      "#/width",
      /must be a number, not a string|must be an integer, not a string/,
    ],
    ["no pictures", { prompt: "a", n: 0 }, "#/n", /at least 1, not 0/],
    ["too many pictures", { prompt: "a", n: 9 }, "#/n", /at most 8, not 9/],
    ["a negative seed", { prompt: "a", seed: -1 }, "#/seed", /at least 0/],
    ["a seed over 32 bits", { prompt: "a", seed: 2 ** 32 }, "#/seed", /at most 4294967295/],
    ["an unknown field", { prompt: "a", stpes: 5 }, "#/stpes", /no known field/],
    ["an unknown policy", { prompt: "a", policy: "nope" }, "#/policy", /there are: dataset, default/],
    ["an unknown generator", { prompt: "a", generator: "nope" }, "#/generator", /there are: sketch/],
  ])("with %s names the field, the problem and the limit", async (_name, body, pointer, detail) => {
    const found = await problem(await server.post(GENERATIONS, body));
    expect(found).toMatchObject({ code: "invalid_request", status: 400 });
    expect(found.errors).toContainEqual({ pointer, detail: expect.stringMatching(detail) });
  });

  test("with several mistakes names them all", async () => {
    const found = await problem(await server.post(GENERATIONS, { prompt: "", n: 99, width: 1 }));
    expect(found.errors?.map(({ pointer }) => pointer).sort()).toEqual(["#/n", "#/prompt", "#/width"]);
  });

  test.each<[string, string]>([
    ["empty", ""],
    ["not JSON", "{"],
    ["a JSON list", "[]"],
    ["a JSON string", '"a"'],
    ["null", "null"],
  ])("whose body is %s is invalid", async (_name, body) => {
    expect(await problem(await server.post(GENERATIONS, body))).toMatchObject({ code: "invalid_request", status: 400 });
  });

  test("that is not UTF-8 is invalid", async () => {
    const body = Buffer.concat([Buffer.from('{"prompt":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]);
    const response = await fetch(`${server.url}${GENERATIONS}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body,
    });
    expect(await problem(response)).toMatchObject({ code: "invalid_request", detail: expect.stringMatching(/UTF-8/) });
  });

  test.each(["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""])(
    "of content type %j is refused with what is accepted",
    async (type) => {
      const response = await server.post(GENERATIONS, '{"prompt":"a"}', { "Content-Type": type });
      expect(await problem(response)).toMatchObject({
        code: "unsupported_media_type",
        status: 415,
        detail: expect.stringMatching(/application\/json/),
      });
    },
  );

  test("over the body limit is refused with the limit", async () => {
    const response = await server.post(GENERATIONS, { prompt: "a", negative_prompt: "x".repeat(2_100_000) });
    expect(await problem(response)).toMatchObject({
      code: "body_too_large",
      status: 413,
      detail: expect.stringMatching(/2000000/),
    });
  });

  test("over the body limit is refused also when it does not say its length", async () => {
    const answer = await new Promise<{ status: number | undefined; body: string }>((resolve, reject) => {
      const sending = httpRequest(
        `${server.url}${TEXT}`,
        { method: "POST", headers: { "Content-Type": "application/json", "Transfer-Encoding": "chunked" } },
        (response) => {
          let body = "";
          response.on("data", (chunk) => {
            body += chunk;
          });
          response.on("end", () => resolve({ status: response.statusCode, body }));
        },
      );
      sending.on("error", reject);
      sending.end(`{"text":"${"x".repeat(2_100_000)}"}`);
    });
    expect(answer.status).toBe(413);
    expect(JSON.parse(answer.body)).toMatchObject({ code: "body_too_large" });
  });
});

describe("an address", () => {
  test("that does not exist is not found", async () => {
    expect(await problem(await fetch(`${server.url}/api/v1/nothing`))).toMatchObject({ code: "not_found" });
    expect(await problem(await fetch(`${server.url}${GENERATIONS}/gen_nothing`))).toMatchObject({ code: "not_found" });
    expect(await problem(await fetch(`${server.url}${GENERATIONS}/gen_nothing/images/0`))).toMatchObject({
      code: "not_found",
    });
    expect(await problem(await fetch(`${server.url}/api/v1/policies/nothing`))).toMatchObject({ code: "not_found" });
  });

  test("asked with a method it does not have says which it has", async () => {
    const response = await fetch(`${server.url}${TEXT}`, { method: "DELETE" });
    expect(await problem(response)).toMatchObject({ code: "method_not_allowed", status: 405 });
    expect(response.headers.get("Allow")).toBe("POST");
  });

  test("cannot leave the folder of the console", async () => {
    for (const path of ["/assets/../package.json", "/assets/%2e%2e/package.json", "/..%2f..%2fpackage.json"]) {
      const response = await fetch(`${server.url}${path}`);
      expect(await response.text()).not.toContain('"workspaces"');
    }
  });
});

describe("a picture to check", () => {
  const square = (channels: 3 | 4 = 3, size = 64) =>
    sharp({ create: { width: size, height: size, channels, background: { r: 90, g: 140, b: 200, alpha: 0.5 } } });
  const check = (bytes: Uint8Array) => server.post(IMAGE, { image: Buffer.from(bytes).toString("base64") });

  test.each<[string, () => Promise<Buffer>, object]>([
    ["a PNG", () => square().png().toBuffer(), { media_type: "image/png", width: 64 }],
    ["a PNG with alpha", () => square(4).png().toBuffer(), { media_type: "image/png" }],
    ["a JPEG", () => square().jpeg().toBuffer(), { media_type: "image/jpeg" }],
    ["a CMYK JPEG", () => square().toColourspace("cmyk").jpeg().toBuffer(), { media_type: "image/jpeg" }],
    ["a 16-bit PNG", () => square().toColourspace("rgb16").png().toBuffer(), { media_type: "image/png" }],
    ["one pixel", () => square(3, 1).png().toBuffer(), { width: 1, height: 1 }],
    ["a WebP", () => square().webp().toBuffer(), { media_type: "image/webp" }],
  ])("that is %s is judged", async (_name, make, image) => {
    const response = await check(await make());
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ action: "allow", image });
  });

  test("that is animated is judged frame by frame, within the limit", async () => {
    const frames = await Promise.all(
      [10, 120, 250].map((v) =>
        sharp({ create: { width: 32, height: 32, channels: 3, background: { r: v, g: 0, b: 0 } } })
          .png()
          .toBuffer(),
      ),
    );
    const gif = await sharp(frames, { join: { animated: true } })
      .gif()
      .toBuffer();
    expect(await (await check(gif)).json()).toMatchObject({
      image: { media_type: "image/gif", frames: 3, frames_judged: 3 },
    });
    const many = await Promise.all(
      Array.from({ length: 5 }, (_, i) =>
        sharp({ create: { width: 8, height: 8, channels: 3, background: { r: i * 50, g: 9, b: 9 } } })
          .png()
          .toBuffer(),
      ),
    );
    const long = await sharp(many, { join: { animated: true } })
      .gif()
      .toBuffer();
    expect(await problem(await check(long))).toMatchObject({
      code: "image_too_large",
      detail: expect.stringMatching(/5 .*4/),
    });
  });

  test.each<[string, () => Promise<Uint8Array>, string, RegExp]>([
    ["truncated", async () => (await square(3, 256).png().toBuffer()).subarray(0, 300), "image_unreadable", /./],
    ["no picture", async () => Buffer.from("this is text"), "image_unreadable", /PNG, JPEG, WebP/],
    [
      "an SVG",
      async () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'),
      "image_unreadable",
      /PNG, JPEG, WebP/,
    ],
    ["of more pixels than the limit", async () => square(3, 1200).png().toBuffer(), "image_too_large", /1000000/],
  ])("that is %s gets a clear error", async (_name, make, code, detail) => {
    expect(await problem(await check(await make()))).toMatchObject({ code, detail: expect.stringMatching(detail) });
  });

  test.each<[string, unknown, RegExp]>([
    ["empty", { image: "" }, /./],
    ["not base64", { image: "%%%" }, /base64/],
    ["missing", {}, /missing/],
  ])("that is %s names the field", async (_name, body, detail) => {
    const found = await problem(await server.post(IMAGE, body));
    expect(found.errors).toContainEqual({ pointer: "#/image", detail: expect.stringMatching(detail) });
  });

  test("may come as multipart, whatever type it claims", async () => {
    const form = new FormData();
    form.set("image", new Blob([await square().jpeg().toBuffer()], { type: "image/png" }), "wrong.png");
    const response = await fetch(`${server.url}${IMAGE}`, { method: "POST", body: form });
    expect(await response.json()).toMatchObject({ action: "allow", image: { media_type: "image/jpeg" } });
  });

  test("in a multipart body that is wrong names the field", async () => {
    const form = new FormData();
    form.set("image", "no file");
    form.set("colour", "red");
    const found = await problem(await fetch(`${server.url}${IMAGE}`, { method: "POST", body: form }));
    expect(found.errors?.map(({ pointer }) => pointer).sort()).toEqual(["#/colour", "#/image"]);
    const empty = new FormData();
    empty.set("image", new Blob([]), "empty.png");
    expect(await problem(await fetch(`${server.url}${IMAGE}`, { method: "POST", body: empty }))).toMatchObject({
      code: "image_unreadable",
      detail: expect.stringMatching(/0 bytes/),
    });
  });
});

test("a port that is taken stops the start, and says so", async () => {
  const port = new URL(server.url).port;
  const { config } = loadConfig({ env: { PORT: port, SAFELIGHT_DATA: server.data }, flags: {}, cwd: server.data });
  const second = await openService(config);
  await expect(startServer(second, config)).rejects.toMatchObject({
    code: "config_invalid",
    detail: expect.stringMatching(`port ${port}`),
  });
  await second.close();
});
