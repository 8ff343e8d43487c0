import { describe, expect, test } from "vitest";
import { calibrate } from "../../src/training/calibrate.ts";
import { calibrationError, confusion, measure } from "../../src/training/metrics.ts";
import { Random } from "../../src/training/random.ts";
import { averagePrecision, rocArea } from "../../src/training/ranking.ts";
import { at, thresholdFor, wilson } from "../../src/training/thresholds.ts";
import { byHand } from "./fixtures.ts";

/** The example of Amazon's developer guide: actual and predicted labels of seven documents; five are right. */
const ACTUAL = [1, 0, 2, 3, 2, 1, 3];
const PREDICTED = [1, 1, 3, 3, 2, 1, 3];

function oneHot(classes: readonly number[], width: number): number[][] {
  return classes.map((own) => Array.from({ length: width }, (_, k) => (k === own ? 1 : 0)));
}

describe("metrics against values made by hand", () => {
  test("multi-class, as Comprehend computes them", () => {
    const dataset = byHand("multi-class", ["0", "1", "2", "3"], oneHot(ACTUAL, 4));
    const judged = { dataset, probabilities: Float32Array.from(oneHot(PREDICTED, 4).flat()) };
    const metrics = measure(judged);
    expect(metrics.accuracy).toBeCloseTo(5 / 7);
    expect(metrics.hamming_loss).toBeCloseTo(2 / 7);
    expect(metrics.micro_f1).toBeCloseTo(5 / 7);
    expect(metrics.precision).toBeCloseTo((0 + 2 / 3 + 1 + 2 / 3) / 4);
    expect(metrics.recall).toBeCloseTo((0 + 1 + 1 / 2 + 1) / 4);
    expect(metrics.f1).toBeCloseTo((0 + 4 / 5 + 2 / 3 + 4 / 5) / 4);
    expect(confusion(judged)).toEqual({
      type: "multi_class",
      labels: ["0", "1", "2", "3"],
      all_labels: ["0", "1", "2", "3"],
      confusion_matrix: [
        [0, 1, 0, 0],
        [0, 2, 0, 0],
        [0, 0, 1, 1],
        [0, 0, 0, 2],
      ],
    });
  });

  test("multi-label: unknown labels count nowhere", () => {
    const dataset = byHand(
      "multi-label",
      ["a", "b"],
      [
        [1, 0],
        [1, 1],
        [0, -1],
        [0, 1],
      ],
    );
    const judged = { dataset, probabilities: Float32Array.of(0.9, 0.2, 0.4, 0.8, 0.7, 0.9, 0.1, 0.6) };
    const metrics = measure(judged);
    expect(metrics.accuracy).toBeCloseTo(5 / 7);
    expect(metrics.hamming_loss).toBeCloseTo(2 / 7);
    expect(metrics.exact_match).toBeCloseTo(2 / 4);
    expect(metrics.micro_precision).toBeCloseTo(3 / 4);
    expect(metrics.micro_recall).toBeCloseTo(3 / 4);
    expect(metrics.classes[0]).toMatchObject({ positives: 2, negatives: 2, precision: 0.5, recall: 0.5, auroc: 0.75 });
    expect(metrics.classes[1]).toMatchObject({ positives: 2, negatives: 1, precision: 1, recall: 1, auroc: 1 });
    expect(confusion(judged).confusion_matrix).toEqual([
      [
        [1, 1],
        [1, 1],
      ],
      [
        [1, 0],
        [0, 2],
      ],
    ]);
  });

  test("a class that nobody has does not make a mean NaN", () => {
    const dataset = byHand(
      "multi-label",
      ["a", "b"],
      [
        [1, 0],
        [0, 0],
      ],
    );
    const metrics = measure({ dataset, probabilities: Float32Array.of(0.9, 0.1, 0.1, 0.1) });
    expect(metrics.classes[1]).toMatchObject({ auroc: null, auprc: null });
    expect(metrics.auroc).toBe(1);
  });

  test("areas under curves; equal scores count half", () => {
    const known = (pairs: readonly (readonly [number, number])[]) =>
      pairs.map(([score, has]) => ({ score, positive: has === 1 }));
    const mixed = known([
      [0.9, 1],
      [0.8, 0],
      [0.7, 1],
      [0.6, 0],
    ]);
    expect(rocArea(mixed)).toBeCloseTo(3 / 4);
    expect(averagePrecision(mixed)).toBeCloseTo((1 + 2 / 3) / 2);
    const ties = known([
      [0.5, 1],
      [0.5, 0],
      [0.5, 0],
      [0.5, 1],
    ]);
    expect(rocArea(ties)).toBeCloseTo(1 / 2);
    expect(averagePrecision(ties)).toBeCloseTo(1 / 2);
  });

  test("expected calibration error", () => {
    const known = [0.9, 0.9, 0.9, 0.9, 0.1, 0.1].map((score, i) => ({ score, positive: i < 3 }));
    expect(calibrationError(known)).toBeCloseTo((4 / 6) * 0.15 + (2 / 6) * 0.1);
  });
});

