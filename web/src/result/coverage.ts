import type { Category } from "../../../src/contract/categories.ts";
import type { Coverage } from "../../../src/contract/decision.ts";
import type { GenerationRecord } from "../../../src/contract/generation.ts";

/** One category over both stages. A stage that did not run, or does not know the category, is null. */
export interface CoverageRow {
  readonly category: Category;
  readonly prompt: Coverage | null;
  readonly pictures: Coverage | null;
}

export interface CoverageCount {
  readonly scored: number;
  readonly unknown: number;
  readonly not_covered: number;
}

export function coverageRows(record: Pick<GenerationRecord, "prompt" | "images">): readonly CoverageRow[] {
  const prompt = new Map(record.prompt?.coverage.map((it) => [it.category, it]));
  const pictures = new Map<Category, Coverage>();
  for (const it of record.images.flatMap((image) => image.coverage)) {
    const before = pictures.get(it.category);
    pictures.set(it.category, before ? worse(before, it) : it);
  }
  const rows = [...new Set([...prompt.keys(), ...pictures.keys()])].map((category) => ({
    category,
    prompt: prompt.get(category) ?? null,
    pictures: pictures.get(category) ?? null,
  }));
  return rows.sort((a, b) => interest(b) - interest(a));
}

export function countCoverage(coverage: readonly (Coverage | null)[]): CoverageCount {
  const count = { scored: 0, unknown: 0, not_covered: 0 };
  for (const it of coverage) if (it) count[it.state]++;
  return count;
}

/** In the order of the answer: what no check that ran can see. */
export function notCovered(coverage: readonly Coverage[]): readonly Category[] {
  return coverage.filter(({ state }) => state === "not_covered").map(({ category }) => category);
}

const GAPS = { scored: 0, not_covered: 1, unknown: 2 } as const;

/** Several pictures make one line, which must not look better than the worst of them. */
function worse(a: Coverage, b: Coverage): Coverage {
  const gap = GAPS[b.state] > GAPS[a.state] ? b.state : a.state;
  return {
    ...a,
    state: gap,
    required: a.required || b.required,
    score: a.score === null && b.score === null ? null : Math.max(a.score ?? 0, b.score ?? 0),
    detectors: [...new Set([...a.detectors, ...b.detectors])],
  };
}

/** Unknown first, then what scored, then what is required, then the rest. */
function interest(row: CoverageRow): number {
  const stages = [row.prompt, row.pictures];
  const unknown = stages.some((it) => it?.state === "unknown") ? 100 : 0;
  const required = stages.some((it) => it?.required) ? 1 : 0;
  const scored = stages.some((it) => it?.state === "scored") ? 0.5 : 0;
  return unknown + required + scored + 10 * Math.max(0, ...stages.map((it) => it?.score ?? 0));
}
