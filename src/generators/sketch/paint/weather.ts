import { mix } from "../colour.ts";
import { Random } from "../random.ts";
import { ellipse, n, opacity, rect, vertical } from "../svg.ts";
import type { Paper } from "./paper.ts";

/** What falls or drifts between the viewer and the scene. Nothing does indoors. */
export function weather(paper: Paper): string {
  const { plan, scene } = paper;
  if (plan.stage === "room" || plan.stage === "table" || plan.stage === "underwater" || plan.stage === "space")
    return "";
  const falling =
    scene.weather.has("rain") || scene.weather.has("storm")
      ? rain(paper)
      : scene.weather.has("snow")
        ? snow(paper)
        : "";
  return (scene.weather.has("fog") ? fog(paper) : "") + falling + (scene.weather.has("wind") ? wind(paper) : "");
}

function rain({ width, height, seed }: Paper): string {
  const random = new Random(seed, "rain");
  let path = "";
  const count = Math.min(400, Math.round((width * height) / 1_900));
  for (let i = 0; i < count; i++) {
    const length = random.between(10, 26);
    path += `M${n(random.between(-20, width + 20))} ${n(random.between(-10, height))}l${n(-length * 0.28)} ${n(length)}`;
  }
  return `<path d="${path}" stroke="#e6f1ff" stroke-width="1.5" stroke-linecap="round" opacity=".55" fill="none"/>`;
}

function snow({ width, height, seed }: Paper): string {
  const random = new Random(seed, "flakes");
  let path = "";
  const count = Math.min(400, Math.round((width * height) / 2_200));
  for (let i = 0; i < count; i++) {
    const r = random.between(1.1, 4);
    path += `M${n(random.between(0, width) - r)} ${n(random.between(0, height))}a${n(r)} ${n(r)} 0 1 0 ${n(2 * r)} 0a${n(r)} ${n(r)} 0 1 0 ${n(-2 * r)} 0`;
  }
  return `<path d="${path}" fill="#ffffff" opacity=".88"/>`;
}

function fog({ width, height, horizon, light, seed }: Paper): string {
  const random = new Random(seed, "fog");
  const colour = mix(light.haze, light.dark ? "#8d97b8" : "#ffffff", 0.5);
  const veil = vertical("fog", [
    [0, colour, 0],
    [0.45, colour, 0.72],
    [1, colour, 0.12],
  ]);
  const banks = Array.from({ length: Math.min(24, Math.round(7 * Math.max(1, width / 512))) }, () =>
    ellipse(
      random.between(0, width),
      horizon + random.between(-0.12, 0.6) * (height - horizon),
      random.between(100, 240),
      random.between(12, 30),
      colour,
      opacity(0.4),
    ),
  ).join("");
  return `<defs>${veil}</defs>${rect(0, horizon * 0.35, width, height - horizon * 0.35, "url(#fog)")}${banks}`;
}

function wind({ width, height, seed }: Paper): string {
  const random = new Random(seed, "wind");
  return Array.from({ length: 6 }, () => {
    const [x, y, s] = [random.between(-0.1, 0.8) * width, random.between(0.1, 0.7) * height, random.between(60, 130)];
    return `<path d="M${n(x)} ${n(y)}q${n(s * 0.5)} ${n(-s * 0.16)} ${n(s)} 0t${n(s * 0.6)} ${n(-s * 0.05)}q${n(s * 0.16)} ${n(-s * 0.14)} ${n(s * 0.02)} ${n(-s * 0.18)}" stroke="#ffffff" stroke-width="3" stroke-linecap="round" fill="none" opacity=".6"/>`;
  }).join("");
}
