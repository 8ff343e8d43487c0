import type { Features } from "./features.ts";

/** How the outputs of a model become probabilities of its classes. */
export type Link =
  /** One output: the log odds of the second of two classes. */
  | "binary"
  /** One output a class; they compete. */
  | "softmax"
  /** One output a class, each by itself. */
  | "independent";

/** A linear model with weights of 8 bits, calibrated. */
export interface LinearModel {
  readonly link: Link;
  readonly outputs: number;
  /** `features × outputs` */
  readonly weights: Int8Array;
  /** `outputs × dimensions`, for the vector of an encoder; empty without one. */
  readonly dense: Float32Array;
  /** By output: what one step of the weights means in log odds. */
  readonly scales: Float32Array;
  readonly bias: Float32Array;
  /** Calibration: log odds become `slope × log odds + intercept`. */
  readonly slopes: Float32Array;
  readonly intercepts: Float32Array;
}

export const NO_VECTOR = new Float32Array(0);

/**
 * Raw log odds by output, before calibration.
 * @param vector of the encoder that the model was trained with; empty without one
 */
export function scoresOf(
  model: LinearModel,
  { columns, values, count }: Features,
  vector: Float32Array = NO_VECTOR,
): Float64Array {
  const { outputs, weights, scales, bias, dense } = model;
  const sums = new Float64Array(outputs);
  for (let i = 0; i < count; i++) {
    const value = values[i] ?? 0;
    const first = (columns[i] ?? 0) * outputs;
    for (let k = 0; k < outputs; k++) sums[k] = (sums[k] ?? 0) + value * (weights[first + k] ?? 0);
  }
  return sums.map((sum, k) => {
    let score = sum * (scales[k] ?? 0) + (bias[k] ?? 0);
    for (let j = 0; j < vector.length; j++) score += (vector[j] ?? 0) * (dense[k * vector.length + j] ?? 0);
    return score;
  });
}

/** Probabilities by class, from raw log odds. */
export function probabilitiesOf(
  { link, slopes, intercepts }: Pick<LinearModel, "link" | "slopes" | "intercepts">,
  scores: Float64Array,
): Float64Array {
  const calibrated = scores.map((score, k) => score * (slopes[k] ?? 1) + (intercepts[k] ?? 0));
  switch (link) {
    case "binary": {
      const p = sigmoid(calibrated[0] ?? 0);
      return Float64Array.of(1 - p, p);
    }
    case "softmax":
      return softmax(calibrated);
    case "independent":
      return calibrated.map(sigmoid);
    default:
      return link satisfies never;
  }
}

/** What each output counts for the log odds of a class: against the mean of all classes where they compete. */
export function directionOf({ link, outputs, slopes }: LinearModel, of: number): Float64Array {
  const direction = new Float64Array(outputs);
  if (link === "binary") direction[0] = of === 1 ? 1 : -1;
  else direction[of] = 1;
  if (link === "softmax") for (let k = 0; k < outputs; k++) direction[k] = (direction[k] ?? 0) - 1 / outputs;
  return direction.map((value, k) => value * (slopes[k] ?? 1));
}

export function sigmoid(score: number): number {
  return 1 / (1 + Math.exp(-score));
}

export function softmax(scores: Float64Array): Float64Array {
  const most = Math.max(...scores);
  const powers = scores.map((score) => Math.exp(score - most));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}
