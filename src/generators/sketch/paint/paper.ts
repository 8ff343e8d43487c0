import type { Light } from "../light.ts";
import type { Scene } from "../scene.ts";
import type { Plan } from "./settings.ts";

/** The sheet, in units of which the smaller side has 512, and what lies where on it. */
export interface Paper {
  readonly width: number;
  readonly height: number;
  readonly plan: Plan;
  readonly scene: Scene;
  readonly light: Light;
  readonly seed: number;
  /** Where the sky ends. */
  readonly horizon: number;
  /** Where things stand, from far to near. */
  readonly ground: readonly [number, number];
  /** Where things float; undefined where it is dry. */
  readonly water: readonly [number, number] | undefined;
}

export const UNIT = 512;

export function layOut(
  size: { width: number; height: number },
  plan: Plan,
  scene: Scene,
  light: Light,
  seed: number,
): Paper {
  const scale = UNIT / Math.min(size.width, size.height);
  const width = size.width * scale;
  const height = size.height * scale;
  const depth = Math.min((1 - plan.horizon) * height, width * 1.2);
  const horizon = height - depth;
  const shared = { width, height, plan, scene, light, seed, horizon };
  const at = (share: number) => horizon + depth * share;
  switch (plan.stage) {
    case "shore":
      return { ...shared, ground: [at(0.46), at(0.97)], water: [at(0.06), at(0.34)] };
    case "lake":
      return { ...shared, ground: [at(0.72), at(0.98)], water: [at(0.14), at(0.6)] };
    case "river":
      return { ...shared, ground: [at(0.1), at(0.97)], water: [at(0.3), at(0.9)] };
    case "sea":
      return { ...shared, ground: [at(0.62), at(0.8)], water: [at(0.14), at(0.86)] };
    case "street":
      return { ...shared, ground: [at(0.34), at(0.9)], water: undefined };
    case "room":
      return { ...shared, ground: [at(0.1), at(0.94)], water: undefined };
    case "table":
      return { ...shared, ground: [at(0.18), at(0.86)], water: undefined };
    case "land":
    case "space":
    case "sky":
    case "underwater":
    case "abstract":
      return { ...shared, ground: [at(0.08), at(0.96)], water: undefined };
    default:
      return plan.stage satisfies never;
  }
}
