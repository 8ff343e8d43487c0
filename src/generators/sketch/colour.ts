/** `#rrggbb`, or `#rgb` where the icons are written so. */
export type Hex = string;
type Rgb = readonly [number, number, number];
/** Lightness 0 to 1, chroma 0 to about 0.3, hue in degrees. */
export interface Oklch {
  readonly l: number;
  readonly c: number;
  readonly h: number;
}

export function rgbOf(hex: Hex): Rgb {
  const digits = hex.length === 4 ? [...hex.slice(1)].map((d) => d + d).join("") : hex.slice(1);
  const value = Number.parseInt(digits, 16);
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}

export function hexOf([red, green, blue]: Rgb): Hex {
  const byte = (channel: number) => Math.round(Math.min(255, Math.max(0, channel)));
  return `#${((1 << 24) | (byte(red) << 16) | (byte(green) << 8) | byte(blue)).toString(16).slice(1)}`;
}

export function mix(from: Hex, to: Hex, share: number): Hex {
  const [r1, g1, b1] = rgbOf(from);
  const [r2, g2, b2] = rgbOf(to);
  return hexOf([r1 + (r2 - r1) * share, g1 + (g2 - g1) * share, b1 + (b2 - b1) * share]);
}

/** As if seen by light of this colour. */
export function multiply(colour: Hex, light: Hex): Hex {
  const [r1, g1, b1] = rgbOf(colour);
  const [r2, g2, b2] = rgbOf(light);
  return hexOf([(r1 * r2) / 255, (g1 * g2) / 255, (b1 * b2) / 255]);
}

export function lighter(colour: Hex, by: number): Hex {
  return by >= 0 ? mix(colour, "#ffffff", by) : mix(colour, "#0b1026", -by);
}

/** The hue turned by so many degrees, as painters vary a green. */
export function turned(colour: Hex, degrees: number): Hex {
  const { l, c, h } = oklchOf(colour);
  return fromOklch({ l, c, h: h + degrees });
}

/** @see https://bottosson.github.io/posts/oklab/ */
export function oklchOf(hex: Hex): Oklch {
  const [r, g, b] = rgbOf(hex).map(linear) as [number, number, number];
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  const lightness = 0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s;
  const a = 1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s;
  const bb = 0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s;
  return { l: lightness, c: Math.hypot(a, bb), h: ((Math.atan2(bb, a) * 180) / Math.PI + 360) % 360 };
}

export function fromOklch({ l, c, h }: Oklch): Hex {
  const a = c * Math.cos((h * Math.PI) / 180);
  const b = c * Math.sin((h * Math.PI) / 180);
  const long = (l + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const medium = (l - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const short = (l - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return hexOf([
    encoded(4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short),
    encoded(-1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short),
    encoded(-0.0041960863 * long - 0.7034186147 * medium + 1.707614701 * short),
  ]);
}

function linear(channel: number): number {
  const value = channel / 255;
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
}

function encoded(value: number): number {
  const clipped = Math.min(1, Math.max(0, value));
  return 255 * (clipped <= 0.0031308 ? clipped * 12.92 : 1.055 * clipped ** (1 / 2.4) - 0.055);
}

const NAMED_HEX = /#[0-9a-f]{6}\b|#[0-9a-f]{3}\b/gi;

/** Every colour in a piece of SVG, changed. */
export function recolour(svg: string, change: (colour: Hex) => Hex): string {
  const seen = new Map<Hex, Hex>();
  return svg.replace(NAMED_HEX, (colour) => {
    const known = seen.get(colour);
    if (known !== undefined) return known;
    const changed = change(colour.toLowerCase());
    seen.set(colour, changed);
    return changed;
  });
}

const FAMILY_DEGREES = 48;
const GREY_CHROMA = 0.045;

/**
 * Dyes what has the picture's main colour, and its shades, and leaves the rest: a blue cat keeps its dark eyes.
 * @param main the colour that covers most of the picture.
 */
export function dye(main: Hex, target: Hex): (colour: Hex) => Hex {
  const from = oklchOf(main);
  const to = oklchOf(target);
  return (colour) => {
    const { l, c, h } = oklchOf(colour);
    const apart = Math.abs(((h - from.h + 540) % 360) - 180);
    const related =
      from.c < GREY_CHROMA ? c < GREY_CHROMA * 1.6 && Math.abs(l - from.l) < 0.42 : c > 0.03 && apart < FAMILY_DEGREES;
    if (!related) return colour;
    const shade = from.c < GREY_CHROMA ? 1 : Math.min(1.4, Math.max(0.6, c / from.c));
    return fromOklch({ l: Math.min(0.99, Math.max(0.12, to.l + (l - from.l) * 0.85)), c: to.c * shade, h: to.h });
  };
}
