import type { Heat, Region } from "../../contract/report.ts";

/** Cells below this part of the hottest one do not count as the place of a finding. */
const HALF = 0.5;

/**
 * A heat map from scores of any range: the lowest becomes 0 (or what lies below zero does), the highest 1. Two decimals, because it
 * stands in every record.
 * @param scores `rows × columns`, row by row
 * @returns undefined when no cell stands out, or a score is not finite: the whole picture is the place then
 */
export function heatOf(scores: ArrayLike<number>, columns: number, rows: number): Heat | undefined {
  const values = Array.from(scores);
  if (values.length !== columns * rows || !values.every(Number.isFinite)) return undefined;
  const least = Math.max(0, Math.min(...values));
  const most = Math.max(...values);
  if (!(most > least)) return undefined;
  const share = (value: number) => Math.round((Math.max(0, value - least) / (most - least)) * 100) / 100;
  return { columns, rows, values: values.map(share) };
}

/** The smallest rectangle around all cells that are at least half as hot as the hottest. */
export function regionOf({ columns, rows, values }: Heat, frame?: number): Region {
  let [left, top, right, bottom] = [columns, rows, 0, 0];
  values.forEach((value, i) => {
    if (value < HALF) return;
    const [x, y] = [i % columns, Math.floor(i / columns)];
    left = Math.min(left, x);
    top = Math.min(top, y);
    right = Math.max(right, x + 1);
    bottom = Math.max(bottom, y + 1);
  });
  if (right === 0) [left, top, right, bottom] = [0, 0, columns, rows];
  return {
    x: left / columns,
    y: top / rows,
    width: (right - left) / columns,
    height: (bottom - top) / rows,
    ...(frame === undefined ? {} : { frame }),
  };
}
