import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { serve, type TestServer } from "../serve.ts";

const run = promisify(execFile);
const PYTHON = process.env["SAFELIGHT_TEST_PYTHON"] ?? "python3";

const missing = await run(PYTHON, ["-c", "import openai"]).then(
  () => undefined,
  (error: Error) => error.message,
);
if (missing !== undefined) {
  const how = "scripts/python-clients.sh <folder> installs it, and prints the Python for SAFELIGHT_TEST_PYTHON";
  console.warn(`NOT TESTED: the package "openai" for Python is not there (${PYTHON}); ${how}.`);
}

test.runIf(process.env["CI"])("the package openai for Python is there", () => {
  expect(missing).toBeUndefined();
});

describe.skipIf(missing !== undefined)("OpenAI's client for Python", () => {
  let server: TestServer;
  let got: Record<string, unknown>;
  beforeAll(async () => {
    server = await serve();
    const { stdout } = await run(PYTHON, [join(import.meta.dirname, "client.py"), `${server.url}/v1`]);
    got = JSON.parse(stdout) as Record<string, unknown>;
  });
  afterAll(() => server.close());

  test("gets pictures with their decision, in the form that it asked for", () => {
    expect(got).toMatchObject({
      pictures: ["89504e470d0a1a0a", "89504e470d0a1a0a"],
      action: "allow",
      tokens: 0,
      jpeg: "ffd8ff",
      url: expect.stringMatching(/\/images\/0$/),
      streamed: [["image_generation.completed", "png", 0]],
    });
  });

  test("raises its own classes, with code, param and our reasons", () => {
    expect(got["refused"]).toMatchObject({
      class: "BadRequestError",
      code: "moderation_blocked",
      param: "prompt",
      body: { safelight: { reasons: [{ category: "violence", score: 1 }] } },
    });
    expect(got["unsafe"]).toMatchObject({
      class: "BadRequestError",
      code: "moderation_blocked",
      body: { moderation_details: { moderation_stage: "output", categories: ["sexual"] } },
    });
    expect(got["stream_refused"]).toMatchObject({ class: "APIError", code: "moderation_blocked" });
    expect(got["parameter"]).toMatchObject({ class: "BadRequestError", code: "invalid_value", param: "background" });
    expect(got["model"]).toMatchObject({ class: "NotFoundError", code: "model_not_found", param: "model" });
    expect(got["failed"]).toMatchObject({ class: "InternalServerError", status: 502, code: "provider_failed" });
  });

  test("moderates texts, and texts with pictures", () => {
    expect(got).toMatchObject({ flagged: [false, true], hate: [true, 0.9] });
    expect(got["together"]).toEqual([false, false, ["text", "image"]]);
    expect(got["unknown"]).toMatchObject({ class: "InternalServerError", status: 503, code: "detector_failed" });
  });

  test("lists and retrieves models", () => {
    expect(got).toMatchObject({
      models: ["sketch", "safelight-moderation:dataset", "safelight-moderation:default"],
      retrieved: "safelight",
    });
  });
});
