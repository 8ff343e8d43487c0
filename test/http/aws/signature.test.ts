import { createHash, createHmac } from "node:crypto";
import {
  ComprehendClient,
  DetectToxicContentCommand,
  type DetectToxicContentCommandInput,
} from "@aws-sdk/client-comprehend";
import { DetectModerationLabelsCommand, RekognitionClient } from "@aws-sdk/client-rekognition";
import { InvokeEndpointCommand, SageMakerRuntimeClient } from "@aws-sdk/client-sagemaker-runtime";
import { SignatureV4 } from "@smithy/signature-v4";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type AwsWorld, awsWorld, plainPicture } from "./world.ts";

const SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const GOOD = { accessKeyId: "AKIDSHOP", secretAccessKey: SECRET };
const HOUR = 3_600_000;

let aws: AwsWorld;
beforeAll(async () => {
  process.env["TEST_AWS_SECRET"] = SECRET;
  process.env["TEST_NAMED_SECRET"] = "another-secret";
  aws = await awsWorld(`keys:
  shop: {access_key_id: AKIDSHOP, secret: {from_env: TEST_AWS_SECRET}}
  studio: {secret: {from_env: TEST_NAMED_SECRET}}
`);
});
afterAll(async () => {
  await aws.close();
  delete process.env["TEST_AWS_SECRET"];
  delete process.env["TEST_NAMED_SECRET"];
});

const ASKED: DetectToxicContentCommandInput = { TextSegments: [{ Text: "two cats in a garden" }], LanguageCode: "en" };
const comprehend = (more: object) =>
  new ComprehendClient({ ...aws.client, ...more }).send(new DetectToxicContentCommand(ASKED));

