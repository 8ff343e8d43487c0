import type { Hex } from "./colour.ts";
import { faceOf, LONGEST_PHRASE, look, type Meaning, type Sprite, spriteOf } from "./lexicon/lexicon.ts";
import type { Join, Season, SettingName, Size, SkyThing, Style, Time, Weather } from "./lexicon/words.ts";
import { Random } from "./random.ts";
import { ALOFT, type Scene, type Subject } from "./scene.ts";

const MOST_WORDS = 400;
const MOST_SUBJECTS = 6;
/** A colour or a number belongs to the thing at most this many unknown words further on. */
const REACH = 2;
const SCALES: Readonly<Record<Size, number>> = { tiny: 0.5, small: 0.72, big: 1.3, huge: 1.75 };

const WEARABLE = new Set([
  "top-hat",
  "crown",
  "sunglasses",
  "glasses",
  "womans-hat",
  "billed-cap",
  "graduation-cap",
  "headphone",
  "scarf",
]);

/** Where several settings are named, the first of these is the stage and the others are seen behind it. */
const STAGE_ORDER: readonly SettingName[] = [
  ...(["underwater", "moon", "mars", "space", "kitchen", "room", "table", "beach", "lake", "river", "sea"] as const),
  ...(["street", "japan", "bamboo", "jungle", "savanna", "desert", "snow", "autumn-park", "forest", "farm"] as const),
  ...(["garden", "park", "castle", "city", "mountains", "meadow", "field", "hills", "sky"] as const),
];

/** Where no sky is seen, and the light is the day's unless it is said. */
const INDOORS: ReadonlySet<SettingName> = new Set(["room", "kitchen", "table", "underwater"]);

const PLAIN_PEOPLE = new Set(["person-standing", "man-standing", "woman-standing"]);

interface MutableSubject {
  sprite: Sprite;
  count: number;
  many: boolean;
  colour?: Hex;
  scale: number;
  rides?: MutableSubject;
  wears: Sprite[];
  holds?: Sprite;
}

/** Everything found in a text, in order. */
interface Found {
  readonly subjects: MutableSubject[];
  readonly settings: SettingName[];
  readonly times: Time[];
  readonly weathers: Weather[];
  readonly seasons: Season[];
  readonly sky: SkyThing[];
  readonly styles: Style[];
  readonly colours: Hex[];
  readonly tags: string[];
  readonly icons: string[];
  settingColour: Hex | undefined;
  readonly denied: Meaning[];
}

/** Reads a prompt and a negative prompt. What both leave open is decided by the seed. */
export function readScene(prompt: string, negativePrompt: string, seed: number): Scene {
  const random = new Random(seed, "scene");
  const asked = find(prompt, random);
  const refused = find(negativePrompt, random);
  for (const meaning of asked.denied) record(refused, meaning);
  const refusedIcons = new Set(refused.icons);
  const refusedTags = new Set(refused.tags);
  const keep = <T>(wanted: readonly T[], unwanted: readonly T[]) => wanted.filter((one) => !unwanted.includes(one));
  const unwanted = ({ icon, tags }: Sprite) => refusedIcons.has(icon) || tags.some((tag) => refusedTags.has(tag));

  const subjects = asked.subjects
    .filter(({ sprite }) => !unwanted(sprite))
    .map((subject) => settle(subject, unwanted, refused));
  const style = keep(asked.styles, refused.styles)[0];
  const sky = new Set(keep(asked.sky, refused.sky));
  const weather = new Set(keep(asked.weathers, refused.weathers));
  if (refusedTags.has("cloud")) weather.delete("cloudy");
  const settings = keep(asked.settings, refused.settings).toSorted(
    (a, b) => STAGE_ORDER.indexOf(a) - STAGE_ORDER.indexOf(b),
  );
  const times = keep(asked.times, refused.times);
  const season = keep(asked.seasons, refused.seasons)[0] ?? (weather.has("snow") ? "winter" : "summer");
  const understood =
    subjects.length + settings.length + times.length + weather.size + sky.size + asked.seasons.length > 0;

  const home = keep(subjects.map(homeOf), refused.settings);
  const outdoors = sky.size + weather.size > 0;
  const setting =
    settings[0] ?? home.find((name) => !(outdoors && INDOORS.has(name))) ?? (understood ? "hills" : "abstract");
  const night = keep<Time>(["night"], refused.times)[0];
  const glow =
    sky.has("moon") || sky.has("stars") || sky.has("aurora") || sky.has("fireworks") || sky.has("shooting-star");
  const free = keep<Time>(
    INDOORS.has(setting) ? ["day"] : ["day", "day", "day", "day", "dawn", "sunset"],
    refused.times,
  );
  return {
    subjects,
    setting: setting === "forest" && season === "autumn" ? "autumn-park" : setting,
    behind: settings.slice(1),
    time: times[0] ?? ((glow || style === "neon") && night ? night : (free[random.whole(0, free.length - 1)] ?? "day")),
    weather,
    season,
    sky,
    style,
    settingColour:
      asked.settingColour !== undefined && !refused.colours.includes(asked.settingColour)
        ? asked.settingColour
        : undefined,
    closeUp: /\b(?:portrait|close[- ]?up|headshot|face of|selfie)\b/i.test(prompt),
    without: { icons: refusedIcons, tags: refusedTags },
  };
}

