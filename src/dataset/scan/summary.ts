import { ACTIONS, type Action, severity } from "../../contract/actions.ts";
import type { Category } from "../../contract/categories.ts";
import type { Coverage } from "../../contract/decision.ts";
import { SCORE_BINS, type ScanCopies, type ScanItem, type ScanProblem, type ScanSummary } from "../../contract/scan.ts";
import { SCAN_PROBLEMS, type ScanProblemCode } from "../../contract/scan-problems.ts";

import { Concepts } from "./concepts.ts";
import { comparesLooks } from "./copies.ts";

/** Adds up a scan's items, one by one. */
export class Summing {
  readonly #actions = new Map<Action, number>(ACTIONS.map((action) => [action, 0]));
  readonly #categories = new Map<Category, Map<Action, number>>();
  readonly #scores = new Map<string, number[]>();
  readonly #problems = new Map<ScanProblemCode, number>();
  readonly #concepts = new Concepts();
  readonly #faces = { none: 0, one: 0, several: 0 };
  readonly #copies = { groups: 0, same_bytes: 0, near: 0 };
  #pictures = 0;
  #unjudged = 0;

  item(item: ScanItem): void {
    this.#pictures += 1;
    if (!isJudged(item)) this.#unjudged += 1;
    this.#actions.set(item.action, (this.#actions.get(item.action) ?? 0) + 1);
    for (const [category, action] of worstByCategory(item)) {
      const counts = this.#categories.get(category) ?? new Map<Action, number>();
      counts.set(action, (counts.get(action) ?? 0) + 1);
      this.#categories.set(category, counts);
    }
    for (const [category, score = 0] of Object.entries(item.scores)) if (score > 0) this.#score(category, score);
    for (const problem of item.problems) this.problem(problem);
    this.#concepts.item(item);
    if (item.faces !== null) this.#faces[item.faces > 1 ? "several" : item.faces === 1 ? "one" : "none"] += 1;
  }

  copies([, ...others]: ScanCopies): void {
    this.#copies.groups += 1;
    for (const { same_bytes } of others) this.#copies[same_bytes ? "same_bytes" : "near"] += 1;
  }

  problem({ code }: ScanProblem): void {
    this.#problems.set(code, (this.#problems.get(code) ?? 0) + 1);
  }

  #score(category: string, score: number): void {
    const bins = this.#scores.get(category) ?? Array.from({ length: SCORE_BINS }, () => 0);
    const bin = Math.min(SCORE_BINS - 1, Math.floor(score * SCORE_BINS));
    bins[bin] = (bins[bin] ?? 0) + 1;
    this.#scores.set(category, bins);
  }

  summary(coverage: { readonly image: Coverage[]; readonly prompt: Coverage[] }): ScanSummary {
    return {
      pictures: this.#pictures,
      unjudged: this.#unjudged,
      actions: Object.fromEntries(this.#actions) as ScanSummary["actions"],
      categories: Object.fromEntries(
        [...this.#categories].sort().map(([category, counts]) => [category, Object.fromEntries(counts)]),
      ),
      scores: Object.fromEntries([...this.#scores].sort(([a], [b]) => (a < b ? -1 : 1))),
      problems: Object.fromEntries([...this.#problems].sort()),
      copies: comparesLooks(this.#pictures) ? this.#copies : { ...this.#copies, near: null },
      faces: this.#faces,
      concepts: this.#concepts.all(),
      coverage,
    };
  }
}

export function isJudged({ judged, problems }: Pick<ScanItem, "judged" | "problems">): boolean {
  return judged && problems.every(({ code }) => !SCAN_PROBLEMS[code].unjudged);
}

function worstByCategory({ reasons, captions }: ScanItem): Map<Category, Action> {
  const worst = new Map<Category, Action>();
  for (const { category, action } of [...reasons, ...captions.flatMap((caption) => caption.reasons)]) {
    if (category === null) continue;
    const before = worst.get(category);
    if (before === undefined || severity(action) > severity(before)) worst.set(category, action);
  }
  return worst;
}
