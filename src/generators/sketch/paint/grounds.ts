import { type Hex, lighter, mix } from "../colour.ts";
import { lit, tinted } from "../light.ts";
import { Random } from "../random.ts";
import { below, ellipse, n, opacity, type Point, polygon, radial, rect, vertical } from "../svg.ts";
import { interior, tableTop } from "./interiors.ts";
import type { Paper } from "./paper.ts";
import { ridges } from "./ridges.ts";
import type { Ridge } from "./settings.ts";
import { cloud, distantBirds, sky, stars } from "./sky.ts";

/** Everything behind the things: sky, distance, ground and water. */
export function backdrop(paper: Paper, distance: readonly Ridge[]): string {
  const { plan } = paper;
  switch (plan.stage) {
    case "land":
      return sky(paper) + birds(paper) + ridges(paper, distance) + land(paper);
    case "street":
      return sky(paper) + ridges(paper, distance) + street(paper);
    case "shore":
      return sky(paper) + birds(paper) + ridges(paper, distance) + shore(paper);
    case "lake":
      return sky(paper) + birds(paper) + ridges(paper, distance) + lake(paper);
    case "river":
      return sky(paper) + birds(paper) + ridges(paper, distance) + land(paper) + river(paper);
    case "sea":
      return sky(paper) + birds(paper) + ridges(paper, distance) + water(paper, paper.horizon, paper.height, true);
    case "sky":
      return sky(paper) + cloudFloor(paper);
    case "underwater":
      return underwater(paper);
    case "space":
      return space(paper) + (plan.texture === "craters" ? ridges(paper, distance) + land(paper) : "");
    case "room":
      return interior(paper);
    case "table":
      return tableTop(paper);
    case "abstract":
      return abstract(paper);
    default:
      return plan.stage satisfies never;
  }
}

function birds(paper: Paper): string {
  const gone = paper.scene.without.tags.has("bird") || paper.scene.without.tags.has("animal");
  return gone || paper.light.dark || paper.seed % 3 === 0 ? "" : distantBirds(paper);
}

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

