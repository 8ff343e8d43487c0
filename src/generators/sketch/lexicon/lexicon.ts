import type { Hex } from "../colour.ts";
import { GROUPS, type Group, type Place } from "./subjects.ts";
import { THINGS } from "./things.ts";
import {
  COLLECTIONS,
  COLOUR_OR_THING,
  COLOURS,
  FLIGHT,
  JOINS,
  type Join,
  KNOWN_WITHOUT_MEANING,
  NEGATIONS,
  NUMBERS,
  POSES,
  SEASON_WORDS,
  SETTING_WORDS,
  type Season,
  type SettingName,
  SIZES,
  type Size,
  SKY_WORDS,
  type SkyThing,
  STYLE_WORDS,
  type Style,
  TAG_WORDS,
  type Tag,
  TIME_WORDS,
  type Time,
  WEATHER_WORDS,
  type Weather,
} from "./words.ts";

/** Something that can stand in a picture. */
export interface Sprite {
  readonly icon: string;
  /** Height beside a grown person, who is 1. */
  readonly size: number;
  readonly place: Place;
  readonly setting: SettingName;
  readonly tags: readonly string[];
}

/** All that a word or a phrase says. Most say one thing; "winter" is a season and its weather. */
export interface Meaning {
  sprite?: Sprite;
  /** Things that one word stands for together. */
  several?: readonly Sprite[];
  /** Changes a person who was named before. */
  pose?: Sprite;
  flight?: true;
  setting?: SettingName;
  time?: Time;
  weather?: Weather;
  season?: Season;
  sky?: SkyThing;
  style?: Style;
  colour?: Hex;
  /** Also the name of a thing: a colour only when a noun follows. */
  colourBeforeNoun?: Hex;
  count?: number;
  size?: Size;
  join?: Join;
  negation?: true;
  tag?: Tag;
}

/** Words in the longest phrase that means something. */
export const LONGEST_PHRASE = 4;

const FACES: Readonly<Record<string, { icon: string; place: Place }>> = {
  cat: { icon: "cat-face", place: "head" },
  "black-cat": { icon: "cat-face", place: "head" },
  dog: { icon: "dog-face", place: "head" },
  rabbit: { icon: "rabbit-face", place: "head" },
  pig: { icon: "pig-face", place: "head" },
  cow: { icon: "cow-face", place: "head" },
  tiger: { icon: "tiger-face", place: "head" },
  mouse: { icon: "mouse-face", place: "head" },
  monkey: { icon: "monkey-face", place: "head" },
  horse: { icon: "horse-face", place: "bust" },
  dragon: { icon: "dragon-face", place: "bust" },
  "baby-chick": { icon: "front-facing-baby-chick", place: "stand" },
  "person-standing": { icon: "person", place: "head" },
  "man-standing": { icon: "man", place: "head" },
  "woman-standing": { icon: "woman", place: "head" },
};

const LINE = /^([a-z0-9-]+)\*([\d.]+)(?:@([a-z-]+))?(?: (stand|float|swim|fly|bust|head))?:(.*)$/;

const entries = new Map<string, Meaning>();
const sprites = new Map<string, Sprite>();

for (const group of [...GROUPS, ...THINGS]) for (const line of group.lines.trim().split("\n")) addSprite(group, line);
addTable(SETTING_WORDS, (setting) => ({ setting }));
addTable(TIME_WORDS, (time) => ({ time }));
addTable(WEATHER_WORDS, (weather) => ({ weather }));
addTable(SEASON_WORDS, (season) => ({ season }));
addTable(SKY_WORDS, (sky) => ({ sky }));
addTable(STYLE_WORDS, (style) => ({ style }));
addTable(COLOURS, (colour) => ({ colour }));
addTable(NUMBERS, (count) => ({ count: Number(count) }));
addTable(SIZES, (size) => ({ size }));
addTable(JOINS, (join) => ({ join }));
addTable(TAG_WORDS, (tag) => ({ tag }));
for (const [word, colourBeforeNoun] of Object.entries(COLOUR_OR_THING)) add(word, { colourBeforeNoun });
for (const [list, icons] of Object.entries(COLLECTIONS)) {
  const several = words(icons).flatMap((icon) => sprites.get(icon) ?? []);
  for (const word of words(list)) add(word, { several });
}
for (const [icon, list] of Object.entries(POSES)) {
  const pose = sprites.get(icon);
  if (pose) for (const word of words(list)) add(word, { pose });
}
for (const word of words(FLIGHT)) add(word, { flight: true });
for (const word of NEGATIONS) add(word, { negation: true });
for (const word of words(KNOWN_WITHOUT_MEANING)) add(word, {});

