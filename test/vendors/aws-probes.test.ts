import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { SharedQuestions } from "../../src/app/probe-run.ts";
import { DEFAULT_LIMITS } from "../../src/contract/limits.ts";
import type { Probe } from "../../src/contract/probe.ts";
import { IMAGE_DETECTORS, TEXT_DETECTORS } from "../../src/detectors/table.ts";
import { GENERATORS } from "../../src/generators/table.ts";
import { useTestAccount } from "./aws-account.ts";
import { ACCOUNT, identity, stsError } from "./aws-sts.ts";
import { KEY } from "./faults.ts";
import { type Answerer, closedPort, type Reply, type VendorServer, vendorServer } from "./server.ts";

const never = new AbortController().signal;
const REGION = "eu-central-1";

let before: NodeJS.ProcessEnv;
beforeEach(() => {
  before = { ...process.env };
  useTestAccount();
});
afterEach(() => {
  for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
  Object.assign(process.env, before);
});

interface Part {
  readonly probe?: Probe;
  close?(): Promise<void>;
}

interface Kind {
  readonly options: { parse(value: unknown): unknown };
  readonly open: unknown;
}

const of = (kind: Kind, own: object) => async (options: object) => {
  const open = kind.open as (options: unknown, context: object) => Promise<Part>; // the kind's own options, as parsed by it
  const folder = import.meta.dirname;
  return open(kind.options.parse({ region: REGION, ...own, ...options }), { folder, limits: DEFAULT_LIMITS });
};

const PARTS = {
  sagemaker: of(GENERATORS.sagemaker, { endpoint_name: "sd" }),
  bedrock: of(GENERATORS.bedrock, { model: "amazon.nova-canvas-v1:0" }),
  comprehend: of(TEXT_DETECTORS.comprehend, {}),
  rekognition: of(IMAGE_DETECTORS.rekognition, {}),
  "bedrock, texts": of(TEXT_DETECTORS.bedrock, { guardrail: "abc" }),
  "bedrock, pictures": of(IMAGE_DETECTORS.bedrock, { guardrail: "abc" }),
};
type Name = keyof typeof PARTS;
const NAMES = Object.keys(PARTS) as Name[]; // its own keys

async function probe(name: Name, options: object = {}, run = new SharedQuestions(false)): Promise<string> {
  const part = await PARTS[name](options);
  try {
    return (await part.probe?.(never, run)) ?? "has no probe";
  } finally {
    await part.close?.();
  }
}

const failed = (name: Name, options: object = {}, run = new SharedQuestions(false)) =>
  probe(name, options, run).then(
    (proven) => expect.fail(`it should have failed, and proved: ${proven}`),
    (error: unknown) => error,
  );

/** STS, where the SDK looks for it in the environment. */
async function sts(answer: Answerer): Promise<VendorServer> {
  const server = await vendorServer(answer);
  process.env["AWS_ENDPOINT_URL_STS"] = server.url;
  return server;
}

describe("whose the credentials are", () => {
  test.each(NAMES)("%s: STS tells the account, to a request that is signed for the region", async (name) => {
    await using server = await sts(() => identity);
    expect(await probe(name)).toBe(
      `AWS takes the credentials, those of account ${ACCOUNT}, in ${REGION}; whether they may do this is not asked`,
    );
    expect(server.calls.map(({ text }) => new URLSearchParams(text).get("Action"))).toEqual(["GetCallerIdentity"]);
    expect(server.calls[0]?.headers.authorization).toMatch(
      new RegExp(`^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/\\d{8}/${REGION}/sts/aws4_request`),
    );
  });

  test("the region of a classifier is that of its ARN", async () => {
    await using server = await sts(() => identity);
    const endpoint_arn = `arn:aws:comprehend:us-west-2:${ACCOUNT}:document-classifier-endpoint/mine`;
    const options = { region: undefined, endpoint_arn, classes: { BAD: "unsafe" } };
    expect(await probe("comprehend", options)).toContain("in us-west-2");
    expect(server.calls[0]?.headers.authorization).toContain("/us-west-2/sts/");
  });

  test("is asked once for all parts with the same credentials and region, and for each other one", async () => {
    await using server = await sts(() => identity);
    const run = new SharedQuestions(false);
    await Promise.all(NAMES.map((name) => probe(name, {}, run)));
    expect(server.calls).toHaveLength(1);

    await probe("rekognition", { region: "us-east-1" }, run);
    expect(server.calls).toHaveLength(2);

    process.env["SAFELIGHT_TEST_ID"] = "AKIDEXAMPLE";
    process.env["SAFELIGHT_TEST_OTHER"] = "another-secret-for-the-same-id";
    const credentials = {
      access_key_id: { from_env: "SAFELIGHT_TEST_ID" },
      secret_access_key: { from_env: "SAFELIGHT_TEST_OTHER" },
    };
    await probe("rekognition", { credentials }, run);
    expect(server.calls).toHaveLength(3);

    await probe("rekognition", {}, new SharedQuestions(false));
    expect(server.calls).toHaveLength(4);
  });

  test("a failure is every part's own, and found once", async () => {
    await using server = await sts(() => stsError(403, "ExpiredToken", "The security token is expired"));
    const run = new SharedQuestions(false);
    const [generator, detector] = await Promise.all([failed("sagemaker", {}, run), failed("rekognition", {}, run)]);
    expect(generator).toMatchObject({ code: "provider_rejected", vendor: { status: 403, code: "ExpiredToken" } });
    expect(detector).toMatchObject({ code: "detector_failed", vendor: { status: 403, code: "ExpiredToken" } });
    expect(server.calls).toHaveLength(1);
  });
});

