import { type Link, sigmoid, softmax } from "../detectors/text/custom/linear.ts";

/** Log odds become `slope × log odds + intercept`, by output. */
export interface Calibration {
  readonly slopes: Float32Array;
  readonly intercepts: Float32Array;
}

const ROUNDS = 50;

/**
 * Makes probabilities of log odds, on texts that the weights were not fitted to: one slope and one intercept for each
 * sigmoid (Platt, 1999), or one slope (temperature) and an intercept a class for a softmax.
 * @param scores `rows × outputs`
 * @param targets `rows × outputs`: 1, 0, or -1 where nobody knows
 */
export function calibrate(link: Link, outputs: number, scores: Float64Array, targets: Int8Array): Calibration {
  if (link === "softmax") return calibrateSoftmax(outputs, scores, targets);
  const slopes = new Float32Array(outputs).fill(1);
  const intercepts = new Float32Array(outputs);
  for (let k = 0; k < outputs; k++) {
    const known: { score: number; target: number }[] = [];
    for (let i = k; i < scores.length; i += outputs) {
      const target = targets[i] ?? -1;
      if (target >= 0) known.push({ score: scores[i] ?? 0, target });
    }
    [slopes[k], intercepts[k]] = platt(known);
  }
  return { slopes, intercepts };
}

/**
 * Newton's method on the likelihood, with Platt's targets: not 0 and 1 but a little inside, so that a part that separates
 * perfectly does not call for certainty.
 */
export function platt(known: readonly { readonly score: number; readonly target: number }[]): [number, number] {
  const has = known.filter(({ target }) => target === 1).length;
  const hasNot = known.length - has;
  if (has === 0 || hasNot === 0) return [1, 0];
  const high = (has + 1) / (has + 2);
  const low = 1 / (hasNot + 2);
  let [slope, intercept] = [1, 0];
  let loss = plattLoss(known, slope, intercept, high, low);
  for (let round = 0; round < ROUNDS; round++) {
    const g = [0, 0] as [number, number];
    const h = [1e-9, 0, 1e-9] as [number, number, number];
    for (const { score, target } of known) {
      const p = sigmoid(slope * score + intercept);
      const error = p - (target === 1 ? high : low);
      const weight = p * (1 - p);
      g[0] += error * score;
      g[1] += error;
      h[0] += weight * score * score;
      h[1] += weight * score;
      h[2] += weight;
    }
    const determinant = h[0] * h[2] - h[1] * h[1];
    const [ds, di] = [(h[2] * g[0] - h[1] * g[1]) / determinant, (h[0] * g[1] - h[1] * g[0]) / determinant];
    let step = 1;
    let next = Number.POSITIVE_INFINITY;
    for (; step > 1e-4; step /= 2) {
      next = plattLoss(known, slope - step * ds, intercept - step * di, high, low);
      if (next <= loss) break;
    }
    if (!(next <= loss)) break;
    slope -= step * ds;
    intercept -= step * di;
    if (loss - next < 1e-10 * known.length) break;
    loss = next;
  }
  return slope > 0 ? [slope, intercept] : [1, 0]; // a slope below 0 would turn the order of the texts around
}

function plattLoss(
  known: readonly { readonly score: number; readonly target: number }[],
  slope: number,
  intercept: number,
  high: number,
  low: number,
): number {
  let loss = 0;
  for (const { score, target } of known) {
    const z = slope * score + intercept;
    loss += Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z))) - (target === 1 ? high : low) * z;
  }
  return loss;
}

/** By turns: intercepts that make the predicted number of each class the true one, and the slope by Newton's method. */
function calibrateSoftmax(outputs: number, scores: Float64Array, targets: Int8Array): Calibration {
  const rows = scores.length / outputs;
  let slope = 1;
  const intercepts = new Float64Array(outputs);
  const actual = new Float64Array(outputs).fill(1);
  targets.forEach((target, i) => {
    if (target === 1) actual[i % outputs] = (actual[i % outputs] ?? 0) + 1;
  });
  for (let round = 0; round < ROUNDS; round++) {
    const predicted = new Float64Array(outputs).fill(1);
    let gradient = 0;
    let curvature = 1e-9;
    for (let row = 0; row < rows; row++) {
      const own = scores.subarray(row * outputs, (row + 1) * outputs);
      const p = softmax(own.map((score, k) => slope * score + (intercepts[k] ?? 0)));
      let mean = 0;
      let square = 0;
      for (let k = 0; k < outputs; k++) {
        const score = own[k] ?? 0;
        const share = p[k] ?? 0;
        predicted[k] = (predicted[k] ?? 0) + share;
        mean += share * score;
        square += share * score * score;
        if (targets[row * outputs + k] === 1) gradient -= score;
      }
      gradient += mean;
      curvature += square - mean * mean;
    }
    const step = Math.max(-0.5 * slope, Math.min(slope, -gradient / curvature));
    slope += 0.7 * step;
    for (let k = 0; k < outputs; k++) {
      intercepts[k] = (intercepts[k] ?? 0) + Math.log((actual[k] ?? 1) / (predicted[k] ?? 1));
    }
    if (Math.abs(step) < 1e-4 * slope) break;
  }
  return { slopes: new Float32Array(outputs).fill(slope), intercepts: Float32Array.from(intercepts) };
}
