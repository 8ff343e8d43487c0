import type { BuiltInCategory } from "../../../contract/categories.ts";

/** Perspective's attributes. Null: no harm, so that it cannot be asked for. */
export const PERSPECTIVE_LABELS = {
  // in production
  TOXICITY: "harassment",
  SEVERE_TOXICITY: "harassment",
  IDENTITY_ATTACK: "hate",
  INSULT: "harassment",
  PROFANITY: "profanity",
  THREAT: "violence",
  // experimental
  TOXICITY_EXPERIMENTAL: "harassment",
  SEVERE_TOXICITY_EXPERIMENTAL: "harassment",
  IDENTITY_ATTACK_EXPERIMENTAL: "hate",
  INSULT_EXPERIMENTAL: "harassment",
  PROFANITY_EXPERIMENTAL: "profanity",
  THREAT_EXPERIMENTAL: "violence",
  SEXUALLY_EXPLICIT: "sexual",
  FLIRTATION: "suggestive",
  // of the New York Times' moderators
  ATTACK_ON_AUTHOR: "harassment",
  ATTACK_ON_COMMENTER: "harassment",
  INFLAMMATORY: "harassment",
  LIKELY_TO_REJECT: "unsafe",
  OBSCENE: "profanity",
  INCOHERENT: null,
  SPAM: null,
  UNSUBSTANTIAL: null,
  // what brings people together
  AFFINITY_EXPERIMENTAL: null,
  COMPASSION_EXPERIMENTAL: null,
  CURIOSITY_EXPERIMENTAL: null,
  NUANCE_EXPERIMENTAL: null,
  PERSONAL_STORY_EXPERIMENTAL: null,
  REASONING_EXPERIMENTAL: null,
  RESPECT_EXPERIMENTAL: null,
} as const satisfies Readonly<Record<string, BuiltInCategory | null>>;

type Table = typeof PERSPECTIVE_LABELS;
/** What may be asked for. */
export type HarmfulAttribute = { [Name in keyof Table]: Table[Name] extends null ? never : Name }[keyof Table];

export const HARMFUL_ATTRIBUTES = Object.entries(PERSPECTIVE_LABELS).flatMap(
  ([name, category]) => (category === null ? [] : [name as HarmfulAttribute]), // just seen that it is no null
);
