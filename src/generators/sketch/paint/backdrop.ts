import { abstract, cloudFloor, space } from "./elsewhere.ts";
import { interior, tableTop } from "./interiors.ts";
import type { Paper } from "./paper.ts";
import { ridges } from "./ridges.ts";
import type { Ridge } from "./settings.ts";
import { distantBirds, sky } from "./sky.ts";
import { land, street } from "./soil.ts";
import { lake, river, shore, underwater, water } from "./waters.ts";

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
