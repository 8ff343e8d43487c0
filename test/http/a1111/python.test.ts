import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { serve, type TestServer } from "../serve.ts";

const run = promisify(execFile);
const PYTHON = process.env["SAFELIGHT_TEST_PYTHON"] ?? "python3";
const SECRET = "one-secret-of-a-key";

const missing = await run(PYTHON, ["-c", "import webuiapi"]).then(
  () => undefined,
  (error: Error) => error.message,
);
if (missing !== undefined) {
  const how = "scripts/python-clients.sh <folder> installs it, and prints the Python for SAFELIGHT_TEST_PYTHON";
  console.warn(`NOT TESTED: the package "webuiapi" for Python is not there (${PYTHON}); ${how}.`);
}

test.runIf(process.env["CI"])("the package webuiapi for Python is there", () => {
  expect(missing).toBeUndefined();
});

describe.skipIf(missing !== undefined)("webuiapi", () => {
  let server: TestServer;
  let got: Record<string, unknown>;
  beforeAll(async () => {
    process.env["TEST_WEBUIAPI_SECRET"] = SECRET;
    server = await serve("log: {level: silent}\nkeys: {studio: {secret: {from_env: TEST_WEBUIAPI_SECRET}}}\n");
    const args = [join(import.meta.dirname, "client.py"), server.url, "studio", SECRET];
    const { stdout } = await run(PYTHON, args);
    got = JSON.parse(stdout) as Record<string, unknown>;
  });
  afterAll(async () => {
    await server.close();
    delete process.env["TEST_WEBUIAPI_SECRET"];
  });

  test("gets pictures and the settings they were made with", () => {
    expect(got).toMatchObject({
      sizes: [
        [256, 128],
        [256, 128],
      ],
      seeds: [5, 6],
      sampler: "Euler a",
      action: "allow",
    });
  });

  test("gets a picture of the notice for a refused prompt, and raises for what is not supported", () => {
    expect(got["refused"]).toEqual([[320, 192], "refused"]);
    expect(got["high_resolution"]).toEqual([422, ["body", "enable_hr"]]);
  });

  test("gets the lists that it asks for, and sets the model", () => {
    expect(got).toMatchObject({
      models: ["sketch"],
      model: "sketch",
      samplers: ["Automatic"],
      schedulers: ["automatic"],
      set: null,
      lists: [[], { loaded: {}, skipped: {} }, [], { txt2img: [], img2img: [] }, null],
    });
  });

  test("sees progress, and interrupts", () => {
    expect(got).toMatchObject({ progress: 12, interrupt: {}, interrupted: [0, "cancelled"] });
  });
});
