import type { Dataset } from "./dataset.ts";
import { averagePrecision, type Labelled, rocArea } from "./ranking.ts";

/** Of one class against all others. `null`: cannot be said, as there is nothing to divide by. */
export interface ClassMetrics {
  readonly name: string;
  /** Texts that have the class, and that have it not. */
  readonly positives: number;
  readonly negatives: number;
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  readonly auroc: number | null;
  readonly auprc: number | null;
  /** Expected calibration error: how far probabilities are from frequencies, on average. */
  readonly ece: number | null;
}

/** As Amazon Comprehend reports them, and more. Precision, recall and F1 are macro averages unless they say micro. */
export interface Metrics {
  readonly rows: number;
  /** The share of labels that are right: of texts in multi-class mode, of all decisions text × class in multi-label mode. */
  readonly accuracy: number;
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  readonly micro_precision: number;
  readonly micro_recall: number;
  readonly micro_f1: number;
  readonly hamming_loss: number;
  /** The share of texts with every class right. */
  readonly exact_match: number;
  /** Means over the classes. */
  readonly auroc: number | null;
  readonly auprc: number | null;
  readonly ece: number | null;
  readonly classes: readonly ClassMetrics[];
}

/** In the form of Comprehend's `confusion_matrix.json`: rows are actual, columns predicted; `[[TN, FP], [FN, TP]]` by class. */
export type Confusion =
  | {
      readonly type: "multi_class";
      readonly confusion_matrix: readonly (readonly number[])[];
      readonly labels: readonly string[];
      readonly all_labels: readonly string[];
    }
  | {
      readonly type: "multi_label";
      readonly confusion_matrix: readonly (readonly (readonly number[])[])[];
      readonly labels: readonly string[];
      readonly all_labels: readonly string[];
    };

/** What a model says of the texts of a data set: `texts × classes` probabilities. */
export interface Judged {
  readonly dataset: Dataset;
  readonly probabilities: Float32Array;
}

/** From this probability on, a text counts as having a class of a multi-label model. */
export const DECIDED_FROM = 0.5;

/** 1 or 0 for each text and class: the likeliest class in multi-class mode, else those from {@link DECIDED_FROM} on. */
export function predictions({ dataset, probabilities }: Judged): Int8Array {
  const classes = dataset.classes.length;
  if (dataset.mode === "multi-label") return Int8Array.from(probabilities, (p) => (p >= DECIDED_FROM ? 1 : 0));
  const predicted = new Int8Array(probabilities.length);
  for (let first = 0; first < probabilities.length; first += classes) {
    let best = first;
    for (let i = first + 1; i < first + classes; i++) {
      if ((probabilities[i] ?? 0) > (probabilities[best] ?? 0)) best = i;
    }
    predicted[best] = 1;
  }
  return predicted;
}

export function measure(judged: Judged): Metrics {
  const { dataset } = judged;
  const { targets, classes, texts, mode } = dataset;
  const predicted = predictions(judged);
  const counts = classes.map(() => ({ tn: 0, fp: 0, fn: 0, tp: 0 }));
  let exact = 0;
  for (let row = 0; row < texts.length; row++) {
    let right = true;
    counts.forEach((count, k) => {
      const target = targets[row * classes.length + k] ?? -1;
      const said = predicted[row * classes.length + k] ?? 0;
      if (target < 0) return;
      if (target === 1) count[said === 1 ? "tp" : "fn"] += 1;
      else count[said === 1 ? "fp" : "tn"] += 1;
      if (said !== target) right = false;
    });
    if (right) exact += 1;
  }
  const perClass = classes.map((name, k): ClassMetrics => {
    const { tn, fp, fn, tp } = counts[k] ?? { tn: 0, fp: 0, fn: 0, tp: 0 };
    const known = labelled(judged, k);
    const both = tp + fn > 0 && tn + fp > 0;
    return {
      name,
      positives: tp + fn,
      negatives: tn + fp,
      ...fractions(tp, fp, fn),
      auroc: both ? rocArea(known) : null,
      auprc: tp + fn > 0 ? averagePrecision(known) : null,
      ece: known.length > 0 ? calibrationError(known) : null,
    };
  });
  const sum = (of: "tn" | "fp" | "fn" | "tp") => counts.reduce((total, count) => total + count[of], 0);
  const micro = fractions(sum("tp"), sum("fp"), sum("fn"));
  const decisions = sum("tn") + sum("fp") + sum("fn") + sum("tp");
  const exactMatch = exact / texts.length;
  const accuracy = mode === "multi-class" ? exactMatch : (sum("tn") + sum("tp")) / decisions;
  const mean = (of: "precision" | "recall" | "f1" | "auroc" | "auprc" | "ece") => {
    const values = perClass.flatMap((one) => one[of] ?? []);
    return values.length === 0 ? null : values.reduce((total, value) => total + value, 0) / values.length;
  };
  return {
    rows: texts.length,
    accuracy,
    precision: mean("precision") ?? 0,
    recall: mean("recall") ?? 0,
    f1: mean("f1") ?? 0,
    micro_precision: micro.precision,
    micro_recall: micro.recall,
    micro_f1: micro.f1,
    hamming_loss: 1 - accuracy,
    exact_match: exactMatch,
    auroc: mean("auroc"),
    auprc: mean("auprc"),
    ece: mean("ece"),
    classes: perClass,
  };
}

