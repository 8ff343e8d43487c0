import type { z } from "zod";
import type { Category } from "../../../contract/categories.ts";
import type { DecodedImage, ImageDetector } from "../../../contract/detector.ts";
import { SafelightError } from "../../../contract/errors.ts";
import type { Finding } from "../../../contract/report.ts";
import { type Model, openModel } from "../../../models/session.ts";
import type { OpenContext } from "../../context.ts";
import { categoryOf, labelOf, MEANING_OF_CLASS, type NsfwClass } from "./classes.ts";
import { classifyPixels, type JudgedFrame, pixelsOf } from "./classify.ts";
import type { NsfwOptions } from "./options.ts";
import { placeOf } from "./place.ts";

export const PRECISE = "nsfw-mobilenet-v2-mid";
/** The same network in int8: less than half the time, and a little off. */
const QUICK = "nsfw-mobilenet-v2-mid-int8";
/** Changes with the table of classes, or with what is made of the probabilities. */
const CODE_VERSION = "3";

const CATEGORIES = [...new Set(Object.values(MEANING_OF_CLASS).flatMap((meaning) => meaning?.category ?? []))];

/**
 * Sexual and suggestive content, by a MobileNetV2 that looks at the whole picture. Nothing else: see
 * `models/nsfw-mobilenet-v2-mid/CARD.md`. Its int8 twin looks first, and settles what is plainly harmless.
 */
export async function openNsfw(options: z.output<typeof NsfwOptions>, _context: OpenContext): Promise<ImageDetector> {
  const { threads, sessions, settle_below } = options;
  const shares = {
    ...(threads === undefined ? {} : { threads }),
    ...(sessions === undefined ? {} : { sessions }),
  };
  const precise = await openModel(PRECISE, shares);
  let quick: Model | undefined;
  try {
    quick = settle_below > 0 ? await openModel(QUICK, shares) : undefined;
  } catch (error) {
    await precise.close();
    throw error;
  }
  const hashes = [precise, quick].flatMap((model) => model?.entry.sha256.slice(0, 12) ?? []);
  return {
    id: "nsfw",
    version: [CODE_VERSION, ...hashes].join("."),
    categories: CATEGORIES,
    async inspect(image, signal) {
      const frames = await judgeFrames(precise, quick, settle_below, image, signal);
      return CATEGORIES.map((category) => worst(category, frames, image.frameCount > 1));
    },
    async close() {
      await Promise.all([precise.close(), quick?.close()]);
    },
  };
}

/**
 * The precise model judges the frames that the quick one does not settle, all in one run. Several may be looks of one and the same
 * frame, over other backgrounds: each is settled for itself.
 */
async function judgeFrames(
  precise: Model,
  quick: Model | undefined,
  settleBelow: number,
  image: DecodedImage,
  signal: AbortSignal,
): Promise<readonly JudgedFrame[]> {
  const pixels = await pixelsOf(image);
  const first = quick ? await classifyPixels(quick, pixels, signal) : [];
  const settled = first.map((frame) => harm(frame) < settleBelow);
  const doubtful = pixels.filter((_, i) => !settled[i]);
  const second = doubtful.length > 0 ? await classifyPixels(precise, doubtful, signal) : [];
  return [...first.filter((_, i) => settled[i]), ...second];
}

/** That the frame is of any category at all. */
function harm({ probabilities }: JudgedFrame): number {
  return [...probabilities].reduce((sum, [name, probability]) => sum + (categoryOf(name) ? probability : 0), 0);
}

/** The frame with the highest score decides; the label is the class that contributes most to it. */
function worst(category: Category, frames: readonly JudgedFrame[], animated: boolean): Finding {
  let found: { score: number; name?: NsfwClass; frame?: JudgedFrame } = { score: -1 };
  for (const frame of frames) {
    const parts = [...frame.probabilities].filter(([name]) => categoryOf(name) === category);
    const score = parts.reduce((sum, [, probability]) => sum + probability, 0);
    if (score <= found.score) continue;
    const [name] = parts.reduce((most, part) => (part[1] > most[1] ? part : most));
    found = { score, name, frame };
  }
  const { name, frame } = found;
  if (!frame || !name) throw new SafelightError("detector_failed", "the picture has no frame");
  const score = Math.min(1, found.score);
  const evidence = placeOf(category, score, frame, animated);
  return { category, score, label: labelOf(name), ...(evidence && { evidence }) };
}
