import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Finding } from "../../src/app/examine.ts";
import { ACCOUNT, identity, stsError } from "../vendors/aws-sts.ts";
import { type Answerer, closedPort, vendorServer } from "../vendors/server.ts";
import { World } from "./world.ts";

let world: World;
beforeAll(() => {
  world = new World();
});
afterAll(() => world.remove());

const SECRET = "wJalrXUtnFEMI-K7MDENG-bPxRfiCYEXAMPLEKEY";
const PARTS = {
  sd: "generators: {sd: {kind: sagemaker, endpoint_name: sd}}",
  all: "generators: {sd: {kind: sagemaker, endpoint_name: sd}, nova: {kind: bedrock, model: amazon.nova-canvas-v1:0}}\ndetectors: {toxicity: {kind: comprehend}, labels: {kind: rekognition}}",
};

/** Nothing of this machine's AWS. */
const account = () => ({
  HOME: world.folder,
  AWS_REGION: "eu-central-1",
  AWS_ACCESS_KEY_ID: "AKIDEXAMPLE",
  AWS_SECRET_ACCESS_KEY: SECRET,
  AWS_EC2_METADATA_DISABLED: "true",
});

async function doctor(parts: string, env: Record<string, string>, args: readonly string[] = []) {
  world.write("safelight.yaml", `policies: [policies]\nserver: {port: 0}\n${parts}\n`);
  const { status, out, err } = await world.run(["doctor", "--json", ...args], "", env);
  const { findings } = JSON.parse(out) as { findings: Finding[] };
  const vendors = findings.filter(({ kind }) => /^(?:sagemaker|bedrock|comprehend|rekognition)$/.test(kind ?? ""));
  expect(out + err).not.toContain(SECRET);
  return { status, vendors, first: vendors[0] };
}

/** With an STS that does this. */
async function withSts(answerer: Answerer, parts = PARTS.sd, args: readonly string[] = []) {
  await using sts = await vendorServer(answerer);
  return { ...(await doctor(parts, { ...account(), AWS_ENDPOINT_URL_STS: sts.url }, args)), calls: sts.calls };
}