function addSprite(group: Group, line: string): void {
  const [, icon = "", size, setting, place, synonyms = ""] = LINE.exec(line) ?? [];
  if (icon === "") throw new Error(`not a line of the lexicon: ${line}`);
  const sprite: Sprite = {
    icon,
    size: Number(size),
    place: (place as Place | undefined) ?? group.place,
    setting: (setting ?? group.setting) as SettingName,
    tags: group.tags,
  };
  sprites.set(icon, sprite);
  for (const word of [icon.replaceAll("-", " "), ...words(synonyms)]) add(word, { sprite });
}

function addTable<K extends string>(table: Readonly<Record<K, string>>, meaning: (key: K) => Meaning): void {
  for (const [key, list] of Object.entries<string>(table)) for (const word of words(list)) add(word, meaning(key as K));
}

function add(phrase: string, meaning: Meaning): void {
  entries.set(phrase, { ...meaning, ...entries.get(phrase) });
}

function words(list: string): string[] {
  return list.split(",").flatMap((word) => (word.trim() === "" ? [] : [word.trim()]));
}

const IRREGULAR: Readonly<Record<string, string>> = {
  mice: "mouse",
  geese: "goose",
  people: "person",
  children: "child",
  men: "man",
  women: "woman",
  wolves: "wolf",
  leaves: "leaf",
  fishermen: "fisherman",
};
const ALWAYS_MANY: ReadonlySet<string> = new Set(["crowd", "audience", "tourists", "school of fish"]);

/** What a phrase in lower case means, and whether it speaks of several. */
export function look(phrase: string): { meaning: Meaning; plural: boolean } | undefined {
  const exact = entries.get(phrase);
  for (const singular of singulars(phrase)) {
    const meaning = entries.get(singular);
    if (!meaning) continue;
    if (exact === undefined) return { meaning, plural: true };
    if (meaning.sprite && (exact.sprite === meaning.sprite || (!exact.sprite && exact.tag))) {
      return { meaning: { ...meaning, ...exact }, plural: true };
    }
  }
  return exact && { meaning: exact, plural: ALWAYS_MANY.has(phrase) };
}

function singulars(phrase: string): readonly string[] {
  const cut = phrase.lastIndexOf(" ") + 1;
  const word = phrase.slice(cut);
  const irregular = Object.hasOwn(IRREGULAR, word) ? IRREGULAR[word] : undefined;
  const forms = [
    irregular,
    word.endsWith("ies") ? `${word.slice(0, -3)}y` : undefined,
    word.endsWith("ves") ? `${word.slice(0, -3)}f` : undefined,
    word.endsWith("es") ? word.slice(0, -2) : undefined,
    word.length > 3 && word.endsWith("s") && !word.endsWith("ss") ? word.slice(0, -1) : undefined,
  ];
  return forms.flatMap((form) => (form === undefined ? [] : [phrase.slice(0, cut) + form]));
}

export function spriteOf(icon: string): Sprite | undefined {
  return sprites.get(icon);
}

/** The thing seen from nearby, where there is such a drawing. */
export function faceOf(sprite: Sprite): Sprite {
  const face = FACES[sprite.icon];
  return face ? { ...sprite, ...face } : sprite;
}

/** Every icon that a prompt can ask for. */
export function iconsOfLexicon(): readonly string[] {
  return [...sprites.keys(), ...Object.values(FACES).map(({ icon }) => icon)];
}