/** What STS says when the clock of whoever asks is wrong by these minutes. */
const askedAt = (minutes: number) =>
  stsError(403, "SignatureDoesNotMatch", "Signature expired: 20260101T000000Z is now earlier than 20260101T000500Z", {
    date: new Date(Date.now() - minutes * 60_000).toUTCString(),
  });

describe("what is wrong with the credentials is told in words", () => {
  test.each<[string, () => Reply, string]>([
    [
      "an unknown access key, or a region that is off",
      () => stsError(403, "InvalidClientTokenId", `The security token ${KEY} included in the request is invalid.`),
      `AWS refuses the credentials (InvalidClientTokenId): it does not know the access key or its session token, or the account has not enabled the region ${REGION}`,
    ],
    [
      "a wrong secret",
      () => stsError(403, "SignatureDoesNotMatch", "The request signature we calculated does not match"),
      "AWS refuses the credentials (SignatureDoesNotMatch): the secret access key is not the one that belongs to the access key",
    ],
    [
      "a clock that is behind",
      () => askedAt(-12),
      "AWS refuses the credentials (SignatureDoesNotMatch): the clock of this machine is 12 minutes behind",
    ],
    [
      "a clock that is ahead",
      () => askedAt(90),
      "AWS refuses the credentials (SignatureDoesNotMatch): the clock of this machine is 90 minutes ahead",
    ],
    [
      "a clock that is wrong, from an answer without a usable date",
      () => stsError(400, "RequestExpired", "Request has expired.", { date: "soon" }),
      "AWS refuses the credentials (RequestExpired): the clock of this machine is wrong",
    ],
    [
      "an expired session",
      () => stsError(403, "ExpiredToken", "The security token included in the request is expired"),
      "AWS refuses the credentials (ExpiredToken): the session token has expired",
    ],
    [
      "a region that is not enabled",
      () => stsError(403, "RegionDisabledException", "STS is not activated in this region"),
      `AWS refuses the credentials (RegionDisabledException): the account has not enabled the region ${REGION}`,
    ],
    [
      "a key of another form",
      () => stsError(400, "IncompleteSignature", "Credential must have 5 slash-delimited elements"),
      "AWS refuses the credentials (IncompleteSignature): the access key is not written as AWS writes them",
    ],
    [
      "anything else",
      () => stsError(418, "Unheard", "of"),
      "AWS STS, which knows whose the credentials are: it answered with status 418 (Unheard), request sts-1",
    ],
  ])("%s", async (_what, reply, detail) => {
    await using server = await sts(reply);
    const failure = await failed("sagemaker");
    expect(failure).toMatchObject({ code: "provider_rejected", detail });
    expect(String(failure)).not.toContain(KEY);
    expect(server.calls).toHaveLength(1);
  });

  test("throttling is asked again, and then told with its name", async () => {
    await using server = await sts(() => stsError(400, "Throttling", "Rate exceeded"));
    expect(await failed("rekognition")).toMatchObject({
      code: "detector_failed",
      detail: "AWS STS, which knows whose the credentials are: it answered with status 429 (Throttling), request sts-1",
      vendor: { status: 429, code: "Throttling" },
    });
    expect(server.calls).toHaveLength(3);
  });

  test("no credentials at all are told, and STS is not asked", async () => {
    await using server = await sts(() => identity);
    delete process.env["AWS_ACCESS_KEY_ID"];
    expect(await failed("sagemaker")).toMatchObject({
      code: "provider_rejected",
      detail: expect.stringMatching(/^no AWS credentials were found/),
    });
    expect(server.calls).toEqual([]);
  });
});

