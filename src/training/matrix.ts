import { type FeatureOfBucket, Featurizer } from "../detectors/text/custom/features.ts";
import { featureTable } from "../detectors/text/custom/files.ts";
import { NgramHasher, type NgramOptions } from "../detectors/text/custom/ngrams.ts";
import { Reader } from "../detectors/text/custom/reading.ts";
import type { Turns } from "./turns.ts";

/** The n-grams that a model knows. */
export interface Vocabulary {
  readonly options: NgramOptions;
  /** Of each feature, its bucket; ascending. */
  readonly buckets: Uint32Array;
  readonly featureOf: FeatureOfBucket;
}

/** Sparse rows of features: row `i` has the entries from `starts[i]` to `starts[i + 1]`. */
export interface Matrix {
  readonly starts: Uint32Array;
  readonly columns: Uint32Array;
  readonly values: Float32Array;
  /** Features that every row has, besides: `rows × width`. */
  readonly dense: { readonly width: number; readonly values: Float32Array };
}

export const NO_DENSE: Matrix["dense"] = { width: 0, values: new Float32Array(0) };

export interface VocabularyLimits {
  /** An n-gram must stand in so many texts, or it says nothing about others. */
  readonly minTexts: number;
  readonly maxFeatures: number;
}

/** Chooses the n-grams that stand in enough of the texts; of too many, those in most texts. */
export async function chooseVocabulary(
  texts: readonly string[],
  which: Uint32Array,
  options: NgramOptions,
  limits: VocabularyLimits,
  turns: Turns,
): Promise<Vocabulary> {
  const reader = new Reader();
  const hasher = new NgramHasher(options);
  const counts = new Uint32Array(2 ** options.bits);
  const lastText = new Int32Array(counts.length).fill(-1);
  for (const [done, i] of which.entries()) {
    const { buckets, count } = hasher.of(reader.read(texts[i] ?? ""));
    for (let j = 0; j < count; j++) {
      const bucket = buckets[j] ?? 0;
      if (lastText[bucket] === i) continue;
      lastText[bucket] = i;
      counts[bucket] = (counts[bucket] ?? 0) + 1;
    }
    if (turns.due()) await turns.give(done / which.length);
  }
  const least = leastCount(counts, limits);
  const buckets = Uint32Array.from(bucketsFrom(counts, least)).subarray(0, limits.maxFeatures);
  return { options, buckets, featureOf: featureTable(options.bits, buckets) };
}

export async function makeMatrix(
  texts: readonly string[],
  vocabulary: Vocabulary,
  dense: Matrix["dense"],
  turns: Turns,
): Promise<Matrix> {
  const featurizer = new Featurizer(vocabulary.options, vocabulary.featureOf, vocabulary.buckets.length);
  const starts = new Uint32Array(texts.length + 1);
  let columns = new Uint32Array(1 << 16);
  let values = new Float32Array(1 << 16);
  let total = 0;
  for (const [i, text] of texts.entries()) {
    const row = featurizer.of(text);
    if (total + row.count > columns.length) {
      // what the rows so far predict for all of them, and a little more
      const size = Math.ceil((total + row.count) * Math.min(2, (1.05 * texts.length) / (i + 1) + 0.1));
      columns = grown(new Uint32Array(size), columns);
      values = grown(new Float32Array(size), values);
    }
    columns.set(row.columns.subarray(0, row.count), total);
    values.set(row.values.subarray(0, row.count), total);
    total += row.count;
    starts[i + 1] = total;
    if (turns.due()) await turns.give(i / texts.length);
  }
  return { starts, columns: columns.subarray(0, total), values: values.subarray(0, total), dense };
}

function leastCount(counts: Uint32Array, { minTexts, maxFeatures }: VocabularyLimits): number {
  for (let least = minTexts; ; least++) {
    let features = 0;
    for (const count of counts) if (count >= least) features += 1;
    if (features <= maxFeatures || features === 0) return least;
  }
}

function* bucketsFrom(counts: Uint32Array, least: number): Generator<number> {
  for (let bucket = 0; bucket < counts.length; bucket++) if ((counts[bucket] ?? 0) >= least) yield bucket;
}

function grown<A extends Uint32Array | Float32Array>(larger: A, from: A): A {
  larger.set(from);
  return larger;
}
