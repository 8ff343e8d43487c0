import { ToxicContentType } from "@aws-sdk/client-comprehend";
import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { openComprehend } from "../../src/detectors/text/comprehend/comprehend.ts";
import { TOXICITY_LABELS } from "../../src/detectors/text/comprehend/labels.ts";
import { ComprehendOptions } from "../../src/detectors/text/comprehend/options.ts";
import { AWS, awsError, operationOf, signedFor, useTestAccount } from "../vendors/aws-account.ts";
import { faultSuite, KEY, PROMPT } from "../vendors/faults.ts";
import { type Reply, type VendorCall, vendorServer } from "../vendors/server.ts";

beforeEach(useTestAccount);

const never = new AbortController().signal;
const ARN = "arn:aws:comprehend:eu-west-1:111122223333:document-classifier-endpoint/prompt-mod";
const bytes = (text: string) => Buffer.byteLength(text);

const ToxicSchema = z.strictObject({
  LanguageCode: z.literal("en"),
  TextSegments: z
    .array(z.strictObject({ Text: z.string().refine((text) => /\S/.test(text) && bytes(text) <= 1_000) }))
    .min(1)
    .max(10),
});
const ClassifySchema = z.strictObject({
  EndpointArn: z.literal(ARN),
  Text: z.string().refine((text) => /\S/.test(text) && bytes(text) <= 10_000),
});

type Scores = Readonly<Record<string, number>>;
interface Service {
  /** Of a segment: `TOXICITY` is the overall one. */
  readonly toxic?: (text: string) => Scores;
  readonly classes?: (text: string) => Scores;
  readonly labels?: (text: string) => Scores;
}

const listed = (scores: Scores) => Object.entries(scores).map(([Name, Score]) => ({ Name, Score }));

/** Comprehend with its limits: what breaks them is refused, as the service does. */
function answer(call: VendorCall, { toxic = () => ({}), classes, labels }: Service): Reply {
  if (!signedFor(call)) return awsError(400, "MissingAuthenticationTokenException", `who is this with ${KEY}?`);
  if (operationOf(call) === "DetectToxicContent") {
    const request = ToxicSchema.safeParse(call.json());
    if (!request.success) return awsError(400, "TextSizeLimitExceededException", call.text);
    const ResultList = request.data.TextSegments.map(({ Text }) => {
      const { TOXICITY = 0, ...others } = toxic(Text);
      const all = Object.fromEntries(Object.keys(TOXICITY_LABELS).map((name) => [name, 0.01]));
      return { Labels: listed({ ...all, ...others }), Toxicity: TOXICITY };
    });
    return { body: { ResultList } };
  }
  const request = ClassifySchema.safeParse(call.json());
  if (!request.success) return awsError(400, "TextSizeLimitExceededException", call.text);
  return {
    body: labels
      ? { Labels: listed(labels(request.data.Text)) }
      : { Classes: listed(classes?.(request.data.Text) ?? {}) },
  };
}

async function inspect(text: string, service: Service, options: object = {}, reply = answer) {
  await using vendor = await vendorServer((call) => reply(call, service));
  const detector = await openComprehend(ComprehendOptions.parse({ ...AWS, endpoint: vendor.url, ...options }));
  const units: number[] = [];
  try {
    const findings = await detector.inspect({ text }, never, (used) => units.push(used));
    return { findings, units, calls: vendor.calls, detector };
  } finally {
    await detector.close?.();
  }
}

const failureOf = (work: Promise<unknown>) =>
  work.then(
    () => expect.fail("it should have failed"),
    (error: unknown) => error,
  );
const words = (count: number, word = "harmless") => Array.from({ length: count }, (_, i) => `${word}${i}`).join(" ");

