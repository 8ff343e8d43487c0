import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HeatSchema, RegionSchema } from "../../contract/report.ts";
import { heatOf, regionOf } from "./heat.ts";

describe("heatOf", () => {
  test("spreads scores from 0 to 1", () => {
    expect(heatOf([2, 4, 6, 2], 2, 2)).toEqual({ columns: 2, rows: 2, values: [0, 0.5, 1, 0] });
  });

  test("takes what speaks against a finding for nothing, not for the bottom of the scale", () => {
    expect(heatOf([-100, 1, 2, 0], 2, 2)?.values).toEqual([0, 0.5, 1, 0]);
  });

  test.each([
    ["equal scores", [1, 1, 1, 1]],
    ["scores that all speak against", [-4, -3, -2, -1]],
    ["a score that is no number", [1, Number.NaN, 2, 3]],
    ["too few scores", [1, 2, 3]],
  ])("%s show no place", (_, scores) => {
    expect(heatOf(scores, 2, 2)).toBeUndefined();
  });
});

test("a map and its region are valid evidence, and the region holds the hottest cell", () => {
  const size = fc.integer({ min: 1, max: 12 });
  const map = fc.tuple(size, size).chain(([columns, rows]) =>
    fc.record({
      columns: fc.constant(columns),
      rows: fc.constant(rows),
      scores: fc.array(fc.double({ noNaN: true, min: -10, max: 10 }), {
        minLength: columns * rows,
        maxLength: columns * rows,
      }),
    }),
  );
  fc.assert(
    fc.property(map, ({ columns, rows, scores }) => {
      const heat = heatOf(scores, columns, rows);
      if (!heat) return;
      HeatSchema.parse(heat);
      const { x, y, width, height } = RegionSchema.parse(regionOf(heat));
      const hottest = heat.values.indexOf(Math.max(...heat.values));
      const centre = [((hottest % columns) + 0.5) / columns, (Math.floor(hottest / columns) + 0.5) / rows] as const;
      expect(centre[0] > x && centre[0] < x + width && centre[1] > y && centre[1] < y + height).toBe(true);
    }),
  );
});

test("regionOf surrounds every cell that is at least half as hot", () => {
  const heat = { columns: 4, rows: 2, values: [0, 0.5, 0, 0, 0, 0, 1, 0.4] };
  expect(regionOf(heat, 3)).toEqual({ x: 0.25, y: 0, width: 0.5, height: 1, frame: 3 });
});
