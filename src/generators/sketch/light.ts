import { fromOklch, type Hex, lighter, mix, multiply, oklchOf } from "./colour.ts";
import type { Style, Time } from "./lexicon/words.ts";
import type { Random } from "./random.ts";
import type { Scene } from "./scene.ts";

/** The light that everything in the picture is seen by. */
export interface Light {
  /** From the zenith to the horizon. */
  readonly sky: readonly [Hex, Hex, Hex];
  /** What the far distance fades to. */
  readonly haze: Hex;
  /** Of the light on things; white by day. */
  readonly lamp: Hex;
  /** How much of the lamp's colour things take. */
  readonly strength: number;
  readonly cloud: Hex;
  readonly dark: boolean;
}

type Skies = readonly [readonly [Hex, Hex, Hex], ...(readonly [Hex, Hex, Hex])[]];

const SKIES: Readonly<Record<Time, Skies>> = {
  dawn: [
    ["#6f9bd8", "#f6c7b6", "#ffe3b0"],
    ["#8a8fd6", "#f3b7c6", "#ffdfae"],
  ],
  day: [
    ["#3f9be8", "#86c8f5", "#dff3fb"],
    ["#2f86d8", "#74b9ee", "#cfeaf7"],
    ["#52b1e6", "#9bd9ee", "#f0f7e4"],
  ],
  sunset: [
    ["#3d3a7c", "#d9597a", "#ffb663"],
    ["#50458f", "#ef6f5c", "#ffd07a"],
    ["#2f4a8a", "#e0789a", "#ffc98a"],
  ],
  dusk: [
    ["#1d2357", "#5b4a94", "#e58fa0"],
    ["#17305c", "#4a609e", "#e8a58c"],
  ],
  night: [
    ["#0a1033", "#16235a", "#33498a"],
    ["#0d0f2e", "#231f5c", "#4a3f86"],
    ["#07152e", "#12305a", "#2f5c86"],
  ],
};

const LAMPS: Readonly<Record<Time, readonly [Hex, number]>> = {
  dawn: ["#ffe6cf", 0.5],
  day: ["#ffffff", 0],
  sunset: ["#ffc09a", 0.55],
  dusk: ["#a99ad6", 0.65],
  night: ["#7c90d2", 0.64],
};

/** Styles that draw on white paper, at night too. */
const LINES: ReadonlySet<Style> = new Set(["pencil", "ink", "blueprint"]);

export function lightOf(scene: Scene, random: Random): Light {
  const { time, weather, style } = scene;
  const dark = time === "night" || time === "dusk";
  let sky = random.pick(SKIES[style !== undefined && LINES.has(style) ? "day" : time]);
  if (style === "neon") sky = dark ? ["#0b0628", "#3a0f6b", "#ff2e93"] : ["#2a1a6b", "#a12bb5", "#ff9a5c"];
  const grey = weather.has("storm")
    ? 0.72
    : weather.has("rain")
      ? 0.6
      : weather.has("cloudy") || weather.has("fog")
        ? 0.5
        : weather.has("snow")
          ? 0.35
          : 0;
  const overcast: Hex = dark ? "#2a3142" : weather.has("storm") ? "#5b6678" : "#b9c4cf";
  const [top, middle, low] = sky.map((colour) => mix(colour, overcast, grey)) as [Hex, Hex, Hex];
  const paint = scene.setting === "sky" || scene.setting === "hills" ? scene.settingColour : undefined;
  const painted: readonly [Hex, Hex, Hex] = paint
    ? [lighter(paint, -0.25), paint, lighter(paint, 0.45)]
    : [top, middle, low];
  const [lamp, strength] = style !== undefined && LINES.has(style) ? LAMPS.day : LAMPS[time];
  return {
    sky: painted,
    haze: mix(painted[2], painted[1], 0.25),
    lamp: style === "neon" && dark ? "#9a6bff" : lamp,
    strength,
    cloud: mix(mix("#ffffff", painted[2], dark ? 0.75 : 0.12), overcast, grey * 0.7),
    dark,
  };
}

/** A colour as it looks in this light, the paler the further away (0 near, 1 at the horizon). */
export function lit(light: Light, colour: Hex, distance = 0): Hex {
  const seen = light.strength === 0 ? colour : mix(colour, multiply(colour, light.lamp), light.strength);
  return distance === 0 ? seen : mix(seen, light.haze, distance);
}

/** Ground that takes the season's or the prompt's colour, and still looks like ground. */
export function tinted(colour: Hex, tint: Hex | undefined): Hex {
  if (tint === undefined) return colour;
  const to = oklchOf(tint);
  const from = oklchOf(colour);
  return fromOklch({ l: from.l * 0.45 + to.l * 0.55, c: to.c * 0.85, h: to.h });
}
