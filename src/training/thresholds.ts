import type { Category } from "../contract/categories.ts";
import { type Labelled, operatingPoints } from "./ranking.ts";

/** `of` cases in `among`: the share, and Wilson's interval that holds the true share with 95 % confidence. */
export interface Share {
  readonly value: number;
  readonly low: number;
  readonly high: number;
  readonly of: number;
  readonly among: number;
}

export interface Threshold {
  readonly category: Category;
  /** The least score that keeps the budget; `null` when none does. */
  readonly threshold: number | null;
  /** Whether even the upper end of the interval keeps the budget: then it is proven, else only likely. */
  readonly proven: boolean;
  readonly false_positive_rate: Share;
  readonly recall: Share;
}

/** The 97.5 % quantile of the normal distribution: two-sided 95 %. */
const Z = 1.959_963_984_540_054;
/** Thresholds are rounded up to so many digits: a policy is read by people. */
const DIGITS = 4;

export function wilson(of: number, among: number): Share {
  if (among === 0) return { value: 0, low: 0, high: 1, of, among };
  const value = of / among;
  const z2 = Z * Z;
  const middle = (value + z2 / (2 * among)) / (1 + z2 / among);
  const half = (Z / (1 + z2 / among)) * Math.sqrt((value * (1 - value)) / among + z2 / (4 * among * among));
  return {
    value,
    low: of === 0 ? 0 : Math.max(0, middle - half),
    high: of === among ? 1 : Math.min(1, middle + half),
    of,
    among,
  };
}

/**
 * The least threshold at which the share of flagged texts among those without the category stays within the budget, even at
 * the upper end of Wilson's 95 % interval. With too few texts to prove that, the plain share decides, and the
 * result says that it is not proven.
 */
export function thresholdFor(category: Category, known: readonly Labelled[], budget: number): Threshold {
  const positives = known.filter(({ positive }) => positive).length;
  const negatives = known.length - positives;
  const provable = wilson(0, negatives).high <= budget;
  const keeps = (falsePositives: number) =>
    provable ? wilson(falsePositives, negatives).high <= budget : negatives > 0 && falsePositives / negatives <= budget;
  let threshold: number | null = null;
  for (const point of operatingPoints(known)) {
    if (!keeps(point.falsePositives)) break;
    const rounded = Math.ceil(point.score * 10 ** DIGITS) / 10 ** DIGITS;
    if (rounded <= 1) threshold = rounded;
  }
  return { category, threshold, proven: provable && threshold !== null, ...at(known, threshold) };
}

/** What a threshold does to other texts: to check one where it was not chosen. */
export function at(known: readonly Labelled[], threshold: number | null) {
  const flagged = known.filter(({ score }) => threshold !== null && score >= threshold);
  const positives = known.filter(({ positive }) => positive).length;
  const hits = flagged.filter(({ positive }) => positive).length;
  return {
    false_positive_rate: wilson(flagged.length - hits, known.length - positives),
    recall: wilson(hits, positives),
  };
}
