/** A rectangle at any angle, in pixels. `angle` is that of the side `width`, in radians, clockwise as y points down. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly angle: number;
}

export type Point = readonly [x: number, y: number];

/** The corners of a part of a box: from `from` to `to` of its width, both 0 to 1, in its whole height. */
export function corners({ x, y, width, height, angle }: Box, from = 0, to = 1): readonly Point[] {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return [
    [from, -0.5],
    [to, -0.5],
    [to, 0.5],
    [from, 0.5],
  ].map(([along = 0, across = 0]) => {
    const [u, v] = [(along - 0.5) * width, across * height];
    return [x + u * cos - v * sin, y + u * sin + v * cos];
  });
}

/** The rectangle of least area around the points; one of its sides lies on a side of their convex hull. */
export function leastBox(points: readonly Point[]): Box {
  const hull = convexHull(points);
  let best: Box | undefined;
  for (const [i, [x0, y0]] of hull.entries()) {
    const [x1, y1] = hull[(i + 1) % hull.length] ?? [x0, y0];
    const angle = Math.atan2(y1 - y0, x1 - x0);
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
    for (const [x, y] of hull) {
      const [u, v] = [x * cos + y * sin, y * cos - x * sin];
      left = Math.min(left, u);
      right = Math.max(right, u);
      top = Math.min(top, v);
      bottom = Math.max(bottom, v);
    }
    const [width, height] = [right - left, bottom - top];
    if (best && width * height >= best.width * best.height) continue;
    const [u, v] = [(left + right) / 2, (top + bottom) / 2];
    best = { x: u * cos - v * sin, y: u * sin + v * cos, width, height, angle };
  }
  return best ?? { x: 0, y: 0, width: 0, height: 0, angle: 0 };
}

/** The same rectangle with an angle of at most 45° either way, so that `width` lies across the picture. */
export function levelled(box: Box): Box {
  const quarter = Math.PI / 2;
  const turns = Math.round(box.angle / quarter);
  const angle = box.angle - turns * quarter;
  return turns % 2 === 0 ? { ...box, angle } : { ...box, angle, width: box.height, height: box.width };
}

/** Andrew's monotone chain. */
function convexHull(points: readonly Point[]): readonly Point[] {
  const sorted = points.toSorted(([ax, ay], [bx, by]) => ax - bx || ay - by);
  const half = (from: readonly Point[]): Point[] => {
    const chain: Point[] = [];
    for (const point of from) {
      while (chain.length > 1 && !turnsLeft(chain.at(-2), chain.at(-1), point)) chain.pop();
      chain.push(point);
    }
    chain.pop();
    return chain;
  };
  return sorted.length < 3 ? sorted : [...half(sorted), ...half(sorted.toReversed())];
}

function turnsLeft(a: Point | undefined, b: Point | undefined, c: Point): boolean {
  return a !== undefined && b !== undefined && (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]) > 0;
}
