import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openHttpImage } from "../../src/detectors/image/http/http.ts";
import { openHttpText } from "../../src/detectors/text/http/http.ts";
import { HttpOptions } from "../../src/detectors/vendors/http/options.ts";
import { faultSuite, KEY, PROMPT } from "../vendors/faults.ts";
import { type Answerer, vendorServer } from "../vendors/server.ts";
import { decoded, plain, slides } from "./pictures.ts";

const never = new AbortController().signal;
const options = (url: string, more: object = {}) =>
  HttpOptions.parse({ url: `${url}/inspect?v=1`, categories: ["violence", "custom:mascot"], ...more });

process.env["TEST_HTTP_KEY"] = KEY;
const opened: { close?(): Promise<void> }[] = [];
beforeEach(() => {
  process.env["TEST_HTTP_KEY"] = KEY;
});
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close?.();
});

async function text(answer: Answerer | object, more?: object) {
  const vendor = await vendorServer(typeof answer === "function" ? (answer as Answerer) : () => ({ body: answer }));
  const detector = await openHttpText(options(vendor.url, more));
  opened.push(detector, vendor);
  return { vendor, detector };
}

async function image(answer: Answerer | object, more?: object) {
  const vendor = await vendorServer(typeof answer === "function" ? (answer as Answerer) : () => ({ body: answer }));
  const detector = await openHttpImage(options(vendor.url, more));
  opened.push(detector, vendor);
  return { vendor, detector };
}

const still = async () => decoded(await plain(64, 64));