describe("STS that cannot be asked", () => {
  const unreached = async () => {
    process.env["AWS_ENDPOINT_URL_STS"] = `http://127.0.0.1:${await closedPort()}`;
  };

  test("is told as that", async () => {
    await unreached();
    const failure = await failed("bedrock");
    expect(failure).toMatchObject({
      code: "provider_failed",
      detail: "AWS STS, which knows whose the credentials are: nothing listens at its address",
      vendor: undefined,
    });
  });

  test("is no fault of a part that is asked for real afterwards", async () => {
    await unreached();
    expect(await probe("bedrock", {}, new SharedQuestions(true))).toMatch(/^credentials are there/);
    await using _server = await sts(() => stsError(503, "ServiceUnavailable", "try later"));
    expect(await probe("rekognition", {}, new SharedQuestions(true))).toMatch(/^credentials are there/);
  });

  test("a refusal of the credentials is told before anything is asked that costs money", async () => {
    await using _server = await sts(() => stsError(403, "ExpiredToken", "expired"));
    expect(await failed("bedrock", {}, new SharedQuestions(true))).toMatchObject({ vendor: { code: "ExpiredToken" } });
  });

  test.each<[string, Reply, RegExp]>([
    ["a page to log in", { headers: { "content-type": "text/html" }, body: "<h1>Log in</h1>" }, /another shape/],
    ["JSON", { body: { hello: "world" } }, /^AWS STS.*another shape/],
    [
      "an account that is none",
      { ...identity, body: String(identity.body).replaceAll(ACCOUNT, "me") },
      /another shape/,
    ],
  ])("something else in its place is told: %s", async (_what, reply, words) => {
    await using _server = await sts(() => reply);
    expect(await failed("bedrock")).toMatchObject({ code: "provider_failed", detail: expect.stringMatching(words) });
  });

  test("what is still being asked ends with the run", async () => {
    let asked = () => {};
    const begun = new Promise<void>((resolve) => {
      asked = resolve;
    });
    await using server = await sts(() => asked());
    const run = new SharedQuestions(false);
    const ended = failed("bedrock", {}, run);
    await begun;
    run.end();
    expect(await ended).toMatchObject({ name: "AbortError" });
    await expect.poll(() => server.connections()).toBe(0);
  });
});

describe("an endpoint in place of the region's own", () => {
  test.each(NAMES)("%s: its address is tried without credentials, and STS is not asked", async (name) => {
    await using asked = await sts(() => identity);
    await using own = await vendorServer(() => ({ status: 403, body: { message: "Missing Authentication Token" } }));
    expect(await probe(name, { endpoint: `${own.url}/aws` })).toBe(
      `something answers at its endpoint, and credentials are there, for the region ${REGION}; whether it takes them is not asked`,
    );
    expect(own.calls.map(({ method, path }) => `${method} ${path}`)).toEqual(["GET /aws/"]);
    expect(own.calls[0]?.headers.authorization).toBeUndefined();
    expect(asked.calls).toEqual([]);
  });

  test.each(["AWS_ENDPOINT_URL_REKOGNITION", "AWS_ENDPOINT_URL"])("%s names one as well", async (variable) => {
    await using asked = await sts(() => identity);
    await using own = await vendorServer(() => ({ body: {} }));
    process.env[variable] = own.url;
    expect(await probe("rekognition")).toMatch(/^something answers at its endpoint/);
    expect(own.calls).toHaveLength(1);
    expect(asked.calls).toEqual([]);
  });

  test("nothing listening there is told as that", async () => {
    const endpoint = `http://127.0.0.1:${await closedPort()}`;
    expect(await failed("rekognition", { endpoint })).toMatchObject({
      code: "detector_failed",
      detail: "nothing listens at its address",
    });
  });
});