/** A vase of flowers stands where vases do; who rides a horse brings the horse along. */
function homeOf({ sprite, rides }: Subject): SettingName {
  return rides?.sprite.place === "table" ? rides.sprite.setting : sprite.setting;
}

function settle(subject: MutableSubject, unwanted: (sprite: Sprite) => boolean, refused: Found): Subject {
  const { colour, rides, holds, ...rest } = subject;
  return {
    ...rest,
    wears: subject.wears.filter((sprite) => !unwanted(sprite)),
    ...(colour === undefined || refused.colours.includes(colour) ? {} : { colour }),
    ...(holds === undefined || unwanted(holds) ? {} : { holds }),
    ...(rides === undefined || unwanted(rides.sprite) ? {} : { rides: settle(rides, unwanted, refused) }),
  };
}

function find(text: string, random: Random): Found {
  const found: Found = {
    ...{ subjects: [], settings: [], times: [], weathers: [], seasons: [], sky: [], styles: [], colours: [], tags: [] },
    ...{ icons: [], denied: [], settingColour: undefined },
  };
  const words = wordsOf(text);
  let pending: { colour?: Hex; count?: number; size?: Size; negation?: true; age: number } = { age: 0 };
  let join: { kind: Join; age: number } | undefined;
  for (let at = 0; at < words.length; ) {
    const { length, meaning, plural } = longest(words, at);
    at += length;
    if (words[at - 1] === ",") {
      pending = { age: 0 };
      join = undefined;
      continue;
    }
    if (!meaning) {
      if (++pending.age > REACH) pending = { age: 0 };
      if (join && ++join.age > REACH + 1) join = undefined;
      continue;
    }
    const noun = nameable(longest(words, at).meaning);
    const colour = meaning.colour ?? (noun ? meaning.colourBeforeNoun : undefined);
    const last = found.subjects.at(-1);
    if (meaning.pose && last && PLAIN_PEOPLE.has(last.sprite.icon)) {
      last.sprite = meaning.pose;
    } else if (meaning.flight && last && !last.sprite.tags.includes("people") && !meaning.sprite) {
      last.sprite = { ...last.sprite, place: "fly" };
    } else if (meaning.negation) {
      pending = { negation: true, age: 0 };
    } else if (colour !== undefined) {
      pending = { ...pending, colour, age: 0 };
      found.colours.push(colour);
    } else if (meaning.count !== undefined) {
      pending = { ...pending, count: meaning.count, age: 0 };
    } else if (meaning.size !== undefined && (noun || !meaning.sprite)) {
      pending = { ...pending, size: meaning.size, age: 0 };
    } else if (meaning.join !== undefined) {
      join = { kind: meaning.join, age: 0 };
    } else if (pending.negation) {
      found.denied.push(meaning);
      pending = { age: 0 };
    } else {
      record(found, join?.kind === "on" && meaning.sky === "moon" ? { setting: "moon" } : meaning);
      if (meaning.setting !== undefined || meaning.time !== undefined) found.settingColour ??= pending.colour;
      if (meaning.sprite !== undefined) {
        addSubject(found, meaning.sprite, { ...pending, plural }, join?.kind, random);
      }
      for (const sprite of meaning.several ?? []) addSubject(found, sprite, { plural: false }, undefined, random);
      if (meaning.sprite ?? meaning.several ?? meaning.setting ?? meaning.sky) {
        pending = { age: 0 };
        join = undefined;
      }
    }
  }
  return found;
}

