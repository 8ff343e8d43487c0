import { type BuiltInCategory, type Category, categoryTitle } from "../../../contract/categories.ts";
import type { Finding } from "../../../contract/report.ts";

/** Rekognition's moderation taxonomy 7: each label under the one above it. */
const TAXONOMY: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  Explicit: {
    "Explicit Nudity": [
      "Exposed Male Genitalia",
      "Exposed Female Genitalia",
      "Exposed Buttocks or Anus",
      "Exposed Female Nipple",
    ],
    "Explicit Sexual Activity": [],
    "Sex Toys": [],
  },
  "Non-Explicit Nudity of Intimate parts and Kissing": {
    "Non-Explicit Nudity": [
      "Bare Back",
      "Exposed Male Nipple",
      "Partially Exposed Buttocks",
      "Partially Exposed Female Breast",
      "Implied Nudity",
    ],
    "Obstructed Intimate Parts": ["Obstructed Female Nipple", "Obstructed Male Genitalia"],
    "Kissing on the Lips": [],
  },
  "Swimwear or Underwear": { "Female Swimwear or Underwear": [], "Male Swimwear or Underwear": [] },
  Violence: {
    Weapons: [],
    "Graphic Violence": ["Weapon Violence", "Physical Violence", "Self-Harm", "Blood & Gore", "Explosions and Blasts"],
  },
  "Visually Disturbing": { "Death and Emaciation": ["Emaciated Bodies", "Corpses"], Crashes: ["Air Crash"] },
  "Drugs & Tobacco": { Products: ["Pills"], "Drugs & Tobacco Paraphernalia & Use": ["Smoking"] },
  Alcohol: { "Alcohol Use": ["Drinking"], "Alcoholic Beverages": [] },
  "Rude Gestures": { "Middle Finger": [] },
  Gambling: {},
  "Hate Symbols": { "Nazi Party": [], "White Supremacy": [], Extremist: [] },
};

/** From each label up to the top: `Corpses`, `Death and Emaciation`, `Visually Disturbing`. */
const PATHS: ReadonlyMap<string, readonly string[]> = new Map<string, readonly string[]>(
  Object.entries(TAXONOMY).flatMap(([top, middle]) => [
    [top, [top]] as const,
    ...Object.entries(middle).flatMap(([second, thirds]) => [
      [second, [second, top]] as const,
      ...thirds.map((third) => [third, [third, second, top]] as const),
    ]),
  ]),
);

/** The label that says the same as a category, as exactly as the category does. What the taxonomy has no place for has none. */
const LABELS: Readonly<Record<BuiltInCategory, string | undefined>> = {
  sexual: "Explicit Nudity",
  sexual_minors: "Explicit",
  suggestive: "Non-Explicit Nudity",
  violence: "Physical Violence",
  gore: "Blood & Gore",
  weapons: "Weapons",
  self_harm: "Self-Harm",
  hate: "Hate Symbols",
  extremism: "Extremist",
  harassment: undefined,
  shocking: "Visually Disturbing",
  drugs: "Products",
  tobacco: "Smoking",
  alcohol: "Alcoholic Beverages",
  gambling: "Gambling",
  profanity: "Rude Gestures",
  illegal_activity: undefined,
  privacy: undefined,
  intellectual_property: undefined,
  misinformation: undefined,
  prompt_attack: undefined,
  unsafe: undefined,
};

export interface ModerationLabel {
  /** 0 to 100. */
  readonly Confidence: number;
  readonly Name: string;
  /** Empty at the top. */
  readonly ParentName: string;
  readonly TaxonomyLevel: number;
}

/**
 * Findings as Rekognition lists labels: each with those above it, and each once, with its highest confidence. Where a finding has a label
 * of the taxonomy, that one is kept; a category that the taxonomy has no place for becomes a label of its own at the top, so that
 * nothing that was seen is left out.
 */
export function moderationLabels(
  findings: readonly Pick<Finding, "category" | "score" | "label">[],
): readonly ModerationLabel[] {
  const labels = new Map<string, ModerationLabel>();
  for (const finding of findings) {
    const path = pathOf(finding);
    const Confidence = finding.score * 100;
    for (const [index, Name] of path.entries()) {
      if ((labels.get(Name)?.Confidence ?? -1) >= Confidence) continue;
      labels.set(Name, { Confidence, Name, ParentName: path[index + 1] ?? "", TaxonomyLevel: path.length - index });
    }
  }
  return [...labels.values()].sort((a, b) => b.Confidence - a.Confidence);
}

function pathOf({ category, label }: Pick<Finding, "category" | "label">): readonly string[] {
  const own = label?.split(/\s*[/>]\s*/).findLast((part) => PATHS.has(part));
  return PATHS.get(own ?? labelOf(category) ?? "") ?? [titleOf(category)];
}

function labelOf(category: Category): string | undefined {
  const labels: Readonly<Record<string, string | undefined>> = LABELS;
  return labels[category];
}

function titleOf(category: Category): string {
  const title = categoryTitle(category);
  return title.charAt(0).toUpperCase() + title.slice(1);
}
