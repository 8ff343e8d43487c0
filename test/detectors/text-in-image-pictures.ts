import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import opentype, { type Font, type PathCommand } from "opentype.js";
import sharp from "sharp";

const FILES = {
  sans: "@fontsource/lato/files/lato-latin-400-normal.woff",
  black: "@fontsource/lato/files/lato-latin-900-normal.woff",
  poster: "@fontsource/anton/files/anton-latin-400-normal.woff",
  typewriter: "@fontsource/courier-prime/files/courier-prime-latin-400-normal.woff",
  script: "@fontsource/pacifico/files/pacifico-latin-400-normal.woff",
} as const;
export type FontName = keyof typeof FILES;
export const FONTS = Object.keys(FILES) as readonly FontName[];

const fonts = new Map<FontName, Font>();

/** A line of text in a picture, in pixels. `x`, `y` is where its baseline begins. */
export interface Lettering {
  readonly text: string;
  readonly x: number;
  readonly y: number;
  readonly size: number;
  readonly font?: FontName;
  readonly colour?: string;
  /** Around the letters, so that they can be read on anything. */
  readonly outline?: string;
  /** Degrees, clockwise, around `x`, `y`. */
  readonly turned?: number;
}

export interface Canvas {
  readonly width?: number;
  readonly height?: number;
  /** A colour, or an encoded picture that is cut to size. */
  readonly on?: string | Uint8Array;
}

/** A PNG with text. Letters are drawn as outlines of fonts from npm packages, so that it does not matter which ones a machine has. */
export async function lettered(lines: readonly Lettering[], canvas: Canvas = {}): Promise<Buffer> {
  const { width = 512, height = 512, on = "#e8e4da" } = canvas;
  const paths = lines.map(drawn).join("");
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${paths}</svg>`;
  const ground =
    typeof on === "string"
      ? sharp({ create: { width, height, channels: 3, background: on } })
      : sharp(on).resize(width, height, { fit: "cover" }).removeAlpha();
  return ground
    .composite([{ input: Buffer.from(svg) }])
    .png({ compressionLevel: 1 })
    .toBuffer();
}

/** Pixels that a text takes. */
export function widthOf(text: string, size: number, name: FontName): number {
  const font = fontOf(name);
  return [...text].reduce((sum, letter) => sum + advance(font, letter, size), 0);
}

function drawn({ text, x, y, size, font: name = "sans", colour = "#101010", outline, turned = 0 }: Lettering): string {
  const font = fontOf(name);
  let [path, at] = ["", x];
  for (const letter of text) {
    path += font.charToGlyph(letter).getPath(at, y, size).commands.map(written).join("");
    at += advance(font, letter, size);
  }
  const stroke = outline ? ` stroke="${outline}" stroke-width="${Math.max(1, size * 0.06)}" paint-order="stroke"` : "";
  return `<path d="${path}" fill="${colour}"${stroke} transform="rotate(${turned} ${x} ${y})"/>`;
}

/** As SVG writes it. The library's own way makes NaN of some coordinates, and librsvg stops drawing there. */
function written({ type, x1, y1, x2, y2, x, y }: PathCommand): string {
  return type + [x1, y1, x2, y2, x, y].flatMap((at) => (at === undefined ? [] : [at.toFixed(2)])).join(" ");
}

function advance(font: Font, letter: string, size: number): number {
  return ((font.charToGlyph(letter).advanceWidth ?? 0) * size) / font.unitsPerEm;
}

function fontOf(name: FontName): Font {
  const known = fonts.get(name);
  if (known) return known;
  const file = readFileSync(createRequire(import.meta.url).resolve(FILES[name]));
  const font = opentype.parse(file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength));
  fonts.set(name, font);
  return font;
}
