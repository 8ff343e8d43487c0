import { NgramHasher, type NgramOptions, type Ngrams } from "./ngrams.ts";
import { Reader, type Reading } from "./reading.ts";

/** Which bucket is which feature of the model; -1: none. */
export type FeatureOfBucket = Int32Array;

/** A text as numbers. Only the first `count` entries count: the buffers are used again. */
export interface Features {
  /** Each feature once. */
  readonly columns: Uint32Array;
  /** `1 + ln(occurrences)`, scaled so that the squares of the words' values, and of the characters', sum to 1. */
  readonly values: Float32Array;
  readonly count: number;
  /** The first so many are of words, the rest of characters. */
  readonly wordFeatures: number;
  readonly reading: Reading;
  readonly ngrams: Ngrams;
}

/** Turns texts into features. `of` gives the same buffers, filled anew, each time. */
export class Featurizer {
  readonly #reader = new Reader();
  readonly #hasher: NgramHasher;
  readonly #featureOf: FeatureOfBucket;
  /** How often each feature was seen in the text at hand; all 0 between two texts. */
  readonly #seen: Uint16Array;
  #columns = new Uint32Array(4_096);
  #values = new Float32Array(4_096);

  constructor(options: NgramOptions, featureOf: FeatureOfBucket, features: number) {
    this.#hasher = new NgramHasher(options);
    this.#featureOf = featureOf;
    this.#seen = new Uint16Array(features);
  }

  of(text: string): Features {
    const reading = this.#reader.read(text);
    const ngrams = this.#hasher.of(reading);
    if (ngrams.count > this.#columns.length) {
      this.#columns = new Uint32Array(ngrams.buckets.length);
      this.#values = new Float32Array(ngrams.buckets.length);
    }
    const wordFeatures = this.#view(ngrams, 0, ngrams.wordCount, 0);
    const count = this.#view(ngrams, ngrams.wordCount, ngrams.count, wordFeatures);
    return { columns: this.#columns, values: this.#values, count, wordFeatures, reading, ngrams };
  }

  /** Adds the features of the n-grams `[from, to)` behind the first `start` ones. @returns how many there are then */
  #view({ buckets }: Ngrams, from: number, to: number, start: number): number {
    const columns = this.#columns;
    const seen = this.#seen;
    let count = start;
    for (let i = from; i < to; i++) {
      const feature = this.#featureOf[buckets[i] ?? 0] ?? -1;
      if (feature < 0) continue;
      const before = seen[feature] ?? 0;
      if (before === 0) columns[count++] = feature;
      if (before < 0xffff) seen[feature] = before + 1;
    }
    let squares = 0;
    for (let i = start; i < count; i++) {
      const column = columns[i] ?? 0;
      const value = damped(seen[column] ?? 0);
      this.#values[i] = value;
      squares += value * value;
      seen[column] = 0;
    }
    const scale = 1 / Math.sqrt(squares || 1);
    for (let i = start; i < count; i++) this.#values[i] = (this.#values[i] ?? 0) * scale;
    return count;
  }
}

const DAMPED = Float32Array.from({ length: 64 }, (_, n) => (n === 0 ? 0 : 1 + Math.log(n)));

function damped(occurrences: number): number {
  return DAMPED[occurrences] ?? 1 + Math.log(occurrences);
}
