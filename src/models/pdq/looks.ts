import type { Frame } from "../../contract/detector.ts";
import { pdqToHex } from "./hash.ts";
import { pdqOf } from "./pdq.ts";

/** How a frame looks, as it is written down and compared later. */
export interface FrameLooks {
  /** 64 lower-case hexadecimal digits. */
  readonly pdq: string;
  /** 0 to 100; below `PDQ_MIN_QUALITY` it says too little to be compared. */
  readonly quality: number;
}

/** @returns undefined for a frame with a side of less than 5 pixels: it has no PDQ hash */
export async function looksOf({
  rgb,
  width,
  height,
}: Pick<Frame, "rgb" | "width" | "height">): Promise<FrameLooks | undefined> {
  const pdq = await pdqOf(rgb, width, height);
  return pdq && { pdq: pdqToHex(pdq.hash), quality: pdq.quality };
}