/** What an adjective can belong to. */
function nameable(meaning: Meaning | undefined): boolean {
  return (
    (meaning?.sprite ??
      meaning?.several ??
      meaning?.setting ??
      meaning?.colour ??
      meaning?.time ??
      meaning?.sky ??
      meaning?.weather) !== undefined
  );
}

function wordsOf(text: string): readonly string[] {
  const plain = text
    .slice(0, MOST_WORDS * 16)
    .normalize("NFKC")
    .toLowerCase()
    .replaceAll("'s", "");
  return (plain.replace(/[.;:!?\n]/g, ",").match(/[\p{L}\p{N}]+|,/gu) ?? []).slice(0, MOST_WORDS);
}

function longest(words: readonly string[], at: number): { length: number; meaning?: Meaning; plural: boolean } {
  for (let length = Math.min(LONGEST_PHRASE, words.length - at); length > 0; length--) {
    const known = look(words.slice(at, at + length).join(" "));
    if (known) return { length, ...known };
  }
  const word = words[at] ?? "";
  if (/^\d{1,2}$/.test(word))
    return { length: 1, meaning: { count: Math.min(12, Math.max(1, Number(word))) }, plural: false };
  return { length: 1, plural: false };
}

function record(
  found: Found,
  { sprite, several = [], setting, time, weather, season, sky, style, tag }: Meaning,
): void {
  for (const { icon } of sprite ? [sprite, ...several] : several) found.icons.push(icon);
  if (setting && !(sprite && setting !== "forest")) found.settings.push(setting);
  if (time) found.times.push(time);
  if (weather) found.weathers.push(weather);
  if (season) found.seasons.push(season);
  if (sky) found.sky.push(sky);
  if (style) found.styles.push(style);
  if (tag) found.tags.push(tag);
}

function addSubject(
  found: Found,
  sprite: Sprite,
  said: { colour?: Hex; count?: number; size?: Size; plural: boolean },
  join: Join | undefined,
  random: Random,
): void {
  const many = said.plural || (said.count ?? 1) > 1;
  const subject: MutableSubject = {
    sprite,
    count: said.count ?? (said.plural ? random.whole(2, 4) : 1),
    many,
    scale: said.size ? SCALES[said.size] : 1,
    wears: [],
    ...(said.colour === undefined ? {} : { colour: said.colour }),
  };
  const last = found.subjects.at(-1);
  if (last && (join === "wears" || join === "on" || last.wears.length > 0) && WEARABLE.has(sprite.icon)) {
    last.sprite = faceOf(last.sprite);
    last.wears.push(sprite);
  } else if (last && (join === "holds" || join === "wears") && !many && !last.holds && canHold(last, sprite)) {
    last.holds = sprite;
  } else if (last && join === "on" && !last.rides && canCarry(sprite, last.sprite)) {
    if (sprite.tags.includes("car")) last.sprite = faceOf(last.sprite);
    last.rides = sprite.icon === "sailboat" ? { ...subject, sprite: spriteOf("canoe") ?? sprite } : subject;
  } else if (found.subjects.length < MOST_SUBJECTS) {
    const same = found.subjects.find((known) => known.sprite.icon === sprite.icon && known.colour === subject.colour);
    if (!same) found.subjects.push(subject);
  }
}

function canHold({ sprite: holder, count }: MutableSubject, thing: Sprite): boolean {
  const living = holder.tags.includes("people") || holder.tags.includes("animal");
  return (
    living &&
    count === 1 &&
    holder.place !== "fly" &&
    (ALOFT.has(thing.icon) || (thing.place === "table" && thing.size < 0.75))
  );
}

function canCarry(carrier: Sprite, rider: Sprite): boolean {
  const kinds = ["animal", "vehicle", "household", "toy", "plant"];
  const building = rider.tags.includes("building") || rider.tags.includes("tree");
  return !building && carrier.size >= 0.3 && carrier.tags.some((tag) => kinds.includes(tag));
}
