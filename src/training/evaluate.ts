import { setImmediate } from "node:timers/promises";
import type { CustomModel } from "../detectors/text/custom/files.ts";
import { categoriesOf, classify, scoreByCategory } from "../detectors/text/custom/scores.ts";
import type { Dataset } from "./dataset.ts";
import {
  type CalibrationBin,
  type Confusion,
  calibrationBins,
  confusion,
  labelled,
  type Metrics,
  measure,
} from "./metrics.ts";
import { type Labelled, operatingPoints } from "./ranking.ts";
import { type Threshold, thresholdFor } from "./thresholds.ts";

export interface CurvePoint {
  readonly recall: number;
  readonly precision: number;
}

/** A text that the model is most wrong about. */
export interface WorstError {
  /** Its number in the data set. */
  readonly row: number;
  readonly class: string;
  readonly probability: number;
  readonly has: boolean;
}

/** All that is to be said of a model on labelled texts. */
export interface Evaluation {
  readonly metrics: Metrics;
  readonly confusion: Confusion;
  readonly thresholds: readonly Threshold[];
  /** Precision against recall, by class; empty where no text has it. */
  readonly curves: readonly (readonly CurvePoint[])[];
  readonly calibration: readonly (readonly CalibrationBin[])[];
  readonly worst: readonly WorstError[];
  readonly dataset: Dataset;
  /** By category, what thresholds are judged by. */
  readonly byCategory: ReadonlyMap<string, readonly Labelled[]>;
}

const CURVE_POINTS = 200;
const WORST = 20;

const TOGETHER = 512;

/**
 * @param maxFalsePositiveRate what the thresholds must keep
 * @param tell hears how far it is, from 0 to 1
 */
export async function evaluate(
  model: CustomModel,
  dataset: Dataset,
  maxFalsePositiveRate: number,
  signal: AbortSignal,
  tell: (fraction: number) => void = () => {},
): Promise<Evaluation> {
  const { classes, texts } = dataset;
  const probabilities = new Float32Array(texts.length * classes.length);
  for (let at = 0; at < texts.length; at += TOGETHER) {
    await setImmediate(); // a turn for others, such as a Ctrl-C
    signal.throwIfAborted();
    tell(at / texts.length);
    const verdicts = await classify(model, texts.slice(at, at + TOGETHER), signal);
    for (const [i, verdict] of verdicts.entries()) probabilities.set(verdict.probabilities, (at + i) * classes.length);
  }
  const judged = { dataset, probabilities };
  const byCategory = labelledByCategory(model, dataset, probabilities);
  return {
    metrics: measure(judged),
    confusion: confusion(judged),
    thresholds: categoriesOf(model.manifest).map((category) =>
      thresholdFor(category, byCategory.get(category) ?? [], maxFalsePositiveRate),
    ),
    curves: classes.map((_, k) => curve(labelled(judged, k))),
    calibration: classes.map((_, k) => calibrationBins(labelled(judged, k))),
    worst: worstErrors(dataset, probabilities),
    dataset,
    byCategory,
  };
}

/** Some texts of a data set, in this order. */
export function subset({ mode, classes, texts, lines, targets }: Dataset, rows: Uint32Array): Dataset {
  const chosen = new Int8Array(rows.length * classes.length);
  rows.forEach((row, i) => {
    chosen.set(targets.subarray(row * classes.length, (row + 1) * classes.length), i * classes.length);
  });
  const pick = <T>(values: readonly T[]) =>
    Array.from(rows, (row) => values[row]).filter((value) => value !== undefined);
  return { mode, classes, texts: pick(texts), lines: pick(lines), targets: chosen };
}

/** A text has a category when it has one of its classes; it has it not when it is known to have none of them. */
function labelledByCategory(
  { manifest }: CustomModel,
  { classes, targets, texts }: Dataset,
  probabilities: Float32Array,
) {
  const found = new Map<string, Labelled[]>();
  texts.forEach((_, row) => {
    const from = row * classes.length;
    const scores = scoreByCategory(manifest, Float64Array.from(probabilities.subarray(from, from + classes.length)));
    for (const [category, { score }] of scores) {
      const own = manifest.classes.flatMap((each, k) => (each.category === category ? [targets[from + k] ?? -1] : []));
      const positive = own.includes(1);
      if (!positive && own.includes(-1)) continue;
      const known = found.get(category) ?? [];
      if (known.length === 0) found.set(category, known);
      known.push({ score, positive });
    }
  });
  return found;
}

function curve(known: readonly Labelled[]): readonly CurvePoint[] {
  const positives = known.filter(({ positive }) => positive).length;
  if (positives === 0) return [];
  const points = operatingPoints(known).map(({ truePositives, falsePositives }) => ({
    recall: truePositives / positives,
    precision: truePositives / (truePositives + falsePositives),
  }));
  const every = Math.max(1, Math.floor(points.length / CURVE_POINTS));
  return points.filter((_, i) => i % every === 0 || i === points.length - 1);
}

function worstErrors({ classes, targets, texts }: Dataset, probabilities: Float32Array): readonly WorstError[] {
  const errors: WorstError[] = [];
  for (let row = 0; row < texts.length; row++) {
    let worst: (WorstError & { off: number }) | undefined;
    classes.forEach((name, k) => {
      const target = targets[row * classes.length + k] ?? -1;
      const probability = probabilities[row * classes.length + k] ?? 0;
      const off = Math.abs(probability - target);
      if (target < 0 || off < 0.5 || (worst && worst.off >= off)) return;
      worst = { row, class: name, probability, has: target === 1, off };
    });
    if (worst) errors.push({ row: worst.row, class: worst.class, probability: worst.probability, has: worst.has });
  }
  const off = ({ probability, has }: WorstError) => (has ? 1 - probability : probability);
  return errors.sort((a, b) => off(b) - off(a) || a.row - b.row).slice(0, WORST);
}
