import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { HARMFUL_ATTRIBUTES, PERSPECTIVE_LABELS } from "../../src/detectors/text/perspective/labels.ts";
import { PerspectiveOptions } from "../../src/detectors/text/perspective/options.ts";
import { openPerspective } from "../../src/detectors/text/perspective/perspective.ts";
import { soundSpan } from "../../src/detectors/text/perspective/spans.ts";
import { faultSuite, KEY, PROMPT } from "../vendors/faults.ts";
import { type Reply, type VendorCall, vendorServer } from "../vendors/server.ts";

const never = new AbortController().signal;
const fault = (status: number, name: string, message: string): Reply => ({
  status,
  body: { error: { code: status, message, status: name, details: [{ errorType: name }] } },
});

const RequestSchema = z.strictObject({
  comment: z.strictObject({ text: z.string(), type: z.literal("PLAIN_TEXT") }),
  requestedAttributes: z.partialRecord(z.enum(Object.keys(PERSPECTIVE_LABELS)), z.strictObject({})),
  languages: z.array(z.string()).optional(),
  spanAnnotations: z.literal(true),
  doNotStore: z.literal(true),
});

/** Each sentence of the text by itself, `[begin, end)` as string indices. */
function sentences(text: string): { begin: number; end: number }[] {
  return [...text.matchAll(/[^.!?]+[.!?]?/g)].map(({ index, 0: part }) => ({ begin: index, end: index + part.length }));
}

type Scoring = (attribute: string, sentence: string) => number;

/** `comments:analyze`: scores each sentence, and the whole as their mean. As in all its JSON, zeros are left out. */
function answer(call: VendorCall, scoring: Scoring = () => 0.1): Reply {
  if (call.headers["x-goog-api-key"] !== KEY) return fault(400, "INVALID_ARGUMENT", "API key not valid.");
  if (call.path !== "/v1alpha1/comments:analyze") return fault(404, "NOT_FOUND", call.path);
  const request = RequestSchema.safeParse(call.json());
  if (!request.success) return fault(400, "INVALID_ARGUMENT", z.prettifyError(request.error));
  const { comment, requestedAttributes, languages } = request.data;
  if (comment.text.trim() === "") return fault(400, "INVALID_ARGUMENT", "Comment must be non-empty.");
  if (Buffer.byteLength(comment.text) > 20_480) return fault(400, "INVALID_ARGUMENT", "Comment text too long.");
  if (languages?.includes("xx")) return fault(400, "INVALID_ARGUMENT", "Attribute TOXICITY does not support: xx");
  const parts = sentences(comment.text);
  const attributeScores = Object.fromEntries(
    Object.keys(requestedAttributes).map((name) => {
      const values = parts.map(({ begin, end }) => scoring(name, comment.text.slice(begin, end)));
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      const spanScores = parts.map(({ begin, end }, i) => ({
        ...(begin === 0 ? {} : { begin }),
        end,
        score: { value: values[i], type: "PROBABILITY" },
      }));
      return [name, { spanScores, summaryScore: { value: mean, type: "PROBABILITY" } }];
    }),
  );
  return { body: { attributeScores, languages: languages ?? ["en"], detectedLanguages: ["en"] } };
}

const options = (url: string, more: object = {}) =>
  PerspectiveOptions.parse({ url, api_key: { from_env: "TEST_PERSPECTIVE_KEY" }, ...more });

process.env["TEST_PERSPECTIVE_KEY"] = KEY;
const opened: { close?(): Promise<void> }[] = [];
beforeEach(() => {
  process.env["TEST_PERSPECTIVE_KEY"] = KEY;
});
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close?.();
});

async function open(scoring?: Scoring, more?: object) {
  const vendor = await vendorServer((call) => answer(call, scoring));
  const detector = await openPerspective(options(vendor.url, more));
  opened.push(detector, vendor);
  return { vendor, detector };
}

