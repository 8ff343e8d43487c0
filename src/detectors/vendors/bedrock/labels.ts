import type { BuiltInCategory } from "../../../contract/categories.ts";

/** The content filters of a guardrail. */
export const GUARDRAIL_FILTERS = {
  HATE: "hate",
  INSULTS: "harassment",
  SEXUAL: "sexual",
  VIOLENCE: "violence",
  MISCONDUCT: "illegal_activity",
  PROMPT_ATTACK: "prompt_attack",
} as const satisfies Readonly<Record<string, BuiltInCategory>>;

export type GuardrailFilter = keyof typeof GUARDRAIL_FILTERS;

/** Those that look at pictures. */
export const PICTURE_FILTERS: readonly GuardrailFilter[] = ["HATE", "INSULTS", "SEXUAL", "VIOLENCE"];

/** How sure a filter is. A filter that blocks scores 1, whatever its confidence: the guardrail's own strengths have decided. */
export const CONFIDENCES = { NONE: 0, LOW: 0.35, MEDIUM: 0.65, HIGH: 0.95 } as const satisfies Readonly<
  Record<string, number>
>;
