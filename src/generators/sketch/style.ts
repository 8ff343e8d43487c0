import sharp, { type Blend, type Sharp } from "sharp";
import type { Style } from "./lexicon/words.ts";
import { facets, grain, raggedEdge, type Size, strokes, tesserae } from "./strokes.ts";

/** Repaints a finished picture in a style. A style costs about as much again as the picture did. */
export async function inStyle(picture: Sharp, style: Style, size: Size, seed: number): Promise<Sharp> {
  const base = await settled(picture.flatten());
  switch (style) {
    case "monochrome":
      return base.sharp().greyscale().linear(1.12, -14).toColourspace("srgb");
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
      return base.sharp().modulate({ saturation: 0.62 }).linear([0.84, 0.8, 0.68], [30, 26, 34]);
    case "pastel":
      return base.sharp().modulate({ saturation: 0.75 }).linear(0.56, 112);
    case "vivid":
      return base.sharp().modulate({ saturation: 1.5 }).linear(1.1, -12);
    case "neon":
      return glow(base);
    case "popart":
      return fewColours(base.sharp().modulate({ saturation: 1.9 }).linear(1.25, -28), 9);
    case "pixel":
      return pixels(base, size);
    case "pencil":
      return pencil(base, 0.34);
    case "ink":
      return (await pencil(base, 0.1)).linear(2.4, -330);
    case "blueprint":
      return (await settled(await pencil(base, 0.12))).sharp().negate().linear([0.95, 0.85, 0.65], [20, 64, 132]);
    case "watercolor":
      return watercolour(base, size, seed);
    case "oil":
      return over(base, size, strokes(base.rgb, size, seed));
    case "lowpoly":
      return over(base, size, facets(base.rgb, size, seed));
    case "mosaic":
      return over(base, size, tesserae(base.rgb, size, seed));
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

/** Bright parts shine beyond their edges. */
async function glow(base: Settled): Promise<Sharp> {
  const strong = await settled(base.sharp().modulate({ saturation: 1.4 }).linear(1.1, -18));
  const halo = await settled(strong.sharp().linear(1.6, -150).blur(8));
  return halo.on(strong.sharp(), "screen");
}

async function fewColours(picture: Sharp, colours: number): Promise<Sharp> {
  return sharp(await picture.png({ palette: true, colours, dither: 0, compressionLevel: 1 }).toBuffer()).toColourspace(
    "srgb",
  );
}

async function pixels(base: Settled, { width, height }: Size): Promise<Sharp> {
  const block = Math.max(2, Math.round(Math.min(width, height) / 96));
  const [w, h] = [Math.max(8, Math.round(width / block)), Math.max(8, Math.round(height / block))];
  const small = await settled(
    base.sharp().modulate({ saturation: 1.15 }).resize(w, h, { fit: "fill", kernel: "cubic" }),
  );
  return (await fewColours(small.sharp(), 40)).resize(width, height, { fit: "fill", kernel: "nearest" });
}

/** Dodging a grey picture with its blurred negative leaves the edges, as a pencil would draw them; then some shading. */
async function pencil(base: Settled, shading: number): Promise<Sharp> {
  const grey = await settled(base.sharp().greyscale());
  const negative = await settled(grey.sharp().negate().blur(4));
  const drawn = await settled(negative.on(grey.sharp(), "colour-dodge"));
  const shade = await settled(grey.sharp().linear(shading, 255 * (1 - shading) + 8));
  return shade.on(drawn.sharp(), "multiply");
}

async function watercolour(base: Settled, { width, height }: Size, seed: number): Promise<Sharp> {
  const washed = await settled(
    base
      .sharp()
      .median(Math.min(width, height) >= 256 ? 5 : 3)
      .modulate({ saturation: 0.9 })
      .linear(0.72, 70),
  );
  return washed.sharp().composite([
    { input: grain(seed), tile: true, blend: "multiply", raw: { width: 128, height: 128, channels: 3 } },
    { input: Buffer.from(raggedEdge({ width, height }, seed)), blend: "over" },
  ]);
}
