import { n, rect } from "../svg.ts";
import { lettering, textWidth } from "./lettering.ts";

const TEXT = "sketch · not a model";
const SHORT = "sketch";

/** The mark in the lower right corner that says what drew this. In pixels: it stays readable at every size. */
export function mark(width: number, height: number): string {
  const capitals = Math.min(16, Math.max(5, Math.min(width, height) * 0.0165));
  const text = textWidth(TEXT, capitals) > width * 0.72 ? SHORT : TEXT;
  const long = textWidth(text, capitals);
  const pad = capitals * 0.6;
  const [x, y] = [width - long - pad * 2.4, height - capitals - pad * 2.4];
  const frame = rect(x - pad, y - pad, long + pad * 2, capitals + pad * 2, "#10142a", ` rx="${n(pad)}" opacity=".42"`);
  return `<g>${frame}${lettering(text, x, y, capitals, "#ffffff", 0.15)}</g>`;
}
