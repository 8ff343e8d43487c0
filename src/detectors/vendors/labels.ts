import type { BuiltInCategory, Category } from "../../contract/categories.ts";
import { SafelightError } from "../../contract/errors.ts";
import type { Finding } from "../../contract/report.ts";

/** A vendor's own names for what it looks for, and the category of each; null where it is no harm. */
export type Labels = Readonly<Record<string, BuiltInCategory | null>>;

/** What a detector can score that asks for all of a table's labels. */
export function covered(labels: Labels): readonly BuiltInCategory[] {
  return [...new Set(Object.values(labels))].filter((category) => category !== null);
}

/** A label that a vendor may send one day without notice must not be lost: it is a harm of no stated kind. */
export function categoryOf(labels: Labels, label: string): Category | null {
  return Object.hasOwn(labels, label) ? (labels[label] ?? null) : "unsafe";
}

/** Vendors name their labels in words without blanks; anything longer may be a sentence that quotes what was judged. */
const NAME = /^[\w.:/~ -]{1,80}$/;

/** The vendor's name of a thing, as far as it is one. */
export function shownLabel(label: string): string {
  return NAME.test(label) ? label : "unnamed";
}

/**
 * Findings from a vendor's scores by label.
 * @throws SafelightError `detector_failed` when a label of the table has no score: nobody has looked for it then
 */
export function findingsOf(labels: Labels, scores: ReadonlyMap<string, number>): readonly Finding[] {
  for (const [label, category] of Object.entries(labels)) {
    if (category !== null && !scores.has(label))
      throw new SafelightError("detector_failed", `its answer has no score for ${label}`);
  }
  return [...scores].flatMap(([label, score]) => {
    const category = categoryOf(labels, label);
    return category === null ? [] : [{ category, score, label: shownLabel(label) }];
  });
}