describe("a server with keys, asked by AWS's clients,", () => {
  test("lets in each of the clients with the right key", async () => {
    const config = { ...aws.client, credentials: GOOD };
    const Bytes = await plainPicture();
    const labels = await new RekognitionClient(config).send(new DetectModerationLabelsCommand({ Image: { Bytes } }));
    expect(labels.ModerationLabels).toEqual([]);
    expect((await comprehend({ credentials: GOOD })).ResultList).toHaveLength(1);
    const invoke = new InvokeEndpointCommand({
      EndpointName: "default",
      ContentType: "application/json",
      Accept: "application/json;jpeg",
      CustomAttributes: "trace=a  b",
      Body: JSON.stringify({ prompt: "a boat, ümläut 🚤", width: 64, height: 64 }),
    });
    expect((await new SageMakerRuntimeClient(config).send(invoke)).$metadata.httpStatusCode).toBe(200);
  });

  test("takes the key's name where it has no access key id, any region, and a session token", async () => {
    const credentials = {
      accessKeyId: "studio",
      secretAccessKey: "another-secret",
      sessionToken: "token/of+a session",
    };
    expect((await comprehend({ credentials, region: "eu-central-1" })).ResultList).toHaveLength(1);
  });

  test.each<[string, object, string]>([
    ["a wrong secret", { credentials: { ...GOOD, secretAccessKey: "wrong" } }, "InvalidSignatureException"],
    [
      "the secret of another key",
      { credentials: { ...GOOD, secretAccessKey: "another-secret" } },
      "InvalidSignatureException",
    ],
    [
      "a key id that there is not",
      { credentials: { ...GOOD, accessKeyId: "AKIDNOBODY" } },
      "UnrecognizedClientException",
    ],
    [
      "the key's name where it has an id",
      { credentials: { ...GOOD, accessKeyId: "shop" } },
      "UnrecognizedClientException",
    ],
    ["a clock an hour behind", { credentials: GOOD, systemClockOffset: -HOUR }, "InvalidSignatureException"],
    ["a clock an hour ahead", { credentials: GOOD, systemClockOffset: HOUR }, "InvalidSignatureException"],
  ])("refuses %s under AWS's own name for it", async (_what, more, name) => {
    await expect(comprehend(more)).rejects.toMatchObject({ name, $metadata: { httpStatusCode: 400 } });
  });

  test("refuses SageMaker's client with 403, as that service does", async () => {
    const client = new SageMakerRuntimeClient({ ...aws.client, credentials: { ...GOOD, secretAccessKey: "wrong" } });
    const command = new InvokeEndpointCommand({ EndpointName: "default", Body: "{}" });
    await expect(client.send(command)).rejects.toMatchObject({
      name: "InvalidSignatureException",
      $metadata: { httpStatusCode: 403 },
    });
  });

  test("takes an endpoint that ends in a slash", async () => {
    const client = new SageMakerRuntimeClient({ ...aws.client, endpoint: `${aws.endpoint}/`, credentials: GOOD });
    const Body = JSON.stringify({ prompt: "a boat", width: 64, height: 64 });
    const ContentType = "application/json";
    const ask = (EndpointName: string) =>
      client.send(new InvokeEndpointCommand({ EndpointName, ContentType, Accept: "application/json;jpeg", Body }));
    expect((await ask("default")).InvokedProductionVariant).toBe("default");
    await expect(ask("nobody")).rejects.toMatchObject({ name: "ValidationError" });
  });

  test("allows a clock that is four minutes off, and no more than five", async () => {
    for (const minutes of [-4, 4]) await comprehend({ credentials: GOOD, systemClockOffset: minutes * 60_000 });
    for (const minutes of [-6, 6])
      await expect(comprehend({ credentials: GOOD, systemClockOffset: minutes * 60_000 })).rejects.toThrow(/Signature/);
  });

  test("tells a client whose clock is wrong the time, so that it corrects itself and gets in", async () => {
    const answer = await comprehend({ credentials: GOOD, systemClockOffset: -HOUR, maxAttempts: 2 });
    expect(answer.$metadata.attempts).toBe(2);
  });

  test("takes its own kinds of credentials as well", async () => {
    const headers = { "X-Amz-Target": "Comprehend_20171127.DetectToxicContent" };
    const ask = (more: Record<string, string>) => aws.server.post("/aws", ASKED, { ...headers, ...more });
    expect((await ask({ Authorization: `Bearer ${SECRET}` })).status).toBe(200);
    const wrong = await ask({ Authorization: "Bearer wrong" });
    expect(await wrong.json()).toMatchObject({ __type: "UnrecognizedClientException" });
    expect(await (await ask({})).json()).toMatchObject({ __type: "MissingAuthenticationTokenException" });
  });

  test("reads a signed form at its own addresses", async () => {
    const type = "multipart/form-data; boundary=line";
    const body =
      '--line\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\nno picture\r\n--line--\r\n';
    const path = "/api/v1/checks/image";
    const headers = await sign({ path, body, target: undefined, headers: { "content-type": type } });
    const response = await fetch(`${aws.server.url}${path}`, { method: "POST", headers, body });
    expect(await response.json()).toMatchObject({ code: "image_unreadable" });
  });

  test("takes a signature at its own addresses too, and refuses in its own words", async () => {
    const signed = await sign({ path: "/api/v1/info", method: "GET", body: "", target: undefined });
    expect((await fetch(`${aws.server.url}/api/v1/info`, { headers: signed })).status).toBe(200);
    const response = await fetch(`${aws.server.url}/api/v1/policies`, { headers: signed });
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ code: "unauthorized" });
  });
});

interface Signing {
  readonly path?: string;
  readonly method?: string;
  readonly body?: string;
  readonly target?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly leaveOut?: ReadonlySet<string>;
}

const BODY = JSON.stringify(ASKED);
const TARGET = "Comprehend_20171127.DetectToxicContent";

