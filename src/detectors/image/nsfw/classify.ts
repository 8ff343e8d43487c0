import type { DecodedImage } from "../../../contract/detector.ts";
import { SafelightError } from "../../../contract/errors.ts";
import type { Model, Tensor } from "../../../models/session.ts";
import { isNsfwClass, type NsfwClass } from "./classes.ts";

/** The side of the models' input, in pixels. */
const SIDE = 224;
/** The activation map has so many cells in each direction. */
export const CELLS = 7;

export interface FramePixels {
  /** Index in the file. */
  readonly index: number;
  /** `SIDE × SIDE × 3`, R G B from 0 to 255. */
  readonly data: Float32Array;
}

export interface JudgedFrame {
  /** Index in the file. */
  readonly index: number;
  readonly probabilities: ReadonlyMap<NsfwClass, number>;
  /**
   * What each cell of the picture, row by row, says for the class, on the scale that the softmax is given: the mean
   * is the whole picture's. Of a model that has such a map.
   */
  readonly activations?: ReadonlyMap<NsfwClass, Float32Array>;
}

/** The probabilities of all classes, for each decoded frame; all frames are one run of the model. */
export async function classify(
  model: Model,
  image: DecodedImage,
  signal?: AbortSignal,
): Promise<readonly JudgedFrame[]> {
  return classifyPixels(model, await pixelsOf(image), signal);
}

export function pixelsOf({ frames }: DecodedImage): Promise<readonly FramePixels[]> {
  return Promise.all(frames.map(async (frame) => ({ index: frame.index, data: await frame.resized(SIDE, SIDE) })));
}

/**
 * @param frames at least one
 * @throws SafelightError `detector_failed` when the model answers anything but numbers from 0 to 1
 */
export async function classifyPixels(
  model: Model,
  frames: readonly FramePixels[],
  signal?: AbortSignal,
): Promise<readonly JudgedFrame[]> {
  const { id, classes } = model.entry;
  const names = classes.map((name) => {
    if (!isNsfwClass(name)) throw new SafelightError("detector_failed", `model ${id} has an unknown class, ${name}`);
    return name;
  });
  const { probabilities, activations } = await model.run(
    { pixels: { dims: [frames.length, SIDE, SIDE, 3], data: joined(frames) } },
    signal,
  );
  const count = frames.length * classes.length;
  /** Of one frame: what the tensor holds for each class. */
  const byClass = (tensor: Tensor, size: number, frame: number) =>
    names.map((name, k) => {
      const from = (frame * names.length + k) * size;
      return [name, tensor.data.subarray(from, from + size)] as const;
    });
  if (probabilities?.data.length !== count || (activations && activations.data.length !== count * CELLS ** 2)) {
    throw new SafelightError("detector_failed", `model ${id} answered in another shape than it should`);
  }
  return frames.map(({ index }, i) => ({
    index,
    probabilities: new Map(
      byClass(probabilities, 1, i).map(([name, [probability = Number.NaN]]) => {
        if (!(probability >= 0 && probability <= 1.000_1)) {
          throw new SafelightError("detector_failed", `model ${id} answered ${probability} for class ${name}`);
        }
        return [name, Math.min(1, probability)];
      }),
    ),
    ...(activations && { activations: new Map(byClass(activations, CELLS ** 2, i)) }),
  }));
}

function joined(frames: readonly FramePixels[]): Float32Array {
  const [first] = frames;
  if (first && frames.length === 1) return first.data;
  const all = new Float32Array(frames.reduce((sum, { data }) => sum + data.length, 0));
  frames.forEach(({ data }, i) => {
    all.set(data, i * data.length);
  });
  return all;
}
