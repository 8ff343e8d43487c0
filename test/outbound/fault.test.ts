import { describe, expect, test } from "vitest";
import { VendorFaultSchema } from "../../src/contract/errors.ts";
import { isOutage, mayPass, mayPassUntaken, refused, unreachable } from "../../src/outbound/fault.ts";
import { DETECTOR, GENERATOR } from "../../src/outbound/role.ts";
import { readSecret, SecretSchema } from "../../src/outbound/secret.ts";

const refusal = (change: Partial<Parameters<typeof refused>[1]>) =>
  refused(GENERATOR, { status: 400, headers: {}, body: undefined, ...change });

describe("an error status of a vendor", () => {
  test.each<[string, unknown, Record<string, string>, string | null]>([
    ["OpenAI", { error: { code: "invalid_value", type: "invalid_request_error" } }, {}, "invalid_value"],
    ["OpenAI without a code", { error: { code: null, type: "server_error" } }, {}, "server_error"],
    ["Google", { error: { code: 400, status: "INVALID_ARGUMENT" } }, {}, "INVALID_ARGUMENT"],
    ["AWS JSON", { __type: "com.amazon.coral.service#ThrottlingException" }, {}, "ThrottlingException"],
    ["AWS REST", {}, { "x-amzn-errortype": "ModelError:http://internal.amazon.com/" }, "ModelError"],
    ["Stability", { id: "x", name: "bad_request", errors: ["a castle"] }, {}, "bad_request"],
    ["a web UI", { error: "OutOfMemoryError", detail: "a castle" }, {}, "OutOfMemoryError"],
    ["one that gives a sentence as its code", { error: { code: "a castle is not allowed" } }, {}, null],
    ["one that puts a sentence into the header", {}, { "x-amzn-errortype": "a castle is not allowed" }, null],
    ["one without JSON", undefined, {}, null],
    ["one with a list", ["a castle"], {}, null],
  ])("keeps the name that %s has for it, and nothing else", (_vendor, body, headers, code) => {
    const error = refusal({ body, headers });
    expect(error.vendor?.code).toBe(code);
    expect(JSON.stringify(error) + error.message).not.toContain("castle");
  });

  test.each([
    ["seconds", { "retry-after": "3" }, 3_000],
    ["a fraction of a second", { "retry-after": "0.25" }, 250],
    ["milliseconds", { "retry-after-ms": "40", "retry-after": "1" }, 40],
    ["seconds, where the milliseconds are nonsense", { "retry-after-ms": "soon", "retry-after": "1" }, 1_000],
    ["a date that has passed", { "retry-after": "Wed, 21 Oct 2015 07:28:00 GMT" }, 0],
    ["nothing", {}, null],
    ["an empty header", { "retry-after": "", "retry-after-ms": "" }, null],
    ["a word", { "retry-after": "soon" }, null],
    ["a negative number", { "retry-after": "-5" }, null],
    ["a number without end", { "retry-after": "9".repeat(400) }, null],
    ["a number in another notation", { "retry-after-ms": "1e999" }, null],
  ])("keeps the advice to wait: %s", (_case, headers, expected) => {
    const { vendor } = refusal({ status: 429, headers });
    expect(vendor?.retry_after_ms).toBe(expected);
    expect(VendorFaultSchema.safeParse(vendor).success).toBe(true);
  });

  test("keeps the advice to wait until a date", () => {
    const date = new Date(Date.now() + 60_000).toUTCString();
    const wait = refusal({ headers: { "retry-after": date } }).vendor?.retry_after_ms ?? 0;
    expect(wait).toBeGreaterThan(57_000);
    expect(wait).toBeLessThanOrEqual(60_000);
  });

  test.each(["x-request-id", "x-amzn-requestid", "apim-request-id", "request-id", "cf-ray"])(
    "keeps the request id in %s",
    (name) => {
      const error = refusal({ headers: { [name]: "req_1-2.3" } });
      expect(error.vendor?.request_id).toBe("req_1-2.3");
      expect(error.detail).toContain("req_1-2.3");
    },
  );

  test.each([
    { error: "sk-abc123def456" },
    { error: "lighthouse" },
    { code: "sk_live_4eC39HqLyjWDarjtT1zdp7dc" },
    { error: { code: "a lighthouse", type: "AKIA1234567890EXAMPLE" } },
  ])("takes no key and no word of a prompt for the name of a fault: %j", (body) => {
    const { vendor, detail } = refused(GENERATOR, { status: 400, headers: {}, body });
    expect(vendor?.code).toBeNull();
    expect(detail).toBe("it answered with status 400");
  });

  test("takes no sentence for a request id", () => {
    expect(refusal({ headers: { "x-request-id": "a castle" } }).vendor?.request_id).toBeNull();
  });

  test("says so when the credentials are refused", () => {
    for (const status of [401, 403]) expect(refusal({ status }).detail).toMatch(/credentials/);
  });

  test("a quota that only money brings back does not pass, though its status is 429", () => {
    const error = refusal({ status: 429, body: { error: { code: "insufficient_quota", type: "insufficient_quota" } } });
    expect(error).toMatchObject({ code: "provider_rejected", detail: expect.stringContaining("no credit") });
    expect(mayPass(error)).toBe(false);
    expect(mayPass(refusal({ status: 429, body: { error: { code: "rate_limit_exceeded" } } }))).toBe(true);
  });

  test.each([
    [408, true],
    [429, true],
    [500, false],
    [502, false],
    [503, true],
    [504, false],
    [400, false],
  ])("status %i: whether nothing was begun, so that it may be asked for again: %s", (status, untaken) => {
    expect(mayPassUntaken(refusal({ status }))).toBe(untaken);
  });

  test("is of the role that asked", () => {
    const answer = { headers: {}, body: undefined };
    expect(refused(GENERATOR, { ...answer, status: 500 }).code).toBe("provider_failed");
    expect(refused(GENERATOR, { ...answer, status: 400 }).code).toBe("provider_rejected");
    expect(refused(DETECTOR, { ...answer, status: 400 }).code).toBe("detector_failed");
  });
});

