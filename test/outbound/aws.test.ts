import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DetectModerationLabelsCommand, RekognitionClient } from "@aws-sdk/client-rekognition";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { AwsCaller, assertRegion, awsClientConfig } from "../../src/outbound/aws.ts";
import { AWS_OPTIONS } from "../../src/outbound/aws-options.ts";
import { DETECTOR, GENERATOR } from "../../src/outbound/role.ts";
import { awsError, useTestAccount } from "../vendors/aws-account.ts";
import { KEY, PROMPT } from "../vendors/faults.ts";
import { type Answerer, vendorServer } from "../vendors/server.ts";

const Options = z.strictObject(AWS_OPTIONS);
const never = new AbortController().signal;
const good = { body: { ModerationLabels: [] } };

beforeEach(useTestAccount);

async function ask(answer: Answerer, options: object = {}, { idleMs = 5_000, role = DETECTOR } = {}) {
  await using vendor = await vendorServer(answer);
  const parsed = Options.parse({ region: "eu-central-1", endpoint: vendor.url, ...options });
  const client = new RekognitionClient(await awsClientConfig(parsed, idleMs));
  const caller = new AwsCaller(role);
  try {
    await assertRegion(client);
    await caller.call(
      (send) => client.send(new DetectModerationLabelsCommand({ Image: { Bytes: Buffer.from("x") } }), send),
      never,
    );
    return { calls: vendor.calls, error: undefined };
  } catch (error) {
    return { calls: vendor.calls, error };
  } finally {
    client.destroy();
  }
}

