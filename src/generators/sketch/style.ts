import sharp, { type Blend, type Matrix3x3, type Sharp } from "sharp";
import type { Style } from "./lexicon/words.ts";
import { facets, grain, leading, raggedEdge, type Size, strokes } from "./strokes.ts";

const LUMA: [number, number, number] = [0.299, 0.587, 0.114];
/** Keeps three channels, which the steps after it expect. */
const GREY: Matrix3x3 = [LUMA, LUMA, LUMA];

/** Away from grey by this factor, or towards it. */
function saturation(factor: number): Matrix3x3 {
  const row = (own: number): [number, number, number] => {
    const [red, green, blue] = LUMA.map((share, i) => share * (1 - factor) + (i === own ? factor : 0));
    return [red ?? 0, green ?? 0, blue ?? 0];
  };
  return [row(0), row(1), row(2)];
}

/** Repaints a finished picture in a style. A style costs about as much again as the picture did. */
export async function inStyle(picture: Sharp, style: Style, size: Size, seed: number): Promise<Sharp> {
  const base = await settled(picture.flatten());
  switch (style) {
    case "monochrome":
      return base.sharp().recomb(GREY).linear(1.12, -14);
    case "sepia":
      return base
        .sharp()
        .recomb([
          [0.393, 0.769, 0.189],
          [0.349, 0.686, 0.168],
          [0.272, 0.534, 0.131],
        ])
        .linear(0.92, 4);
    case "vintage":
      return base.sharp().recomb(saturation(0.62)).linear([0.84, 0.8, 0.68], [30, 26, 34]);
    case "pastel":
      return base.sharp().recomb(saturation(0.75)).linear(0.56, 112);
    case "vivid":
      return base.sharp().recomb(saturation(1.5)).linear(1.1, -12);
    case "neon":
      return glow(base);
    case "popart":
      return popArt(base, size);
    case "pixel":
      return pixels(base, size);
    case "pencil":
      return pencil(base, seed);
    case "ink":
      return (await edges(base, 3)).sharp().linear(-2.2, 300);
    case "blueprint":
      return (await edges(base, 2.4)).sharp().linear([0.9, 0.9, 0.8], [18, 62, 128]);
    case "watercolor":
      return watercolour(base, size, seed);
    case "oil":
      return oil(base, size, seed);
    case "lowpoly":
      return over(base, size, facets(base.rgb, size, seed));
    case "glass":
      return stainedGlass(base, size, seed);
    case "mosaic":
      return mosaic(base, size);
    default:
      return style satisfies never;
  }
}

/** A picture worked out, so that several others can start from it. */
interface Settled {
  readonly rgb: Uint8Array;
  sharp(): Sharp;
  on(below: Sharp, blend: Blend): Sharp;
}

async function settled(picture: Sharp): Promise<Settled> {
  const { data, info } = await picture.toColourspace("srgb").raw().toBuffer({ resolveWithObject: true });
  const raw = { width: info.width, height: info.height, channels: info.channels };
  return {
    rgb: data,
    sharp: () => sharp(data, { raw }),
    on: (below, blend) => below.composite([{ input: data, raw, blend }]),
  };
}

