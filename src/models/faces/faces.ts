import type { Frame } from "../../contract/detector.ts";
import { SafelightError } from "../../contract/errors.ts";
import { shrinkByFour } from "../resize.ts";
import { openModel, type PoolOptions, type Tensors } from "../session.ts";

const MODEL = "face-detection-blazeface";
/** The side of the model's input, in pixels: the picture fits into it, black at two of its sides where it is no square. */
const SIDE = 128;
const CANDIDATES = 896;
/** What MediaPipe counts as a face. */
const LEAST_SCORE = 0.5;
/** Of two candidates that overlap by more than this part of both, the likelier one counts. */
const MOST_OVERLAP = 0.3;

/** In parts of the picture's sides; it may reach beyond them. */
export interface Face {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** 0.5 to 1. */
  readonly score: number;
}

/** Finds the faces in a picture: where there are any and how many, never whose. Small ones are missed, see the model's card. */
export interface Faces {
  /** `id@version` */
  readonly name: string;
  /** The likeliest first. @throws SafelightError `detector_failed`; the signal's reason while it waits */
  find(frame: Frame, signal: AbortSignal): Promise<readonly Face[]>;
  close(): Promise<void>;
}

/** @throws SafelightError `config_invalid` when the model is not there */
export async function openFaces(options: PoolOptions = {}): Promise<Faces> {
  const model = await openModel(MODEL, options);
  return {
    name: `${MODEL}@${model.entry.sha256.slice(0, 12)}`,
    async find(frame, signal) {
      const fit = fitOf(frame);
      const pixels = inSquare(await sized(frame, fit), fit);
      const answer = await model.run({ pixels: { dims: [1, SIDE, SIDE, 3], data: pixels } }, signal);
      return apart(candidates(answer, fit));
    },
    close: () => model.close(),
  };
}

/** Where the picture lies in the model's square, in pixels. */
interface Fit {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly top: number;
}

function fitOf({ width, height }: Pick<Frame, "width" | "height">): Fit {
  const scale = SIDE / Math.max(width, height);
  const fit = { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
  return { ...fit, left: Math.floor((SIDE - fit.width) / 2), top: Math.floor((SIDE - fit.height) / 2) };
}

function sized(frame: Frame, { width, height }: Fit): Promise<Uint8Array> | Float32Array {
  if (frame.width < width || frame.height < height) return frame.shrunk(width, height);
  return shrinkByFour(frame.rgb, frame.width, frame.height, width, height);
}

function inSquare(rgb: Uint8Array | Float32Array, { width, height, left, top }: Fit): Float32Array {
  const pixels = new Float32Array(SIDE * SIDE * 3);
  for (let y = 0; y < height; y++) {
    pixels.set(rgb.subarray(y * width * 3, (y + 1) * width * 3), ((top + y) * SIDE + left) * 3);
  }
  return pixels;
}

function candidates({ boxes, scores }: Tensors, fit: Fit): readonly Face[] {
  if (boxes?.data.length !== CANDIDATES * 4 || scores?.data.length !== CANDIDATES)
    throw new SafelightError("detector_failed", `model ${MODEL} answered in another shape than it should`);
  const at = (i: number, k: number) => Number(boxes.data[4 * i + k]) * SIDE;
  return Array.from(scores.data, Number).flatMap((score, i) =>
    score >= LEAST_SCORE
      ? [
          {
            x: (at(i, 0) - fit.left) / fit.width,
            y: (at(i, 1) - fit.top) / fit.height,
            width: at(i, 2) / fit.width,
            height: at(i, 3) / fit.height,
            score,
          },
        ]
      : [],
  );
}

/** Each face once. */
export function apart(found: readonly Face[]): readonly Face[] {
  const faces: Face[] = [];
  for (const face of found.toSorted((a, b) => b.score - a.score)) {
    if (faces.every((other) => overlap(face, other) <= MOST_OVERLAP)) faces.push(face);
  }
  return faces;
}

/** Intersection over union. */
function overlap(a: Face, b: Face): number {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  const both = Math.max(0, width) * Math.max(0, height);
  return both / (a.width * a.height + b.width * b.height - both);
}