describe("safelight doctor with parts of AWS", () => {
  test("says whose the credentials are, and asks once for all parts", async () => {
    const { status, vendors, calls } = await withSts(() => identity, PARTS.all);
    expect(vendors.map(({ kind, state, detail }) => ({ kind, state, detail }))).toEqual(
      ["sagemaker", "bedrock", "comprehend", "rekognition"].map((kind) => ({
        kind,
        state: "ok",
        detail: `AWS takes the credentials, those of account ${ACCOUNT}, in eu-central-1; whether they may do this is not asked`,
      })),
    );
    expect(calls).toHaveLength(1);
    expect(status).toBe(0);
  });

  test.each<[string, Answerer, Partial<Record<"code" | "detail" | "advice", string | RegExp>>]>([
    [
      "a wrong access key",
      () => stsError(403, "InvalidClientTokenId", "The security token included in the request is invalid."),
      { detail: /does not know the access key/, advice: /^check the key/ },
    ],
    [
      "a wrong secret",
      () => stsError(403, "SignatureDoesNotMatch", `The string-to-sign was signed with ${SECRET}`),
      { detail: /secret access key is not the one/, advice: /^check the key/ },
    ],
    [
      "an expired token",
      () => stsError(403, "ExpiredToken", "The security token included in the request is expired"),
      { detail: /session token has expired/, advice: /^get a new one/ },
    ],
    [
      "a wrong clock",
      () => stsError(403, "SignatureDoesNotMatch", "expired", { date: new Date(Date.now() + 36e5).toUTCString() }),
      { detail: /clock of this machine is 60 minutes behind/, advice: /^set the clock/ },
    ],
    [
      "a region that is not enabled",
      () => stsError(403, "RegionDisabledException", "STS is not activated in this region"),
      { detail: /has not enabled the region eu-central-1/, advice: /^enable it in the account/ },
    ],
    [
      "an STS that is asked too often",
      () => stsError(400, "Throttling", "Rate exceeded", { "retry-after": "30" }),
      { detail: /^AWS STS.*status 429 \(Throttling\)/, advice: /asked too often.*30 s/ },
    ],
    [
      "an STS in trouble",
      () => stsError(503, "ServiceUnavailable", "try later"),
      { detail: /^AWS STS.*status 503/, advice: /trouble of its own/ },
    ],
    [
      "an STS that breaks off",
      (_call, response) => void response.destroy(),
      { detail: /^AWS STS.*broke the connection off/, advice: /AWS_ENDPOINT_URL_STS/ },
    ],
  ])("%s is told as that", async (_what, answerer, words) => {
    const { status, first } = await withSts(answerer);
    expect(first).toMatchObject({ kind: "sagemaker", state: "wrong" });
    for (const [field, pattern] of Object.entries(words))
      expect(first).toHaveProperty(field, expect.stringMatching(pattern));
    expect(status).toBe(1);
  });

  test("an STS where nothing listens is told as that", async () => {
    const url = `http://127.0.0.1:${await closedPort()}`;
    const { status, first } = await doctor(PARTS.sd, { ...account(), AWS_ENDPOINT_URL_STS: url });
    expect(first).toMatchObject({
      state: "wrong",
      detail: "AWS STS, which knows whose the credentials are: nothing listens at its address",
      advice: expect.stringMatching(/AWS_ENDPOINT_URL_STS.*--deep does without STS/),
    });
    expect(status).toBe(1);
  });

  test("a region that does not exist is told, because its STS has no address", async () => {
    const { first } = await doctor(PARTS.sd, { ...account(), AWS_ENDPOINT_URL_STS: "http://sts.eu-nowhere-1.invalid" });
    expect(first).toMatchObject({
      state: "wrong",
      detail: "AWS STS, which knows whose the credentials are: its host name is unknown",
      advice: "correct the region",
    });
  });

  test("an STS that never answers is given up after --timeout, and not waited for", async () => {
    const begun = performance.now();
    const { status, vendors } = await withSts(() => {}, PARTS.all, ["--timeout", "1"]);
    expect(new Set(vendors.map(({ detail }) => detail))).toEqual(new Set(["it gave no answer in time"]));
    expect(performance.now() - begun).toBeLessThan(9_000); // the call itself would take 10 s to give up
    expect(status).toBe(1);
  });

  test("a machine without credentials is told where they may come from", async () => {
    const { AWS_ACCESS_KEY_ID: _id, AWS_SECRET_ACCESS_KEY: _secret, ...env } = account();
    const { first } = await doctor(PARTS.sd, env);
    expect(first).toMatchObject({ state: "wrong", detail: expect.stringMatching(/^no AWS credentials were found/) });
  });

  test("a sign-in session of a profile that has expired is told as that", async () => {
    mkdirSync(world.path(".aws/sso/cache"), { recursive: true });
    world.write(
      ".aws/config",
      `[profile work]\nsso_session = here\nsso_account_id = ${ACCOUNT}\nsso_role_name = painter\n[sso-session here]\nsso_region = eu-central-1\nsso_start_url = http://127.0.0.1/start\n`,
    );
    const name = createHash("sha1").update("here").digest("hex");
    world.write(
      `.aws/sso/cache/${name}.json`,
      JSON.stringify({ accessToken: SECRET, expiresAt: "2026-01-01T00:00:00Z" }),
    );
    const { AWS_ACCESS_KEY_ID: _id, AWS_SECRET_ACCESS_KEY: _secret, ...env } = account();
    const { first } = await doctor("generators: {sd: {kind: sagemaker, endpoint_name: sd, profile: work}}", env);
    expect(first).toMatchObject({
      state: "wrong",
      detail: "the sign-in session of the AWS profile is missing or has expired",
      advice: expect.stringMatching(/aws sso login/),
    });
  });

  test("of an endpoint of one's own the address is tried, and with --deep the service itself asked", async () => {
    await using own = await vendorServer(({ method }) =>
      method === "GET" ? { status: 404 } : { body: { ModerationLabels: [], ModerationModelVersion: "7.0" } },
    );
    const parts = `detectors: {labels: {kind: rekognition, endpoint: "${own.url}/aws"}}`;
    const shallow = await doctor(parts, account());
    expect(shallow.first).toMatchObject({
      state: "ok",
      detail: expect.stringMatching(/something answers.*is not asked/),
    });
    const deep = await doctor(parts, account(), ["--deep"]);
    expect(deep.first).toMatchObject({ state: "ok", detail: "judged a harmless sample" });
    expect(own.calls.map(({ method, headers }) => [method, headers.authorization !== undefined])).toEqual([
      ["GET", false],
      ["GET", false],
      ["POST", true],
    ]);
  });
});
