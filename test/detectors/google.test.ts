import sharp from "sharp";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { openGoogle } from "../../src/detectors/image/google/google.ts";
import { GoogleOptions } from "../../src/detectors/image/google/options.ts";
import { picture, rgbNoise } from "../pictures/seeds.ts";
import { faultSuite, KEY } from "../vendors/faults.ts";
import { type Reply, type VendorCall, vendorServer } from "../vendors/server.ts";
import { colourOf, decoded, plain, slides } from "./pictures.ts";

const never = new AbortController().signal;
type Annotation = Readonly<Record<string, unknown>>;

const fault = (code: number, status: string, message: string): Reply => ({
  status: code,
  body: { error: { code, message, status, details: [] } },
});

const RequestSchema = z.strictObject({
  requests: z
    .array(
      z.strictObject({
        image: z.strictObject({ content: z.base64() }),
        features: z.tuple([z.strictObject({ type: z.literal("SAFE_SEARCH_DETECTION") })]),
      }),
    )
    .min(1)
    .max(16),
});

const CALM = {
  adult: "VERY_UNLIKELY",
  spoof: "UNLIKELY",
  medical: "UNLIKELY",
  violence: "VERY_UNLIKELY",
  racy: "VERY_UNLIKELY",
};

/** `images:annotate`: a picture that is none is told of inside a 200. */
async function answer(
  call: VendorCall,
  annotate: (bytes: Buffer) => Promise<Annotation> = async () => CALM,
): Promise<Reply> {
  const { authorization } = call.headers;
  if (call.headers["x-goog-api-key"] !== KEY && authorization !== `Bearer ${KEY}`)
    return fault(403, "PERMISSION_DENIED", `The caller ${KEY} does not have permission`);
  if (!/^\/v1\/(?:projects\/[\w-]+\/locations\/(?:eu|us)\/)?images:annotate$/.test(call.path))
    return fault(404, "NOT_FOUND", call.path);
  if (call.body.length > 10 * 1024 * 1024)
    return fault(400, "INVALID_ARGUMENT", "Request payload size exceeds the limit");
  const request = RequestSchema.safeParse(call.json());
  if (!request.success) return fault(400, "INVALID_ARGUMENT", z.prettifyError(request.error));
  const responses = request.data.requests.map(async ({ image }) => {
    const bytes = Buffer.from(image.content, "base64");
    const readable = await sharp(bytes)
      .metadata()
      .catch(() => undefined);
    return readable
      ? { safeSearchAnnotation: await annotate(bytes) }
      : { error: { code: 3, message: "Bad image data." } };
  });
  return { body: { responses: await Promise.all(responses) } };
}

const options = (url: string, more: object = { api_key: { from_env: "TEST_GOOGLE_KEY" } }) =>
  GoogleOptions.parse({ url, ...more });

process.env["TEST_GOOGLE_KEY"] = KEY;
const opened: { close?(): Promise<void> }[] = [];
beforeEach(() => {
  process.env["TEST_GOOGLE_KEY"] = KEY;
});
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close?.();
});

async function open(annotate?: (bytes: Buffer) => Promise<Annotation>, more?: object) {
  const vendor = await vendorServer((call) => answer(call, annotate));
  const detector = await openGoogle(options(vendor.url, more));
  opened.push(detector, vendor);
  return { vendor, detector };
}

const still = async () => decoded(await plain(64, 64));

