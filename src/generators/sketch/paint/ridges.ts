import { type Hex, lighter, mix } from "../colour.ts";
import { lit, tinted } from "../light.ts";
import { Random } from "../random.ts";
import { below, n, type Point, polygon, rect } from "../svg.ts";
import type { Paper } from "./paper.ts";
import type { Ridge } from "./settings.ts";

/** What closes the view, from the farthest to the nearest. */
export function ridges(paper: Paper, list: readonly Ridge[]): string {
  return list.map((ridge, i) => draw(paper, ridge, new Random(paper.seed, `ridge ${i} ${ridge.kind}`))).join("");
}

function draw(paper: Paper, ridge: Ridge, random: Random): string {
  const { scene, light, horizon, width } = paper;
  const season = ridge.kind === "leafy" || ridge.kind === "hills" ? SEASONAL[scene.season] : undefined;
  const colour = lit(
    light,
    season ? mix(ridge.colour, season, ridge.kind === "leafy" ? 0.75 : 0.45) : tinted(ridge.colour, undefined),
    ridge.distance * 0.75,
  );
  const rise = Math.min(ridge.height * 512, horizon * 0.7);
  const base = horizon + 4;
  switch (ridge.kind) {
    case "mountains":
      return mountains(width, base, rise, colour, paper, random);
    case "hills":
    case "dunes":
      return below(rolling(width, base, rise, ridge.kind === "hills" ? 150 : 210, random), base + 6, colour);
    case "trees":
      return conifers(width, base, rise, colour, random);
    case "leafy":
      return foliage(width, base, rise, colour, random);
    case "skyline":
      return skyline(width, base, rise, colour, light.dark, random);
    case "mesas":
      return mesas(width, base, rise, colour, random);
    default:
      return ridge.kind satisfies never;
  }
}

const SEASONAL: Readonly<Record<string, Hex | undefined>> = { autumn: "#c9752f", winter: "#dfe9f2", spring: "#8fce6a" };

function rolling(width: number, base: number, rise: number, step: number, random: Random): Point[] {
  const count = Math.min(40, Math.ceil(width / step) + 3);
  const gap = width / (count - 3);
  return Array.from({ length: count }, (_, i) => [(i - 1) * gap, base - rise * random.between(0.3, 1)]);
}

function mountains(width: number, base: number, rise: number, colour: Hex, paper: Paper, random: Random): string {
  const count = Math.min(24, Math.max(3, Math.round(width / random.between(130, 190))));
  const peaks = Array.from({ length: count }, (_, i) => ({
    x: ((i + random.between(0.1, 0.9)) / count) * width,
    height: rise * random.between(0.55, 1),
    spread: random.between(0.75, 1.1),
  })).toSorted((a, b) => b.height - a.height);
  const shade = lighter(colour, -0.16);
  const snow = mix("#ffffff", colour, 0.18);
  return peaks
    .map(({ x, height, spread }) => {
      const half = height * spread;
      const top = base - height;
      const cap = paper.scene.season === "winter" || height > rise * 0.72 ? 0.3 : 0.16;
      const [cx, cy] = [half * cap, height * cap];
      return (
        polygon(
          [
            [x - half, base],
            [x, top],
            [x + half, base],
          ],
          colour,
        ) +
        polygon(
          [
            [x, top],
            [x + half, base],
            [x + half * 0.16, base],
            [x + half * 0.05, top + height * 0.45],
          ],
          shade,
        ) +
        polygon(
          [
            [x, top],
            [x + cx, top + cy],
            [x + cx * 0.45, top + cy * 0.8],
            [x + cx * 0.1, top + cy * 1.25],
            [x - cx * 0.35, top + cy * 0.85],
            [x - cx, top + cy],
          ],
          snow,
        )
      );
    })
    .join("");
}

