import { hexOf } from "./colour.ts";
import { Random } from "./random.ts";
import { n, type Point } from "./svg.ts";

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

/** Brush strokes in the picture's own colours, along a slow swirl. */
export function strokes(rgb: Uint8Array, size: Size, seed: number): string {
  const random = new Random(seed, "strokes");
  const colour = sampler(rgb, size);
  const layer = (gap: number, length: number, thick: number) => {
    const byColour = new Map<string, string>();
    for (let y = 0; y < size.height + gap; y += gap) {
      for (let x = 0; x < size.width + gap; x += gap) {
        const [px, py] = [x + random.between(-gap, gap) * 0.6, y + random.between(-gap, gap) * 0.6];
        const angle =
          Math.sin((px / size.width) * 4 + seed) + Math.cos((py / size.height) * 5) * 0.9 + random.between(-0.35, 0.35);
        const [dx, dy] = [Math.cos(angle) * length, Math.sin(angle) * length];
        const tone = colour(px, py, random.between(-15, 15));
        byColour.set(
          tone,
          `${byColour.get(tone) ?? ""}M${n(px - dx / 2)} ${n(py - dy / 2)}q${n(dx / 2 + dy * 0.12)} ${n(dy / 2 - dx * 0.12)} ${n(dx)} ${n(dy)}`,
        );
      }
    }
    const paths = random.shuffled([...byColour]).map(([tone, path]) => `<path d="${path}" stroke="${tone}"/>`);
    return `<g fill="none" stroke-linecap="round" stroke-width="${n(thick)}" opacity=".86">${paths.join("")}</g>`;
  };
  const unit = Math.sqrt(size.width * size.height) / 512;
  return layer(15 * unit, 26 * unit, 10 * unit) + layer(9.5 * unit, 13 * unit, 4.4 * unit);
}

/** Triangles over a shaken grid, each in the colour of its middle. */
export function facets(rgb: Uint8Array, size: Size, seed: number): string {
  const random = new Random(seed, "facets");
  const colour = sampler(rgb, size);
  const step = Math.sqrt(size.width * size.height) / 27;
  const [columns, rows] = [Math.ceil(size.width / step) + 1, Math.ceil(size.height / step) + 1];
  const grid = Array.from({ length: rows + 1 }, (_, row) =>
    Array.from(
      { length: columns + 1 },
      (_unused, column): Point => [
        (column - 0.5 + random.between(-0.33, 0.33)) * step,
        (row - 0.5 + random.between(-0.33, 0.33)) * step,
      ],
    ),
  );
  const triangle = (a: Point, b: Point, c: Point) => {
    const fill = colour((a[0] + b[0] + c[0]) / 3, (a[1] + b[1] + c[1]) / 3, random.between(-9, 9));
    return `<path d="M${n(a[0])} ${n(a[1])}L${n(b[0])} ${n(b[1])}L${n(c[0])} ${n(c[1])}Z" fill="${fill}" stroke="${fill}" stroke-width=".8"/>`;
  };
  const none: Point = [0, 0];
  return Array.from({ length: rows * columns }, (_, i) => {
    const [row, column] = [Math.floor(i / columns), i % columns];
    const [a = none, b = none] = [grid[row]?.[column], grid[row]?.[column + 1]];
    const [c = none, d = none] = [grid[row + 1]?.[column], grid[row + 1]?.[column + 1]];
    return (row + column) % 2 === 0 ? triangle(a, b, d) + triangle(a, d, c) : triangle(a, b, c) + triangle(b, d, c);
  }).join("");
}

/** Little stones with mortar between them. */
export function tesserae(rgb: Uint8Array, size: Size, seed: number): string {
  const random = new Random(seed, "tesserae");
  const colour = sampler(rgb, size);
  const step = Math.sqrt(size.width * size.height) / 46;
  let stones = "";
  for (let y = 0; y < size.height; y += step) {
    for (let x = 0; x < size.width; x += step) {
      const [cx, cy, half] = [x + step / 2, y + step / 2, step * 0.45];
      const corner = () => random.between(0.84, 1) * half;
      stones += `<path d="M${n(cx - corner())} ${n(cy - corner())}L${n(cx + corner())} ${n(cy - corner())}L${n(cx + corner())} ${n(cy + corner())}L${n(cx - corner())} ${n(cy + corner())}Z" fill="${colour(cx, cy, random.between(-16, 16))}"/>`;
    }
  }
  return `<rect width="${size.width}" height="${size.height}" fill="#e9e2d3"/>${stones}`;
}

/** The tooth of paper: a tile of nearly white pixels, `128 × 128 × 3` bytes. */
export function grain(seed: number): Buffer {
  const random = new Random(seed, "grain");
  const tile = Buffer.alloc(GRAIN * GRAIN * 3);
  for (let at = 0; at < tile.length; at += 3) tile.fill(255 - Math.floor(random.next() ** 2 * 26), at, at + 3);
  return tile;
}

/** Bare paper around a wash of colour. */
export function raggedEdge({ width, height }: Size, seed: number): string {
  const random = new Random(seed, "edge");
  const margin = Math.min(width, height) * 0.045;
  const count = 26;
  const rim = Array.from({ length: count * 4 }, (_, i): Point => {
    const along = (i % count) / count;
    const inset = margin * random.between(0.25, 1.15);
    const side = Math.floor(i / count);
    if (side === 0) return [along * width, inset];
    if (side === 1) return [width - inset, along * height];
    return side === 2 ? [width * (1 - along), height - inset] : [inset, height * (1 - along)];
  });
  const path = `M-2 -2H${width + 2}V${height + 2}H-2ZM${rim.map(([x, y]) => `${n(x)} ${n(y)}`).join("L")}Z`;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><path d="${path}" fill="#fdfbf5" fill-rule="evenodd"/><path d="M${rim.map(([x, y]) => `${n(x)} ${n(y)}`).join("L")}Z" fill="none" stroke="#fdfbf5" stroke-width="${n(margin * 0.5)}" stroke-linejoin="round" opacity=".5"/></svg>`;
}
