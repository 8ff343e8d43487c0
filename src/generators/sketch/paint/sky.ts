import { type Hex, lighter, mix } from "../colour.ts";
import { Random } from "../random.ts";
import { curve, ellipse, line, n, opacity, type Point, polygon, radial, rect, vertical } from "../svg.ts";
import type { Paper } from "./paper.ts";

/** The sky, with what shines and drifts in it. */
export function sky(paper: Paper): string {
  const { width, height, light, scene, horizon } = paper;
  const random = new Random(paper.seed, "sky");
  const [top, middle, low] = light.sky;
  const overcast = scene.weather.has("storm") || scene.weather.has("rain") || scene.weather.has("cloudy");
  const parts = [
    `<defs>${vertical("sky", [
      [0, top],
      [0.62, middle],
      [1, low],
    ])}</defs>`,
    rect(0, 0, width, Math.max(horizon + 2, height * 0.3), "url(#sky)"),
  ];
  if (light.dark && !overcast && !scene.weather.has("fog")) parts.push(stars(paper, scene.time === "night" ? 1 : 0.35));
  if (scene.sky.has("aurora")) parts.push(aurora(paper));
  parts.push(light.dark ? moon(paper, random) : sun(paper, random, overcast));
  if (scene.sky.has("shooting-star")) parts.push(shootingStars(paper));
  if (scene.sky.has("rainbow")) parts.push(rainbow(paper));
  if (scene.sky.has("fireworks")) parts.push(fireworks(paper));
  if (!scene.weather.has("clear") && !scene.without.tags.has("cloud")) parts.push(clouds(paper, overcast));
  if (scene.weather.has("storm")) parts.push(lightning(paper));
  return parts.join("");
}

export function stars({ width, horizon, height, seed, plan }: Paper, density: number): string {
  const random = new Random(seed, "stars");
  const bottom = plan.stage === "space" ? height : horizon;
  const count = Math.min(260, Math.round(((width * bottom) / 2_600) * density));
  let small = "";
  let large = "";
  for (let i = 0; i < count; i++) {
    const [x, y, r] = [random.between(0, width), random.between(0, bottom), random.between(0.5, 1.5)];
    small += `M${n(x - r)} ${n(y)}a${n(r)} ${n(r)} 0 1 0 ${n(2 * r)} 0a${n(r)} ${n(r)} 0 1 0 ${n(-2 * r)} 0`;
    if (i % 22 === 0) {
      const s = random.between(4, 7);
      large += `M${n(x)} ${n(y - s)}Q${n(x)} ${n(y)} ${n(x + s)} ${n(y)}Q${n(x)} ${n(y)} ${n(x)} ${n(y + s)}Q${n(x)} ${n(y)} ${n(x - s)} ${n(y)}Q${n(x)} ${n(y)} ${n(x)} ${n(y - s)}`;
    }
  }
  return `<path d="${small}" fill="#ffffff" opacity=".8"/><path d="${large}" fill="#fff6d8"/>`;
}

function sun({ width, horizon, scene, light, height }: Paper, random: Random, overcast: boolean): string {
  const wanted = scene.sky.has("sun");
  if ((overcast && !wanted) || scene.weather.has("fog")) return "";
  const lowSun = scene.time === "sunset" || scene.time === "dawn";
  const radius = (lowSun ? 44 : 32) * (wanted ? 1.25 : 1);
  const x = width * (random.chance(0.5) ? random.between(0.14, 0.34) : random.between(0.66, 0.86));
  const y = lowSun
    ? horizon - Math.min(height * 0.09, 70) + random.between(-14, 14)
    : Math.max(radius * 1.5, horizon * random.between(0.16, 0.3));
  const colour: Hex = scene.time === "sunset" ? "#ffd98a" : scene.time === "dawn" ? "#fff0c4" : "#ffe27a";
  const glow = radial("glow", [
    [0, colour, 0.85],
    [0.35, colour, 0.32],
    [1, mix(colour, light.sky[2], 0.6), 0],
  ]);
  return `<defs>${glow}</defs>${ellipse(x, y, radius * 4, radius * 4, "url(#glow)")}${ellipse(x, y, radius, radius, lighter(colour, 0.25))}`;
}