describe("the perspective detector", () => {
  test("asks for the attributes of the configuration, and that nothing is stored", async () => {
    const { detector, vendor } = await open(undefined, {
      attributes: ["THREAT", "SEXUALLY_EXPLICIT"],
      languages: ["en", "hi-Latn"],
    });
    const findings = await detector.inspect({ text: PROMPT }, never);
    expect(vendor.calls[0]?.json()).toEqual({
      comment: { text: PROMPT, type: "PLAIN_TEXT" },
      requestedAttributes: { THREAT: {}, SEXUALLY_EXPLICIT: {} },
      languages: ["en", "hi-Latn"],
      spanAnnotations: true,
      doNotStore: true,
    });
    expect(findings.map(({ category, label, score }) => [category, label, score])).toEqual([
      ["violence", "THREAT", 0.1],
      ["sexual", "SEXUALLY_EXPLICIT", 0.1],
    ]);
    expect(detector.categories).toEqual(["violence", "sexual"]);
  });

  test("asks for the attributes in production unless told otherwise, and lets Perspective find out the language", async () => {
    const { detector, vendor } = await open();
    await detector.inspect({ text: PROMPT }, never);
    expect(vendor.calls[0]?.json()).not.toHaveProperty("languages");
    expect([...detector.categories].sort()).toEqual(["harassment", "hate", "profanity", "violence"]);
  });

  test("gives the summary's score, and the worst sentence as evidence", async () => {
    const text = "🦊🦊 Nice. I will find you! Bye.";
    const { detector } = await open((name, sentence) => (name === "THREAT" && sentence.includes("find") ? 0.9 : 0));
    const findings = await detector.inspect({ text }, never);
    const threat = findings.find(({ label }) => label === "THREAT");
    expect(threat?.score).toBeCloseTo(0.3);
    expect(text.slice(...(threat?.evidence?.span ?? []))).toBe(" I will find you!");
  });

  test("has no span where the vendor gives none", async () => {
    const scores = Object.fromEntries(HARMFUL_ATTRIBUTES.map((name) => [name, { summaryScore: { value: 0.4 } }]));
    await using vendor = await vendorServer(() => ({ body: { attributeScores: scores } }));
    const detector = await openPerspective(options(vendor.url, { attributes: ["TOXICITY"] }));
    opened.push(detector);
    const findings = await detector.inspect({ text: PROMPT }, never);
    expect(findings[0]).toEqual({ category: "harassment", score: 0.4, label: "TOXICITY" });
  });

  test("asks about a long text in chunks, and finds the sentence in the whole", async () => {
    const text = `${"語る。Nice words here. ".repeat(900)}I will find you! ${"Nice. ".repeat(900)}`;
    const { detector, vendor } = await open((_name, sentence) => (sentence.includes("find") ? 1 : 0));
    const findings = await detector.inspect({ text }, never);
    expect(vendor.calls.length).toBeGreaterThan(1);
    expect(text.slice(...(findings.find(({ label }) => label === "THREAT")?.evidence?.span ?? []))).toContain(
      "I will find you!",
    );
  });

  test("keeps an attribute that it did not ask for, as unsafe", async () => {
    const attributeScores = { TOXICITY: { summaryScore: { value: 0 } }, MENACE: { summaryScore: { value: 0.8 } } };
    await using vendor = await vendorServer(() => ({ body: { attributeScores } }));
    const detector = await openPerspective(options(vendor.url, { attributes: ["TOXICITY"] }));
    opened.push(detector);
    expect(await detector.inspect({ text: PROMPT }, never)).toContainEqual({
      category: "unsafe",
      score: 0.8,
      label: "MENACE",
    });
  });

  test("knows every attribute that Perspective documents, and offers those that are harms", () => {
    const production = ["TOXICITY", "SEVERE_TOXICITY", "IDENTITY_ATTACK", "INSULT", "PROFANITY", "THREAT"];
    const experimental = [...production.map((name) => `${name}_EXPERIMENTAL`), "SEXUALLY_EXPLICIT", "FLIRTATION"];
    const newsroom = ["ATTACK_ON_AUTHOR", "ATTACK_ON_COMMENTER", "INFLAMMATORY", "LIKELY_TO_REJECT", "OBSCENE"];
    const harmless = ["INCOHERENT", "SPAM", "UNSUBSTANTIAL"];
    const bridging = ["AFFINITY", "COMPASSION", "CURIOSITY", "NUANCE", "PERSONAL_STORY", "REASONING", "RESPECT"];
    const harms = [...production, ...experimental, ...newsroom];
    const all = [...harms, ...harmless, ...bridging.map((name) => `${name}_EXPERIMENTAL`)];
    expect(Object.keys(PERSPECTIVE_LABELS).toSorted()).toEqual(all.toSorted());
    expect(HARMFUL_ATTRIBUTES.toSorted()).toEqual(harms.toSorted());
  });

  test("bills nothing", async () => {
    const { detector } = await open();
    const units: number[] = [];
    await detector.inspect({ text: PROMPT }, never, (used) => units.push(used));
    expect(units).toEqual([]);
  });

  test("cannot tell when an attribute is missing, or a language is not there for it", async () => {
    await using vendor = await vendorServer(() => ({ body: { attributeScores: {} } }));
    const detector = await openPerspective(options(vendor.url));
    opened.push(detector);
    await expect(detector.inspect({ text: PROMPT }, never)).rejects.toMatchObject({
      detail: "its answer has no score for TOXICITY",
    });
    const { detector: lost } = await open(undefined, { languages: ["xx"] });
    await expect(lost.inspect({ text: PROMPT }, never)).rejects.toMatchObject({
      code: "detector_failed",
      vendor: { status: 400, code: "INVALID_ARGUMENT" },
    });
  });

  test.each([
    [{ attributes: [] }, "attributes"],
    [{ attributes: ["SPAM"] }, "attributes.0"],
    [{ attributes: ["TOXIC"] }, "attributes.0"],
    [{ languages: ["english please"] }, "languages.0"],
    [{ languages: [] }, "languages"],
  ])("refuses the options %j", (given, path) => {
    const all = { api_key: { from_env: "K" }, ...given };
    expect(PerspectiveOptions.safeParse(all).error?.issues[0]?.path.join(".")).toBe(path);
  });
});