describe("Comprehend's toxicity", () => {
  test("every label that the service knows has a category", () => {
    expect(Object.keys(TOXICITY_LABELS).toSorted()).toEqual(Object.values(ToxicContentType).toSorted());
  });

  test("its labels and its overall score become findings", async () => {
    const { findings, calls, detector } = await inspect(PROMPT, {
      toxic: () => ({ TOXICITY: 0.7, INSULT: 0.9, SEXUAL: 0.25, PROFANITY: 0.5 }),
    });
    expect(operationOf(calls[0] as VendorCall)).toBe("DetectToxicContent"); // there is one
    expect(findings).toContainEqual({ category: "unsafe", score: 0.7, label: "TOXICITY" });
    expect(findings).toContainEqual({ category: "harassment", score: 0.9, label: "INSULT" });
    expect(findings).toContainEqual({ category: "sexual", score: 0.25, label: "SEXUAL" });
    expect(findings).toContainEqual({ category: "shocking", score: 0.01, label: "GRAPHIC" });
    expect(findings).toHaveLength(8);
    expect([...detector.categories].toSorted()).toEqual(
      ["harassment", "hate", "profanity", "sexual", "shocking", "unsafe", "violence"].toSorted(),
    );
    expect(detector).toMatchObject({ id: "comprehend", version: "1.toxicity" });
  });

  test("a label of a later day is unsafe, and a score in single precision may exceed 1 by a hair", async () => {
    const { findings } = await inspect(PROMPT, { toxic: () => ({ DOXXING: 0.8, SEXUAL: 1.000_000_1 }) });
    expect(findings).toContainEqual({ category: "unsafe", score: 0.8, label: "DOXXING" });
    expect(findings).toContainEqual({ category: "sexual", score: 1, label: "SEXUAL" });
  });

  test("a label without a score: it cannot tell", async () => {
    const Labels = listed({ INSULT: 0.1, PROFANITY: 0.1 });
    const work = inspect(PROMPT, {}, {}, () => ({ body: { ResultList: [{ Labels, Toxicity: 0.1 }] } }));
    expect(await failureOf(work)).toMatchObject({
      code: "detector_failed",
      detail: "its answer has no score for GRAPHIC",
    });
  });

  test("a long text goes in segments, ten a call; the worst of them is told with its place", async () => {
    const text = `${words(900)} murderous ${words(900, "calm")}`;
    const { findings, calls, units } = await inspect(text, {
      toxic: (segment): Scores => (segment.includes("murderous") ? { VIOLENCE_OR_THREAT: 0.95 } : {}),
    });
    expect(calls.length).toBe(Math.ceil(text.length / 9_500));
    const violence = findings.find(({ label }) => label === "VIOLENCE_OR_THREAT");
    const [start = 0, end = 0] = violence?.evidence?.span ?? [];
    expect(violence?.score).toBe(0.95);
    expect(text.slice(start, end)).toContain("murderous");
    expect(end - start).toBeLessThanOrEqual(1_000);
    const sent = calls.map((call) => ToxicSchema.parse(call.json()).TextSegments.map(({ Text }) => Text.length));
    expect(units).toEqual(sent.map((lengths) => Math.ceil(lengths.reduce((a, b) => a + b, 0) / 100)));
  });

  test.each([
    ["a", 3],
    ["x".repeat(300), 3],
    ["x".repeat(301), 4],
    ["🙂".repeat(250), 3],
  ])("%.20s… is billed in units of 100 characters, three at least", async (text, billed) => {
    const { units } = await inspect(text, {});
    expect(units.reduce((a, b) => a + b, 0)).toBe(billed);
  });

  test("nothing is lost: every character of any text is judged, whole, within the limits, and in its place", async () => {
    await using vendor = await vendorServer((call) => answer(call, { toxic: () => ({ SEXUAL: 0.5 }) }));
    const detector = await openComprehend(ComprehendOptions.parse({ ...AWS, endpoint: vendor.url }));
    const unit = fc.constantFrom(
      "a",
      "bc",
      "é",
      "語",
      "🙂",
      "👩‍👩‍👧",
      " ",
      "  \n",
      "\t",
      ".",
      "x".repeat(400),
      "語".repeat(500),
    );
    const text = fc.array(unit, { minLength: 1, maxLength: 120 }).map((parts) => parts.join(""));
    await fc.assert(
      fc.asyncProperty(
        text.filter((value) => /\S/.test(value)),
        async (value) => {
          const before = vendor.calls.length;
          await detector.inspect({ text: value }, never);
          const calls = vendor.calls.slice(before).map((call) => ToxicSchema.parse(call.json()));
          // calls are made at the same time, so their order is not that of the text
          const segments = calls.flatMap(({ TextSegments }) => TextSegments.map(({ Text }) => Text));
          const judged = new Set<number>();
          for (const segment of segments) {
            expect(segment.isWellFormed()).toBe(true);
            for (let at = value.indexOf(segment); at >= 0; at = value.indexOf(segment, at + 1))
              for (let i = at; i < at + segment.length; i++) judged.add(i);
          }
          for (let i = 0; i < value.length; i++)
            if (/\S/.test(value.charAt(i))) expect(judged.has(i), `place ${i}`).toBe(true);
        },
      ),
      { numRuns: 40 },
    );
    await detector.close?.();
  });

  test.each<[string, object]>([
    ["too few results", { ResultList: [] }],
    ["too many results", { ResultList: [1, 2].map(() => ({ Labels: [], Toxicity: 0 })) }],
    ["a score above 1", { ResultList: [{ Labels: [{ Name: "SEXUAL", Score: 1.5 }], Toxicity: 0 }] }],
    ["no overall score", { ResultList: [{ Labels: [] }] }],
    ["a label without a score", { ResultList: [{ Labels: [{ Name: "SEXUAL" }], Toxicity: 0 }] }],
  ])("%s: it cannot tell", async (_name, body) => {
    expect(await failureOf(inspect(PROMPT, {}, {}, () => ({ body })))).toMatchObject({ code: "detector_failed" });
  });
});