const credentialIn = (calls: Awaited<ReturnType<typeof ask>>["calls"]) =>
  /Credential=([^,]+),/.exec(calls[0]?.headers.authorization ?? "")?.[1]?.replace(/\/\d{8}\//, "/…/");

describe("who asks AWS", () => {
  const files: string[] = [];
  afterEach(async () => {
    for (const file of files.splice(0)) await rm(file, { recursive: true });
  });

  test("is whoever the environment says, where the options say nothing", async () => {
    const { calls } = await ask(() => good);
    expect(credentialIn(calls)).toBe("AKIDEXAMPLE/…/eu-central-1/rekognition/aws4_request");
    expect(calls[0]?.headers).not.toHaveProperty("x-amz-security-token");
  });

  test("is whoever the options name by environment variables", async () => {
    process.env["TEST_AWS_ID"] = "AKIDOTHER";
    process.env["TEST_AWS_SECRET"] = "other";
    process.env["TEST_AWS_TOKEN"] = "token-1";
    const { calls } = await ask(() => good, {
      credentials: {
        access_key_id: { from_env: "TEST_AWS_ID" },
        secret_access_key: { from_env: "TEST_AWS_SECRET" },
        session_token: { from_env: "TEST_AWS_TOKEN" },
      },
    });
    expect(credentialIn(calls)).toBe("AKIDOTHER/…/eu-central-1/rekognition/aws4_request");
    expect(calls[0]?.headers).toHaveProperty("x-amz-security-token", "token-1");
  });

  test("is whoever the profile says, in the region that it says; the SDK's opinion of that is not logged", async () => {
    const warn = vi.spyOn(console, "warn");
    const folder = await mkdtemp(join(tmpdir(), "safelight-aws-"));
    files.push(folder);
    await writeFile(join(folder, "config"), "[profile painters]\nregion = us-west-2\n");
    await writeFile(
      join(folder, "credentials"),
      "[painters]\naws_access_key_id = AKIDPROFILE\naws_secret_access_key = secret\n",
    );
    process.env["AWS_CONFIG_FILE"] = join(folder, "config");
    process.env["AWS_SHARED_CREDENTIALS_FILE"] = join(folder, "credentials");
    const { calls, error } = await ask(() => good, { region: undefined, profile: "painters" });
    expect(error).toBeUndefined();
    expect(credentialIn(calls)).toBe("AKIDPROFILE/…/us-west-2/rekognition/aws4_request");
    expect(warn).not.toHaveBeenCalled();
    warn.mockRestore();
  });

  test("is nobody without credentials: the request is not sent, and the failure says what to set", async () => {
    delete process.env["AWS_ACCESS_KEY_ID"];
    const { calls, error } = await ask(() => good, {}, { role: GENERATOR });
    expect(error).toMatchObject({
      code: "provider_rejected",
      detail: expect.stringMatching(/^no AWS credentials were found: set credentials, AWS_ACCESS_KEY_ID/),
    });
    expect(calls).toEqual([]);
  });

  test("is asked for where a variable is not set", async () => {
    const secret = { from_env: "TEST_AWS_UNSET" };
    const asked = ask(() => good, { credentials: { access_key_id: secret, secret_access_key: secret } });
    await expect(asked).rejects.toMatchObject({
      code: "config_invalid",
      detail: expect.stringContaining("TEST_AWS_UNSET"),
    });
  });
});

describe("the region", () => {
  test("is that of the environment, where the options say nothing", async () => {
    process.env["AWS_REGION"] = "sa-east-1";
    const { calls } = await ask(() => good, { region: undefined });
    expect(credentialIn(calls)).toContain("/sa-east-1/");
  });

  test("must be known from somewhere", async () => {
    const { error } = await ask(() => good, { region: undefined });
    expect(error).toMatchObject({
      code: "config_invalid",
      detail: expect.stringMatching(/^no AWS region is known: set region/),
    });
  });

  test.each(["us-east-1", "eu-central-1", "us-gov-west-1", "ap-southeast-4", "mx-central-1", "eusc-de-east-1"])(
    "%s is one",
    (region) => {
      expect(Options.safeParse({ region }).success).toBe(true);
    },
  );
});

describe("a failure of AWS's", () => {
  test.each<[string, number, number, number]>([
    ["ThrottlingException", 400, 429, 3],
    ["ProvisionedThroughputExceededException", 400, 429, 3],
    ["TooManyRequestsException", 429, 429, 3],
    ["ThrottlingException", 500, 500, 3],
    ["InternalServerError", 500, 500, 3],
    ["ServiceUnavailableException", 503, 503, 3],
    ["InternalDependencyException", 530, 502, 3],
    ["AccessDeniedException", 400, 403, 1],
    ["UnrecognizedClientException", 400, 403, 1],
    ["InvalidSignatureException", 400, 403, 1],
    ["ExpiredTokenException", 400, 403, 1],
    ["InvalidImageFormatException", 400, 400, 1],
    ["HumanLoopQuotaExceededException", 402, 402, 1],
  ])("%s with status %i counts as status %i", async (code, answered, status, tries) => {
    const { calls, error } = await ask(() => {
      const { headers, ...fault } = awsError(answered, code, `${PROMPT} by ${KEY}`);
      return { ...fault, headers: { ...headers, "retry-after": "0" } };
    });
    expect(error).toMatchObject({
      code: "detector_failed",
      vendor: { status, code, request_id: "aws-1", retry_after_ms: 0 },
    });
    if (status === 403) expect(error).toMatchObject({ detail: expect.stringContaining("it refuses the credentials") });
    expect(calls).toHaveLength(tries);
    expect(JSON.stringify([String(error), error])).not.toMatch(/castle|sk-test/);
  });

  test("in the words of a proxy is told by its status alone", async () => {
    const { error } = await ask(() => ({
      status: 413,
      headers: { "content-type": "text/html" },
      body: `<p>${PROMPT}`,
    }));
    expect(error).toMatchObject({ detail: "it answered with status 413", vendor: { status: 413, code: null } });
  });

  test("to go on, in the middle of an answer or before it, ends a call when its time is up", async () => {
    for (const [begin, detail] of [
      [false, "it took the request and did not answer in time"],
      [true, "it stopped in the middle of its answer"],
    ] as const) {
      const { calls, error } = await ask(
        (_call, response) => {
          if (begin) response.writeHead(200, { "content-type": "application/json" }).write('{"Mod');
        },
        {},
        { idleMs: 150 },
      );
      expect(error).toMatchObject({ code: "detector_failed", detail });
      expect(calls).toHaveLength(1);
    }
  });

  test("to close does not wait for an answer", async () => {
    await using vendor = await vendorServer(() => {});
    const options = Options.parse({ region: "eu-central-1", endpoint: vendor.url });
    const client = new RekognitionClient(await awsClientConfig(options, 5_000));
    const caller = new AwsCaller(DETECTOR);
    const command = new DetectModerationLabelsCommand({ Image: { Bytes: Buffer.from("x") } });
    const work = caller.call((send) => client.send(command, send), never).catch((error: unknown) => error);
    while (vendor.calls.length === 0) await new Promise((go) => setTimeout(go, 5));
    caller.close();
    expect(await work).toMatchObject({ code: "detector_failed", detail: "it was closed meanwhile" });
    client.destroy();
  });
});
