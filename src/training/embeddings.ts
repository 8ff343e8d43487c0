import type { Encoder } from "../detectors/text/custom/encoder.ts";
import type { LinearOutput } from "./learn.ts";
import type { Matrix } from "./matrix.ts";

/** The vectors of all texts: `texts × width`. */
export interface Embeddings {
  readonly width: number;
  readonly values: Float32Array;
}

/** Texts that are handed over together: enough to sort by length, few enough that a Ctrl-C is soon heard. */
const TOGETHER = 512;
/** How much all of a vector weighs beside the n-grams, whose squares sum to 2 a text. Measured on 200 to 8,000 texts. */
const WEIGHT = 2;

export async function embedAll(
  encoder: Encoder,
  texts: readonly string[],
  signal: AbortSignal,
  tell: (fraction: number) => void,
): Promise<Embeddings> {
  const width = encoder.dimensions;
  const values = new Float32Array(texts.length * width);
  for (let at = 0; at < texts.length; at += TOGETHER) {
    signal.throwIfAborted();
    tell(at / texts.length);
    const vectors = await encoder.embed(texts.slice(at, at + TOGETHER), signal);
    for (const [i, vector] of vectors.entries()) values.set(vector, (at + i) * width);
  }
  return { width, values };
}

/** Vectors as a model learns from them, and the way back. */
export interface Standardised {
  readonly dense: Matrix["dense"];
  /** The same output, for vectors as the encoder gives them. */
  restore(output: LinearOutput): Pick<LinearOutput, "denseWeights" | "bias">;
}

/** Brings every dimension to mean 0 and one and the same deviation, as seen in the rows to train on. In place. */
export function standardise({ width, values }: Embeddings, train: Uint32Array): Standardised {
  const means = new Float64Array(width);
  const squares = new Float64Array(width);
  for (const row of train) {
    for (let j = 0; j < width; j++) {
      const value = values[row * width + j] ?? 0;
      means[j] = (means[j] ?? 0) + value / train.length;
      squares[j] = (squares[j] ?? 0) + (value * value) / train.length;
    }
  }
  const scales = squares.map((square, j) => {
    const variance = Math.max(square - (means[j] ?? 0) ** 2, 1e-8);
    return Math.sqrt(WEIGHT ** 2 / variance / width);
  });
  for (let i = 0; i < values.length; i++) {
    const j = i % width;
    values[i] = ((values[i] ?? 0) - (means[j] ?? 0)) * (scales[j] ?? 1);
  }
  return {
    dense: { width, values },
    restore({ denseWeights, bias }) {
      const restored = denseWeights.map((weight, j) => weight * (scales[j] ?? 1));
      return {
        denseWeights: restored,
        bias: restored.reduce((sum, weight, j) => sum - weight * (means[j] ?? 0), bias),
      };
    },
  };
}

/** Gives the vectors of some texts without computing them again. */
export function remembering(encoder: Encoder, wanted: ReadonlySet<string>): Encoder {
  const known = new Map<string, Float32Array>();
  return {
    ...encoder,
    async embed(texts, signal) {
      const unknown = texts.filter((text) => !known.has(text));
      const vectors = unknown.length > 0 ? await encoder.embed(unknown, signal) : [];
      const made = new Map(unknown.map((text, i) => [text, vectors[i] ?? new Float32Array(encoder.dimensions)]));
      for (const [text, vector] of made) if (wanted.has(text)) known.set(text, vector);
      return texts.map((text) => known.get(text) ?? made.get(text) ?? new Float32Array(encoder.dimensions));
    },
  };
}