function over({ sharp: picture }: Settled, { width, height }: Size, paint: string): Sharp {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${paint}</svg>`;
  return picture().composite([{ input: Buffer.from(svg) }]);
}

/** Painted smaller and enlarged: half the work, and the strokes get soft edges. */
async function oil(base: Settled, { width, height }: Size, seed: number): Promise<Sharp> {
  const share = Math.min(1, Math.max(0.7, 256 / Math.min(width, height)));
  const size = { width: Math.round(width * share), height: Math.round(height * share) };
  const small = await settled(base.sharp().resize({ ...size, fit: "fill" }));
  const painted = await settled(over(small, size, strokes(small.rgb, size, seed)));
  return painted.sharp().resize({ width, height, fit: "fill", kernel: "cubic" });
}

/** Bright parts shine beyond their edges. */
async function glow(base: Settled): Promise<Sharp> {
  const strong = await settled(base.sharp().recomb(saturation(1.4)).linear(1.1, -18));
  const halo = await settled(strong.sharp().linear(1.6, -150).blur(8));
  return halo.on(strong.sharp(), "screen");
}

async function popArt(base: Settled, { width, height }: Size): Promise<Sharp> {
  const strong = base.sharp().recomb(saturation(2)).linear(1.25, -52);
  const step = Math.max(4, Math.round(Math.min(width, height) / 80));
  const dot = `<svg xmlns="http://www.w3.org/2000/svg" width="${step}" height="${step}"><circle cx="${step / 2}" cy="${step / 2}" r="${step * 0.3}" fill="#5a1e6a" opacity=".3"/></svg>`;
  const flat = await settled(await fewColours(strong, 10));
  return flat.sharp().composite([{ input: Buffer.from(dot), tile: true }]);
}

async function fewColours(picture: Sharp, colours: number): Promise<Sharp> {
  return sharp(await picture.png({ palette: true, colours, dither: 0, compressionLevel: 1 }).toBuffer()).toColourspace(
    "srgb",
  );
}

async function pixels(base: Settled, { width, height }: Size): Promise<Sharp> {
  const block = Math.max(2, Math.round(Math.min(width, height) / 96));
  const [w, h] = [Math.max(8, Math.round(width / block)), Math.max(8, Math.round(height / block))];
  const small = await settled(base.sharp().recomb(saturation(1.15)).resize(w, h, { fit: "fill", kernel: "cubic" }));
  return (await fewColours(small.sharp(), 40)).resize(width, height, { fit: "fill", kernel: "nearest" });
}

/** Each pixel against those around it: bright along the brighter side of every edge. */
const AROUND = Array.from({ length: 25 }, (_, i) => (i === 12 ? 24 : -1));

async function edges(base: Settled, gain: number): Promise<Settled> {
  const kernel = { width: 5, height: 5, kernel: AROUND, scale: 12 };
  return settled(
    (await settled(base.sharp().recomb(GREY)))
      .sharp()
      .convolve(kernel)
      .linear(gain, -4 * gain),
  );
}

async function pencil(base: Settled, seed: number): Promise<Sharp> {
  const lines = await settled((await edges(base, 3.4)).sharp().linear(-2.2, 285));
  const shade = base.sharp().recomb(GREY).linear(0.32, 180);
  const shaded = await settled(lines.on(shade, "multiply"));
  return shaded.sharp().composite([{ ...PAPER, input: grain(seed, 14) }]);
}

/** Panes of glass, leaded along what is drawn and across the rest. */
async function stainedGlass(base: Settled, size: Size, seed: number): Promise<Sharp> {
  const lines = (await edges(base, 3)).sharp().blur(1.2).linear(-2.4, 310);
  const lead = await settled(lines);
  const panes = await settled(over(await settled(base.sharp().recomb(saturation(1.5))), size, leading(size, seed)));
  return lead.on(panes.sharp(), "multiply");
}

async function mosaic(base: Settled, { width, height }: Size): Promise<Sharp> {
  const step = Math.max(4, Math.round(Math.sqrt(width * height) / 68));
  const [columns, rows] = [Math.ceil(width / step), Math.ceil(height / step)];
  const small = await settled(
    base.sharp().recomb(saturation(1.2)).resize(columns, rows, { fit: "fill", kernel: "cubic" }),
  );
  const stones = small.sharp().resize(columns * step, rows * step, { fit: "fill", kernel: "nearest" });
  const joint = Math.max(1, Math.round(step / 8));
  const mortar = `<svg xmlns="http://www.w3.org/2000/svg" width="${step}" height="${step}"><path d="M0 0H${step}V${step}H0ZM0 0V${step - joint}H${step - joint}V0Z" fill="#eee8da" fill-rule="evenodd"/></svg>`;
  const set = await settled(stones.composite([{ input: Buffer.from(mortar), tile: true }]));
  return set.sharp().extract({ left: 0, top: 0, width, height });
}

const PAPER = { tile: true, blend: "multiply", raw: { width: 128, height: 128, channels: 3 } } as const;

async function watercolour(base: Settled, { width, height }: Size, seed: number): Promise<Sharp> {
  const washed = await settled(base.sharp().median(3).recomb(saturation(0.9)).linear(0.72, 70));
  return washed.sharp().composite([
    { ...PAPER, input: grain(seed, 15) },
    { input: Buffer.from(raggedEdge({ width, height }, seed)), blend: "over" },
  ]);
}
