import { type Hex, hexOf, rgbOf } from "./colour.ts";
import { Random } from "./random.ts";
import { curve, n, type Point, polygon } from "./svg.ts";

export interface Size {
  readonly width: number;
  readonly height: number;
}

const GRAIN = 128;

function sampler(rgb: Uint8Array, { width, height }: Size): (x: number, y: number, shift?: number) => string {
  return (x, y, shift = 0) => {
    const column = Math.min(width - 1, Math.max(0, Math.round(x)));
    const row = Math.min(height - 1, Math.max(0, Math.round(y)));
    const at = (row * width + column) * 3;
    return hexOf([(rgb[at] ?? 0) + shift, (rgb[at + 1] ?? 0) + shift, (rgb[at + 2] ?? 0) + shift]);
  };
}

const TONES = 14;

/** One of few colours, so that many strokes share one path. */
function coarse(colour: Hex): Hex {
  const [red, green, blue] = rgbOf(colour);
  return hexOf([Math.round(red / TONES) * TONES, Math.round(green / TONES) * TONES, Math.round(blue / TONES) * TONES]);
}

/** Brush strokes in the picture's own colours, along a slow swirl. */
export function strokes(rgb: Uint8Array, size: Size, seed: number): string {
  const random = new Random(seed, "strokes");
  const colour = sampler(rgb, size);
  const light = (x: number, y: number) => {
    const column = Math.min(size.width - 1, Math.max(0, Math.round(x)));
    return rgb[(Math.min(size.height - 1, Math.max(0, Math.round(y))) * size.width + column) * 3 + 1] ?? 0;
  };
  const detailed = (x: number, y: number, gap: number) => {
    const around = [light(x - gap, y), light(x + gap, y), light(x, y - gap), light(x, y + gap)];
    return Math.max(...around) - Math.min(...around) > 34;
  };
  const layer = (gap: number, length: number, thick: number, onlyDetail = false) => {
    const byColour = new Map<string, string>();
    for (let y = 0; y < size.height + gap; y += gap) {
      for (let x = 0; x < size.width + gap; x += gap) {
        const [px, py] = [x + random.between(-gap, gap) * 0.6, y + random.between(-gap, gap) * 0.6];
        if (onlyDetail && !detailed(px, py, gap)) continue;
        const angle =
          Math.sin((px / size.width) * 4 + seed) + Math.cos((py / size.height) * 5) * 0.9 + random.between(-0.35, 0.35);
        const [dx, dy] = [Math.cos(angle) * length, Math.sin(angle) * length];
        const tone = coarse(colour(px, py, random.between(-15, 15)));
        const [wx, wy] = [(-dy / length) * thick * 0.7, (dx / length) * thick * 0.7];
        const dab = `M${n(px - dx / 2)} ${n(py - dy / 2)}q${n(dx * 0.3 + wx)} ${n(dy * 0.3 + wy)} ${n(dx)} ${n(dy)}q${n(-dx * 0.7 - wx)} ${n(-dy * 0.7 - wy)} ${n(-dx)} ${n(-dy)}`;
        byColour.set(tone, (byColour.get(tone) ?? "") + dab);
      }
    }
    const paths = random.shuffled([...byColour]).map(([tone, path]) => `<path d="${path}" fill="${tone}"/>`);
    return paths.join("");
  };
  const unit = Math.sqrt(size.width * size.height) / 512;
  const dabs =
    layer(15 * unit, 38 * unit, 13 * unit) +
    layer(10 * unit, 19 * unit, 7 * unit) +
    layer(5 * unit, 9 * unit, 3.6 * unit, true);
  return `<g shape-rendering="crispEdges">${dabs}</g>`;
}

/** Triangles over a shaken grid, each in the colour of its middle. */
export function facets(rgb: Uint8Array, size: Size, seed: number): string {
  const colour = sampler(rgb, size);
  const random = new Random(seed, "facets");
  const triangles = shattered(size, 27, random).map(([a, b, c]) => {
    const fill = colour((a[0] + b[0] + c[0]) / 3, (a[1] + b[1] + c[1]) / 3, random.between(-9, 9));
    return polygon([a, b, c], fill, ` stroke="${fill}" stroke-width=".8"`);
  });
  return triangles.join("");
}

/** Panes of a little more or less light, with lead between them. */
export function leading(size: Size, seed: number): string {
  const random = new Random(seed, "leading");
  const width = n(Math.sqrt(size.width * size.height) / 170);
  const panes = shattered(size, 9, random).map((pane) => {
    const light = random.between(-0.16, 0.2);
    return polygon(pane, light < 0 ? "#000000" : "#ffffff", ` fill-opacity="${Math.abs(light).toFixed(2)}"`);
  });
  return `<g stroke="#1b1822" stroke-width="${width}" stroke-linejoin="round">${panes.join("")}</g>`;
}

/** The paper cut into triangles, about so many to a side. */
function shattered(size: Size, pieces: number, random: Random): readonly (readonly [Point, Point, Point])[] {
  const step = Math.sqrt(size.width * size.height) / pieces;
  const [columns, rows] = [Math.ceil(size.width / step) + 1, Math.ceil(size.height / step) + 1];
  const shaken = (at: number) => (at - 0.5 + random.between(-0.33, 0.33)) * step;
  const grid = Array.from({ length: rows + 1 }, (_, row) =>
    Array.from({ length: columns + 1 }, (_unused, column): Point => [shaken(column), shaken(row)]),
  );
  const none: Point = [0, 0];
  return Array.from({ length: rows * columns }, (_, i): (readonly [Point, Point, Point])[] => {
    const [row, column] = [Math.floor(i / columns), i % columns];
    const [a = none, b = none] = [grid[row]?.[column], grid[row]?.[column + 1]];
    const [c = none, d = none] = [grid[row + 1]?.[column], grid[row + 1]?.[column + 1]];
    return (row + column) % 2 === 0
      ? [
          [a, b, d],
          [a, d, c],
        ]
      : [
          [a, b, c],
          [b, d, c],
        ];
  }).flat();
}

/** The tooth of paper: a tile of nearly white pixels, `128 × 128 × 3` bytes. */
export function grain(seed: number, depth: number): Buffer {
  const random = new Random(seed, "grain");
  const tile = Buffer.alloc(GRAIN * GRAIN * 3);
  for (let at = 0; at < tile.length; at += 3) tile.fill(255 - Math.floor(random.next() ** 2 * depth), at, at + 3);
  return tile;
}

/** Bare paper around a wash of colour. */
export function raggedEdge({ width, height }: Size, seed: number): string {
  const random = new Random(seed, "edge");
  const margin = Math.min(width, height) * 0.045;
  const count = 18;
  const rim = Array.from({ length: count * 4 }, (_, i): Point => {
    const along = (i % count) / count;
    const inset = margin * random.between(0.25, 1.15);
    const side = Math.floor(i / count);
    if (side === 0) return [along * width, inset];
    if (side === 1) return [width - inset, along * height];
    return side === 2 ? [width * (1 - along), height - inset] : [inset, height * (1 - along)];
  });
  const [first = [0, 0]] = rim;
  const hole = `M${n(first[0])} ${n(first[1])}${curve([...rim, first])}Z`;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><path d="M-2 -2H${width + 2}V${height + 2}H-2Z${hole}" fill="#fdfbf5" fill-rule="evenodd"/><path d="${hole}" fill="none" stroke="#fdfbf5" stroke-width="${n(margin * 0.5)}" stroke-linejoin="round" opacity=".45"/></svg>`;
}