describe("a service that speaks our contract", () => {
  test("is asked about a text where the URL says", async () => {
    const { detector, vendor } = await text({ findings: [] });
    expect(await detector.inspect({ text: PROMPT }, never)).toEqual([]);
    expect(vendor.calls[0]).toMatchObject({ method: "POST", path: "/inspect?v=1" });
    expect(vendor.calls[0]?.json()).toEqual({ schema: "safelight.inspect/1", kind: "text", text: PROMPT });
    expect(vendor.calls[0]?.headers).not.toHaveProperty("authorization");
    expect(detector.categories).toEqual(["violence", "custom:mascot"]);
  });

  test("is asked about a picture", async () => {
    const bytes = await plain(64, 64);
    const { detector, vendor } = await image({ findings: [] });
    expect(await detector.inspect(await decoded(bytes), never)).toEqual([]);
    expect(vendor.calls[0]?.json()).toEqual({
      schema: "safelight.inspect/1",
      kind: "image",
      image_b64: bytes.toString("base64"),
      media_type: "image/png",
    });
  });

  test("tells categories, scores, labels and spans of a text", async () => {
    const { detector } = await text({
      findings: [
        { category: "violence", score: 0.7, label: "fight", span: [2, 8], more: "ignored" },
        { category: "custom:mascot", score: 1, label: null, span: null },
        { category: "hate", score: 0 },
      ],
      model: "ignored",
    });
    expect(await detector.inspect({ text: PROMPT }, never)).toEqual([
      { category: "violence", score: 0.7, label: "fight", evidence: { span: [2, 8] } },
      { category: "custom:mascot", score: 1 },
      { category: "hate", score: 0 },
    ]);
  });

  test("tells regions of a picture, in the frame where they are", async () => {
    const region = { x: 0.1, y: 0.2, width: 0.5, height: 0.25 };
    const { detector } = await image({ findings: [{ category: "violence", score: 0.7, region, span: [0, 9] }] });
    expect(await detector.inspect(await still(), never)).toEqual([
      { category: "violence", score: 0.7, evidence: { region } },
    ]);
    const animated = await decoded(await slides(["red", "blue"]));
    expect(await detector.inspect(animated, never)).toEqual([
      { category: "violence", score: 0.7, evidence: { region: { ...region, frame: 0 } } },
    ]);
  });

  test("may name a category that we do not have: it is unsafe, with that name", async () => {
    const { detector } = await text({
      findings: [
        { category: "toxicity", score: 0.7 },
        { category: "Violence", score: 0.2, label: "fight" },
        { category: `about ${PROMPT}, which is bad!`, score: 0.1 },
      ],
    });
    expect(await detector.inspect({ text: PROMPT }, never)).toEqual([
      { category: "unsafe", score: 0.7, label: "toxicity" },
      { category: "unsafe", score: 0.2, label: "fight" },
      { category: "unsafe", score: 0.1, label: "unnamed" },
    ]);
  });

  test("bills the units that it tells, for each frame, and nothing when it tells none", async () => {
    const animated = await decoded(await slides(["red", "blue"]));
    const units: number[] = [];
    const { detector } = await image({ findings: [], units: 2.5 });
    await detector.inspect(animated, never, (used) => units.push(used));
    const { detector: free } = await image({ findings: [], units: null });
    await free.inspect(animated, never, (used) => units.push(used));
    expect(units).toEqual([2.5, 2.5]);
  });

  test.each<[string, object, RegExp]>([
    ["no findings", {}, /another shape than expected, at "findings"/],
    ["a finding without a score", { findings: [{ category: "hate" }] }, /at "findings.0.score"/],
    ["a score above 1", { findings: [{ category: "hate", score: 70 }] }, /at "findings.0.score"/],
    ["a category that is empty", { findings: [{ category: "", score: 1 }] }, /at "findings.0.category"/],
    ["a span that is no pair", { findings: [{ category: "hate", score: 1, span: [1] }] }, /at "findings.0.span/],
    [
      "a span beyond the text",
      { findings: [{ category: "hate", score: 1, span: [0, 99] }] },
      /not within the text: 0 to 99/,
    ],
    [
      "a span turned round",
      { findings: [{ category: "hate", score: 1, span: [5, 2] }] },
      /not within the text: 5 to 2/,
    ],
    ["units below 0", { findings: [], units: -1 }, /at "units"/],
  ])("cannot be relied on after an answer with %s", async (_what, answer, detail) => {
    const { detector } = await text(answer);
    await expect(detector.inspect({ text: PROMPT }, never)).rejects.toMatchObject({
      code: "detector_failed",
      detail: expect.stringMatching(detail),
    });
  });

  test.each([
    [{}, { authorization: `Bearer ${KEY}` }],
    [{ api_key_header: "Authorization" }, { authorization: `Bearer ${KEY}` }],
    [{ api_key_header: "X-Our-Key" }, { "x-our-key": KEY }],
    [{ format: "litellm" }, { "x-api-key": KEY }],
  ])("gets the key in a header, with %j", async (more, headers) => {
    const answer = { findings: [], action: "NONE" };
    const { detector, vendor } = await text(answer, { api_key: { from_env: "TEST_HTTP_KEY" }, ...more });
    await detector.inspect({ text: PROMPT }, never);
    expect(vendor.calls[0]?.headers).toMatchObject(headers);
  });

  test.each([
    [{ url: "https://x" }, "categories"],
    [{ url: "https://x", categories: [] }, "categories"],
    [{ url: "https://x", categories: ["toxic"] }, "categories.0"],
    [{ url: "x", categories: ["hate"] }, "url"],
    [{ url: "https://x", categories: ["hate"], format: "grpc" }, "format"],
    [{ url: "https://x", categories: ["hate"], api_key: { from_env: "K" }, api_key_header: "a b" }, "api_key_header"],
  ])("refuses the options %j", (given, path) => {
    expect(HttpOptions.safeParse(given).error?.issues[0]?.path.join(".")).toBe(path);
  });
});

describe("a guardrail of LiteLLM", () => {
  const litellm = { format: "litellm" };

  test("is asked about a prompt as a request, and about a picture as a response", async () => {
    const { detector, vendor } = await text({ action: "NONE" }, litellm);
    expect(await detector.inspect({ text: PROMPT }, never)).toEqual([]);
    const shared = { request_data: {}, additional_provider_specific_params: {} };
    expect(vendor.calls[0]?.json()).toEqual({ input_type: "request", texts: [PROMPT], ...shared });
    const bytes = await plain(64, 64);
    const { detector: eye, vendor: other } = await image({ action: "NONE" }, litellm);
    expect(await eye.inspect(await decoded(bytes), never)).toEqual([]);
    const images = [bytes.toString("base64")];
    expect(other.calls[0]?.json()).toEqual({ input_type: "response", texts: [], images, ...shared });
  });

  test.each([
    ["", "/beta/litellm_basic_guardrail_api"],
    ["/", "/beta/litellm_basic_guardrail_api"],
    ["/pii/", "/pii/beta/litellm_basic_guardrail_api"],
    ["/pii?tenant=7", "/pii/beta/litellm_basic_guardrail_api?tenant=7"],
    ["/beta/litellm_basic_guardrail_api", "/beta/litellm_basic_guardrail_api"],
  ])("at a base of %j is asked where LiteLLM would ask it", async (base, path) => {
    await using vendor = await vendorServer(() => ({ body: { action: "NONE" } }));
    const detector = await openHttpText(options("http://x", { ...litellm, url: `${vendor.url}${base}` }));
    opened.push(detector);
    await detector.inspect({ text: PROMPT }, never);
    expect(vendor.calls[0]?.path).toBe(path);
  });

  test.each([
    [{ action: "BLOCKED", blocked_reason: `"${PROMPT}" is bad` }],
    [{ action: "GUARDRAIL_INTERVENED", texts: ["a [redacted] above the clouds"] }],
  ])("that would not let it pass as it is speaks of every category that it looks for: %j", async (answer) => {
    const { detector } = await text(answer, litellm);
    const findings = await detector.inspect({ text: PROMPT }, never);
    expect(findings).toEqual([
      { category: "violence", score: 1, label: answer.action },
      { category: "custom:mascot", score: 1, label: answer.action },
    ]);
  });

  test.each([[{}], [{ action: "ALLOW" }], [{ action: "none" }], [{ action: null }]])(
    "cannot be relied on after the answer %j",
    async (answer) => {
      const { detector } = await text(answer, litellm);
      await expect(detector.inspect({ text: PROMPT }, never)).rejects.toMatchObject({
        code: "detector_failed",
        detail: 'its answer has another shape than expected, at "action"',
      });
    },
  );
});

for (const format of ["safelight", "litellm"] as const) {
  const good = { body: format === "litellm" ? { action: "NONE" } : { findings: [] } };
  const more = { format, api_key: { from_env: "TEST_HTTP_KEY" } };
  faultSuite(`the http text detector (${format})`, {
    role: "detector",
    open: (url) => openHttpText(options(url, more)),
    ask: (detector, signal) => detector.inspect({ text: PROMPT }, signal),
    close: (detector) => detector.close?.(),
    good,
  });
}

faultSuite("the http image detector", {
  role: "detector",
  open: (url) => openHttpImage(options(url, { api_key: { from_env: "TEST_HTTP_KEY" } })),
  ask: async (detector, signal) => detector.inspect(await still(), signal),
  close: (detector) => detector.close?.(),
  good: { body: { findings: [] } },
});
