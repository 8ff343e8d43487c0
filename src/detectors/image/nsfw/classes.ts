import type { BuiltInCategory } from "../../../contract/categories.ts";

interface Meaning {
  readonly category: BuiltInCategory;
  /**
   * The nearest label of Rekognition's taxonomy 7, from the top: the one that the category has there. The model
   * itself knows no difference between nudity and what is done.
   */
  readonly rekognition: readonly string[];
}

const EXPLICIT = { category: "sexual", rekognition: ["Explicit", "Explicit Nudity"] } as const satisfies Meaning;

/**
 * What each class of the model means: the one table. Probabilities of classes with the same category add up. Drawing
 * and Neutral are harmless.
 */
export const MEANING_OF_CLASS = {
  Drawing: null,
  Hentai: EXPLICIT,
  Neutral: null,
  Porn: EXPLICIT,
  Sexy: {
    category: "suggestive",
    rekognition: ["Non-Explicit Nudity of Intimate parts and Kissing", "Non-Explicit Nudity"],
  },
} as const satisfies Record<string, Meaning | null>;

export type NsfwClass = keyof typeof MEANING_OF_CLASS;

export function isNsfwClass(name: string): name is NsfwClass {
  return Object.hasOwn(MEANING_OF_CLASS, name);
}

/** `undefined` when it is harmless. */
export function categoryOf(name: NsfwClass): BuiltInCategory | undefined {
  return MEANING_OF_CLASS[name]?.category;
}

/** As in Rekognition's answers, the parent before the child, and below them the model's own class. */
export function labelOf(name: NsfwClass): string {
  return [...(MEANING_OF_CLASS[name]?.rekognition ?? []), name].join("/");
}
