import type { BuiltInCategory } from "../../../contract/categories.ts";

/** The four categories of Content Safety, for texts and pictures. */
export const AZURE_LABELS = {
  Hate: "hate",
  SelfHarm: "self_harm",
  Sexual: "sexual",
  Violence: "violence",
} as const satisfies Readonly<Record<string, BuiltInCategory>>;
