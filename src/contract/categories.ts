import { z } from "zod";

/**
 * The closed list of harms. Amazon Rekognition's taxonomy 7, OpenAI's moderation categories, Azure AI Content Safety and
 * the MLCommons hazards all map onto it; `test/contract/taxonomies.test.ts` holds those tables.
 */
export const CATEGORIES = {
  sexual: "Explicit sexual content: nudity, sexual acts, sex toys.",
  sexual_minors: "Sexual content about anyone under 18.",
  suggestive: "Suggestive but not explicit: partial nudity, swimwear or underwear, kissing.",
  violence: "Physical violence, threats of it, and its glorification.",
  gore: "Graphic violence: blood, open wounds, mutilation.",
  weapons: "Weapons, from knives and guns to explosives and weapons of mass destruction.",
  self_harm: "Suicide, self-injury, eating disorders: depiction, intent or instructions.",
  hate: "Contempt for people because of who they are, and its symbols.",
  extremism: "Terrorist or extremist organisations, their symbols and propaganda.",
  harassment: "Insults, bullying, intimidation or threats aimed at a person.",
  shocking: "Visually disturbing: corpses, emaciation, crashes, disgust.",
  drugs: "Illegal drugs, misuse of medicines, paraphernalia.",
  tobacco: "Tobacco, smoking and vaping.",
  alcohol: "Alcoholic drinks and drinking.",
  gambling: "Gambling and betting.",
  profanity: "Rude words and rude gestures.",
  illegal_activity: "Crime other than the above: theft, fraud, trafficking, hacking; help with it.",
  privacy: "Private data of people, or a real person depicted without consent.",
  intellectual_property: "Protected characters, brands or works.",
  misinformation: "Deception: defamation, election falsehoods, dangerous specialised advice.",
  prompt_attack: "Attempts to talk a model or a filter out of its rules.",
  unsafe: "Harm of no stated kind: the overall verdict of a classifier that does not name one.",
} as const satisfies Record<string, string>;

export type BuiltInCategory = keyof typeof CATEGORIES;
export type CustomCategory = `custom:${string}`;
export type Category = BuiltInCategory | CustomCategory;

export const BUILT_IN_CATEGORIES = Object.keys(CATEGORIES) as readonly BuiltInCategory[];

const CUSTOM = /^custom:[a-z0-9][a-z0-9._-]{0,63}$/;

export const BuiltInCategorySchema = z.enum(BUILT_IN_CATEGORIES);
/** One of {@link CATEGORIES}, or `custom:<name>` where the name is 1 to 64 of `a-z 0-9 . _ -`. */
export const CategorySchema = z.union([
  BuiltInCategorySchema,
  z.string().regex(CUSTOM, { error: "must be one of the built-in categories, or custom:<name>" }),
]) as unknown as z.ZodType<Category, Category>;

export function isCategory(value: string): value is Category {
  return Object.hasOwn(CATEGORIES, value) || CUSTOM.test(value);
}

/** What a person reads: `self_harm` becomes "self harm", `custom:our-mascot` "our-mascot". */
export function categoryTitle(category: Category): string {
  return category.startsWith("custom:") ? category.slice("custom:".length) : category.replaceAll("_", " ");
}
