import type { DecodedImage, Frame } from "../../../contract/detector.ts";
import { pdqToHex } from "../../../models/pdq/hash.ts";
import { PDQ_MIN_QUALITY, pdqOf } from "../../../models/pdq/pdq.ts";
import type { PictureHash } from "./entry.ts";
import { fingerprintOf } from "./fingerprint.ts";

/** A part of a picture, as shares of its width and height. */
interface Part {
  readonly x: number;
  readonly y: number;
  readonly side: number;
}

const WHOLE: Part = { x: 0, y: 0, side: 1 };

/** A hash moves far with a few percent of the picture gone. With these listed too, a copy cut about so is near to one of them. */
const CROPS: readonly Part[] = [
  { x: 0.0125, y: 0.0125, side: 0.975 },
  { x: 0.025, y: 0.025, side: 0.95 },
  { x: 0, y: 0, side: 0.95 },
  { x: 0.05, y: 0, side: 0.95 },
  { x: 0, y: 0.05, side: 0.95 },
  { x: 0.05, y: 0.05, side: 0.95 },
];

/**
 * The hashes that a list should have of a picture: its bytes, and how each of its frames looks. A picture in which no frame has
 * enough for PDQ to hold on to is listed by its pixels instead: its PDQ hash would be found in whatever is as plain.
 * @param crops whether to list how it looks with its edges cut off, too
 */
export async function hashesToList(image: DecodedImage, crops: boolean): Promise<readonly PictureHash[]> {
  const { sha256, frames } = await fingerprintOf(image, true);
  const looks = new Map<string, PictureHash>();
  for (const frame of image.frames) {
    for (const part of crops ? [WHOLE, ...CROPS] : [WHOLE]) {
      const pdq = await pdqOf(...partOf(frame, part));
      if (pdq && pdq.quality >= PDQ_MIN_QUALITY) looks.set(pdqToHex(pdq.hash), { kind: "pdq", words: pdq.hash });
    }
  }
  const pixels = frames[0]?.pixels;
  const plain: readonly PictureHash[] = pixels ? [{ kind: "pixels", words: pixels }] : [];
  return [{ kind: "sha256", words: sha256 }, ...(looks.size > 0 ? looks.values() : plain)];
}

function partOf(frame: Frame, { x, y, side }: Part): readonly [rgb: Uint8Array, width: number, height: number] {
  if (side === 1) return [frame.rgb, frame.width, frame.height];
  const [left, top] = [Math.round(x * frame.width), Math.round(y * frame.height)];
  const width = Math.min(frame.width - left, Math.round(side * frame.width));
  const height = Math.min(frame.height - top, Math.round(side * frame.height));
  const rgb = new Uint8Array(width * height * 3);
  for (let row = 0; row < height; row++) {
    const from = ((top + row) * frame.width + left) * 3;
    rgb.set(frame.rgb.subarray(from, from + width * 3), row * width * 3);
  }
  return [rgb, width, height];
}
