import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Box, corners, leastBox, levelled, type Point } from "./box.ts";
import { linesOf } from "./lines.ts";

const [WIDTH, HEIGHT] = [160, 120];

/** A map with these rectangles of text in it. */
function mapOf(boxes: readonly Box[], probability = 0.95): Float32Array {
  const map = new Float32Array(WIDTH * HEIGHT);
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) {
      if (boxes.some((box) => holds(box, [x + 0.5, y + 0.5]))) map[y * WIDTH + x] = probability;
    }
  }
  return map;
}

function holds(box: Box, [x, y]: Point, slack = 0): boolean {
  const [dx, dy] = [x - box.x, y - box.y];
  const [u, v] = [
    dx * Math.cos(box.angle) + dy * Math.sin(box.angle),
    dy * Math.cos(box.angle) - dx * Math.sin(box.angle),
  ];
  return Math.abs(u) <= box.width / 2 + slack && Math.abs(v) <= box.height / 2 + slack;
}

const box = (x: number, y: number, width: number, height: number, degrees = 0): Box => ({
  x,
  y,
  width,
  height,
  angle: (degrees * Math.PI) / 180,
});

describe("the least box around points", () => {
  const point = fc.tuple(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 300 }));

  test("holds them all, and has a point on each side", () => {
    fc.assert(
      fc.property(fc.array(point, { minLength: 1, maxLength: 40 }), (points) => {
        const least = leastBox(points);
        for (const each of points) expect(holds(least, each, 1e-6)).toBe(true);
        const smaller = [
          { ...least, width: least.width - 0.01 },
          { ...least, height: least.height - 0.01 },
        ];
        for (const other of smaller) {
          if (other.width > 0 && other.height > 0) expect(points.every((each) => holds(other, each))).toBe(false);
        }
      }),
    );
  });

  test("is no larger than the upright one", () => {
    fc.assert(
      fc.property(fc.array(point, { minLength: 3, maxLength: 40 }), (points) => {
        const spread = (axis: 0 | 1) =>
          Math.max(...points.map((p) => p[axis])) - Math.min(...points.map((p) => p[axis]));
        const least = leastBox(points);
        expect(least.width * least.height).toBeLessThanOrEqual(spread(0) * spread(1) + 1e-6);
      }),
    );
  });

  test("levelled is the same rectangle, its width within 45° of level", () => {
    fc.assert(
      fc.property(fc.integer({ min: -720, max: 720 }), (degrees) => {
        const turned = box(50, 40, 30, 10, degrees);
        const level = levelled(turned);
        expect(Math.abs(level.angle)).toBeLessThanOrEqual(Math.PI / 4 + 1e-9);
        for (const corner of corners(turned)) expect(holds(level, corner, 1e-6)).toBe(true);
        expect(level.width * level.height).toBeCloseTo(300);
      }),
    );
  });
});