describe("calibration", () => {
  const random = new Random(3);
  const sigmoid = (z: number) => 1 / (1 + Math.exp(-z));

  test("Platt scaling finds the slope and the intercept that made the labels", () => {
    const scores = Float64Array.from({ length: 20_000 }, () => 6 * random.next() - 3);
    const targets = Int8Array.from(scores, (score) => (random.next() < sigmoid(2 * score - 1) ? 1 : 0));
    const { slopes, intercepts } = calibrate("independent", 1, scores, targets);
    expect(slopes[0]).toBeCloseTo(2, 0);
    expect(intercepts[0]).toBeCloseTo(-1, 0);
    const error = (slope: number, intercept: number) =>
      calibrationError(
        Array.from(scores, (score, i) => ({ score: sigmoid(slope * score + intercept), positive: targets[i] === 1 })),
      );
    expect(error(slopes[0] ?? 0, intercepts[0] ?? 0)).toBeLessThan(0.02);
    expect(error(1, 0)).toBeGreaterThan(0.08);
  });

  test("a softmax gets its temperature", () => {
    const rows = 8_000;
    const scores = new Float64Array(rows * 3).map(() => 4 * random.next() - 2);
    const targets = new Int8Array(rows * 3);
    for (let row = 0; row < rows; row++) {
      const powers = [0, 1, 2].map((k) => Math.exp(1.5 * (scores[row * 3 + k] ?? 0)));
      const drawn = random.next() * powers.reduce((sum, power) => sum + power, 0);
      const own = drawn < (powers[0] ?? 0) ? 0 : drawn < (powers[0] ?? 0) + (powers[1] ?? 0) ? 1 : 2;
      targets[row * 3 + own] = 1;
    }
    const { slopes, intercepts } = calibrate("softmax", 3, scores, targets);
    expect(slopes[0]).toBeGreaterThan(1.4);
    expect(slopes[0]).toBeLessThan(1.6);
    expect(Math.max(...intercepts) - Math.min(...intercepts)).toBeLessThan(0.15);
  });

  test("perfect separation does not call for certainty, and one-sided data change nothing", () => {
    const { slopes } = calibrate("independent", 1, Float64Array.of(-2, -1, 1, 2), Int8Array.of(0, 0, 1, 1));
    expect(Number.isFinite(slopes[0])).toBe(true);
    expect(calibrate("independent", 1, Float64Array.of(1, 2), Int8Array.of(1, 1)).slopes[0]).toBe(1);
  });
});

describe("thresholds", () => {
  test("Wilson's interval", () => {
    const { low, high } = wilson(10, 100);
    expect(low).toBeCloseTo(0.0552, 4);
    expect(high).toBeCloseTo(0.1744, 4);
    expect(wilson(0, 100)).toMatchObject({ low: 0, value: 0 });
    expect(wilson(0, 0)).toMatchObject({ low: 0, high: 1 });
  });

  const random = new Random(11);
  const scored = (rows: number) =>
    Array.from({ length: rows }, (_, i) => {
      const positive = i % 4 === 0;
      return { score: Math.min(1, random.next() * 0.7 + (positive ? 0.35 : 0)), positive };
    });

  test("they keep the budget on texts that they were not chosen on", () => {
    for (const budget of [0.01, 0.05, 0.2]) {
      const chosen = thresholdFor("custom:sea", scored(20_000), budget);
      expect(chosen.proven).toBe(true);
      expect(chosen.false_positive_rate.high).toBeLessThanOrEqual(budget);
      const held = at(scored(20_000), chosen.threshold);
      expect(held.false_positive_rate.value).toBeLessThanOrEqual(budget);
      expect(held.false_positive_rate.value).toBeGreaterThan(budget / 2);
      expect(held.recall.value).toBeGreaterThan(0.3);
    }
  });

  test("with few texts the budget is kept but not proven", () => {
    const chosen = thresholdFor("custom:sea", scored(100), 0.01);
    expect(chosen.proven).toBe(false);
    expect(chosen.false_positive_rate.value).toBeLessThanOrEqual(0.01);
    expect(chosen.threshold).not.toBeNull();
  });

  test("no threshold where the worst text is the likeliest", () => {
    const known = [
      { score: 1, positive: false },
      { score: 0.5, positive: true },
    ];
    expect(thresholdFor("custom:sea", known, 0.01).threshold).toBeNull();
  });
});