function land(paper: Paper): string {
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
function texture(paper: Paper, from: number, to: number, colour: Hex): string {
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
function water(paper: Paper, from: number, to: number, waves: boolean): string {
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

function shore(paper: Paper): string {
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

function lake(paper: Paper): string {
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

function river(paper: Paper): string {
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

function street(paper: Paper): string {
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

function cloudFloor(paper: Paper): string {
  const { width, height, light, seed } = paper;
  const random = new Random(seed, "floor");
  const fade = vertical("rest", [
    [0, light.sky[2], 0],
    [1, light.cloud, 0.9],
  ]);
  let floor = `<defs>${fade}</defs>${rect(0, height * 0.6, width, height * 0.4, "url(#rest)")}`;
  for (let row = 0; row < 3; row++) {
    const y = height * (0.84 + row * 0.07);
    for (let x = -60; x < width + 120; x += 130) {
      floor += cloud(
        x + random.between(-40, 40),
        y + random.between(-10, 10),
        random.between(190, 300),
        mix(light.cloud, light.sky[1], 0.24 - row * 0.11),
        random,
      );
    }
  }
  return floor;
}

function underwater(paper: Paper): string {
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

function space(paper: Paper): string {
  const { width, height, seed, scene, plan } = paper;
  const random = new Random(seed, "space");
  const palette: readonly [readonly [Hex, Hex, Hex], ...(readonly [Hex, Hex, Hex])[]] = [
    ["#0b0b2b", "#5b2a86", "#c2438f"],
    ["#060d26", "#1b3f8f", "#2aa3b8"],
    ["#0a0820", "#3a2a8a", "#7a5cff"],
  ];
  const [dark, one, two] = random
    .pick(palette)
    .map((hex) => tinted(hex, plan.texture === "none" ? scene.settingColour : undefined)) as [Hex, Hex, Hex];
  const mist = (id: string, colour: Hex) =>
    radial(id, [
      [0, colour, 0.75],
      [0.5, colour, 0.3],
      [1, colour, 0],
    ]);
  const size = Math.min(width, height);
  const planet = plan.texture === "none" && !scene.subjects.some(({ sprite }) => sprite.place === "space");
  const ground =
    plan.texture === "craters" ? farAway(width * random.between(0.2, 0.8), height * 0.2, size * 0.085) : "";
  const [px, py, pr] = [
    width * random.between(0.75, 0.95),
    height * random.between(0.08, 0.2),
    size * random.between(0.09, 0.15),
  ];
  const hue = random.pick(["#ff9e6d", "#7bdff2", "#c9a7ff", "#f6c85f"] as const);
  const sphere = planet
    ? ellipse(px, py, pr, pr, hue) +
      `<path d="M${n(px - pr)} ${n(py)}a${n(pr)} ${n(pr)} 0 0 0 ${n(2 * pr)} 0a${n(pr * 1.25)} ${n(pr)} 0 0 1 ${n(-2 * pr)} 0" fill="${lighter(hue, -0.3)}" opacity=".6"/>`
    : "";
  return `<defs>${mist("mist1", one)}${mist("mist2", two)}</defs>${rect(0, 0, width, height, dark)}${ellipse(width * random.between(0.1, 0.4), height * random.between(0.2, 0.6), size * 0.75, size * 0.42, "url(#mist1)")}${ellipse(width * random.between(0.55, 0.95), height * random.between(0.3, 0.8), size * 0.7, size * 0.45, "url(#mist2)")}${stars(paper, 1.3)}${sphere}${ground}`;
}

/** The Earth, as seen from another world. */
function farAway(x: number, y: number, r: number): string {
  return `${ellipse(x, y, r * 1.25, r * 1.25, "#8fd0ff", opacity(0.2))}${ellipse(x, y, r, r, "#2f80d0")}<path d="M${n(x - r * 0.7)} ${n(y - r * 0.5)}q${n(r * 0.5)} ${n(-r * 0.5)} ${n(r * 0.8)} ${n(-r * 0.1)}q${n(-r * 0.1)} ${n(r * 0.5)} ${n(-r * 0.5)} ${n(r * 0.5)}q${n(-r * 0.5)} 0 ${n(-r * 0.3)} ${n(-r * 0.4)}M${n(x + r * 0.1)} ${n(y + r * 0.2)}q${n(r * 0.5)} ${n(-r * 0.3)} ${n(r * 0.7)} ${n(r * 0.1)}q${n(-r * 0.2)} ${n(r * 0.6)} ${n(-r * 0.6)} ${n(r * 0.4)}z" fill="#52b269"/>`;
}

/** Nothing was understood: hills of colour that belong to these words and no others. */
function abstract(paper: Paper): string {
  const { width, height, seed } = paper;
  const random = new Random(seed, "abstract");
  const palettes: readonly [readonly Hex[], ...(readonly Hex[])[]] = [
    ["#fef3e2", "#f9c784", "#f28f6b", "#c8553d", "#588b8b", "#2f4858"],
    ["#f1faee", "#a8dadc", "#72b4c9", "#457b9d", "#e9808a", "#1d3557"],
    ["#fff1f5", "#ffc9de", "#cdb4f6", "#9fb8f5", "#7fd6d2", "#4a4e8a"],
    ["#fdf8e1", "#d9e5a7", "#98c379", "#5aa17f", "#f2b950", "#33658a"],
  ];
  const [paperColour = "#ffffff", ...colours] = random.pick(palettes);
  const size = Math.min(width, height);
  const disc = radial("disc", [
    [0, colours[0] ?? paperColour, 1],
    [1, colours[1] ?? paperColour, 1],
  ]);
  const waves = colours.slice(1).map((colour, i) => {
    const y = height * (0.42 + i * 0.13);
    const points = Array.from(
      { length: 7 },
      (_, k): Point => [(k - 1) * (width / 4), y + random.between(-0.09, 0.09) * size],
    );
    return below(points, height + 4, colour, opacity(0.94));
  });
  const rings = Array.from({ length: 3 }, (_, i) => {
    const [x, y, r] = [
      width * random.between(0.1, 0.9),
      height * random.between(0.06, 0.4),
      size * random.between(0.03, 0.09),
    ];
    return `<circle cx="${n(x)}" cy="${n(y)}" r="${n(r)}" fill="none" stroke="${colours[(i + 2) % colours.length] ?? "#888888"}" stroke-width="${n(size * 0.008)}" opacity=".7"/>`;
  }).join("");
  return `<defs>${disc}</defs>${rect(0, 0, width, height, paperColour)}${ellipse(width * random.between(0.25, 0.75), height * random.between(0.24, 0.38), size * 0.2, size * 0.2, "url(#disc)")}${rings}${waves.join("")}`;
}