describe("lines in a probability map", () => {
  test.each([0, 3, 12, 30, 40, -20])("one at %i° is found where it is, a little larger", (degrees) => {
    const drawn = box(80, 60, 70, 10, degrees);
    const [found, ...more] = linesOf(mapOf([drawn]), WIDTH, HEIGHT);
    expect(more).toEqual([]);
    expect(found?.x).toBeCloseTo(80, 0);
    expect(found?.y).toBeCloseTo(60, 0);
    expect(Math.abs((found?.angle ?? 9) - drawn.angle)).toBeLessThan(0.03);
    for (const corner of corners(drawn)) expect(found && holds(found, corner)).toBe(true);
    expect(found?.height).toBeGreaterThan(15);
    expect(found?.height).toBeLessThan(30);
  });

  test("are as many as there are separate ones, and those that touch at a corner are one", () => {
    const apart = [box(40, 20, 50, 8), box(120, 20, 50, 8), box(60, 60, 80, 8), box(60, 100, 30, 12)];
    expect(linesOf(mapOf(apart), WIDTH, HEIGHT)).toHaveLength(4);
    expect(linesOf(mapOf([box(40, 20, 40, 10), box(80, 30, 40, 10)]), WIDTH, HEIGHT)).toHaveLength(1);
  });

  test("hang together as a search over all neighbours says", () => {
    const speck = fc.record({
      x: fc.integer({ min: 0, max: 19 }),
      y: fc.integer({ min: 0, max: 14 }),
      width: fc.integer({ min: 1, max: 6 }),
      height: fc.integer({ min: 1, max: 4 }),
    });
    fc.assert(
      fc.property(fc.array(speck, { maxLength: 12 }), (specks) => {
        // each pixel of a coarse map becomes 8 × 8, so that nothing is too small to be a line
        const [columns, rows, scale] = [20, 15, 8];
        const coarse = new Uint8Array(columns * rows);
        for (const { x, y, width, height } of specks) {
          for (let j = y; j < Math.min(rows, y + height); j++) {
            for (let i = x; i < Math.min(columns, x + width); i++) coarse[j * columns + i] = 1;
          }
        }
        const wide = columns * scale;
        const map = Float32Array.from({ length: wide * rows * scale }, (_, at) => {
          return coarse[Math.floor(Math.floor(at / wide) / scale) * columns + Math.floor((at % wide) / scale)] ?? 0;
        });
        const found = linesOf(map, wide, rows * scale);
        const searched = searchedComponents(coarse, columns, rows);
        // what fills too little of its rectangle is left out; whatever is found must be one of the searched
        expect(found.length).toBeLessThanOrEqual(searched.length);
        const whole = searched.filter(({ pixels, area }) => pixels === area);
        expect(found.length).toBeGreaterThanOrEqual(whole.length);
      }),
    );
  });

  test("are none in an empty map, in one that is unsure, and none that is a speck or a hair", () => {
    expect(linesOf(new Float32Array(WIDTH * HEIGHT), WIDTH, HEIGHT)).toEqual([]);
    expect(linesOf(mapOf([box(80, 60, 70, 10)], 0.4), WIDTH, HEIGHT)).toEqual([]);
    expect(linesOf(mapOf([box(80, 60, 4, 4)]), WIDTH, HEIGHT)).toEqual([]);
    expect(linesOf(mapOf([box(80, 60.5, 70, 1)]), WIDTH, HEIGHT)).toEqual([]);
    expect(linesOf(new Float32Array([1]), 1, 1)).toEqual([]);
  });

  test("an outline around half of the picture is none", () => {
    const map = mapOf([box(80, 60, 120, 90)]);
    const hole = mapOf([box(80, 60, 112, 82)]);
    hole.forEach((value, at) => {
      if (value > 0) map[at] = 0;
    });
    expect(linesOf(map, WIDTH, HEIGHT)).toEqual([]);
  });
});

/** Components over sides and corners, by flood fill, with the area of the upright rectangle around each. */
function searchedComponents(cells: Uint8Array, columns: number, rows: number) {
  const seen = new Set<number>();
  const found: { pixels: number; area: number }[] = [];
  for (let start = 0; start < cells.length; start++) {
    if (!cells[start] || seen.has(start)) continue;
    const stack = [start];
    seen.add(start);
    const [xs, ys]: [number[], number[]] = [[], []];
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      const [x, y] = [at % columns, Math.floor(at / columns)];
      xs.push(x);
      ys.push(y);
      for (const [i, j] of [-1, 0, 1].flatMap((dx) => [-1, 0, 1].map((dy) => [x + dx, y + dy] as const))) {
        const next = j * columns + i;
        if (i < 0 || j < 0 || i >= columns || j >= rows || !cells[next] || seen.has(next)) continue;
        seen.add(next);
        stack.push(next);
      }
    }
    const [wide, high] = [Math.max(...xs) - Math.min(...xs) + 1, Math.max(...ys) - Math.min(...ys) + 1];
    found.push({ pixels: xs.length, area: wide * high });
  }
  return found;
}