/** Of one class: each text of which it is known, with its probability. */
export function labelled({ dataset, probabilities }: Judged, k: number): readonly Labelled[] {
  const { targets, classes, texts } = dataset;
  return texts.flatMap((_, row) => {
    const target = targets[row * classes.length + k] ?? -1;
    return target < 0 ? [] : [{ score: probabilities[row * classes.length + k] ?? 0, positive: target === 1 }];
  });
}

export function confusion(judged: Judged): Confusion {
  const { targets, classes, texts, mode } = judged.dataset;
  const predicted = predictions(judged);
  const size = classes.length;
  const named = { labels: classes, all_labels: classes };
  if (mode === "multi-label") {
    const matrices = classes.map((_, k) => {
      const matrix = [
        [0, 0],
        [0, 0],
      ];
      for (let row = 0; row < texts.length; row++) {
        const cells = matrix[targets[row * size + k] ?? -1];
        const said = predicted[row * size + k] ?? 0;
        if (cells) cells[said] = (cells[said] ?? 0) + 1;
      }
      return matrix;
    });
    return { type: "multi_label", confusion_matrix: matrices, ...named };
  }
  const matrix = classes.map(() => classes.map(() => 0));
  for (let row = 0; row < texts.length; row++) {
    const cells = matrix[targets.subarray(row * size, (row + 1) * size).indexOf(1)];
    const said = predicted.subarray(row * size, (row + 1) * size).indexOf(1);
    if (cells) cells[said] = (cells[said] ?? 0) + 1;
  }
  return { type: "multi_class", confusion_matrix: matrix, ...named };
}

function fractions(tp: number, fp: number, fn: number) {
  const precision = tp + fp === 0 ? 0 : tp / (tp + fp);
  const recall = tp + fn === 0 ? 0 : tp / (tp + fn);
  return { precision, recall, f1: precision + recall === 0 ? 0 : (2 * precision * recall) / (precision + recall) };
}

export interface CalibrationBin {
  readonly from: number;
  readonly to: number;
  readonly rows: number;
  /** Of the probabilities, and of the texts that have the class. */
  readonly said: number;
  readonly true: number;
}

const BINS = 15;

/** Probabilities beside frequencies, in bins of equal width; empty bins are left out. */
export function calibrationBins(known: readonly Labelled[], bins = BINS): readonly CalibrationBin[] {
  const sums = Array.from({ length: bins }, () => ({ rows: 0, said: 0, true: 0 }));
  for (const { score, positive } of known) {
    const bin = sums[Math.min(bins - 1, Math.floor(score * bins))];
    if (!bin) continue;
    bin.rows += 1;
    bin.said += score;
    bin.true += positive ? 1 : 0;
  }
  return sums.flatMap(({ rows, said, true: has }, i) =>
    rows === 0 ? [] : [{ from: i / bins, to: (i + 1) / bins, rows, said: said / rows, true: has / rows }],
  );
}

/** Expected calibration error over {@link calibrationBins}, weighted by their rows. */
export function calibrationError(known: readonly Labelled[]): number {
  return calibrationBins(known).reduce(
    (sum, bin) => sum + (bin.rows / known.length) * Math.abs(bin.said - bin.true),
    0,
  );
}
