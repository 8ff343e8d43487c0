import { setImmediate } from "node:timers/promises";
import sharp, { type Sharp } from "sharp";
import type { Frame } from "../contract/detector.ts";
import { RgbFrame } from "./frame.ts";

/** Behind whatever is transparent: what detectors see there first, and so what anybody may be shown. */
export const BACKGROUND = { r: 128, g: 128, b: 128 };

/** The longer side of what a picture may also look like, in pixels: enough for every detector. */
const SIDE = 1024;

/** A picture of which fewer pixels than one of so many are transparent shows nothing else over another background. */
const FEW = 1_024;

/** Pixels between two pauses for other work. */
const SLICE = 2_000_000;

/**
 * What a picture with an alpha channel may look like. An opaque one looks the same everywhere. One with transparent parts is seen over
 * neutral grey, and, as something may be painted so that it shows over one background only, over white, over black, and as it is for
 * those who ignore alpha, each of them once and made smaller where it is large.
 * @param rgba `height × width × 4` bytes R G B A
 * @returns grey first
 */
export async function viewsOf(index: number, width: number, height: number, rgba: Uint8Array): Promise<Frame[]> {
  const picture = () => sharp(rgba, { raw: { width, height, channels: 4 } });
  const clear = await countClear(rgba);
  const most = await whole(
    index,
    clear === 0 ? picture().removeAlpha() : picture().flatten({ background: BACKGROUND }),
  );
  if (clear * FEW < width * height) return [most];
  const others = [
    await small(index, await whole(index, picture().flatten({ background: "#ffffff" }))),
    await small(index, await whole(index, picture().flatten({ background: "#000000" }))),
    await small(index, await whole(index, picture().removeAlpha())),
  ];
  const same = (one: Frame, other: Frame) => Buffer.compare(one.rgb, other.rgb) === 0;
  const all = [most, ...others];
  return all.filter((view, i) => all.findIndex((one) => same(one, view)) === i);
}

/** @param picture to be three channels of 8 bits */
export async function whole(index: number, picture: Sharp): Promise<Frame> {
  const { data, info } = await picture.raw({ depth: "uchar" }).toBuffer({ resolveWithObject: true });
  if (info.channels !== 3) throw new Error(`${info.channels} channels after conversion to sRGB`);
  return new RgbFrame(index, info.width, info.height, data);
}

/** The same frame, at most {@link SIDE} pixels long. */
export async function small(index: number, frame: Frame): Promise<Frame> {
  const { rgb, width, height } = frame;
  if (Math.max(width, height) <= SIDE) return frame;
  return whole(index, sharp(rgb, { raw: { width, height, channels: 3 } }).resize(SIDE, SIDE, { fit: "inside" }));
}

/** How many pixels are not fully opaque. */
async function countClear(rgba: Uint8Array): Promise<number> {
  let count = 0;
  for (let at = 3; at < rgba.length; at += 4) {
    if (rgba[at] !== 255) count += 1;
    if (at % (SLICE * 4) === 3) await setImmediate();
  }
  return count;
}
