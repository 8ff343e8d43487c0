import { type Category, isCategory } from "../../../contract/categories.ts";
import type { CustomModel, Manifest } from "./files.ts";
import { NO_VECTOR, probabilitiesOf, scoresOf } from "./linear.ts";

/** What a model makes of a text. */
export interface Verdict {
  /** By class, in the order of the manifest. */
  readonly probabilities: Float64Array;
  /** Raw log odds by output, before calibration. */
  readonly scores: Float64Array;
}

/** Verdicts in the order of the texts. */
export async function classify(
  { featurizer, linear, encoder }: CustomModel,
  texts: readonly string[],
  signal: AbortSignal,
): Promise<readonly Verdict[]> {
  const vectors = encoder ? await encoder.embed(texts, signal) : [];
  return texts.map((text, i) => {
    const scores = scoresOf(linear, featurizer.of(text), vectors[i] ?? NO_VECTOR);
    return { scores, probabilities: probabilitiesOf(linear, scores) };
  });
}

/** What a model can score. */
export function categoriesOf({ classes }: Manifest): readonly Category[] {
  return [...new Set(classes.flatMap(({ category }) => category ?? []))].filter(isCategory);
}

export interface CategoryScore {
  readonly score: number;
  /** The class that says most of it. */
  readonly strongest: number;
}

/**
 * Classes that share a category: their probabilities add up where exactly one class is true, else the most likely counts.
 */
export function scoreByCategory(
  { classes, mode }: Manifest,
  probabilities: Float64Array,
): ReadonlyMap<Category, CategoryScore> {
  const scores = new Map<Category, CategoryScore>();
  classes.forEach(({ category }, k) => {
    if (category === null) return;
    const p = probabilities[k] ?? 0;
    const known = scores.get(category);
    const strongest = known && (probabilities[known.strongest] ?? 0) >= p ? known.strongest : k;
    const score = mode === "multi-class" ? (known?.score ?? 0) + p : Math.max(known?.score ?? 0, p);
    scores.set(category, { score: Math.min(1, score), strongest });
  });
  return scores;
}