/** Signs by hand, after AWS's description and not with the code under test. @returns the headers */
async function sign({
  path = "/aws",
  method = "POST",
  body = BODY,
  target = TARGET,
  headers = {},
  leaveOut = new Set(),
}: Signing = {}): Promise<Record<string, string>> {
  const date = new Date().toISOString().replace(/[-:]|\.\d{3}/g, "");
  const scope = `${date.slice(0, 8)}/us-east-1/comprehend/aws4_request`;
  const all: Record<string, string> = {
    host: new URL(aws.server.url).host,
    "x-amz-date": date,
    ...(target === undefined ? {} : { "x-amz-target": target }),
    ...headers,
  };
  const names = Object.keys(all)
    .filter((name) => !leaveOut.has(name))
    .sort();
  const sha = (text: string) => createHash("sha256").update(text).digest("hex");
  const payload = all["x-amz-content-sha256"] ?? sha(body);
  const canonical = [
    method,
    path,
    "",
    ...names.map((name) => `${name}:${all[name]}`),
    "",
    names.join(";"),
    payload,
  ].join("\n");
  const key = [scope.slice(0, 8), "us-east-1", "comprehend", "aws4_request"].reduce<string | Buffer>(
    (secret, part) => createHmac("sha256", secret).update(part).digest(),
    `AWS4${SECRET}`,
  );
  const signature = createHmac("sha256", key)
    .update(["AWS4-HMAC-SHA256", date, scope, sha(canonical)].join("\n"))
    .digest("hex");
  const authorization = `AWS4-HMAC-SHA256 Credential=AKIDSHOP/${scope}, SignedHeaders=${names.join(";")}, Signature=${signature}`;
  const { host: _, ...rest } = all;
  return { ...rest, authorization };
}