describe("a connection that fails", () => {
  const coded = (code: string) => Object.assign(new Error("connect to secret-host"), { code });

  test.each<[string, unknown, RegExp, boolean]>([
    ["refused", coded("ECONNREFUSED"), /nothing listens/, true],
    ["refused at each of several addresses", new AggregateError([coded("ECONNREFUSED")]), /nothing listens/, true],
    ["with its code in the cause", new TypeError("x", { cause: coded("ECONNRESET") }), /broke the connection/, true],
    ["unknown host", coded("ENOTFOUND"), /host name is unknown/, false],
    ["expired certificate", coded("CERT_HAS_EXPIRED"), /expired/, false],
    ["another fault of TLS", coded("ERR_SSL_WRONG_VERSION_NUMBER"), /does not speak TLS/, false],
    ["anything else", new Error("x"), /connection failed/, false],
    ["no error at all", "x", /connection failed/, false],
  ])("is told in words: %s", (_case, error, detail, again) => {
    const failure = unreachable(GENERATOR, error);
    expect(failure.detail).toMatch(detail);
    expect(failure.message).not.toContain("secret-host");
    expect([mayPass(failure), isOutage(failure)]).toEqual([again, again]);
  });

  test.each([
    ["ECONNREFUSED", true],
    ["UND_ERR_CONNECT_TIMEOUT", true],
    ["ECONNRESET", false],
    ["UND_ERR_SOCKET", false],
    ["ENOTFOUND", false],
  ])("%s: whether nothing was sent, so that it may be asked for again: %s", (code, unsent) => {
    expect(mayPassUntaken(unreachable(GENERATOR, coded(code)))).toBe(unsent);
  });
});

describe("a secret", () => {
  test("is named, not written, in the configuration", () => {
    expect(SecretSchema.safeParse({ from_env: "MY_KEY" }).success).toBe(true);
    for (const wrong of ["sk-abc", { from_env: "sk-abc" }, { from_env: "" }, { from_env: "A", value: "b" }])
      expect(SecretSchema.safeParse(wrong).success).toBe(false);
  });

  test.each([
    ["is not set", undefined],
    ["is empty", ""],
    ["is blank", "  \n"],
    ["could not be sent in a header", "sk\nabc"],
    ["holds letters that no key has", "sk-→"],
  ])("that %s is a mistake in the configuration, which the message does not quote", (_case, value) => {
    if (value === undefined) delete process.env["TEST_SECRET"];
    else process.env["TEST_SECRET"] = value;
    expect(() => readSecret({ from_env: "TEST_SECRET" })).toThrow(/TEST_SECRET/);
    expect(() => readSecret({ from_env: "TEST_SECRET" })).not.toThrow(/sk/);
    delete process.env["TEST_SECRET"];
  });

  test("is read without the blanks around it", () => {
    process.env["TEST_SECRET"] = " sk-abc\n";
    expect(readSecret({ from_env: "TEST_SECRET" })).toBe("sk-abc");
    delete process.env["TEST_SECRET"];
  });
});