describe("a span", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "é", "語", "🦊", "👩‍🚀", " ") });

  test("of whole characters stays as it is", () => {
    fc.assert(
      fc.property(text, fc.nat(), fc.nat(), (whole, a, b) => {
        const points = [...whole];
        const [from = 0, to = 0] = [a % (points.length + 1), b % (points.length + 1)].sort((x, y) => x - y);
        const begin = points.slice(0, from).join("").length;
        const end = points.slice(0, to).join("").length;
        expect(soundSpan(whole, begin, end)).toEqual(begin < end ? [begin, end] : undefined);
        if (begin === 0 && end > 0) expect(soundSpan(whole, undefined, end)).toEqual([0, end]);
      }),
    );
  });

  test("of anything else is within the text, not empty, and never half a character", () => {
    const place = fc.oneof(fc.integer({ min: -5, max: 60 }), fc.double({ min: -5, max: 60, noNaN: true }));
    fc.assert(
      fc.property(text, place, place, (whole, begin, end) => {
        const span = soundSpan(whole, begin, end);
        if (!span) {
          expect(Math.trunc(Math.max(0, begin))).toBeGreaterThanOrEqual(Math.trunc(Math.min(end, whole.length)));
          return;
        }
        expect(span[0]).toBeGreaterThanOrEqual(0);
        expect(span[1]).toBeLessThanOrEqual(whole.length);
        expect(span[0]).toBeLessThan(span[1]);
        expect(whole.slice(...span).isWellFormed()).toBe(true);
      }),
    );
  });

  test("without an end is of the whole text, and so none", () => {
    expect(soundSpan("abc", undefined, undefined)).toBeUndefined();
    expect(soundSpan("abc", null, null)).toBeUndefined();
  });
});

faultSuite("the perspective detector", {
  role: "detector",
  open: (url) => openPerspective(options(url)),
  ask: (detector, signal) => detector.inspect({ text: PROMPT }, signal),
  close: (detector) => detector.close?.(),
  good: (call) => answer(call),
});
