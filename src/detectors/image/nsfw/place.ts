import type { Category } from "../../../contract/categories.ts";
import type { Evidence } from "../../../contract/report.ts";
import { heatOf, regionOf } from "../heat.ts";
import { categoryOf } from "./classes.ts";
import { CELLS, type JudgedFrame } from "./classify.ts";

/** Findings below are not explained: nobody acts on them, and the map would stand in every record. */
const EXPLAIN_FROM = 0.2;

/** The cells that, as whole pictures, would be of the category rather than not. */
export function placeOf(
  category: Category,
  score: number,
  frame: JudgedFrame,
  animated: boolean,
): Evidence | undefined {
  const index = animated ? frame.index : undefined;
  const heat =
    frame.activations && score >= EXPLAIN_FROM ? heatOf(logOdds(category, frame.activations), CELLS, CELLS) : undefined;
  if (heat) return { heat, region: regionOf(heat, index) };
  return index === undefined ? undefined : { region: { x: 0, y: 0, width: 1, height: 1, frame: index } };
}

/** For each cell, of the classes of a category against all others. */
function logOdds(category: Category, activations: NonNullable<JudgedFrame["activations"]>): Float64Array {
  const [own, others] = [true, false].map((of) =>
    [...activations].filter(([name]) => (categoryOf(name) === category) === of).map(([, cells]) => cells),
  );
  return Float64Array.from({ length: CELLS ** 2 }, (_, cell) => logSumExp(own, cell) - logSumExp(others, cell));
}

function logSumExp(maps: readonly Float32Array[] | undefined, cell: number): number {
  const values = (maps ?? []).map((cells) => cells[cell] ?? Number.NaN);
  const most = Math.max(...values);
  return most + Math.log(values.reduce((sum, value) => sum + Math.exp(value - most), 0));
}