function moon({ width, horizon, scene, light }: Paper, random: Random): string {
  if (scene.time === "dusk" && !scene.sky.has("moon")) return "";
  if (scene.weather.has("storm") || scene.weather.has("fog")) return "";
  const radius = scene.sky.has("moon") ? 50 : 30;
  const x = width * (random.chance(0.5) ? random.between(0.14, 0.32) : random.between(0.68, 0.86));
  const y = Math.max(radius * 1.5, horizon * random.between(0.2, 0.36));
  const glow = radial("glow", [
    [0, "#dfe8ff", 0.5],
    [0.4, "#bcd0ff", 0.16],
    [1, light.sky[1], 0],
  ]);
  const crater = (dx: number, dy: number, r: number) =>
    ellipse(x + dx * radius, y + dy * radius, r * radius, r * radius, "#d9d3b8");
  return `<defs>${glow}</defs>${ellipse(x, y, radius * 3.6, radius * 3.6, "url(#glow)")}${ellipse(x, y, radius, radius, "#f6efd2")}${crater(-0.35, -0.2, 0.2)}${crater(0.3, 0.32, 0.26)}${crater(0.32, -0.42, 0.12)}${crater(-0.24, 0.46, 0.12)}`;
}

/** A cloud with a flat lower side, `width` units wide. */
export function cloud(x: number, y: number, width: number, fill: string, random: Random, more = ""): string {
  const foot = width * 0.09;
  const puffs = [
    { at: -0.3, size: 0.15 },
    { at: -0.1, size: 0.23 },
    { at: 0.13, size: 0.19 },
    { at: 0.32, size: 0.12 },
  ].map(({ at, size }) => ({
    at: (at + random.between(-0.04, 0.04)) * width,
    r: size * width * random.between(0.85, 1.12),
  }));
  const disc = ({ at, r }: { at: number; r: number }) => {
    const cy = y - Math.max(0, r * 0.55 - foot * 0.4);
    return `M${n(x + at - r)} ${n(cy)}a${n(r)} ${n(r * 0.92)} 0 1 1 ${n(2 * r)} 0a${n(r)} ${n(r * 0.92)} 0 1 1 ${n(-2 * r)} 0z`;
  };
  const slab = `M${n(x - width / 2 + foot)} ${n(y + foot)}a${n(foot)} ${n(foot)} 0 0 1 0 ${n(-2 * foot)}h${n(width - 2 * foot)}a${n(foot)} ${n(foot)} 0 0 1 0 ${n(2 * foot)}z`;
  const upper = random.chance(0.5) ? "" : ` transform="matrix(-1 0 0 1 ${n(2 * x)} 0)"`;
  return `<g${upper}><path d="${slab}${puffs.map(disc).join("")}" fill="${fill}"${more}/></g>`;
}

function clouds({ width, horizon, light, scene, seed }: Paper, overcast: boolean): string {
  const random = new Random(seed, "clouds");
  const span = Math.min(8, width / 512);
  const many = overcast ? 9 : scene.weather.has("snow") ? 6 : scene.time === "night" ? 2 : random.whole(2, 5);
  let drawn = "";
  for (let i = 0; i < many * span; i++) {
    const y = horizon * random.between(overcast ? 0.02 : 0.1, overcast ? 0.42 : 0.66);
    const size = random.between(90, 210) * (1.15 - (0.6 * y) / Math.max(1, horizon)) * (overcast ? 1.6 : 1);
    const fill = mix(light.cloud, light.sky[1], random.between(0, 0.3));
    drawn += cloud(random.between(0, width), y, size, fill, random, opacity(light.dark ? 0.5 : overcast ? 0.92 : 0.88));
  }
  return drawn;
}

function rainbow({ width, horizon, height }: Paper): string {
  const radius = Math.min(width * 0.46, Math.max(horizon, height * 0.3) * 0.86);
  const bands: readonly Hex[] = ["#ff5c5c", "#ffa94d", "#ffe066", "#69db7c", "#4dabf7", "#9775fa"];
  return bands
    .map(
      (colour, i) =>
        `<circle cx="${n(width * 0.5)}" cy="${n(horizon + 8)}" r="${n(radius - i * 9)}" fill="none" stroke="${colour}" stroke-width="9.4" opacity=".62"/>`,
    )
    .join("");
}

