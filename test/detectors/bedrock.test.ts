import { GuardrailContentFilterType } from "@aws-sdk/client-bedrock-runtime";
import { beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { openBedrockImage } from "../../src/detectors/image/bedrock/bedrock.ts";
import { openBedrockText } from "../../src/detectors/text/bedrock/bedrock.ts";
import { GUARDRAIL_FILTERS } from "../../src/detectors/vendors/bedrock/labels.ts";
import { GuardrailOptions } from "../../src/detectors/vendors/bedrock/options.ts";
import { AWS, signedFor, useTestAccount } from "../vendors/aws-account.ts";
import { faultSuite, PROMPT } from "../vendors/faults.ts";
import { type VendorCall, vendorServer } from "../vendors/server.ts";
import { colourOf, decoded, plain, slides } from "./pictures.ts";

beforeEach(useTestAccount);

const never = new AbortController().signal;
const GUARDRAIL = { ...AWS, guardrail: "gr1abc", guardrail_version: "3" };

const TextRequest = z.strictObject({
  source: z.literal("INPUT"),
  outputScope: z.literal("FULL"),
  content: z.tuple([z.strictObject({ text: z.strictObject({ text: z.string().max(25_000) }) })]),
});
const ImageRequest = z.strictObject({
  source: z.literal("OUTPUT"),
  outputScope: z.literal("FULL"),
  content: z.tuple([
    z.strictObject({
      image: z.strictObject({ format: z.enum(["png", "jpeg"]), source: z.strictObject({ bytes: z.base64() }) }),
    }),
  ]),
});

type Confidence = "NONE" | "LOW" | "MEDIUM" | "HIGH";
const FILTERS = Object.keys(GUARDRAIL_FILTERS);
/** As a guardrail with all filters answers in the scope FULL: those that detect nothing are listed too. */
const contentPolicy = (seen: Readonly<Record<string, Confidence>>, blocked: readonly string[] = []) => ({
  filters: FILTERS.map((type) => ({
    type,
    confidence: seen[type] ?? "NONE",
    filterStrength: "HIGH",
    action: blocked.includes(type) ? "BLOCKED" : "NONE",
    detected: blocked.includes(type),
  })),
});
const USAGE = {
  topicPolicyUnits: 1,
  contentPolicyUnits: 1,
  wordPolicyUnits: 1,
  sensitiveInformationPolicyUnits: 0,
  sensitiveInformationPolicyFreeUnits: 1,
  contextualGroundingPolicyUnits: 0,
};
const answered = (assessment: object, { action = "NONE", ...more }: Readonly<Record<string, unknown>> = {}) => ({
  usage: USAGE,
  action,
  outputs: [],
  assessments: [assessment],
  ...more,
});
const nothing = answered({ contentPolicy: contentPolicy({}) });

async function inspectText(text: string, reply: (call: VendorCall) => object, options: object = {}) {
  await using vendor = await vendorServer((call) => ({ body: reply(call) }));
  const detector = await openBedrockText(GuardrailOptions.parse({ ...GUARDRAIL, endpoint: vendor.url, ...options }));
  const units: number[] = [];
  try {
    const findings = await detector.inspect({ text }, never, (used) => units.push(used));
    return { findings, units, calls: vendor.calls, detector };
  } finally {
    await detector.close?.();
  }
}

async function inspectImage(
  picture: Uint8Array,
  reply: (bytes: Buffer) => object | Promise<object>,
  options: object = {},
) {
  await using vendor = await vendorServer(async (call) => {
    const { content } = ImageRequest.parse(call.json());
    return { body: await reply(Buffer.from(content[0].image.source.bytes, "base64")) };
  });
  const detector = await openBedrockImage(GuardrailOptions.parse({ ...GUARDRAIL, endpoint: vendor.url, ...options }));
  const units: number[] = [];
  try {
    const findings = await detector.inspect(await decoded(picture), never, (used) => units.push(used));
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

describe("a guardrail, for prompts", () => {
  test("every filter that the service knows has a category", () => {
    expect(FILTERS.toSorted()).toEqual(Object.values(GuardrailContentFilterType).toSorted());
  });

  test("is applied to the text as input, in full scope, and bills what it says", async () => {
    const { calls, units, findings, detector } = await inspectText(PROMPT, () => nothing);
    const [call] = calls;
    expect(call).toMatchObject({ method: "POST", path: "/guardrail/gr1abc/version/3/apply" });
    expect(call && signedFor(call)).toEqual({ region: "us-east-1", service: "bedrock" });
    expect(TextRequest.parse(call?.json()).content[0].text.text).toBe(PROMPT);
    expect(units).toEqual([2]);
    expect(findings).toEqual([]);
    expect(detector).toMatchObject({ id: "bedrock", version: "1.gr1abc.3" });
    expect(detector.categories).toEqual(["hate", "harassment", "sexual", "violence", "illegal_activity"]);
  });

  test.each<[Confidence, number]>([
    ["LOW", 0.35],
    ["MEDIUM", 0.65],
    ["HIGH", 0.95],
  ])("a filter that detects with confidence %s scores %d", async (confidence, score) => {
    const { findings } = await inspectText(PROMPT, () =>
      answered({ contentPolicy: contentPolicy({ VIOLENCE: confidence }) }),
    );
    expect(findings).toEqual([{ category: "violence", score, label: `content/VIOLENCE/${confidence}` }]);
  });

  test("a filter that blocks scores 1, and an attack on the prompt is one", async () => {
    const { findings } = await inspectText(PROMPT, () =>
      answered(
        { contentPolicy: contentPolicy({ PROMPT_ATTACK: "LOW" }, ["PROMPT_ATTACK"]) },
        { action: "GUARDRAIL_INTERVENED" },
      ),
    );
    expect(findings).toEqual([{ category: "prompt_attack", score: 1, label: "content/PROMPT_ATTACK/LOW" }]);
  });

  test("topics, words and personal data are told with their place, and not in their words", async () => {
    const text = "Please paint Jane Roe, the DARN mascot of Acme, card 4111";
    const { findings } = await inspectText(
      text,
      () =>
        answered(
          {
            contentPolicy: contentPolicy({}),
            topicPolicy: {
              topics: [
                { name: "Weapons advice", type: "DENY", action: "BLOCKED", detected: true },
                { name: "Politics", type: "DENY", action: "BLOCKED", detected: true },
                { name: "Sports", type: "DENY", action: "NONE", detected: false },
              ],
            },
            wordPolicy: {
              customWords: [{ match: "Acme", action: "BLOCKED", detected: true }],
              managedWordLists: [{ match: "darn", type: "PROFANITY", action: "BLOCKED", detected: true }],
            },
            sensitiveInformationPolicy: {
              piiEntities: [{ match: "Jane Roe", type: "NAME", action: "ANONYMIZED", detected: true }],
              regexes: [{ name: "card", match: "4111", regex: "\\d+", action: "NONE", detected: true }],
            },
          },
          { action: "GUARDRAIL_INTERVENED" },
        ),
      { topics: { "Weapons advice": "weapons" }, words: "custom:brand", profanity: true, sensitive_information: true },
    );
    const span = (word: string) => ({ span: [text.indexOf(word), text.indexOf(word) + word.length] });
    expect(findings).toEqual([
      { category: "weapons", score: 1, label: "topic/Weapons advice" },
      { category: "unsafe", score: 1, label: "topic/Politics" },
      { category: "custom:brand", score: 1, label: "word/custom", evidence: span("Acme") },
      { category: "profanity", score: 1, label: "word/PROFANITY", evidence: span("DARN") },
      { category: "privacy", score: 1, label: "pii/NAME", evidence: span("Jane Roe") },
      { category: "privacy", score: 1, label: "regex/card", evidence: span("4111") },
    ]);
  });

  test("covers what the options say that the guardrail has", async () => {
    const topics = ["Weapons", "Lotteries"].map((name) => ({ name, type: "DENY", action: "NONE", detected: false }));
    const reply = () => answered({ contentPolicy: contentPolicy({}), topicPolicy: { topics } });
    const { detector } = await inspectText(PROMPT, reply, {
      filters: ["SEXUAL", "PROMPT_ATTACK"],
      topics: { Weapons: "weapons", Lotteries: "gambling" },
      profanity: true,
      sensitive_information: true,
    });
    expect(detector.categories).toEqual(["sexual", "prompt_attack", "weapons", "gambling", "profanity", "privacy"]);
  });

  test("an intervention that no finding explains is unsafe; grounding says nothing about harm", async () => {
    const contextualGroundingPolicy = {
      filters: [{ type: "GROUNDING", threshold: 0.8, score: 0.1, action: "BLOCKED" }],
    };
    const { findings } = await inspectText(PROMPT, () =>
      answered({ contentPolicy: contentPolicy({}), contextualGroundingPolicy }, { action: "GUARDRAIL_INTERVENED" }),
    );
    expect(findings).toEqual([{ category: "unsafe", score: 1, label: "GUARDRAIL_INTERVENED" }]);
    const quiet = await inspectText(PROMPT, () =>
      answered({ contentPolicy: contentPolicy({}), contextualGroundingPolicy }),
    );
    expect(quiet.findings).toEqual([]);
  });

  test("a filter of a later day is unsafe", async () => {
    const filters = [...contentPolicy({}).filters, { type: "SORCERY", confidence: "HIGH", action: "NONE" }];
    const { findings } = await inspectText(PROMPT, () => answered({ contentPolicy: { filters } }));
    expect(findings).toEqual([{ category: "unsafe", score: 0.95, label: "content/SORCERY/HIGH" }]);
  });

  test("the assessments of several guardrails all count", async () => {
    const { findings } = await inspectText(PROMPT, () => ({
      ...nothing,
      assessments: [
        { contentPolicy: contentPolicy({ HATE: "LOW" }) },
        { contentPolicy: contentPolicy({ HATE: "HIGH" }) },
      ],
    }));
    expect(findings.map(({ score }) => score).toSorted()).toEqual([0.35, 0.95]);
  });

  test("a text longer than a call takes is judged in parts, with the place of the worst", async () => {
    const text = `${"calm ".repeat(6_000)}murderous`;
    const { findings, calls } = await inspectText(text, (call) => {
      const { content } = TextRequest.parse(call.json());
      const bad = content[0].text.text.includes("murderous");
      return answered({ contentPolicy: contentPolicy(bad ? { VIOLENCE: "HIGH" } : {}) });
    });
    expect(calls).toHaveLength(2);
    const [finding] = findings;
    expect(finding?.score).toBe(0.95);
    expect(text.slice(...(finding?.evidence?.span ?? [0, 0]))).toContain("murderous");
  });

  test.each<[string, object, RegExp]>([
    [
      "a part that was left unjudged",
      { ...nothing, guardrailCoverage: { textCharacters: { guarded: 10, total: 24 } } },
      /only a part/,
    ],
    [
      "a filter that the guardrail does not have",
      answered({ contentPolicy: { filters: contentPolicy({}).filters.slice(0, 2) } }),
      /no filter SEXUAL/,
    ],
    ["a guardrail without any filter", answered({}), /no filter HATE that looks/],
    [
      "a guardrail that lists only what blocks",
      answered({ contentPolicy: { filters: [{ type: "HATE", confidence: "HIGH", action: "BLOCKED" }] } }),
      /no filter INSULTS/,
    ],
    [
      "a confidence that is none",
      answered({ contentPolicy: { filters: [{ type: "HATE", confidence: "VERY" }] } }),
      /another shape/,
    ],
    ["an action that is none", answered({}, { action: "SHRUGGED" }), /another shape/],
    ["no assessments", { action: "NONE" }, /another shape/],
  ])("%s: it cannot tell", async (_name, body, detail) => {
    const failure = await failureOf(inspectText(PROMPT, () => body));
    expect(failure).toMatchObject({ code: "detector_failed", detail: expect.stringMatching(detail) });
  });

  test("a topic that the guardrail does not have: it cannot tell", async () => {
    const failure = await failureOf(inspectText(PROMPT, () => nothing, { topics: { "Weapons advise": "weapons" } }));
    expect(failure).toMatchObject({
      code: "detector_failed",
      detail: 'the guardrail has no topic "Weapons advise" that looks at this, which the option topics counts on',
    });
  });

  test("a whole that was judged whole is fine", async () => {
    const guardrailCoverage = { textCharacters: { guarded: 24, total: 24 }, images: { guarded: 0, total: 0 } };
    const { findings } = await inspectText(PROMPT, () => ({ ...nothing, guardrailCoverage }));
    expect(findings).toEqual([]);
  });

  test.each([
    { guardrail: "Not An Id" },
    { guardrail_version: "0" },
    { filters: ["SORCERY"] },
    { topics: { Weapons: "no such category" } },
    { source: "OUTPUT" },
  ])("%j is refused by the schema", (options) => {
    expect(GuardrailOptions.safeParse({ ...GUARDRAIL, ...options }).success).toBe(false);
  });
});

describe("a guardrail, for pictures", () => {
  test("is applied to the picture as output, and covers what its filters see there", async () => {
    const picture = await plain(100, 60);
    const { calls, units, findings, detector } = await inspectImage(picture, (bytes) => {
      expect(bytes.equals(picture)).toBe(true);
      return answered(
        { contentPolicy: contentPolicy({ SEXUAL: "MEDIUM" }) },
        { usage: { ...USAGE, topicPolicyUnits: 0, contentPolicyUnits: 0, contentPolicyImageUnits: 1 } },
      );
    });
    expect(ImageRequest.parse(calls[0]?.json()).content[0].image.format).toBe("png");
    expect(units).toEqual([1]);
    expect(findings).toEqual([{ category: "sexual", score: 0.65, label: "content/SEXUAL/MEDIUM" }]);
    expect(detector.categories).toEqual(["hate", "harassment", "sexual", "violence"]);
  });

  test("every judged frame of an animated picture is asked about, and the worst counts", async () => {
    const { findings, calls } = await inspectImage(await slides(["#00ff00", "#ff0000", "#0000ff"]), async (bytes) => {
      const red = (await colourOf(bytes)) === "red";
      return answered({ contentPolicy: contentPolicy(red ? { HATE: "HIGH" } : {}) });
    });
    expect(calls).toHaveLength(3);
    expect(findings).toEqual([
      {
        category: "hate",
        score: 0.95,
        label: "content/HATE/HIGH",
        evidence: { region: { x: 0, y: 0, width: 1, height: 1, frame: 1 } },
      },
    ]);
  });

  test("a picture that was not looked at: it cannot tell", async () => {
    const guardrailCoverage = { images: { guarded: 0, total: 1 } };
    const failure = await failureOf(inspectImage(await plain(9, 9), () => ({ ...nothing, guardrailCoverage })));
    expect(failure).toMatchObject({ code: "detector_failed", detail: "the guardrail judged only a part of it" });
  });

  test("filters of which none looks at pictures are a mistake in the configuration", async () => {
    const options = GuardrailOptions.parse({ ...GUARDRAIL, filters: ["PROMPT_ATTACK"] });
    await expect(openBedrockImage(options)).rejects.toMatchObject({
      code: "config_invalid",
      detail: expect.stringMatching(/^filters: none of them looks at pictures/),
    });
  });
});

const refusal = (_status: number, code: string, words: string) => ({
  headers: { "x-amzn-errortype": code },
  body: { message: words },
});

faultSuite("bedrock's guardrails, for prompts", {
  role: "detector",
  open: (endpoint) => openBedrockText(GuardrailOptions.parse({ ...GUARDRAIL, endpoint })),
  ask: (detector, signal) => detector.inspect({ text: PROMPT }, signal),
  close: (detector) => detector.close?.(),
  good: { body: nothing },
  refusal,
});

faultSuite("bedrock's guardrails, for pictures", {
  role: "detector",
  open: (endpoint) => openBedrockImage(GuardrailOptions.parse({ ...GUARDRAIL, endpoint })),
  ask: async (detector, signal) => detector.inspect(await decoded(await plain(80, 80)), signal),
  close: (detector) => detector.close?.(),
  good: { body: nothing },
  refusal,
});
