import type { FeatureOfBucket, Features } from "./features.ts";
import { directionOf, type LinearModel } from "./linear.ts";

/** What one word of a text adds to the log odds of a class. */
export interface WordShare {
  /** `[start, end)` in UTF-16 units of the original text. */
  readonly span: readonly [start: number, end: number];
  readonly weight: number;
}

const MOST_SPANS = 3;
/** A stretch is named when it carries this share of what the strongest one carries. */
const LEAST_SHARE = 0.3;

/**
 * How much each word adds to the (calibrated) log odds of a class. Exact: together with the bias, and with what the vector of
 * an encoder adds where the model has one, the shares sum to the log odds. What an n-gram adds is spread evenly over its characters; a space counts with the word before it.
 * @param features of the text, as the featurizer has just left them
 */
export function wordShares(
  model: LinearModel,
  featureOf: FeatureOfBucket,
  features: Features,
  of: number,
): readonly WordShare[] {
  const { reading, ngrams } = features;
  const direction = directionOf(model, of);
  const units = new Float64Array(reading.length);
  const spread = (from: number, to: number, firstColumn: number, lastColumn: number) => {
    const worth = new Map<number, number>();
    for (let i = firstColumn; i < lastColumn; i++) {
      const column = features.columns[i] ?? 0;
      worth.set(column, (features.values[i] ?? 0) * along(model, direction, column));
    }
    const seen = new Map<number, number>();
    for (let i = from; i < to; i++) {
      const column = featureOf[ngrams.buckets[i] ?? 0] ?? -1;
      if (column >= 0) seen.set(column, (seen.get(column) ?? 0) + 1);
    }
    for (let i = from; i < to; i++) {
      const column = featureOf[ngrams.buckets[i] ?? 0] ?? -1;
      if (column < 0) continue;
      const start = ngrams.starts[i] ?? 0;
      const end = ngrams.ends[i] ?? 0;
      const each = (worth.get(column) ?? 0) / (seen.get(column) ?? 1) / (end - start);
      for (let unit = start; unit < end; unit++) units[unit] = (units[unit] ?? 0) + each;
    }
  };
  spread(0, ngrams.wordCount, 0, features.wordFeatures);
  spread(ngrams.wordCount, ngrams.count, features.wordFeatures, features.count);

  const shares = new Float64Array(Math.max(1, reading.wordCount));
  units.forEach((weight, unit) => {
    const word = reading.words[unit] ?? 0;
    shares[word] = (shares[word] ?? 0) + weight;
  });
  return Array.from(shares.subarray(0, reading.wordCount), (weight, word) => {
    const start = reading.starts[reading.wordStarts[word] ?? 0] ?? 0;
    const end = reading.ends[(reading.wordEnds[word] ?? 1) - 1] ?? start;
    return { span: [start, end], weight };
  });
}

/** What one unit of a feature adds in the given direction. */
function along({ outputs, weights, scales }: LinearModel, direction: Float64Array, column: number): number {
  let sum = 0;
  for (let k = 0; k < outputs; k++) {
    sum += (direction[k] ?? 0) * (weights[column * outputs + k] ?? 0) * (scales[k] ?? 0);
  }
  return sum;
}

/** The stretches of neighbouring words that carried the score, strongest first; empty when no word spoke for the class. */
export function carriers(shares: readonly WordShare[]): readonly WordShare[] {
  const strongest = Math.max(0, ...shares.map(({ weight }) => weight));
  if (strongest === 0) return [];
  const stretches: WordShare[] = [];
  let open: WordShare | undefined;
  for (const share of shares) {
    if (share.weight < strongest * LEAST_SHARE) {
      if (open) stretches.push(open);
      open = undefined;
    } else if (open) open = { span: [open.span[0], share.span[1]], weight: open.weight + share.weight };
    else open = share;
  }
  if (open) stretches.push(open);
  const most = Math.max(...stretches.map(({ weight }) => weight));
  return stretches
    .filter(({ weight }) => weight >= most * LEAST_SHARE)
    .sort((a, b) => b.weight - a.weight)
    .slice(0, MOST_SPANS);
}