describe("the google detector", () => {
  test("turns likelihoods into scores; a spoof is no harm", async () => {
    const { detector } = await open(async () => ({
      adult: "VERY_LIKELY",
      racy: "LIKELY",
      violence: "POSSIBLE",
      medical: "UNLIKELY",
      spoof: "VERY_LIKELY",
    }));
    expect(await detector.inspect(await still(), never)).toEqual([
      { category: "sexual", score: 1, label: "adult" },
      { category: "suggestive", score: 0.75, label: "racy" },
      { category: "violence", score: 0.5, label: "violence" },
      { category: "shocking", score: 0.25, label: "medical" },
    ]);
    expect([...detector.categories].sort()).toEqual(["sexual", "shocking", "suggestive", "violence"]);
  });

  test("asks for SafeSearch alone, about the very bytes, with the key in a header", async () => {
    const bytes = await plain(64, 64);
    const { detector, vendor } = await open();
    await detector.inspect(await decoded(bytes), never);
    const content = bytes.toString("base64");
    expect(vendor.calls[0]?.json()).toEqual({
      requests: [{ image: { content }, features: [{ type: "SAFE_SEARCH_DETECTION" }] }],
    });
    expect(vendor.calls[0]?.path).toBe("/v1/images:annotate");
  });

  test("can be told a token, the project that pays, and where to look", async () => {
    const { detector, vendor } = await open(undefined, {
      access_token: { from_env: "TEST_GOOGLE_KEY" },
      project: "my-project",
      location: "eu",
    });
    await detector.inspect(await still(), never);
    expect(vendor.calls[0]).toMatchObject({
      path: "/v1/projects/my-project/locations/eu/images:annotate",
      headers: { authorization: `Bearer ${KEY}`, "x-goog-user-project": "my-project" },
    });
    expect(vendor.calls[0]?.headers).not.toHaveProperty("x-goog-api-key");
  });

  test("sends no more JSON than the service takes", async () => {
    const noise = sharp(rgbNoise(2_400, 1_600), { raw: { width: 2_400, height: 1_600, channels: 3 } });
    const { detector, vendor } = await open();
    await detector.inspect(await decoded(await noise.png({ compressionLevel: 0 }).toBuffer()), never);
    expect(vendor.calls[0]?.body.length).toBeLessThan(10_000_000);
  });

  test("takes formats that the service does not", async () => {
    const { detector } = await open();
    expect(await detector.inspect(await decoded(await picture().avif({ effort: 0 }).toBuffer()), never)).toHaveLength(
      4,
    );
  });

  test("bills each picture, and each frame of an animation; the worst frame counts", async () => {
    const { detector } = await open(async (bytes) => ({
      ...CALM,
      violence: (await colourOf(bytes)) === "red" ? "LIKELY" : "UNLIKELY",
    }));
    const units: number[] = [];
    const image = await decoded(await slides(["#0000e0", "#e00000"]));
    const findings = await detector.inspect(image, never, (used) => units.push(used));
    expect(units).toEqual([1, 1]);
    expect(findings).toContainEqual({
      category: "violence",
      score: 0.75,
      label: "violence",
      evidence: { region: { x: 0, y: 0, width: 1, height: 1, frame: 1 } },
    });
  });

  test.each([
    ["an unknown likelihood", { ...CALM, adult: "UNKNOWN" }, "its answer has no score for adult"],
    ["a likelihood that nobody knows", { ...CALM, racy: "CERTAIN" }, "its answer has no score for racy"],
    [
      "a judgement missing, as an unknown one is",
      { ...CALM, violence: undefined },
      "its answer has no score for violence",
    ],
  ])("cannot tell from %s", async (_what, annotation, detail) => {
    const { detector } = await open(async () => annotation);
    await expect(detector.inspect(await still(), never)).rejects.toMatchObject({ code: "detector_failed", detail });
  });

  test("keeps a likelihood of something new as unsafe, and takes no number for one", async () => {
    const { detector } = await open(async () => ({ ...CALM, horror: "LIKELY", nsfwConfidence: 0.9 }));
    const findings = await detector.inspect(await still(), never);
    expect(findings).toContainEqual({ category: "unsafe", score: 0.75, label: "horror" });
    expect(findings).toHaveLength(5);
  });

  test.each<[string, object, object]>([
    ["a fault inside a 200", { error: { code: 14, message: "of the prompt" } }, { vendor: { code: "UNAVAILABLE" } }],
    ["a fault without a code", { error: { message: "of the prompt" } }, { vendor: { code: "UNKNOWN" } }],
    ["neither fault nor judgement", {}, { detail: "its answer has no safeSearchAnnotation" }],
  ])("cannot tell from %s, and bills nothing", async (_what, response, failure) => {
    await using vendor = await vendorServer(() => ({ body: { responses: [response] } }));
    const detector = await openGoogle(options(vendor.url));
    opened.push(detector);
    const units: number[] = [];
    const work = detector.inspect(await still(), never, (used) => units.push(used));
    await expect(work).rejects.toMatchObject({ code: "detector_failed", ...failure });
    await expect(work).rejects.not.toThrow(/prompt/);
    expect(units).toEqual([]);
  });

  test("cannot tell from another number of answers than pictures", async () => {
    const one = { safeSearchAnnotation: CALM };
    for (const responses of [[], [one, one]]) {
      await using vendor = await vendorServer(() => ({ body: { responses } }));
      const detector = await openGoogle(options(vendor.url));
      opened.push(detector);
      await expect(detector.inspect(await still(), never)).rejects.toMatchObject({ code: "detector_failed" });
    }
  });

  test.each([
    [{}, "api_key"],
    [{ api_key: { from_env: "A" }, access_token: { from_env: "B" } }, "api_key"],
    [{ api_key: { from_env: "A" }, location: "eu" }, "project"],
    [{ api_key: { from_env: "A" }, project: "p", location: "asia" }, "location"],
  ])("refuses the options %j", (given, path) => {
    expect(GoogleOptions.safeParse(given).error?.issues[0]?.path.join(".")).toBe(path);
  });
});

faultSuite("the google detector", {
  role: "detector",
  open: (url) => openGoogle(options(url)),
  ask: async (detector, signal) => detector.inspect(await still(), signal),
  close: (detector) => detector.close?.(),
  good: (call) => answer(call),
});