function conifers(width: number, base: number, rise: number, colour: Hex, random: Random): string {
  const step = Math.max(width / 160, rise * 0.24);
  let path = `M-20 ${n(base + 6)}`;
  for (let x = -10; x < width + 20; x += step) {
    const height = rise * random.between(0.55, 1);
    const half = step * 0.75;
    path += `L${n(x - half)} ${n(base - height * 0.12)}L${n(x - half * 0.35)} ${n(base - height * 0.42)}L${n(x - half * 0.6)} ${n(base - height * 0.4)}L${n(x)} ${n(base - height)}L${n(x + half * 0.6)} ${n(base - height * 0.4)}L${n(x + half * 0.35)} ${n(base - height * 0.42)}L${n(x + half)} ${n(base - height * 0.12)}`;
  }
  return `<path d="${path}L${n(width + 30)} ${n(base + 6)}Z" fill="${colour}"/>`;
}

function foliage(width: number, base: number, rise: number, colour: Hex, random: Random): string {
  const step = Math.max(width / 70, rise * 0.42);
  const row = (height: number, fill: Hex) => {
    let path = `M${n(-step)} ${n(base + 6)}L${n(-step)} ${n(base - height * 0.6)}`;
    for (let x = -step; x < width + step; x += step) {
      const bump = height * random.between(0.35, 0.75);
      path += `c${n(step * 0.05)} ${n(-bump)} ${n(step * 0.95)} ${n(-bump)} ${n(step)} ${n(random.between(-0.08, 0.08) * height)}`;
    }
    return `<path d="${path}V${n(base + 6)}Z" fill="${fill}"/>`;
  };
  return row(rise, lighter(colour, 0.08)) + row(rise * 0.62, lighter(colour, -0.1));
}

function skyline(width: number, base: number, rise: number, colour: Hex, dark: boolean, random: Random): string {
  let houses = "";
  let lights = "";
  let count = 0;
  for (let x = -10; x < width && count < 90; count++) {
    const house = { width: random.between(26, 62), height: rise * random.between(0.35, 1) };
    const top = base - house.height;
    houses += rect(x, top, house.width, house.height + 6, lighter(colour, random.between(-0.1, 0.12)));
    if (random.chance(0.3)) houses += rect(x + house.width / 2 - 1, top - 18, 2, 18, colour);
    if (random.chance(0.25))
      houses += polygon(
        [
          [x, top + 0.5],
          [x + house.width / 2, top - house.width * 0.3],
          [x + house.width, top + 0.5],
        ],
        lighter(colour, -0.05),
      );
    for (let y = top + 9; y < base - 8; y += 13) {
      for (let wx = x + 6; wx < x + house.width - 8; wx += 11) {
        if (random.chance(dark ? 0.55 : 0.75)) lights += `M${n(wx)} ${n(y)}h5v6h-5z`;
      }
    }
    x += house.width + random.between(-2, 8);
  }
  return `${houses}<path d="${lights}" fill="${dark ? "#ffd98a" : lighter(colour, 0.35)}" opacity="${dark ? ".9" : ".55"}"/>`;
}

function mesas(width: number, base: number, rise: number, colour: Hex, random: Random): string {
  const count = Math.min(16, Math.max(2, Math.round(width / 200)));
  return Array.from({ length: count }, (_, i) => {
    const x = ((i + random.between(0.1, 0.8)) / count) * width;
    const [half, height] = [random.between(45, 95), rise * random.between(0.5, 1)];
    const top = base - height;
    return (
      polygon(
        [
          [x - half * 1.3, base],
          [x - half, top + height * 0.35],
          [x - half * 0.92, top],
          [x + half * 0.9, top + 3],
          [x + half, top + height * 0.3],
          [x + half * 1.35, base],
        ],
        colour,
      ) +
      polygon(
        [
          [x + half * 0.2, base],
          [x + half * 0.3, top + 2],
          [x + half * 0.9, top + 3],
          [x + half, top + height * 0.3],
          [x + half * 1.35, base],
        ],
        lighter(colour, -0.14),
      )
    );
  }).join("");
}
