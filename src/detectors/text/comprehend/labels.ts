import type { BuiltInCategory } from "../../../contract/categories.ts";

/** The seven labels of DetectToxicContent. */
export const TOXICITY_LABELS = {
  GRAPHIC: "shocking",
  HARASSMENT_OR_ABUSE: "harassment",
  HATE_SPEECH: "hate",
  INSULT: "harassment",
  PROFANITY: "profanity",
  SEXUAL: "sexual",
  VIOLENCE_OR_THREAT: "violence",
} as const satisfies Readonly<Record<string, BuiltInCategory>>;
