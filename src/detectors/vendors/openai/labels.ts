import type { BuiltInCategory } from "../../../contract/categories.ts";

/** The 13 categories of omni-moderation. */
export const OPENAI_LABELS = {
  harassment: "harassment",
  "harassment/threatening": "harassment",
  hate: "hate",
  "hate/threatening": "hate",
  illicit: "illegal_activity",
  "illicit/violent": "weapons",
  "self-harm": "self_harm",
  "self-harm/intent": "self_harm",
  "self-harm/instructions": "self_harm",
  sexual: "sexual",
  "sexual/minors": "sexual_minors",
  violence: "violence",
  "violence/graphic": "gore",
} as const satisfies Readonly<Record<string, BuiltInCategory>>;

/** Those that OpenAI scores for pictures. For the others a picture always scores 0, which says nothing. */
export const OPENAI_PICTURE_LABELS = {
  "self-harm": OPENAI_LABELS["self-harm"],
  "self-harm/intent": OPENAI_LABELS["self-harm/intent"],
  "self-harm/instructions": OPENAI_LABELS["self-harm/instructions"],
  sexual: OPENAI_LABELS.sexual,
  violence: OPENAI_LABELS.violence,
  "violence/graphic": OPENAI_LABELS["violence/graphic"],
} as const satisfies Readonly<Partial<typeof OPENAI_LABELS>>;
