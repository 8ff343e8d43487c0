import { AuthenticationError, NotFoundError } from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { serve, type TestServer } from "../serve.ts";
import { clientOf, raised } from "./client.ts";

const KEY = "sk-test-0123456789abcdef";

let server: TestServer;
let locked: TestServer;
beforeAll(async () => {
  process.env["SAFELIGHT_OPENAI_TEST_KEY"] = KEY;
  const generators = "generators: {sketch: {kind: sketch}, second: {kind: sketch}}\n";
  [server, locked] = await Promise.all([
    serve(`log: {level: silent}\n${generators}limits: {body_bytes: 100000}\n`),
    serve("log: {level: silent}\nkeys: {app: {secret: {from_env: SAFELIGHT_OPENAI_TEST_KEY}}}\n"),
  ]);
});
afterAll(() => Promise.all([server.close(), locked.close()]));

describe("models", () => {
  test("are the generators and the policies", async () => {
    const models = [];
    for await (const model of clientOf(server).models.list()) models.push(model);
    expect(models.map(({ id }) => id)).toEqual([
      "sketch",
      "second",
      "safelight-moderation:dataset",
      "safelight-moderation:default",
    ]);
    for (const model of models) {
      expect(model).toMatchObject({ object: "model", owned_by: "safelight", created: expect.any(Number) });
    }
  });

  test.each(["second", "safelight-moderation:default", "gpt-image-2", "omni-moderation-latest"])(
    "%s can be retrieved, as it can be asked",
    async (id) => {
      expect(await clientOf(server).models.retrieve(id)).toMatchObject({ id, object: "model" });
    },
  );

  test.each(["gpt-9", "safelight-moderation:nope", "a/b"])("%s is a 404", async (id) => {
    const error = await raised(clientOf(server).models.retrieve(id));
    expect(error).toBeInstanceOf(NotFoundError);
    expect(error.code).toBe("model_not_found");
  });

  test("a generator that is named makes the pictures", async () => {
    await clientOf(server).images.generate({ model: "second", prompt: "a boat", size: "64x64" });
    expect((await server.service.generations({ limit: 1 })).records[0]).toMatchObject({ generator: "second" });
  });
});

describe("whatever is wrong under /v1 is in OpenAI's form", () => {
  const body = async (response: Response) => {
    expect(response.headers.get("Content-Type")).toBe("application/json");
    expect(response.headers.get("x-request-id")).toMatch(/^req_/);
    const { error } = (await response.json()) as { error: Record<string, unknown> };
    expect(Object.keys(error)).toEqual(expect.arrayContaining(["message", "type", "param", "code"]));
    return { status: response.status, ...error };
  };

  test.each<[string, () => Promise<Response>, object]>([
    ["no such address", () => server.post("/v1/chat/completions", {}), { status: 404, param: null, code: null }],
    [
      "another method",
      () => fetch(`${server.url}/v1/images/generations`),
      { status: 405, code: "method_not_supported", message: expect.stringMatching(/POST/) },
    ],
    ["no JSON", () => server.post("/v1/moderations", "{"), { status: 400, param: null, code: null }],
    ["an array", () => server.post("/v1/moderations", "[]"), { status: 400, param: null, code: "invalid_type" }],
    [
      "another content type",
      () => server.post("/v1/moderations", "a", { "Content-Type": "text/plain" }),
      { status: 415, code: "unsupported_content_type" },
    ],
    [
      "a body over the limit",
      () => server.post("/v1/moderations", { input: "x".repeat(100_001) }),
      { status: 413, code: "request_too_large" },
    ],
  ])("%s", async (_name, ask, expected) => {
    expect(await body(await ask())).toMatchObject({ type: "invalid_request_error", ...expected });
  });

  test("a wrong key is an authentication error, and the right one is let in", async () => {
    const error = await raised(clientOf(locked, "sk-wrong").models.list());
    expect(error).toBeInstanceOf(AuthenticationError);
    expect(error).toMatchObject({ status: 401, code: "invalid_api_key", type: "invalid_request_error" });
    expect(error.message).not.toContain("sk-wrong");
    expect((await clientOf(locked, KEY).models.list()).data).toHaveLength(3);
  });
});
