import { z } from "zod";
import type { Category } from "../../../contract/categories.ts";
import { SafelightError } from "../../../contract/errors.ts";
import type { Finding } from "../../../contract/report.ts";
import { categoryOf, shownLabel } from "../labels.ts";
import { CONFIDENCES, GUARDRAIL_FILTERS, type GuardrailFilter } from "./labels.ts";
import type { GuardrailOptions } from "./options.ts";

const did = { action: z.string().nullish(), detected: z.boolean().nullish() };
const list = <Item extends z.ZodType>(item: Item) => z.array(item).nullish();

const AssessmentSchema = z.object({
  contentPolicy: z
    .object({
      filters: list(z.object({ type: z.string(), confidence: z.enum(["NONE", "LOW", "MEDIUM", "HIGH"]), ...did })),
    })
    .nullish(),
  topicPolicy: z.object({ topics: list(z.object({ name: z.string(), ...did })) }).nullish(),
  wordPolicy: z
    .object({
      customWords: list(z.object({ match: z.string().nullish(), ...did })),
      managedWordLists: list(z.object({ match: z.string().nullish(), type: z.string().nullish(), ...did })),
    })
    .nullish(),
  sensitiveInformationPolicy: z
    .object({
      piiEntities: list(z.object({ match: z.string().nullish(), type: z.string(), ...did })),
      regexes: list(z.object({ match: z.string().nullish(), name: z.string().nullish(), ...did })),
    })
    .nullish(),
});
type Assessment = z.output<typeof AssessmentSchema>;

const CoverageSchema = z.object({ guarded: z.number().nullish(), total: z.number().nullish() }).nullish();

/** What is needed of an answer of ApplyGuardrail. */
export const GuardrailAnswer = z.object({
  action: z.enum(["NONE", "GUARDRAIL_INTERVENED"]),
  assessments: z.array(AssessmentSchema),
  usage: z.record(z.string(), z.number().nullish()).nullish(),
  guardrailCoverage: z.object({ textCharacters: CoverageSchema, images: CoverageSchema }).nullish(),
});
type Answer = z.output<typeof GuardrailAnswer>;

type Named = Pick<GuardrailOptions, "topics" | "words">;

/** What coverage rests on. */
interface MustLook {
  readonly filters: readonly GuardrailFilter[];
  /** By name. */
  readonly topics: readonly string[];
}

/**
 * What a guardrail saw. Whatever it stopped scores 1; a content filter that only detected scores its confidence.
 * @param must what must have looked
 * @param text what was judged, to find the places of words in it
 * @throws SafelightError `detector_failed` when a part was left unjudged, or one of those did not look
 */
export function readAssessments(answer: Answer, must: MustLook, options: Named, text = ""): readonly Finding[] {
  const { action, assessments, guardrailCoverage } = answer;
  for (const covered of [guardrailCoverage?.textCharacters, guardrailCoverage?.images]) {
    if (covered && (covered.guarded ?? 0) < (covered.total ?? 0))
      throw new SafelightError("detector_failed", "the guardrail judged only a part of it");
  }
  assertListed(assessments, must);
  const found = assessments.flatMap((assessment) => [
    ...contentFindings(assessment),
    ...topicFindings(assessment, options),
    ...wordFindings(assessment, options, text),
    ...privacyFindings(assessment, text),
  ]);
  const stopped = action === "GUARDRAIL_INTERVENED" && !found.some(({ score }) => score === 1);
  return stopped ? [...found, { category: "unsafe", score: 1, label: "GUARDRAIL_INTERVENED" }] : found;
}

/** With the scope that is asked for, what detects nothing is listed too: a filter or a topic that is missing did not look. */
function assertListed(assessments: readonly Assessment[], { filters, topics }: MustLook): void {
  const types = new Set(
    assessments.flatMap(({ contentPolicy }) => contentPolicy?.filters ?? []).map(({ type }) => type),
  );
  const names = new Set(assessments.flatMap(({ topicPolicy }) => topicPolicy?.topics ?? []).map(({ name }) => name));
  const filter = filters.find((one) => !types.has(one));
  const topic = topics.find((one) => !names.has(one));
  if (filter === undefined && topic === undefined) return;
  const [what, option] = filter === undefined ? [`topic "${topic}"`, "topics"] : [`filter ${filter}`, "filters"];
  throw new SafelightError(
    "detector_failed",
    `the guardrail has no ${what} that looks at this, which the option ${option} counts on`,
  );
}

function contentFindings({ contentPolicy }: Assessment): readonly Finding[] {
  return (contentPolicy?.filters ?? []).flatMap(({ type, confidence, action }): Finding[] => {
    const category = categoryOf(GUARDRAIL_FILTERS, type);
    const score = action === "BLOCKED" ? 1 : CONFIDENCES[confidence];
    if (category === null || score === 0) return [];
    return [{ category, score, label: `content/${shownLabel(type)}/${confidence}` }];
  });
}

interface Entry {
  readonly detected?: boolean | null | undefined;
}

/** What has no confidence is listed because it is there, unless it says otherwise. */
function isThere({ detected }: Entry): boolean {
  return detected !== false;
}

function topicFindings({ topicPolicy }: Assessment, { topics }: Named): readonly Finding[] {
  const known: Readonly<Record<string, Category>> = topics;
  return (topicPolicy?.topics ?? []).filter(isThere).map(({ name }) => ({
    category: (Object.hasOwn(known, name) ? known[name] : undefined) ?? "unsafe",
    score: 1,
    label: `topic/${shownLabel(name)}`,
  }));
}

function wordFindings({ wordPolicy }: Assessment, { words }: Named, text: string): readonly Finding[] {
  const own = (wordPolicy?.customWords ?? []).filter(isThere);
  const managed = (wordPolicy?.managedWordLists ?? []).filter(isThere);
  return [
    ...own.map(({ match }) => ({ category: words, score: 1, label: "word/custom", ...placeOf(match, text) })),
    ...managed.map(({ match, type }): Finding => {
      const category = type === "PROFANITY" || type == null ? "profanity" : "unsafe";
      return { category, score: 1, label: `word/${shownLabel(type ?? "PROFANITY")}`, ...placeOf(match, text) };
    }),
  ];
}

function privacyFindings({ sensitiveInformationPolicy: policy }: Assessment, text: string): readonly Finding[] {
  const kinds = (policy?.piiEntities ?? []).filter(isThere);
  const patterns = (policy?.regexes ?? []).filter(isThere);
  return [
    ...kinds.map(({ type, match }): Finding => {
      return { category: "privacy", score: 1, label: `pii/${shownLabel(type)}`, ...placeOf(match, text) };
    }),
    ...patterns.map(({ name, match }): Finding => {
      return { category: "privacy", score: 1, label: `regex/${shownLabel(name ?? "")}`, ...placeOf(match, text) };
    }),
  ];
}

/** The first place where the text has what matched; the words themselves are not repeated. */
function placeOf(match: string | null | undefined, text: string): Pick<Finding, "evidence"> {
  if (!match) return {};
  const exact = text.indexOf(match);
  const start = exact >= 0 ? exact : new RegExp(RegExp.escape(match), "iu").exec(text)?.index;
  return start === undefined ? {} : { evidence: { span: [start, start + match.length] } };
}
