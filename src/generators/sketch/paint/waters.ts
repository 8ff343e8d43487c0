import { type Hex, lighter, mix } from "../colour.ts";
import { lit, tinted } from "../light.ts";
import { Random } from "../random.ts";
import { below, ellipse, n, opacity, type Point, polygon, rect, vertical } from "../svg.ts";
import type { Paper } from "./paper.ts";
import { groundColours, texture } from "./soil.ts";

function waterShades({ light, scene }: Paper): { pale: Hex; deep: Hex } {
  const [near, far] = [tinted("#1670a8", scene.settingColour), tinted("#49a9d6", scene.settingColour)];
  return {
    pale: mix(lit(light, far), light.sky[2], 0.42),
    deep: light.dark ? mix(lit(light, near), "#0a1c3a", 0.35) : mix(lit(light, near), light.sky[0], 0.25),
  };
}

/** Of the water's surface, where things float in it. */
export function waterColour(paper: Paper): Hex {
  const { pale, deep } = waterShades(paper);
  return mix(pale, deep, 0.6);
}

/** Water from one line to another, with the sky's light on it. */
export function water(paper: Paper, from: number, to: number, waves: boolean): string {
  const { width, light, seed } = paper;
  const random = new Random(seed, "water");
  const { pale, deep } = waterShades(paper);
  const fade = vertical("water", [
    [0, pale],
    [0.25, mix(pale, deep, 0.45)],
    [1, deep],
  ]);
  let glints = "";
  const count = Math.min(200, Math.round((width / 512) * 46));
  for (let i = 0; i < count; i++) {
    const depth = random.next();
    const [x, y, s] = [random.between(0, width), from + (to - from) * (0.03 + 0.95 * depth), 7 + depth * 22];
    glints += `M${n(x - s)} ${n(y)}q${n(s)} ${n(-s * 0.16)} ${n(2 * s)} 0q${n(-s)} ${n(s * 0.05)} ${n(-2 * s)} 0z`;
  }
  const swell = (share: number, colour: Hex) => {
    const step = 64;
    let path = `M-40 ${n(from + (to - from) * share)}`;
    for (let x = -40; x < width + step; x += step)
      path += `q${step / 4} ${n(-6 - share * 8)} ${step / 2} 0t${step / 2} 0`;
    return `<path d="${path}V${n(to + 4)}H-40Z" fill="${colour}" opacity=".3"/>`;
  };
  const swells = waves
    ? swell(0.35, lighter(deep, 0.12)) + swell(0.6, lighter(deep, -0.12)) + swell(0.84, lighter(deep, -0.22))
    : "";
  return `<defs>${fade}</defs>${rect(-4, from, width + 8, to - from + 4, "url(#water)")}${swells}<path d="${glints}" fill="${mix("#ffffff", light.sky[2], 0.35)}" opacity=".42"/>`;
}

export function shore(paper: Paper): string {
  const { width, height, horizon, seed } = paper;
  const random = new Random(seed, "shore");
  const [far, near] = groundColours(paper);
  const depth = height - horizon;
  const slope = random.between(-0.07, 0.07);
  const gap = width / 5;
  const edge = (share: number): Point[] =>
    Array.from({ length: 8 }, (_, i) => [
      (i - 1) * gap,
      horizon + depth * (share + slope * (i / 7 - 0.5) + random.between(-0.018, 0.018)),
    ]);
  const line = edge(0.4);
  const shifted = (by: number) => line.map(([x, y]): Point => [x, y + depth * by]);
  const fade = vertical("sand", [
    [0, far],
    [1, near],
  ]);
  return (
    water(paper, horizon, horizon + depth * 0.55, false) +
    below(shifted(-0.022), height + 4, "#ffffff", opacity(0.75)) +
    below(shifted(0.004), height + 4, mix(near, "#5f8ca0", 0.35)) +
    `<defs>${fade}</defs>${below(shifted(0.045), height + 4, "url(#sand)")}${texture(paper, horizon + depth * 0.5, height, near)}`
  );
}