function aurora({ width, horizon, seed }: Paper): string {
  const random = new Random(seed, "aurora");
  const veil = (id: string, colour: Hex, y: number) => {
    const points: Point[] = Array.from({ length: 7 }, (_, i) => [
      (i / 6) * width,
      y + random.between(-0.09, 0.09) * horizon,
    ]);
    const upper = points.map(([x, py]): Point => [x, py - horizon * random.between(0.3, 0.5)]);
    const [start = [0, 0], turn = [0, 0]] = [points[0], upper.at(-1)];
    const path = `M${n(start[0])} ${n(start[1])}${curve(points)}L${n(turn[0])} ${n(turn[1])}${curve(upper.toReversed())}Z`;
    const fade = vertical(id, [
      [0, colour, 0],
      [0.7, colour, 0.45],
      [1, colour, 0.05],
    ]);
    return `<defs>${fade}</defs><path d="${path}" fill="url(#${id})"/>`;
  };
  return (
    veil("veil1", "#4dffb8", horizon * 0.72) +
    veil("veil2", "#7cf0ff", horizon * 0.55) +
    veil("veil3", "#c77dff", horizon * 0.42)
  );
}

function shootingStars({ width, horizon, seed }: Paper): string {
  const random = new Random(seed, "shooting");
  return Array.from({ length: 3 }, () => {
    const [x, y, length] = [
      random.between(0.2, 0.95) * width,
      random.between(0.08, 0.5) * horizon,
      random.between(50, 110),
    ];
    return `${polygon(
      [
        [x, y - 2],
        [x + length, y - length * 0.55],
        [x, y + 2],
      ],
      "#ffffff",
      opacity(0.75),
    )}${ellipse(x, y, 3.4, 3.4, "#fffbe0")}`;
  }).join("");
}

function fireworks({ width, horizon, seed }: Paper): string {
  const random = new Random(seed, "fireworks");
  const colours: readonly [Hex, ...Hex[]] = ["#ff6b6b", "#ffd43b", "#74c0fc", "#b197fc", "#63e6be", "#ffa94d"];
  return Array.from({ length: 5 }, (_, i) => {
    const [x, y, radius] = [
      ((i + random.between(0.2, 0.8)) / 5) * width,
      random.between(0.12, 0.55) * horizon,
      random.between(36, 74),
    ];
    const colour = random.pick(colours);
    return Array.from({ length: 16 }, (_unused, ray) => {
      const angle = (ray / 16) * Math.PI * 2;
      const [dx, dy] = [Math.cos(angle), Math.sin(angle)];
      const far = radius * (ray % 2 === 0 ? 1 : 0.72);
      return `<path d="M${n(x + dx * far * 0.35)} ${n(y + dy * far * 0.35)}L${n(x + dx * far)} ${n(y + dy * far)}" stroke="${colour}" stroke-width="2.6" stroke-linecap="round"/>${ellipse(x + dx * far * 1.12, y + dy * far * 1.12, 2, 2, lighter(colour, 0.5))}`;
    }).join("");
  }).join("");
}

function lightning({ width, horizon, seed }: Paper): string {
  const random = new Random(seed, "lightning");
  return Array.from({ length: 2 }, () => {
    let [x, y] = [random.between(0.15, 0.85) * width, horizon * 0.3];
    const points: Point[] = [[x, y]];
    while (y < horizon * 0.95) {
      x += random.between(-26, 26);
      y += random.between(16, 40);
      points.push([x, y]);
    }
    const path = `M${points.map(([px, py]) => `${n(px)} ${n(py)}`).join("L")}`;
    return `<path d="${path}" fill="none" stroke="#cfe0ff" stroke-width="9" opacity=".25"/><path d="${path}" fill="none" stroke="#fffbe6" stroke-width="3.2" stroke-linejoin="round"/>`;
  }).join("");
}

/** Birds far away, as two strokes each. */
export function distantBirds({ width, horizon, light, seed }: Paper): string {
  const random = new Random(seed, "birds");
  const colour = mix("#3b4a63", light.sky[1], 0.35);
  const [x, y] = [random.between(0.2, 0.8) * width, horizon * random.between(0.25, 0.6)];
  return Array.from({ length: random.whole(3, 5) }, () => {
    const [bx, by, s] = [x + random.between(-60, 60), y + random.between(-24, 24), random.between(5, 9)];
    return line(
      [
        [bx - s, by - s * 0.5],
        [bx - s * 0.4, by - s * 0.45],
        [bx, by],
        [bx + s * 0.4, by - s * 0.45],
        [bx + s, by - s * 0.5],
      ],
      colour,
      1.6,
    );
  }).join("");
}
