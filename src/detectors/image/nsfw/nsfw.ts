import type { z } from "zod";
import type { Category } from "../../../contract/categories.ts";
import type { DecodedImage, ImageDetector } from "../../../contract/detector.ts";
import { SafelightError } from "../../../contract/errors.ts";
import type { Finding } from "../../../contract/report.ts";
import { type Model, openModel } from "../../../models/session.ts";
import type { OpenContext } from "../../context.ts";
import { CATEGORY_OF_CLASS, isNsfwClass, type NsfwClass } from "./classes.ts";
import type { NsfwOptions } from "./options.ts";

const MODEL = "nsfw-mobilenet-v2-mid";
/** The side of the model's input, in pixels. */
const SIDE = 224;
/** Changes with the table of classes, or with what is made of the probabilities. */
const CODE_VERSION = "1";

const CATEGORIES = [...new Set(Object.values(CATEGORY_OF_CLASS))].filter((category) => category !== null);

/**
 * Sexual and suggestive content, by a MobileNetV2 that looks at the whole picture. Nothing else: see
 * `models/nsfw-mobilenet-v2-mid/CARD.md`.
 */
export async function openNsfw(options: z.output<typeof NsfwOptions>, _context: OpenContext): Promise<ImageDetector> {
  const { threads, sessions } = options;
  const model = await openModel(MODEL, {
    ...(threads === undefined ? {} : { threads }),
    ...(sessions === undefined ? {} : { sessions }),
  });
  return {
    id: "nsfw",
    version: `${CODE_VERSION}.${model.entry.sha256.slice(0, 12)}`,
    categories: CATEGORIES,
    async inspect(image, signal) {
      const frames = await classify(model, image, signal);
      return CATEGORIES.map((category) => worst(category, frames, image.frameCount > 1));
    },
    close: () => model.close(),
  };
}

export interface JudgedFrame {
  /** Index in the file. */
  readonly index: number;
  readonly probabilities: ReadonlyMap<NsfwClass, number>;
}

/**
 * The probabilities of all classes, for each decoded frame; all frames are one run of the model.
 * @throws SafelightError `detector_failed` when the model answers anything but numbers from 0 to 1
 */
export async function classify(
  model: Model,
  image: DecodedImage,
  signal?: AbortSignal,
): Promise<readonly JudgedFrame[]> {
  const { classes } = model.entry;
  const pixels = await Promise.all(image.frames.map((frame) => frame.resized(SIDE, SIDE)));
  const { probabilities } = await model.run(
    { pixels: { dims: [pixels.length, SIDE, SIDE, 3], data: joined(pixels) } },
    signal,
  );
  if (probabilities?.data.length !== pixels.length * classes.length) {
    throw new SafelightError("detector_failed", `model ${MODEL} answered in another shape than it should`);
  }
  return image.frames.map(({ index }, i) => ({
    index,
    probabilities: new Map(
      classes.map((name, k) => {
        const probability = probabilities.data[i * classes.length + k] ?? Number.NaN;
        if (!isNsfwClass(name) || !(probability >= 0 && probability <= 1.000_1)) {
          throw new SafelightError("detector_failed", `model ${MODEL} answered ${probability} for class ${name}`);
        }
        return [name, Math.min(1, probability)];
      }),
    ),
  }));
}

function joined(pixels: readonly Float32Array[]): Float32Array {
  const [first] = pixels;
  if (first && pixels.length === 1) return first;
  const all = new Float32Array(pixels.reduce((sum, frame) => sum + frame.length, 0));
  pixels.forEach((frame, i) => {
    all.set(frame, i * frame.length);
  });
  return all;
}

/** The frame with the highest score decides; the label is the class that contributes most to it. */
function worst(category: Category, frames: readonly JudgedFrame[], animated: boolean): Finding {
  let found = { score: -1, label: "", frame: 0 };
  for (const { index, probabilities } of frames) {
    const parts = [...probabilities].filter(([name]) => CATEGORY_OF_CLASS[name] === category);
    const score = parts.reduce((sum, [, probability]) => sum + probability, 0);
    const [label = ""] = parts.reduce((most, part) => (part[1] > most[1] ? part : most), parts[0] ?? ["", 0]);
    if (score > found.score) found = { score, label, frame: index };
  }
  return {
    category,
    score: Math.min(1, found.score),
    label: found.label,
    ...(animated ? { evidence: { region: { x: 0, y: 0, width: 1, height: 1, frame: found.frame } } } : {}),
  };
}
