/** A text with a score for one class, and whether it has the class. */
export interface Labelled {
  readonly score: number;
  readonly positive: boolean;
}

/** What holds when every text with at least `score` is flagged. */
export interface OperatingPoint {
  readonly score: number;
  readonly truePositives: number;
  readonly falsePositives: number;
}

/** One for each score that occurs, the highest first. */
export function operatingPoints(known: readonly Labelled[]): readonly OperatingPoint[] {
  const sorted = known.toSorted((a, b) => b.score - a.score);
  const points: OperatingPoint[] = [];
  let truePositives = 0;
  let falsePositives = 0;
  sorted.forEach(({ score, positive }, i) => {
    if (positive) truePositives += 1;
    else falsePositives += 1;
    if (sorted[i + 1]?.score !== score) points.push({ score, truePositives, falsePositives });
  });
  return points;
}

/** The chance that a text with the class scores above one without; equal scores count half. */
export function rocArea(known: readonly Labelled[]): number {
  const positives = known.filter(({ positive }) => positive).length;
  const negatives = known.length - positives;
  let area = 0;
  let before = { truePositives: 0, falsePositives: 0 };
  for (const point of operatingPoints(known)) {
    const width = point.falsePositives - before.falsePositives;
    area += (width * (point.truePositives + before.truePositives)) / 2;
    before = point;
  }
  return area / (positives * negatives);
}

/** Area under the precision-recall curve, in steps: the mean of the precisions at each gain in recall. */
export function averagePrecision(known: readonly Labelled[]): number {
  const positives = known.filter(({ positive }) => positive).length;
  let area = 0;
  let before = 0;
  for (const { truePositives, falsePositives } of operatingPoints(known)) {
    area += (truePositives - before) * (truePositives / (truePositives + falsePositives));
    before = truePositives;
  }
  return area / positives;
}
