import { type Hex, lighter, mix } from "../colour.ts";
import { tinted } from "../light.ts";
import { Random } from "../random.ts";
import { below, ellipse, n, opacity, type Point, radial, rect, vertical } from "../svg.ts";
import type { Paper } from "./paper.ts";
import { cloud, stars } from "./sky.ts";

export function cloudFloor(paper: Paper): string {
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

export function space(paper: Paper): string {
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
export function abstract(paper: Paper): string {
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
