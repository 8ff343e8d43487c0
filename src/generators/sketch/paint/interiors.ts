import { type Hex, lighter, mix } from "../colour.ts";
import { lit, tinted } from "../light.ts";
import { Random } from "../random.ts";
import { ellipse, line, opacity, polygon, radial, rect, vertical } from "../svg.ts";
import type { Paper } from "./paper.ts";
import { ridges } from "./ridges.ts";
import { PLANS } from "./settings.ts";
import { sky } from "./sky.ts";

const WALLS: readonly [Hex, ...Hex[]] = ["#f3dcc2", "#cfe3df", "#e4d9ee", "#f2d9d5", "#dfe6c9", "#d3e0ee"];

function wallColour(paper: Paper, random: Random): Hex {
  return lit(paper.light, tinted(random.pick(WALLS), paper.scene.settingColour));
}

/** A wall with a window, a picture and a rug on a wooden floor. */
export function interior(paper: Paper): string {
  const { width, height, horizon, seed, plan, light } = paper;
  const random = new Random(seed, "room");
  const wall = wallColour(paper, random);
  const [far, near] = plan.ground.map((colour) => lit(light, colour)) as [Hex, Hex];
  const depth = height - horizon;
  const boards = Array.from({ length: Math.min(40, Math.ceil(width / 70) + 4) }, (_, i) => {
    const x = (i - 2) * 70;
    const lean = (x - width / 2) * 0.5;
    return line(
      [
        [x, horizon],
        [x + lean, height],
      ],
      lighter(near, -0.16),
      1.4,
      opacity(0.6),
    );
  }).join("");
  const left = random.chance(0.5);
  const [ww, wh] = [Math.min(width * 0.3, 170), Math.min(horizon * 0.52, 190)];
  const wx = left ? width * 0.1 : width * 0.9 - ww;
  const rug = random.pick(["#b5485a", "#3f7f8c", "#8a5ba8", "#d08a3c"] as const);
  const fade = vertical("floor", [
    [0, far],
    [1, near],
  ]);
  return (
    `<defs>${fade}</defs>${rect(0, 0, width, horizon, wall)}${stripes(width, horizon, wall)}${rect(0, horizon - 9, width, 11, lighter(wall, 0.5))}${rect(0, horizon, width, depth, "url(#floor)")}${boards}` +
    windowOf(paper, wx, horizon * 0.16, ww, wh) +
    frame(left ? width * 0.66 : width * 0.16, horizon * 0.2, Math.min(width * 0.18, 96), random) +
    ellipse(width / 2, horizon + depth * 0.6, width * 0.38, depth * 0.27, lit(light, rug)) +
    ellipse(width / 2, horizon + depth * 0.6, width * 0.34, depth * 0.225, lighter(lit(light, rug), 0.22)) +
    ellipse(width / 2, horizon + depth * 0.6, width * 0.31, depth * 0.195, lit(light, rug))
  );
}

/** A table before a blurred wall, as for a still life. */
export function tableTop(paper: Paper): string {
  const { width, height, horizon, seed, plan, light } = paper;
  const random = new Random(seed, "table");
  const wall = wallColour(paper, random);
  const [far, near] = plan.ground.map((colour) => lit(light, tinted(colour, undefined))) as [Hex, Hex];
  const depth = height - horizon;
  const glow = radial("lamp", [
    [0, "#ffffff", 0.55],
    [1, wall, 0],
  ]);
  const fade = vertical("board", [
    [0, mix(far, wall, 0.12)],
    [1, near],
  ]);
  const blur = Array.from({ length: 9 }, () => {
    const r = random.between(10, 38);
    return ellipse(
      random.between(0, width),
      random.between(0, horizon * 0.9),
      r,
      r,
      lighter(wall, random.between(0.2, 0.5)),
      opacity(0.45),
    );
  }).join("");
  const grain = Array.from({ length: 7 }, (_, i) => {
    const y = horizon + depth * (0.1 + (i / 7) * 0.9) + random.between(-4, 4);
    return line(
      [
        [-10, y],
        [width * 0.3, y + random.between(-5, 5)],
        [width * 0.7, y + random.between(-5, 5)],
        [width + 10, y],
      ],
      lighter(near, -0.14),
      1.6,
      opacity(0.5),
    );
  }).join("");
  const outside = paper.scene.behind.map((name) => PLANS[name]).find(({ ridges: list }) => list.length > 0);
  const behind = outside
    ? sky(paper) + ridges(paper, outside.ridges)
    : `${rect(0, 0, width, horizon, wall)}${wallOf(paper, wall, blur, random)}`;
  return `<defs>${glow}${fade}</defs>${behind}${ellipse(width * random.between(0.2, 0.8), horizon * 0.3, width * 0.5, horizon * 0.6, "url(#lamp)")}${polygon(
    [
      [-4, horizon],
      [width + 4, horizon],
      [width + 4, height + 4],
      [-4, height + 4],
    ],
    "url(#board)",
  )}${rect(-4, horizon, width + 8, 4, lighter(far, 0.28))}${grain}`;
}

