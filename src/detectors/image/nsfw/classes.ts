import type { BuiltInCategory } from "../../../contract/categories.ts";

/**
 * What each class of the model means in Safelight's categories: the one table. Probabilities of classes with the same
 * category add up. Drawing and Neutral are harmless.
 */
export const CATEGORY_OF_CLASS = {
  Drawing: null,
  Hentai: "sexual",
  Neutral: null,
  Porn: "sexual",
  Sexy: "suggestive",
} as const satisfies Record<string, BuiltInCategory | null>;

export type NsfwClass = keyof typeof CATEGORY_OF_CLASS;

export function isNsfwClass(name: string): name is NsfwClass {
  return Object.hasOwn(CATEGORY_OF_CLASS, name);
}