describe("a custom classifier of Comprehend's", () => {
  const classes = { SAFE: null, SEXUAL: "sexual", GORE: "gore", "our mascot": "custom:mascot" };
  const options = { endpoint_arn: ARN, classes, region: undefined };

  test("its classes become findings by the options; its region is that of the ARN", async () => {
    const { findings, calls, units, detector } = await inspect(
      PROMPT,
      { classes: () => ({ SAFE: 0.1, SEXUAL: 0.6, GORE: 0.2, "our mascot": 0.1 }) },
      options,
    );
    expect(findings).toEqual([
      { category: "sexual", score: 0.6, label: "SEXUAL" },
      { category: "gore", score: 0.2, label: "GORE" },
      { category: "custom:mascot", score: 0.1, label: "our mascot" },
    ]);
    expect(calls.map((call) => [operationOf(call), signedFor(call)])).toEqual([
      ["ClassifyDocument", { region: "eu-west-1", service: "comprehend" }],
    ]);
    expect(units).toEqual([3]);
    expect(detector.categories).toEqual(["sexual", "gore", "custom:mascot"]);
    expect(detector.version).toBe("1.prompt-mod");
  });

  test("a class that is not listed scores what it can have at most", async () => {
    const exclusive = await inspect(PROMPT, { classes: () => ({ SAFE: 0.7, SEXUAL: 0.25 }) }, options);
    expect(exclusive.findings.map(({ score }) => score)).toEqual([0.25, expect.closeTo(0.05), expect.closeTo(0.05)]);
    const several = await inspect(PROMPT, { labels: () => ({ SEXUAL: 0.9, GORE: 0.3 }) }, options);
    expect(several.findings.map(({ score }) => score)).toEqual([0.9, 0.3, 0.3]);
  });

  test("a long text goes in documents of at most 10 KB; the worst counts, with its place", async () => {
    const text = `${words(1_500)} gory ${words(300)}`;
    const { findings, calls } = await inspect(
      text,
      { classes: (part) => (part.includes("gory") ? { SAFE: 0.2, GORE: 0.8 } : { SAFE: 1, GORE: 0 }) },
      options,
    );
    expect(calls.length).toBe(3);
    const gore = findings.find(({ category }) => category === "gore");
    expect(gore?.score).toBe(0.8);
    expect(text.slice(...(gore?.evidence?.span ?? [0, 0]))).toContain("gory");
  });

  test.each<[string, Service, RegExp]>([
    [
      "a class that the options do not name",
      { classes: () => ({ SAFE: 0.5, HATE: 0.5 }) },
      /class that classes does not name: HATE/,
    ],
    ["no classes", { classes: () => ({}) }, /holds no classes/],
    ["a score that is none", { classes: () => ({ SAFE: -1 }) }, /holds no classes/],
  ])("%s: it cannot tell", async (_name, service, detail) => {
    const failure = await failureOf(inspect(PROMPT, service, options));
    expect(failure).toMatchObject({ code: "detector_failed", detail: expect.stringMatching(detail) });
  });

  test.each<[string, object, RegExp]>([
    ["an endpoint without classes", { endpoint_arn: ARN }, /^classes: must name/],
    ["classes without an endpoint", { classes }, /^classes: has no meaning/],
    ["classes of which none is a harm", { endpoint_arn: ARN, classes: { SAFE: null } }, /^classes: at least one/],
  ])("%s is a mistake in the configuration", async (_name, given, detail) => {
    await expect(openComprehend(ComprehendOptions.parse({ ...AWS, ...given }))).rejects.toMatchObject({
      code: "config_invalid",
      detail: expect.stringMatching(detail),
    });
  });

  test.each([
    { endpoint_arn: "arn:aws:comprehend:eu-west-1:111122223333:document-classifier/prompt-mod" },
    { classes: { SAFE: "no such category" } },
    { language: "de" },
  ])("%j is refused by the schema", (given) => {
    expect(ComprehendOptions.safeParse({ ...AWS, ...given }).success).toBe(false);
  });
});

const refusal = (_status: number, code: string, words: string) => ({ body: { __type: code, Message: words } });

faultSuite("comprehend's toxicity", {
  role: "detector",
  open: (endpoint) => openComprehend(ComprehendOptions.parse({ ...AWS, endpoint })),
  ask: (detector, signal) => detector.inspect({ text: PROMPT }, signal),
  close: (detector) => detector.close?.(),
  good: (call) => answer(call, {}),
  refusal,
});

faultSuite("comprehend's classifiers", {
  role: "detector",
  open: (endpoint) =>
    openComprehend(ComprehendOptions.parse({ ...AWS, endpoint, endpoint_arn: ARN, classes: { UNSAFE: "unsafe" } })),
  ask: (detector, signal) => detector.inspect({ text: PROMPT }, signal),
  close: (detector) => detector.close?.(),
  good: (call) => answer(call, { classes: () => ({ UNSAFE: 1 }) }),
  refusal,
});
