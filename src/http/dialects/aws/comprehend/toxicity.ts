import { z } from "zod";
import { severity } from "../../../../contract/actions.ts";
import type { Category } from "../../../../contract/categories.ts";
import type { Judgement } from "../../../../contract/generation.ts";
import { AwsFault } from "../faults.ts";
import { assertTold, findingsOf, tellDecision, topScore } from "../judgement.ts";
import type { Operation } from "../operation.ts";
import { readBody } from "../read.ts";
import { grade, type Scale } from "./grade.ts";
import { textWithin } from "./text.ts";

const MOST_SEGMENTS = 10;
const MOST_BYTES = 1_024;
const LANGUAGES = ["en", "es", "fr", "de", "it", "pt", "ar", "hi", "ja", "ko", "zh", "zh-TW"];

/** Comprehend's seven labels, each with the categories that it speaks of. */
const LABELS: Readonly<Record<string, readonly Category[]>> = {
  GRAPHIC: ["gore", "shocking", "self_harm"],
  HARASSMENT_OR_ABUSE: ["harassment"],
  HATE_SPEECH: ["hate", "extremism"],
  INSULT: ["harassment"],
  PROFANITY: ["profanity"],
  SEXUAL: ["sexual", "sexual_minors", "suggestive"],
  VIOLENCE_OR_THREAT: ["violence", "weapons"],
};

/** From 0.5 on there is something to be said, from 0.9 on the policy refuses the text. */
const SCALE: Scale = { allowed: [0, 0.49], warned: [0.5, 0.89], refused: [0.9, 1] };

/** `DetectToxicContent` @see https://docs.aws.amazon.com/comprehend/latest/APIReference/API_DetectToxicContent.html */
export const detectToxicContent: Operation = async (body, c, { service }) => {
  const Body = z.object({
    TextSegments: z
      .array(z.object({ Text: textWithin(service.limits, MOST_BYTES) }))
      .min(1, { error: "must have at least 1 segment" })
      .max(MOST_SEGMENTS, { error: `must have at most ${MOST_SEGMENTS} segments` }),
    LanguageCode: z.enum(LANGUAGES, { error: `must be one of ${LANGUAGES.join(", ")}` }),
  });
  const { TextSegments, LanguageCode } = readBody(body, Body);
  if (LanguageCode !== "en")
    throw new AwsFault("invalid_request", "UnsupportedLanguageException", "LanguageCode must be en");
  const checks = await Promise.all(
    TextSegments.map(({ Text }) => service.checkText(Text, undefined, c.req.raw.signal)),
  );
  for (const check of checks) assertTold(check);
  const worst = checks.reduce((one, other) => (severity(other.action) > severity(one.action) ? other : one));
  tellDecision(c, worst);
  return { ResultList: checks.map((check) => ({ Labels: labelsOf(check), Toxicity: grade(check, SCALE) })) };
};

function labelsOf(judgement: Judgement) {
  const findings = findingsOf(judgement);
  return Object.entries(LABELS).map(([Name, categories]) => ({
    Name,
    Score: topScore(findings.filter(({ category }) => categories.includes(category))),
  }));
}