export function lake(paper: Paper): string {
  const { width, height, horizon, light, seed } = paper;
  const random = new Random(seed, "lake");
  const [far, near] = groundColours(paper);
  const depth = height - horizon;
  const bank = (share: number, wobble: number): Point[] =>
    Array.from({ length: 8 }, (_, i) => [
      (i - 1) * (width / 5),
      horizon + depth * (share + random.between(-wobble, wobble)),
    ]);
  const nearBank = bank(0.68, 0.045);
  const shade = mix(lit(light, "#2f6b4a"), light.sky[1], 0.5);
  return (
    rect(-4, horizon - 3, width + 8, depth * 0.16, far) +
    water(paper, horizon + depth * 0.09, horizon + depth * 0.8, false) +
    below(bank(0.2, 0.03), horizon + depth * 0.09, shade, opacity(0.28)) +
    below(
      nearBank.map(([x, y]): Point => [x, y - depth * 0.016]),
      height + 4,
      lighter(near, -0.28),
      opacity(0.6),
    ) +
    below(nearBank, height + 4, near) +
    texture(paper, horizon + depth * 0.74, height, near)
  );
}

export function river(paper: Paper): string {
  const { width, height, horizon, light, seed } = paper;
  const random = new Random(seed, "river");
  const bend = random.chance(0.5) ? 1 : -1;
  const middle = width * 0.5;
  const reach = Math.min(width, height) * 0.5;
  const steps = Array.from({ length: 9 }, (_, i) => {
    const t = i / 8;
    const y = horizon + (height - horizon + 6) * t ** 1.25;
    return {
      x: middle + bend * Math.sin(t * Math.PI * 1.35 + 0.5) * reach * (0.2 + 0.5 * t),
      y,
      half: 4 + reach * 0.34 * t ** 1.2,
    };
  });
  const bank = (more: number): Point[] => [
    ...steps.map(({ x, y, half }): Point => [x - half - more * half, y]),
    ...steps.toReversed().map(({ x, y, half }): Point => [x + half + more * half, y]),
  ];
  const colour = mix(lit(light, "#2f8fc4"), light.sky[2], 0.25);
  const glints = steps
    .slice(2)
    .map(({ x, y, half }) =>
      ellipse(x + random.between(-0.4, 0.4) * half, y, half * 0.35, 1.6, "#ffffff", opacity(0.5)),
    )
    .join("");
  return polygon(bank(0.14), lighter(lit(light, "#b89b6a"), 0.05)) + polygon(bank(0), colour) + glints;
}

export function underwater(paper: Paper): string {
  const { width, height, horizon, seed, light, scene } = paper;
  const random = new Random(seed, "deep");
  const blue = (hex: Hex) => lit(light, tinted(hex, scene.settingColour));
  const [far, near] = groundColours(paper).map((colour) => mix(colour, blue("#1c84b8"), 0.38)) as [Hex, Hex];
  const fade = vertical("deep", [
    [0, blue("#7fe0ee")],
    [0.4, blue("#2aa6d3")],
    [1, blue("#0c5f9a")],
  ]);
  const shaft = vertical("shaft", [
    [0, "#ffffff", 0.34],
    [1, "#ffffff", 0],
  ]);
  const shafts = Array.from({ length: 5 }, (_, i) => {
    const x = width * ((i + random.between(0.1, 0.9)) / 5);
    const [spread, lean] = [random.between(14, 34), random.between(-60, 60)];
    return polygon(
      [
        [x - spread, -4],
        [x + spread, -4],
        [x + spread * 2.6 + lean, height * 0.85],
        [x - spread * 1.4 + lean, height * 0.85],
      ],
      "url(#shaft)",
    );
  }).join("");
  const bubbles = Array.from({ length: Math.min(60, Math.round((width * height) / 16_000)) }, () => {
    const [x, y, r] = [random.between(0, width), random.between(height * 0.05, horizon), random.between(1.5, 7)];
    return `${ellipse(x, y, r, r, "#dff8ff", opacity(0.35))}${ellipse(x - r * 0.3, y - r * 0.3, r * 0.3, r * 0.3, "#ffffff", opacity(0.8))}`;
  }).join("");
  const reef = (lift: number, colour: Hex) =>
    below(
      Array.from({ length: 9 }, (_, i): Point => [(i - 1) * (width / 6), horizon - lift * random.between(0.1, 1)]),
      height,
      colour,
    );
  return `<defs>${fade}${shaft}</defs>${rect(0, 0, width, height, "url(#deep)")}${shafts}${reef(110, blue("#1f86b8"))}${reef(60, blue("#176f9f"))}${bubbles}${below(
    Array.from({ length: 9 }, (_, i): Point => [(i - 1) * (width / 6), horizon + random.between(-8, 8)]),
    height + 4,
    mix(far, near, 0.5),
  )}${texture(paper, horizon, height, near)}`;
}
