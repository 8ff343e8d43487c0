import type { Matrix } from "./matrix.ts";
import { Random } from "./random.ts";
import type { Turns } from "./turns.ts";

/** One output of a linear model: `score = bias + Σ values × weights[column] + Σ dense × denseWeights`, in log odds. */
export interface LinearOutput {
  readonly weights: Float32Array;
  readonly denseWeights: Float32Array;
  readonly bias: number;
}

export interface LearnOptions {
  readonly seed: number;
  /** How much a mistake costs beside large weights: the C of a support vector machine. */
  readonly cost: number;
  /** How far naive Bayes is followed: 0 not at all, 1 all the way. */
  readonly lean: number;
  readonly epochs: number;
  /** Ends after so many passes without progress on the validation part. */
  readonly patience: number;
}

/** What one output is to learn. */
export interface Lesson {
  /** By row: 1, 0, or -1 where nobody knows. */
  readonly targets: Int8Array;
  /** How much a row counts that has the class, and one that has it not. */
  readonly weights: readonly [has: number, hasNot: number];
}

export interface Epoch {
  readonly epoch: number;
  /** Mean negative log likelihood on the validation part. */
  readonly loss: number;
}

export interface Learned extends LinearOutput {
  readonly history: readonly Epoch[];
}

/** Added to both counts of a feature before they are compared: what is rare says little. */
const SMOOTHING = 0.5;
const LEAST_PROGRESS = 1e-3;

/**
 * Logistic regression by dual coordinate descent (Yu, Huang and Lin, 2011): one row after the other gets the weight that is
 * best for it, given all others, so there is no learning rate. Each feature may grow as naive Bayes suggests (Wang and
 * Manning, 2012): the more its texts lean to one side, the cheaper its weight. The pass with the least loss on the
 * validation part wins.
 */
export async function learn(
  matrix: Matrix,
  features: number,
  lesson: Lesson,
  parts: { readonly train: Uint32Array; readonly validation: Uint32Array },
  options: LearnOptions,
  turns: Turns,
): Promise<Learned> {
  const known = (rows: Uint32Array) => rows.filter((row) => (lesson.targets[row] ?? -1) >= 0);
  const order = known(parts.train);
  const held = known(parts.validation);
  const descent = new Descent(
    matrix,
    squaredScales(matrix, features, lesson.targets, order, options.lean),
    lesson,
    options.cost,
  );
  const random = new Random(options.seed);
  const history: Epoch[] = [];
  let best: (LinearOutput & { loss: number }) | undefined;
  for (let epoch = 1, idle = 0; epoch <= options.epochs && idle < options.patience; epoch++) {
    random.shuffle(order);
    for (const [done, row] of order.entries()) {
      descent.step(row);
      if (turns.due()) await turns.give((epoch - 1 + done / order.length) / options.epochs);
    }
    const loss = meanLoss(matrix, descent, lesson, held.length > 0 ? held : order);
    history.push({ epoch, loss });
    idle = best && loss > best.loss * (1 - LEAST_PROGRESS) ? idle + 1 : 0;
    if (best && loss >= best.loss) continue;
    const { weights, denseWeights, bias } = descent;
    best = { loss, weights: weights.slice(), denseWeights: denseWeights.slice(), bias };
  }
  const { weights, denseWeights, bias } = best ?? descent;
  return { weights, denseWeights, bias, history };
}

/** Of each feature, the square of what its weight is scaled by: the log ratio of its share of texts with the class and without. */
function squaredScales(
  matrix: Matrix,
  features: number,
  targets: Int8Array,
  rows: Uint32Array,
  lean: number,
): Float32Array {
  const counts = [new Float32Array(features).fill(SMOOTHING), new Float32Array(features).fill(SMOOTHING)] as const;
  const totals: [number, number] = [2 * SMOOTHING, 2 * SMOOTHING];
  for (const row of rows) {
    const side = targets[row] === 1 ? 1 : 0;
    const count = counts[side];
    totals[side] += 1;
    const end = matrix.starts[row + 1] ?? 0;
    for (let i = matrix.starts[row] ?? 0; i < end; i++) {
      const column = matrix.columns[i] ?? 0;
      count[column] = (count[column] ?? 0) + 1;
    }
  }
  const [hasNot, has] = counts;
  return has.map((count, column) => {
    const ratio = Math.log(count / totals[1] / ((hasNot[column] ?? 0) / totals[0]));
    return (1 - lean + lean * Math.abs(ratio)) ** 2;
  });
}