function wallOf(paper: Paper, wall: Hex, blur: string, random: Random): string {
  const { width, horizon, scene } = paper;
  if (scene.setting !== "kitchen") return blur;
  const x = width * (random.chance(0.5) ? 0.08 : 0.6);
  return tiles(width, horizon, wall) + windowOf(paper, x, horizon * 0.12, Math.min(width * 0.32, 190), horizon * 0.55);
}

function stripes(width: number, horizon: number, wall: Hex): string {
  return Array.from({ length: Math.min(60, Math.ceil(width / 48)) }, (_, i) =>
    rect(i * 48, 0, 22, horizon, lighter(wall, 0.14), opacity(0.6)),
  ).join("");
}

function tiles(width: number, horizon: number, wall: Hex): string {
  let path = "";
  for (let y = 0; y < horizon; y += 34) path += `M0 ${y}h${Math.ceil(width)}`;
  for (let x = 0, i = 0; x < width && i < 120; x += 34, i++) path += `M${x} 0v${Math.ceil(horizon)}`;
  return `<path d="${path}" stroke="${lighter(wall, 0.45)}" stroke-width="2.4" fill="none"/>`;
}

function windowOf({ light, scene, seed }: Paper, x: number, y: number, width: number, height: number): string {
  const random = new Random(seed, "window");
  const white = lit(light, "#ffffff");
  const view = vertical("view", [
    [0, light.sky[0]],
    [1, light.sky[2]],
  ]);
  const hill = lit(light, scene.season === "winter" ? "#e6eef5" : "#7fb765", 0.2);
  const orb = light.dark
    ? ellipse(x + width * 0.7, y + height * 0.28, width * 0.09, width * 0.09, "#f6efd2")
    : ellipse(x + width * 0.72, y + height * 0.26, width * 0.1, width * 0.1, "#ffe27a");
  const curtain = lit(light, random.pick(["#e8a0a0", "#8fb8d6", "#f0c987", "#b7a3d6"] as const));
  const side = (sx: number, dir: number) =>
    `<path d="M${Math.round(sx)} ${Math.round(y - 10)}h${Math.round(dir * width * 0.24)}q${Math.round(dir * width * 0.01)} ${Math.round(height * 0.6)} ${Math.round(-dir * width * 0.17)} ${Math.round(height + 22)}h${Math.round(-dir * width * 0.07)}z" fill="${curtain}"/>`;
  return (
    `<defs>${view}</defs>${rect(x - 7, y - 7, width + 14, height + 14, white)}${rect(x, y, width, height, "url(#view)")}${orb}` +
    `<path d="M${Math.round(x)} ${Math.round(y + height)}v${Math.round(-height * 0.24)}q${Math.round(width * 0.3)} ${Math.round(-height * 0.16)} ${Math.round(width * 0.55)} ${Math.round(-height * 0.02)}t${Math.round(width * 0.45)} ${Math.round(-height * 0.04)}v${Math.round(height * 0.3)}z" fill="${hill}"/>` +
    rect(x + width / 2 - 3, y, 6, height, white) +
    rect(x, y + height * 0.46, width, 6, white) +
    rect(x - 12, y + height + 5, width + 24, 8, lighter(white, -0.08)) +
    side(x - 14, 1) +
    side(x + width + 14, -1) +
    rect(x - 22, y - 15, width + 44, 6, lit(light, "#7a4a28"), ' rx="3"')
  );
}

function frame(x: number, y: number, size: number, random: Random): string {
  const [sky, hill] = random.pick<readonly [Hex, Hex]>([
    ["#f9c784", "#c8553d"],
    ["#a8dadc", "#457b9d"],
    ["#d9e5a7", "#5aa17f"],
  ]);
  return `${rect(x - 5, y - 5, size + 10, size * 0.8 + 10, "#8a5a35")}${rect(x, y, size, size * 0.8, sky)}${polygon(
    [
      [x, y + size * 0.8],
      [x, y + size * 0.55],
      [x + size * 0.35, y + size * 0.25],
      [x + size * 0.6, y + size * 0.6],
      [x + size * 0.78, y + size * 0.42],
      [x + size, y + size * 0.65],
      [x + size, y + size * 0.8],
    ],
    hill,
  )}`;
}
