import { type Action, severity } from "../../../src/contract/actions.ts";
import type { Category } from "../../../src/contract/categories.ts";
import type { Judgement } from "../../../src/contract/generation.ts";

/** Something a detector pointed at in the prompt. */
export interface Mark {
  readonly start: number;
  readonly end: number;
  readonly category: Category;
  readonly score: number;
  readonly detector: string;
  /** What followed; null when the score stayed below every threshold. */
  readonly action: Action | null;
  readonly threshold: number | null;
}

/** A stretch of the prompt under the same marks; none for plain text. */
export interface Segment {
  readonly start: number;
  readonly text: string;
  readonly marks: readonly Mark[];
}

/** What the reports point at, each joined with the reason that it gave, if it gave one. */
export function marksOf(judgement: Judgement): readonly Mark[] {
  const marks: Mark[] = [];
  for (const report of judgement.reports) {
    if (report.state !== "scored") continue;
    for (const finding of report.findings) {
      const span = finding.evidence?.span;
      if (!span || span[1] <= span[0]) continue;
      const reason = judgement.reasons.find(
        (it) =>
          it.detector === report.detector &&
          it.category === finding.category &&
          it.threshold !== null &&
          finding.score >= it.threshold,
      );
      marks.push({
        start: span[0],
        end: span[1],
        category: finding.category,
        score: finding.score,
        detector: report.detector,
        action: reason?.action ?? null,
        threshold: reason?.threshold ?? null,
      });
    }
  }
  return marks;
}

/** Cuts a text at the edges of its marks. Edges outside the text are moved to its ends; overlapping marks share a segment. */
export function segmentsOf(text: string, marks: readonly Mark[]): readonly Segment[] {
  const edges = new Set([0, text.length]);
  for (const mark of marks) {
    edges.add(within(mark.start, text));
    edges.add(within(mark.end, text));
  }
  const cuts = [...edges].sort((a, b) => a - b);
  return cuts.slice(0, -1).map((start, position) => {
    const end = cuts[position + 1] ?? text.length;
    return {
      start,
      text: text.slice(start, end),
      marks: marks.filter((mark) => mark.start < end && mark.end > start).sort(byWeight),
    };
  });
}

function within(offset: number, text: string): number {
  return Math.min(Math.max(offset, 0), text.length);
}

function byWeight(a: Mark, b: Mark): number {
  return weight(b) - weight(a) || b.score - a.score;
}

function weight(mark: Mark): number {
  return mark.action === null ? -1 : severity(mark.action);
}