class Descent implements LinearOutput {
  readonly weights: Float32Array;
  readonly denseWeights: Float32Array;
  bias = 0;
  readonly #matrix: Matrix;
  readonly #lesson: Lesson;
  readonly #cost: number;
  readonly #scales: Float32Array;
  /** Of each row, its dual variable, between 0 and its cost. */
  readonly #alpha: Float64Array;

  constructor(matrix: Matrix, scales: Float32Array, lesson: Lesson, cost: number) {
    this.#matrix = matrix;
    this.#lesson = lesson;
    this.#cost = cost;
    this.#scales = scales;
    this.weights = new Float32Array(scales.length);
    this.denseWeights = new Float32Array(matrix.dense.width);
    this.#alpha = new Float64Array(lesson.targets.length);
  }

  step(row: number): void {
    const { starts, columns, values, dense } = this.#matrix;
    const start = starts[row] ?? 0;
    const end = starts[row + 1] ?? 0;
    const sign = this.#lesson.targets[row] === 1 ? 1 : -1;
    const cost = this.#cost * this.#lesson.weights[sign === 1 ? 0 : 1];
    let score = this.bias;
    let squares = 1; // of the bias
    for (let i = start; i < end; i++) {
      const column = columns[i] ?? 0;
      const value = values[i] ?? 0;
      score += value * (this.weights[column] ?? 0);
      squares += value * value * (this.#scales[column] ?? 0);
    }
    const firstDense = row * dense.width;
    for (let j = 0; j < dense.width; j++) {
      const value = dense.values[firstDense + j] ?? 0;
      score += value * (this.denseWeights[j] ?? 0);
      squares += value * value;
    }
    const before = this.#alpha[row] ?? 0;
    const after = bestAlpha(before, squares, sign * score, cost);
    this.#alpha[row] = after;
    const change = sign * (after - before);
    this.bias += change;
    for (let i = start; i < end; i++) {
      const column = columns[i] ?? 0;
      this.weights[column] = (this.weights[column] ?? 0) + change * (values[i] ?? 0) * (this.#scales[column] ?? 0);
    }
    for (let j = 0; j < dense.width; j++) {
      this.denseWeights[j] = (this.denseWeights[j] ?? 0) + change * (dense.values[firstDense + j] ?? 0);
    }
  }
}

/** Minimises `squares/2 (x − before)² + margin (x − before) + x ln x + (cost − x) ln(cost − x)`: Newton, kept in bounds. */
function bestAlpha(before: number, squares: number, margin: number, cost: number): number {
  let low = 0;
  let high = cost;
  let x = before > 0 ? before : Math.min(1e-3, cost / 2);
  for (let round = 0; round < 16; round++) {
    const slope = squares * (x - before) + margin + Math.log(x / (cost - x));
    if (Math.abs(slope) < 1e-5) break;
    if (slope > 0) high = x;
    else low = x;
    const next = x - slope / (squares + cost / (x * (cost - x)));
    x = next > low && next < high ? next : (low + high) / 2;
  }
  return x;
}

function meanLoss(matrix: Matrix, output: LinearOutput, { targets, weights }: Lesson, rows: Uint32Array): number {
  let loss = 0;
  let total = 0;
  for (const row of rows) {
    const score = scoreOf(matrix, row, output);
    const has = targets[row] === 1;
    const weight = weights[has ? 0 : 1];
    loss += weight * softplus(has ? -score : score);
    total += weight;
  }
  return total === 0 ? 0 : loss / total;
}

/** In log odds. */
export function scoreOf(matrix: Matrix, row: number, { weights, denseWeights, bias }: LinearOutput): number {
  const { starts, columns, values, dense } = matrix;
  const end = starts[row + 1] ?? 0;
  let score = bias;
  for (let i = starts[row] ?? 0; i < end; i++) score += (values[i] ?? 0) * (weights[columns[i] ?? 0] ?? 0);
  for (let j = 0; j < dense.width; j++) score += (dense.values[row * dense.width + j] ?? 0) * (denseWeights[j] ?? 0);
  return score;
}

/** `ln(1 + e^x)` */
export function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}
