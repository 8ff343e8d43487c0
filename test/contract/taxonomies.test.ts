import { describe, expect, test } from "vitest";
import {
  BUILT_IN_CATEGORIES,
  type BuiltInCategory,
  CategorySchema,
  isCategory,
} from "../../src/contract/categories.ts";

const REKOGNITION_7: Record<string, BuiltInCategory> = {
  Explicit: "sexual",
  "Explicit Nudity": "sexual",
  "Exposed Male Genitalia": "sexual",
  "Exposed Female Genitalia": "sexual",
  "Exposed Buttocks or Anus": "sexual",
  "Exposed Female Nipple": "sexual",
  "Explicit Sexual Activity": "sexual",
  "Sex Toys": "sexual",
  "Non-Explicit Nudity of Intimate parts and Kissing": "suggestive",
  "Non-Explicit Nudity": "suggestive",
  "Bare Back": "suggestive",
  "Exposed Male Nipple": "suggestive",
  "Partially Exposed Buttocks": "suggestive",
  "Partially Exposed Female Breast": "suggestive",
  "Implied Nudity": "suggestive",
  "Obstructed Intimate Parts": "suggestive",
  "Obstructed Female Nipple": "suggestive",
  "Obstructed Male Genitalia": "suggestive",
  "Kissing on the Lips": "suggestive",
  "Swimwear or Underwear": "suggestive",
  "Female Swimwear or Underwear": "suggestive",
  "Male Swimwear or Underwear": "suggestive",
  Violence: "violence",
  Weapons: "weapons",
  "Graphic Violence": "gore",
  "Weapon Violence": "violence",
  "Physical Violence": "violence",
  "Self-Harm": "self_harm",
  "Blood & Gore": "gore",
  "Explosions and Blasts": "violence",
  "Visually Disturbing": "shocking",
  "Death and Emaciation": "shocking",
  "Emaciated Bodies": "shocking",
  Corpses: "shocking",
  Crashes: "shocking",
  "Air Crash": "shocking",
  "Drugs & Tobacco": "drugs",
  Products: "drugs",
  Pills: "drugs",
  "Drugs & Tobacco Paraphernalia & Use": "drugs",
  Smoking: "tobacco",
  Alcohol: "alcohol",
  "Alcohol Use": "alcohol",
  Drinking: "alcohol",
  "Alcoholic Beverages": "alcohol",
  "Rude Gestures": "profanity",
  "Middle Finger": "profanity",
  Gambling: "gambling",
  "Hate Symbols": "hate",
  "Nazi Party": "extremism",
  "White Supremacy": "extremism",
  Extremist: "extremism",
};

const OPENAI: Record<string, BuiltInCategory> = {
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
};

const AZURE: Record<string, BuiltInCategory> = {
  Hate: "hate",
  SelfHarm: "self_harm",
  Sexual: "sexual",
  Violence: "violence",
};

const MLCOMMONS: Record<string, BuiltInCategory> = {
  "violent crimes": "violence",
  "non-violent crimes": "illegal_activity",
  "sex-related crimes": "sexual",
  "child sexual exploitation": "sexual_minors",
  "indiscriminate weapons (CBRNE)": "weapons",
  "suicide and self-harm": "self_harm",
  hate: "hate",
  "specialized advice": "misinformation",
  privacy: "privacy",
  "intellectual property": "intellectual_property",
  defamation: "misinformation",
  "sexual content": "sexual",
};

describe("the categories", () => {
  test.each([
    ["Rekognition 7", REKOGNITION_7, 52],
    ["OpenAI", OPENAI, 13],
    ["Azure", AZURE, 4],
    ["MLCommons", MLCOMMONS, 12],
  ])("have a place for every label of %s", (_name, table, labels) => {
    expect(Object.keys(table)).toHaveLength(labels);
    for (const category of Object.values(table)) expect(BUILT_IN_CATEGORIES).toContain(category);
  });

  test.each(["sexual", "custom:our-mascot", "custom:a.b_c-1"])("%s is one", (value) => {
    expect(isCategory(value)).toBe(true);
    expect(CategorySchema.parse(value)).toBe(value);
  });

  test.each(["Sexual", "custom:", "custom:Has Space", `custom:${"x".repeat(65)}`, "other", "toString", ""])(
    "%j is none",
    (value) => {
      expect(isCategory(value)).toBe(false);
      expect(CategorySchema.safeParse(value).success).toBe(false);
    },
  );
});
