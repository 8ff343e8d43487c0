import { severity, strongest } from "../../../contract/actions.ts";
import type { Reason } from "../../../contract/decision.ts";
import type { Judgement } from "../../../contract/generation.ts";
import { OPENAI_CATEGORIES, type OpenAICategory, openaiCategory } from "./categories.ts";

/** One text or one picture of an input, judged. */
export interface Judged {
  readonly kind: "text" | "image";
  readonly judgement: Judgement;
}

/** `unknown`: nothing that was seen flags the input, and a check that the policy will not do without could not tell. */
export type Verdict =
  | { readonly state: "told"; readonly result: object }
  | { readonly state: "unknown"; readonly reasons: readonly Reason[] };

/**
 * One of OpenAI's results. An input is flagged when the policy would not let it through as it is: blurred, held or blocked;
 * a warning does not flag it. One thing that was seen decides, whatever else failed; without it, what could not be told is not
 * taken for clean.
 */
export function verdictOf(judged: readonly Judged[]): Verdict {
  const action = strongest(judged.map(({ judgement }) => judgement.action));
  const reasons = judged
    .flatMap(({ judgement }) => judgement.reasons)
    .toSorted((a, b) => severity(b.action) - severity(a.action));
  const stopping = reasons.filter((reason) => stops(reason));
  const seen = stopping.filter(({ score }) => score !== null);
  if (seen.length === 0 && stopping.length > 0) return { state: "unknown", reasons: stopping };
  const flagged = new Set(seen.flatMap(({ category, label }) => (category ? [openaiCategory(category, label)] : [])));
  return {
    state: "told",
    result: {
      flagged: seen.length > 0,
      categories: byCategory((name) => flagged.has(name)),
      category_scores: byCategory((name) => scoreOf(judged, name)),
      category_applied_input_types: byCategory((name) => appliedTo(judged, name)),
      safelight: {
        action,
        reasons,
        coverage: judged.map(({ kind, judgement }) => ({ kind, coverage: judgement.coverage })),
      },
    },
  };
}

function stops({ action }: Reason): boolean {
  return severity(action) >= severity("blur");
}

function byCategory<T>(value: (name: OpenAICategory) => T): Record<string, T> {
  return Object.fromEntries(OPENAI_CATEGORIES.map((name) => [name, value(name)]));
}

/** The highest score by any detector; 0 where none was given, which `category_applied_input_types` tells apart from never looked at. */
function scoreOf(judged: readonly Judged[], name: OpenAICategory): number {
  const scores = judged.flatMap(({ judgement }) => findings(judgement).filter((each) => each.name === name));
  return Math.max(0, ...scores.map(({ score }) => score));
}

/** The kinds of input in which somebody looked for it. */
function appliedTo(judged: readonly Judged[], name: OpenAICategory): string[] {
  const looked = judged.filter(
    ({ judgement }) =>
      findings(judgement).some((each) => each.name === name) ||
      judgement.coverage.some(({ category, state }) => state === "scored" && openaiCategory(category, null) === name),
  );
  return [...new Set(looked.map(({ kind }) => kind))];
}

function findings({ reports }: Judgement) {
  return reports.flatMap((report) =>
    report.state === "scored"
      ? report.findings.map(({ category, label, score }) => ({ name: openaiCategory(category, label), score }))
      : [],
  );
}
