import type { Frame } from "../../../contract/detector.ts";
import type { Box } from "./box.ts";

/** The height of the recogniser's input, in pixels. */
export const STRIP_HEIGHT = 48;
const NARROWEST = 16;
/** A line is squeezed to this at the longest: some 130 letters. */
const WIDEST = 1_600;
/** Pixels along and across that are averaged into one, at most. */
const TAPS = 4;

/** One line, upright: `STRIP_HEIGHT × width` pixels, R G B from 0 to 255. */
export interface Strip {
  readonly width: number;
  readonly pixels: Float32Array;
}

/** Cuts a box out of a frame, turned level. What lies outside the frame repeats its border. */
export function stripOf({ rgb, width: columns, height: rows }: Frame, box: Box): Strip {
  const width = Math.min(WIDEST, Math.max(NARROWEST, Math.round((STRIP_HEIGHT * box.width) / box.height)));
  const pixels = new Float32Array(STRIP_HEIGHT * width * 3);
  const [across, down] = [box.width / width, box.height / STRIP_HEIGHT];
  const [tapsX, tapsY] = [across, down].map((step) => Math.min(TAPS, Math.max(1, Math.round(step)))) as [
    number,
    number,
  ];
  const [cos, sin] = [Math.cos(box.angle), Math.sin(box.angle)];
  const share = 1 / (tapsX * tapsY);
  for (let j = 0; j < STRIP_HEIGHT; j++) {
    for (let i = 0; i < width; i++) {
      const at = (j * width + i) * 3;
      for (let tap = 0; tap < tapsX * tapsY; tap++) {
        const u = (i + ((tap % tapsX) + 0.5) / tapsX) * across - box.width / 2;
        const v = (j + (Math.floor(tap / tapsX) + 0.5) / tapsY) * down - box.height / 2;
        const x = Math.min(columns - 1, Math.max(0, box.x + u * cos - v * sin - 0.5));
        const y = Math.min(rows - 1, Math.max(0, box.y + u * sin + v * cos - 0.5));
        const [x0, y0] = [Math.floor(x), Math.floor(y)];
        const [fx, fy] = [x - x0, y - y0];
        const right = x0 + 1 < columns ? 3 : 0;
        const below = y0 + 1 < rows ? columns * 3 : 0;
        const corner = (y0 * columns + x0) * 3;
        for (let c = 0; c < 3; c++) {
          const p = corner + c;
          const upper = (rgb[p] ?? 0) * (1 - fx) + (rgb[p + right] ?? 0) * fx;
          const lower = (rgb[p + below] ?? 0) * (1 - fx) + (rgb[p + below + right] ?? 0) * fx;
          pixels[at + c] = (pixels[at + c] ?? 0) + (upper * (1 - fy) + lower * fy) * share;
        }
      }
    }
  }
  return { width, pixels };
}
