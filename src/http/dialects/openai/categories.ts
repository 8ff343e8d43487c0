import type { BuiltInCategory, Category } from "../../../contract/categories.ts";

/** @see the schema `Moderation` of OpenAI's API: the categories of omni-moderation */
export const OPENAI_CATEGORIES = [
  "harassment",
  "harassment/threatening",
  "hate",
  "hate/threatening",
  "illicit",
  "illicit/violent",
  "self-harm",
  "self-harm/instructions",
  "self-harm/intent",
  "sexual",
  "sexual/minors",
  "violence",
  "violence/graphic",
] as const;
export type OpenAICategory = (typeof OPENAI_CATEGORIES)[number];

/** Where each of ours lands. `null`: OpenAI has no name for it, and it is told in the member `safelight` alone. */
const LANDS_IN = {
  sexual: "sexual",
  sexual_minors: "sexual/minors",
  suggestive: null,
  violence: "violence",
  gore: "violence/graphic",
  weapons: "illicit/violent",
  self_harm: "self-harm",
  hate: "hate",
  extremism: "hate",
  harassment: "harassment",
  shocking: "violence/graphic",
  drugs: "illicit",
  tobacco: null,
  alcohol: null,
  gambling: null,
  profanity: null,
  illegal_activity: "illicit",
  privacy: null,
  intellectual_property: null,
  misinformation: null,
  prompt_attack: null,
  unsafe: null,
} as const satisfies Record<BuiltInCategory, OpenAICategory | null>;

/**
 * OpenAI's name for something that was seen. A detector that speaks OpenAI's names itself says which of the finer ones it is
 * (`self-harm/intent`); nobody else can tell, and then it is the plain one.
 */
export function openaiCategory(category: Category, label: string | null | undefined): OpenAICategory | null {
  const lands: Readonly<Record<string, OpenAICategory | null>> = LANDS_IN;
  const plain = lands[category] ?? null;
  const own = OPENAI_CATEGORIES.find((name) => name === label);
  return own !== undefined && plain !== null && family(own) === family(plain) ? own : plain;
}

function family(name: OpenAICategory): string | undefined {
  return name.split("/", 1)[0];
}
