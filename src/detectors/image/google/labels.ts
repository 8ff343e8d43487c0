import type { BuiltInCategory } from "../../../contract/categories.ts";

/** What SafeSearch looks for. `spoof`, a picture changed to be funny or offensive, is no harm by itself. */
export const SAFE_SEARCH_LABELS = {
  adult: "sexual",
  racy: "suggestive",
  violence: "violence",
  medical: "shocking",
  spoof: null,
} as const satisfies Readonly<Record<string, BuiltInCategory | null>>;

/**
 * The score that each likelihood stands for. UNKNOWN is none: nobody has judged.
 * @see https://cloud.google.com/vision/docs/reference/rest/v1/Likelihood
 */
export const LIKELIHOODS = {
  VERY_UNLIKELY: 0,
  UNLIKELY: 0.25,
  POSSIBLE: 0.5,
  LIKELY: 0.75,
  VERY_LIKELY: 1,
} as const satisfies Readonly<Record<string, number>>;
