import sharp from "sharp";
import type { Frame } from "../contract/detector.ts";
import { resizeBilinear } from "./resize.ts";

/** A decoded frame that computes each size that a detector asks for once. */
export class RgbFrame implements Frame {
  readonly index: number;
  readonly width: number;
  readonly height: number;
  readonly rgb: Uint8Array;
  readonly #resized = new Map<string, Promise<Float32Array>>();
  readonly #shrunk = new Map<string, Promise<Uint8Array>>();

  constructor(index: number, width: number, height: number, rgb: Uint8Array) {
    this.index = index;
    this.width = width;
    this.height = height;
    this.rgb = rgb;
  }

  resized(width: number, height: number): Promise<Float32Array> {
    return once(this.#resized, width, height, async () =>
      resizeBilinear(this.rgb, this.width, this.height, width, height),
    );
  }

  shrunk(width: number, height: number): Promise<Uint8Array> {
    return once(this.#shrunk, width, height, () =>
      sharp(this.rgb, { raw: { width: this.width, height: this.height, channels: 3 } })
        .resize(width, height, { fit: "fill", kernel: "cubic" })
        .raw()
        .toBuffer(),
    );
  }
}

function once<Pixels>(
  known: Map<string, Promise<Pixels>>,
  width: number,
  height: number,
  compute: () => Promise<Pixels>,
): Promise<Pixels> {
  const key = `${width}×${height}`;
  let pixels = known.get(key);
  if (!pixels) {
    pixels = compute();
    known.set(key, pixels);
  }
  return pixels;
}
