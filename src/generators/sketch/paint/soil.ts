import { type Hex, lighter, mix } from "../colour.ts";
import { lit, tinted } from "../light.ts";
import { Random } from "../random.ts";
import { below, ellipse, n, opacity, type Point, polygon, rect, vertical } from "../svg.ts";
import type { Paper } from "./paper.ts";

/** The ground's two colours in this season, weather and light. */
export function groundColours({ plan, scene, light }: Paper): readonly [Hex, Hex] {
  const white =
    (scene.weather.has("snow") || scene.season === "winter") && plan.texture !== "craters" && plan.stage !== "street";
  const autumn = scene.season === "autumn" && (plan.texture === "grass" || plan.texture === "flowers");
  const colour = (hex: Hex, snow: Hex) => {
    const seasonal = white ? mix(hex, snow, 0.86) : autumn ? mix(hex, "#c99a45", 0.55) : hex;
    return lit(light, tinted(seasonal, scene.setting === "hills" ? undefined : scene.settingColour));
  };
  return [mix(colour(plan.ground[0], "#f5f9fc"), light.haze, 0.18), colour(plan.ground[1], "#d3e1ee")];
}

export function land(paper: Paper): string {
  const { width, height, horizon, seed } = paper;
  const random = new Random(seed, "land");
  const [far, near] = groundColours(paper);
  const gap = width / 6;
  const edge: Point[] = Array.from({ length: 9 }, (_, i) => [(i - 1) * gap, horizon + random.between(-5, 5)]);
  const fold = (share: number, colour: Hex) =>
    below(
      edge.map(([x]): Point => [x, horizon + (height - horizon) * (share + random.between(-0.06, 0.06))]),
      height + 4,
      colour,
      opacity(0.5),
    );
  const fade = vertical("land", [
    [0, far],
    [1, near],
  ]);
  return `<defs>${fade}</defs>${below(edge, height + 4, "url(#land)")}${fold(0.34, lighter(near, 0.08))}${fold(0.68, lighter(near, -0.05))}${texture(paper, horizon, height, near)}`;
}

/** Small marks that get larger towards the viewer. */
export function texture(paper: Paper, from: number, to: number, colour: Hex): string {
  const { width, plan, scene, light, seed } = paper;
  const random = new Random(seed, "texture");
  const snowy = scene.weather.has("snow") || scene.season === "winter" || plan.texture === "snow";
  const kind = snowy && plan.texture !== "craters" ? "snow" : plan.texture;
  const count = Math.min(240, Math.round((width / 512) * (kind === "craters" ? 16 : 60)));
  const petals: readonly [Hex, ...Hex[]] = ["#ffffff", "#ffd43b", "#ff8fab", "#c9a7ff", "#ff922b"];
  const leaves: readonly [Hex, ...Hex[]] = ["#e8590c", "#f08c00", "#c92a2a", "#d9a441"];
  let tufts = "";
  let rest = "";
  for (let i = 0; i < count; i++) {
    const depth = random.next() ** 0.8;
    const [x, y, s] = [random.between(0, width), from + (to - from) * (0.06 + 0.94 * depth), 2 + depth * 6];
    switch (kind) {
      case "grass":
      case "flowers":
        tufts += `M${n(x - s)} ${n(y)}q${n(s * 0.1)} ${n(-s)} ${n(-s * 0.3)} ${n(-s * 1.5)}q${n(s * 0.9)} ${n(s * 0.4)} ${n(s)} ${n(s * 0.9)}q0 ${n(-s * 1.2)} ${n(s * 0.5)} ${n(-s * 1.7)}q${n(s * 0.3)} ${n(s)} ${n(s * 0.2)} ${n(s * 2.3)}z`;
        if (kind === "flowers" && i % 2 === 0 && !scene.without.tags.has("flower")) {
          const petal = lit(light, random.pick(petals));
          rest +=
            ellipse(x + s, y - s, s * 0.5, s * 0.45, petal) + ellipse(x + s, y - s, s * 0.18, s * 0.16, "#ffd43b");
        }
        break;
      case "leaves":
        rest += ellipse(
          x,
          y,
          s * 0.75,
          s * 0.4,
          lit(light, random.pick(leaves)),
          ` transform="rotate(${Math.round(random.between(-40, 40))} ${n(x)} ${n(y)})"`,
        );
        break;
      case "sand":
        if (i % 2 === 0)
          tufts += `M${n(x - s * 2)} ${n(y)}q${n(s * 2)} ${n(-s * 0.6)} ${n(s * 4)} 0q${n(-s * 2)} ${n(-s * 0.1)} ${n(-s * 4)} 0z`;
        break;
      case "snow":
        if (i % 3 === 0) rest += ellipse(x, y, s * 3.2, s * 0.8, lighter(colour, 0.35), opacity(0.7));
        break;
      case "craters":
        rest +=
          ellipse(x, y, s * 4.4, s * 1.5, lighter(colour, -0.16)) +
          ellipse(x, y + s * 0.35, s * 4, s * 1.15, lighter(colour, 0.1));
        break;
      case "none":
        break;
      default:
        kind satisfies never;
    }
  }
  return (tufts === "" ? "" : `<path d="${tufts}" fill="${lighter(colour, -0.17)}" opacity=".55"/>`) + rest;
}

export function street(paper: Paper): string {
  const { width, height, horizon, light, scene } = paper;
  const depth = height - horizon;
  const [far, near] = groundColours(paper);
  const at = (share: number) => horizon + depth * share;
  const kerb = lit(light, "#c9ced6");
  const dash = Array.from({ length: Math.ceil(width / 130) + 1 }, (_, i) =>
    polygon(
      [
        [i * 130 - 8, at(0.6)],
        [i * 130 + 62, at(0.6)],
        [i * 130 + 56, at(0.645)],
        [i * 130 - 16, at(0.645)],
      ],
      lit(light, "#f7f3dc"),
      opacity(0.9),
    ),
  ).join("");
  const verge = scene.weather.has("snow") || scene.season === "winter" ? "#eef4f9" : "#7fb765";
  const fade = vertical("road", [
    [0, mix(far, light.haze, 0.15)],
    [1, near],
  ]);
  return `<defs>${fade}</defs>${rect(-4, horizon - 2, width + 8, depth * 0.16, lit(light, verge))}${rect(-4, at(0.12), width + 8, depth * 0.12, kerb)}${rect(-4, at(0.22), width + 8, depth * 0.03, lighter(kerb, -0.25))}${rect(-4, at(0.25), width + 8, depth * 0.76, "url(#road)")}${dash}`;
}
