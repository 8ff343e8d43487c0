import { categoryTitle } from "../../../src/contract/categories.ts";
import type { Reason } from "../../../src/contract/decision.ts";
import type { Heat, Region } from "../../../src/contract/report.ts";
import { capital, score } from "./format.ts";

/** Where in the picture a finding lies. */
export interface Place {
  /** Names it among the places of its picture. */
  readonly key: string;
  /** "Violence 0.90, nsfw" */
  readonly title: string;
  /** Null: the check names none, and what it says is about the whole picture. */
  readonly region: Region | null;
  readonly heat: Heat | null;
}

/** One for each finding that reached a limit, in the order of the reasons; a check that did not happen has no place. */
export function placesOf(reasons: readonly Reason[]): readonly Place[] {
  return reasons.flatMap((reason, i) => {
    const { category, detector, evidence } = reason;
    if (category === null || reason.score === null) return [];
    const title = `${capital(categoryTitle(category))} ${score(reason.score)}${detector ? `, ${detector}` : ""}`;
    return [{ key: `${i}`, title, region: evidence?.region ?? null, heat: evidence?.heat ?? null }];
  });
}