describe("a signature made by hand", () => {
  const ask = async (headers: Record<string, string>, body: string = BODY, path = "/aws") => {
    const response = await fetch(aws.server.url + path, { method: "POST", headers, body });
    return { status: response.status, ...((await response.json()) as { __type?: string; Message?: string }) };
  };
  const edited = async (change: (authorization: string) => string, signing?: Signing) => {
    const headers = await sign(signing);
    return { ...headers, authorization: change(headers["authorization"] ?? "") };
  };

  test("is accepted when it is right", async () => {
    expect(await ask(await sign())).toMatchObject({ status: 200 });
    expect(
      await ask(await sign({ headers: { "x-amz-content-sha256": createHash("sha256").update(BODY).digest("hex") } })),
    ).toMatchObject({ status: 200 });
  });

  test.each<[string, () => Promise<{ headers: Record<string, string>; body?: string; path?: string }>]>([
    ["another body", async () => ({ headers: await sign(), body: BODY.replace("cats", "dogs") })],
    ["another address", async () => ({ headers: await sign(), path: "/aws/" })],
    ["a query that was not there", async () => ({ headers: await sign(), path: "/aws?x=1" })],
    [
      "another operation",
      async () => ({ headers: { ...(await sign()), "x-amz-target": "Comprehend_20171127.ClassifyDocument" } }),
    ],
    [
      "a body whose hash is only claimed",
      async () => ({ headers: await sign({ headers: { "x-amz-content-sha256": "0".repeat(64) } }) }),
    ],
    [
      "a body that is not signed",
      async () => ({ headers: await sign({ headers: { "x-amz-content-sha256": "UNSIGNED-PAYLOAD" } }) }),
    ],
    ["a host that is not signed", async () => ({ headers: await sign({ leaveOut: new Set(["host"]) }) })],
    ["a date that is not signed", async () => ({ headers: await sign({ leaveOut: new Set(["x-amz-date"]) }) })],
    ["an operation that is not signed", async () => ({ headers: await sign({ leaveOut: new Set(["x-amz-target"]) }) })],
    [
      "a policy that somebody added",
      async () => ({ headers: { ...(await sign()), "x-amzn-sagemaker-target-variant": "default" } }),
    ],
    [
      "the date of another day",
      async () => ({ headers: await edited((text) => text.replace(/\/\d{8}\//, "/20200101/")) }),
    ],
    [
      "one digit changed",
      async () => ({ headers: await edited((text) => text.replace(/.$/, (digit) => (digit === "0" ? "1" : "0"))) }),
    ],
  ])("is refused for %s", async (_what, make) => {
    const { headers, body, path } = await make();
    expect(await ask(headers, body, path)).toMatchObject({ status: 400, __type: "InvalidSignatureException" });
  });

  test.each<[string, (authorization: string) => string]>([
    ["no credential", (text) => text.replace(/Credential=[^,]+, /, "")],
    ["no signed headers", (text) => text.replace(/SignedHeaders=[^,]+, /, "")],
    ["no signature", (text) => text.replace(/, Signature=\w+/, "")],
    ["a signature that is too short", (text) => text.slice(0, -1)],
    ["a scope that is none", (text) => text.replace("/aws4_request", "")],
    ["nothing but its name", () => "AWS4-HMAC-SHA256"],
  ])("is incomplete with %s", async (_what, change) => {
    expect(await ask(await edited(change))).toMatchObject({ status: 400, __type: "IncompleteSignatureException" });
  });

  test("is incomplete without a date that can be read", async () => {
    for (const date of ["", "yesterday", "20261399T000000Z"])
      expect(await ask({ ...(await sign()), "x-amz-date": date })).toMatchObject({
        __type: "IncompleteSignatureException",
      });
  });
});

describe("an address that was signed", () => {
  async function presigned(expiresIn: number, signingDate = new Date(), secretAccessKey = SECRET): Promise<string> {
    const { hostname, port, host } = new URL(aws.server.url);
    const signer = new SignatureV4({
      region: "us-east-1",
      service: "comprehend",
      credentials: { ...GOOD, secretAccessKey },
      sha256: Sha256,
    });
    const request = {
      method: "POST",
      protocol: "http:",
      hostname,
      port: Number(port),
      path: "/aws",
      headers: { host, "x-amz-target": TARGET },
      body: BODY,
    };
    const { query = {} } = await signer.presign(request, {
      expiresIn,
      signingDate,
      unhoistableHeaders: new Set(["x-amz-target"]),
    });
    return `${aws.server.url}/aws?${new URLSearchParams(query as Record<string, string>)}`; // no name comes twice
  }
  const ask = async (url: string, body = BODY) => {
    const response = await fetch(url, { method: "POST", headers: { "X-Amz-Target": TARGET }, body });
    return { status: response.status, ...((await response.json()) as { __type?: string }) };
  };

  test("holds for as long as it says", async () => {
    expect(await ask(await presigned(600))).toMatchObject({ status: 200 });
    expect(await ask(await presigned(7_200, new Date(Date.now() - HOUR)))).toMatchObject({ status: 200 });
    expect(await ask(await presigned(600, new Date(Date.now() - HOUR)))).toMatchObject({
      __type: "InvalidSignatureException",
    });
    expect(await ask(await presigned(600, new Date(Date.now() + HOUR)))).toMatchObject({
      __type: "InvalidSignatureException",
    });
  });

  test("holds for one body, one key and one time", async () => {
    expect(await ask(await presigned(600), BODY.replace("cats", "dogs"))).toMatchObject({
      __type: "InvalidSignatureException",
    });
    expect(await ask(await presigned(600, new Date(), "wrong"))).toMatchObject({ __type: "InvalidSignatureException" });
    const longer = (await presigned(600)).replace("X-Amz-Expires=600", "X-Amz-Expires=6000");
    expect(await ask(longer)).toMatchObject({ __type: "InvalidSignatureException" });
    const week = (await presigned(600)).replace("X-Amz-Expires=600", "X-Amz-Expires=604801");
    expect(await ask(week)).toMatchObject({ __type: "IncompleteSignatureException" });
  });
});

class Sha256 {
  readonly #hash;
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    const key = typeof secret === "string" ? secret : secret && Buffer.from(secret as Uint8Array); // the signer gives text or bytes
    this.#hash = key ? createHmac("sha256", key) : createHash("sha256");
  }
  update(chunk: Uint8Array): void {
    this.#hash.update(chunk);
  }
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
  reset(): void {}
}

test("a server without keys takes any signature", async () => {
  const open = await awsWorld();
  const client = new ComprehendClient({ ...open.client, systemClockOffset: -HOUR });
  expect((await client.send(new DetectToxicContentCommand(ASKED))).ResultList).toHaveLength(1);
  await open.close();
});
