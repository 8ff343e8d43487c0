import type { Hex } from "./colour.ts";
import type { Sprite } from "./lexicon/lexicon.ts";
import type { Season, SettingName, SkyThing, Style, Time, Weather } from "./lexicon/words.ts";

/** One kind of thing that the prompt asks for. */
export interface Subject {
  readonly sprite: Sprite;
  readonly count: number;
  /** It was named by its plural or a number. */
  readonly many: boolean;
  readonly colour?: Hex;
  /** 1 unless the prompt says "tiny" or "huge". */
  readonly scale: number;
  readonly rides?: Subject;
  readonly wears: readonly Sprite[];
  readonly holds?: Sprite;
}

/** What a prompt asks for, without anything about where it is on the paper. */
export interface Scene {
  readonly subjects: readonly Subject[];
  readonly setting: SettingName;
  /** Others that were named: mountains behind a lake. */
  readonly behind: readonly SettingName[];
  readonly time: Time;
  readonly weather: ReadonlySet<Weather>;
  readonly season: Season;
  readonly sky: ReadonlySet<SkyThing>;
  readonly style: Style | undefined;
  /** "a purple sky", "a green room". */
  readonly settingColour: Hex | undefined;
  readonly closeUp: boolean;
  readonly without: Without;
}

/** What the negative prompt takes away. */
export interface Without {
  readonly icons: ReadonlySet<string>;
  readonly tags: ReadonlySet<string>;
}

/** What is held by a string or a stick, and reaches above the head. */
export const ALOFT: ReadonlySet<string> = new Set(["balloon", "kite", "umbrella", "parachute"]);
