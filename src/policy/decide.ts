import { type Action, type Stage, severity, strongest } from "../contract/actions.ts";
import { type Category, categoryTitle } from "../contract/categories.ts";
import { type Coverage, type Decision, type Reason, UNSCORED } from "../contract/decision.ts";
import type { Finding, Report } from "../contract/report.ts";
import type { StagePolicy } from "./schema.ts";

type Levels = { readonly [A in Action]?: number | undefined };

/**
 * What follows from the reports of one stage. Pure: no clock, no I/O, so a stored decision can be replayed and a
 * threshold changed today can be tried on yesterday's reports.
 *
 * Every finding that reaches a threshold is a reason, with the strongest action it reaches. A required detector that did
 * not score, and a required category that no detector scored, are reasons with the policy's `on_unknown`. The strongest
 * reason wins. A score outside [0, 1], NaN too, makes its whole report unknown.
 */
export function decide(stage: Stage, reports: readonly Report[], policy: StagePolicy): Decision {
  const sound = reports.map(soundOrUnknown);
  const coverage = coverageOf(sound, policy);
  const reasons = [
    ...sound.flatMap((report) => (report.state === "scored" ? findingReasons(stage, report, policy) : [])),
    ...gapReasons(stage, sound, coverage, policy),
  ].sort(strongestFirst);
  return { action: strongest(reasons.map((reason) => reason.action)), reasons, coverage };
}

/** Whether a decision rests on checks that did not happen, and on no score: making the picture again would not help. */
export function restsOnUnknown(decision: Decision): boolean {
  return decision.action !== "allow" && !decision.reasons.some((r) => r.score !== null && r.action === decision.action);
}

type Scored = Extract<Report, { state: "scored" }>;

function soundOrUnknown(report: Report): Report {
  if (report.state === "unknown" || report.findings.every(({ score }) => score >= 0 && score <= 1)) return report;
  const { detector, version, categories, duration_ms } = report;
  const detail = "The detector gave a score that is not between 0 and 1.";
  return { detector, version, categories, duration_ms, state: "unknown", because: "detector_failed", detail };
}

function findingReasons(stage: Stage, report: Scored, policy: StagePolicy): Reason[] {
  return report.findings.flatMap((finding) => {
    const levels: Levels | undefined =
      policy.per_detector[report.detector]?.[finding.category] ?? policy.categories[finding.category];
    const reached = levels && strongestReached(levels, finding.score);
    return reached ? [findingReason(stage, report, finding, reached)] : [];
  });
}

function strongestReached(levels: Levels, score: number): { action: Action; threshold: number } | undefined {
  let best: { action: Action; threshold: number } | undefined;
  for (const [action, threshold] of Object.entries(levels) as [Action, number | undefined][]) {
    if (threshold === undefined || score < threshold) continue;
    if (!best || severity(action) > severity(best.action)) best = { action, threshold };
  }
  return best;
}

function findingReason(
  stage: Stage,
  report: Scored,
  finding: Finding,
  { action, threshold }: { action: Action; threshold: number },
): Reason {
  const where = stage === "prompt" ? "The prompt" : "The picture";
  return {
    stage,
    category: finding.category,
    score: finding.score,
    threshold,
    margin: finding.score - threshold,
    action,
    detector: report.detector,
    label: finding.label ?? null,
    evidence: finding.evidence ?? null,
    message: `${where} scored ${show(finding.score)} for ${categoryTitle(finding.category)}; the policy's limit for "${action}" is ${show(threshold)}.`,
  };
}

function show(score: number): string {
  return score.toFixed(2);
}

function coverageOf(reports: readonly Report[], policy: StagePolicy): Coverage[] {
  const required = new Set(policy.require);
  const categories = new Set<Category>([
    ...policy.require,
    ...(Object.keys(policy.categories) as Category[]),
    ...reports.flatMap((report) => report.categories),
  ]);
  return [...categories].sort().map((category) => {
    const able = reports.filter((report) => report.categories.includes(category));
    const scored = able.filter((report) => report.state === "scored");
    const scores = reports.flatMap((report) =>
      report.state === "scored" ? report.findings.filter((f) => f.category === category).map((f) => f.score) : [],
    );
    return {
      category,
      state: scored.length > 0 ? "scored" : able.length > 0 ? "unknown" : "not_covered",
      required: required.has(category),
      score: scored.length > 0 || scores.length > 0 ? Math.max(0, ...scores) : null,
      detectors: [...new Set((scored.length > 0 ? scored : able).map((report) => report.detector))].sort(),
    };
  });
}

function gapReasons(
  stage: Stage,
  reports: readonly Report[],
  coverage: readonly Coverage[],
  policy: StagePolicy,
): Reason[] {
  const gap = (category: Category | null, detector: string | null, label: string, message: string): Reason => ({
    ...UNSCORED,
    stage,
    category,
    action: policy.on_unknown,
    detector,
    label,
    message,
  });
  const reasons: Reason[] = [];
  const explained = new Set<Category>();
  for (const [detector, { required }] of Object.entries(policy.detectors)) {
    if (!required) continue;
    const own = reports.filter((report) => report.detector === detector);
    const failed = own.find((report) => report.state === "unknown");
    if (own.length > 0 && !failed) continue;
    for (const category of failed?.categories ?? []) explained.add(category);
    reasons.push(
      failed?.state === "unknown"
        ? gap(null, detector, failed.because, `The required check "${detector}" could not tell: ${failed.detail}`)
        : gap(null, detector, "missing", `The required check "${detector}" did not run.`),
    );
  }
  for (const { category, state, required } of coverage) {
    if (!required || state === "scored" || (state === "unknown" && explained.has(category))) continue;
    const why = state === "unknown" ? "every check that could has failed" : "no check that ran can";
    reasons.push(
      gap(category, null, state, `Nobody could judge ${categoryTitle(category)}, which the policy requires: ${why}.`),
    );
  }
  return reasons;
}

function strongestFirst(a: Reason, b: Reason): number {
  return (
    severity(b.action) - severity(a.action) ||
    (b.score ?? -1) - (a.score ?? -1) ||
    compare(a.category ?? "", b.category ?? "") ||
    compare(a.detector ?? "", b.detector ?? "") ||
    (a.evidence?.span?.[0] ?? -1) - (b.evidence?.span?.[0] ?? -1) ||
    compare(JSON.stringify(a), JSON.stringify(b))
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
