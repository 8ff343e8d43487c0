import type { BuiltInCategory, Category } from "../../../contract/categories.ts";

/**
 * What a picture is compared with to tell whether it belongs to a category. Each text is tried in all of {@link
 * TEMPLATES}.
 */
export interface Concept {
  /** Any of these makes the picture one of the category. */
  readonly prompts: readonly string[];
  /** What is near, and harmless: it speaks against the category, besides {@link NEUTRAL}. */
  readonly against: readonly string[];
}

export type Concepts = ReadonlyMap<Category, Concept>;

/** A concept stands for pictures of every manner: its vector lies between those of these sentences. */
export const TEMPLATES = [
  "{}",
  "a photo of {}",
  "a painting of {}",
  "a digital illustration of {}",
  "a cartoon of {}",
] as const;

/** What most pictures show. It speaks against every category. */
export const NEUTRAL = [
  "a landscape",
  "a city street",
  "the inside of a room",
  "a portrait of a person",
  "people talking to each other",
  "an animal",
  "a plant",
  "food on a plate",
  "a household object",
  "a vehicle",
  "a building",
  "an abstract pattern",
  "a page of text",
  "a chart or a diagram",
  "a plain background",
] as const;

/**
 * The concepts that ship: one table, to be read and disputed by people. The words are sober on purpose: they name what
 * is to be seen. What a category means is in `src/contract/categories.ts`.
 */
export const CONCEPTS = {
  violence: {
    prompts: [
      "a person beating another person",
      "people fighting with fists",
      "a person being stabbed",
      "a person being shot",
      "an armed attack on people",
      "a riot with burning cars",
    ],
    against: [
      "a boxing match with gloves and a referee",
      "children playing together",
      "people dancing",
      "people hugging",
      "a wrestling match in a sports hall",
      "a crowd at a concert",
    ],
  },
  gore: {
    prompts: [
      "an open wound with blood",
      "a person covered in blood",
      "a severed limb",
      "a mutilated body",
      "a pool of blood on the floor",
    ],
    against: [
      "red paint",
      "ketchup or tomato sauce",
      "a red dress",
      "raw meat in a kitchen",
      "a surgeon in an operating room",
      "a sunset with red light",
      "strawberries and cherries",
    ],
  },
  weapons: {
    prompts: [
      "a handgun",
      "an assault rifle",
      "a person aiming a gun",
      "a shotgun",
      "a combat knife held as a weapon",
      "a sword",
      "a hand grenade",
      "a bomb with a timer",
      "ammunition and bullets",
    ],
    against: [
      "a water pistol toy",
      "a kitchen knife on a cutting board",
      "cutlery on a table",
      "a power drill",
      "a hair dryer",
      "a camera with a long lens",
      "an umbrella",
      "a walking stick",
      "a tool box with tools",
      "a garden hose",
    ],
  },
  self_harm: {
    prompts: [
      "cuts on a person's wrist",
      "a person with a noose around the neck",
      "a noose hanging from a beam",
      "a person about to jump from a high roof",
      "a person swallowing a handful of pills",
    ],
    against: [
      "a wrist with a watch or a bracelet",
      "a tattoo on an arm",
      "a necklace or a tie around a neck",
      "a rope on a boat",
      "a person climbing a mountain",
      "a person taking a vitamin tablet with water",
      "a sad person sitting alone",
    ],
  },
  hate: {
    prompts: [
      "a swastika",
      "a nazi flag",
      "a person giving a nazi salute",
      "people in white hooded robes of the Ku Klux Klan",
      "a burning cross at a Ku Klux Klan rally",
    ],
    against: [
      "the flag of a country",
      "a person waving a hand",
      "a religious symbol in a temple",
      "a company logo",
      "a monk in a robe",
      "a cross in a church",
      "a geometric ornament",
    ],
  },
  extremism: {
    prompts: [
      "masked militants with rifles and a black flag",
      "the flag of a terrorist organisation",
      "a hostage kneeling before masked gunmen",
      "a suicide vest with explosives",
    ],
    against: [
      "soldiers of a regular army on parade",
      "police officers in uniform",
      "firefighters with masks",
      "sports fans with a flag",
      "a pirate flag on a toy ship",
      "a safety vest",
    ],
  },
  shocking: {
    prompts: [
      "a dead body",
      "a rotting corpse",
      "an emaciated starving person",
      "the wreck of a fatal car crash",
      "a dead animal torn apart",
    ],
    against: [
      "a sleeping person",
      "a skeleton in a museum",
      "a sleeping cat",
      "a Halloween decoration",
      "a parked car",
      "a thin fashion model",
    ],
  },
  drugs: {
    prompts: [
      "lines of cocaine on a mirror",
      "a syringe with heroin and a spoon",
      "a marijuana joint",
      "cannabis buds in a bag",
      "a bong for smoking cannabis",
      "a person injecting drugs",
      "ecstasy tablets",
    ],
    against: [
      "a vaccination by a nurse",
      "sugar or flour on a table",
      "kitchen herbs",
      "a green leaf of a tree",
      "coloured candies",
      "a medicine cabinet",
      "a glass vase",
      "a cup of tea",
    ],
  },
  tobacco: {
    prompts: [
      "a cigarette",
      "a person smoking a cigarette",
      "a cigar",
      "a pack of cigarettes",
      "an ashtray with cigarette butts",
      "a person vaping an e-cigarette",
      "a tobacco pipe",
    ],
    against: [
      "a pencil",
      "chalk",
      "a candle with smoke",
      "steam from a cup of coffee",
      "a lollipop",
      "a straw in a drink",
      "fog over a lake",
      "a thermometer",
    ],
  },
  alcohol: {
    prompts: [
      "a glass of beer",
      "a bottle of wine",
      "a glass of red wine",
      "a cocktail at a bar",
      "a bottle of whisky",
      "people drinking alcohol at a party",
      "champagne glasses",
    ],
    against: [
      "a glass of water",
      "a cup of coffee",
      "a glass of orange juice",
      "a bottle of milk",
      "a soft drink can",
      "a bottle of olive oil",
      "an empty vase",
      "a perfume bottle",
    ],
  },
  gambling: {
    prompts: [
      "a slot machine",
      "a roulette table in a casino",
      "poker chips and playing cards",
      "people gambling in a casino",
      "a blackjack table",
      "a lottery ticket",
    ],
    against: [
      "a chess board",
      "a board game for children",
      "an arcade video game",
      "coins and a purse",
      "a vending machine",
      "a jigsaw puzzle",
      "a shop counter",
    ],
  },
  profanity: {
    prompts: ["a hand showing the middle finger", "a person giving the middle finger"],
    against: [
      "a hand showing a thumbs up",
      "a hand showing the victory sign",
      "a waving hand",
      "a pointing index finger",
      "a hand holding a pen",
      "a foam hand of a sports fan",
    ],
  },
} as const satisfies Partial<Record<BuiltInCategory, Concept>>;

export type ConceptCategory = keyof typeof CONCEPTS;
export const CONCEPT_CATEGORIES = Object.keys(CONCEPTS) as readonly ConceptCategory[];
