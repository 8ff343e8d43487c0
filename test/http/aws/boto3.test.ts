import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type AwsWorld, awsWorld, scored, testCard } from "./world.ts";

const run = promisify(execFile);
const PYTHON = process.env["SAFELIGHT_TEST_PYTHON"] ?? "python3";
const SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

const missing = await run(PYTHON, ["-c", "import boto3"]).then(
  () => undefined,
  (error: Error) => error.message,
);
if (missing !== undefined) {
  const how = "scripts/python-clients.sh <folder> installs it, and prints the Python for SAFELIGHT_TEST_PYTHON";
  console.warn(`NOT TESTED: the package "boto3" for Python is not there (${PYTHON}); ${how}.`);
}

test.runIf(process.env["CI"])("the package boto3 for Python is there", () => {
  expect(missing).toBeUndefined();
});

describe.skipIf(missing !== undefined)("boto3", () => {
  let aws: AwsWorld;
  let folder: string;
  let got: Record<string, unknown>;
  beforeAll(async () => {
    process.env["TEST_BOTO3_SECRET"] = SECRET;
    aws = await awsWorld("keys:\n  shop: {access_key_id: AKIDSHOP, secret: {from_env: TEST_BOTO3_SECRET}}\n");
    folder = await mkdtemp(join(tmpdir(), "safelight-boto3-"));
    const picture = join(folder, "card.png");
    await writeFile(picture, await testCard(scored("gore", 0.9)));
    const args = [join(import.meta.dirname, "client.py"), aws.endpoint, "AKIDSHOP", SECRET, picture];
    const { stdout } = await run(PYTHON, args, { env: { PATH: process.env["PATH"], HOME: folder } });
    got = JSON.parse(stdout) as Record<string, unknown>;
  });
  afterAll(async () => {
    await aws.close();
    await rm(folder, { recursive: true, force: true });
    delete process.env["TEST_BOTO3_SECRET"];
  });

  test("gets moderation labels", () => {
    expect(got).toMatchObject({
      labels: ["Blood & Gore", "Graphic Violence", "Violence"],
      model: "7.0",
      request_id: expect.stringMatching(/^req_/),
    });
  });

  test("gets classes and toxicity", () => {
    expect(got["classes"]).toMatchObject([{ Name: "TOXIC" }, { Name: "NON_TOXIC" }]);
    const [calm, violent] = got["toxicity"] as number[];
    expect(calm).toBeLessThan(0.5);
    expect(violent).toBeGreaterThanOrEqual(0.9);
  });

  test("gets pictures in every form that the containers answer in", () => {
    expect(got).toMatchObject({
      jpegs: ["ffd8ff", "ffd8ff"],
      prompt: "a red boat",
      pixels: [1, 64, 64, 3],
      plain: 512,
      artifact: ["SUCCESS", 7],
    });
  });

  test("raises the services' own exceptions", () => {
    expect(got["s3"]).toMatchObject({ class: "InvalidS3ObjectException", status: 400 });
    expect(got["untold"]).toMatchObject({ class: "InternalServerException", status: 500 });
    expect(got["language"]).toMatchObject({ class: "UnsupportedLanguageException", status: 400 });
    expect(got["endpoint"]).toMatchObject({ code: "ValidationError", status: 400 });
    expect(got["refused"]).toMatchObject({
      class: "ModelError",
      status: 424,
      original: expect.stringMatching(/"name":"invalid_prompts"/),
    });
  });

  test("is kept out without the right key", () => {
    expect(got["wrong"]).toMatchObject({ code: "InvalidSignatureException", status: 400 });
    expect(got["wrong_runtime"]).toMatchObject({ code: "InvalidSignatureException", status: 403 });
    expect(got["unknown"]).toMatchObject({ code: "UnrecognizedClientException", status: 400 });
  });
});
