import { createHash } from "node:crypto";
import type { Encoder } from "../detectors/text/custom/encoder.ts";
import { type CustomModel, type Manifest, openCustomModel } from "../detectors/text/custom/files.ts";
import type { LinearModel, Link } from "../detectors/text/custom/linear.ts";
import type { NgramOptions } from "../detectors/text/custom/ngrams.ts";
import { classify } from "../detectors/text/custom/scores.ts";
import { encodeWeights } from "../detectors/text/custom/weights.ts";
import { type Calibration, calibrate } from "./calibrate.ts";
import { categoriesFor, type Naming } from "./categories.ts";
import type { Dataset } from "./dataset.ts";
import { embedAll, remembering, standardise } from "./embeddings.ts";
import { type Evaluation, evaluate, subset } from "./evaluate.ts";
import { type Epoch, type Learned, type LearnOptions, type Lesson, learn } from "./learn.ts";
import { chooseVocabulary, makeMatrix, NO_DENSE, type Vocabulary, type VocabularyLimits } from "./matrix.ts";
import { type Split, splitDataset } from "./split.ts";
import { Turns } from "./turns.ts";

export interface TrainOptions {
  readonly seed: number;
  readonly validationShare: number;
  /** 0 when there is a test file of its own. */
  readonly testShare: number;
  /** `balanced`: every class counts the same, however few examples it has. */
  readonly classWeights: "none" | "balanced";
  readonly maxFalsePositiveRate: number;
  readonly ngrams: NgramOptions;
  readonly vocabulary: VocabularyLimits;
  readonly learning: Omit<LearnOptions, "seed">;
}

export const TRAIN_DEFAULTS: TrainOptions = {
  seed: 1,
  validationShare: 0.1,
  testShare: 0.1,
  classWeights: "none",
  maxFalsePositiveRate: 0.01,
  ngrams: { bits: 22, words: 2, chars: [1, 5] },
  vocabulary: { minTexts: 2, maxFeatures: 2 ** 20 },
  learning: { cost: 3, lean: 0.4, epochs: 12, patience: 1 },
};

/** The steps, in order, each with its share of the time. */
export const STEPS = {
  embedding: 0.6,
  vocabulary: 0.07,
  features: 0.08,
  learning: 0.2,
  calibrating: 0.02,
  measuring: 0.03,
} as const;
export type Step = keyof typeof STEPS;

export interface Trained {
  readonly model: CustomModel;
  /** The file `weights.bin`. */
  readonly weights: Uint8Array;
  /** By output. */
  readonly history: readonly (readonly Epoch[])[];
  /** On the validation part: where the thresholds come from. */
  readonly validation: Evaluation;
  /** On texts that nothing was fitted to. */
  readonly test: Evaluation;
  readonly split: Readonly<Record<keyof Split, number>>;
}

export interface About {
  readonly name: string;
  readonly created: Date;
  readonly safelight: string;
  /** `sha256:<hex>` of the file. */
  readonly data: string;
}

export interface Job {
  readonly dataset: Dataset;
  /** Texts of their own to measure on, instead of a part of the data. */
  readonly testSet?: Dataset | undefined;
  readonly naming: Naming;
  readonly about: About;
  readonly options: TrainOptions;
  /** Whose vectors the model reads besides the n-grams. */
  readonly encoder?: Encoder | undefined;
}

/**
 * Trains a classifier. The same data, options, encoder and seed give the same weights.
 * @param tell hears how far it is, from 0 to 1
 * @throws the abort reason; SafelightError `invalid_request` for names of classes that do not fit
 */
export async function train(
  { dataset, testSet, naming, about, options, encoder: given }: Job,
  signal: AbortSignal,
  tell: (step: Step, fraction: number) => void,
): Promise<Trained> {
  const categories = categoriesFor(dataset.classes, naming);
  const turns = (step: Step, from = 0, to = 1) =>
    new Turns(signal, (fraction) => tell(step, from + (to - from) * fraction));
  const shares = { validation: options.validationShare, test: testSet ? 0 : options.testShare };
  const split = splitDataset(dataset, shares, options.seed);
  const held = subset(dataset, split.validation);
  const tested = testSet ?? subset(dataset, split.test);
  const encoder = given && remembering(given, new Set([...held.texts, ...tested.texts]));
  const embedding = encoder && (await embedAll(encoder, dataset.texts, signal, (done) => tell("embedding", done)));
  const vectors = embedding && standardise(embedding, split.train);
  const vocabulary = await chooseVocabulary(
    dataset.texts,
    split.train,
    options.ngrams,
    options.vocabulary,
    turns("vocabulary"),
  );
  const matrix = await makeMatrix(dataset.texts, vocabulary, vectors?.dense ?? NO_DENSE, turns("features"));
  const link = linkOf(dataset);
  const outputs = outputsOf(dataset, link);
  const learned: Learned[] = [];
  for (const [k, lesson] of lessons(dataset, split.train, outputs, options.classWeights).entries()) {
    const learning = { ...options.learning, seed: options.seed + k };
    const part = turns("learning", k / outputs.length, (k + 1) / outputs.length);
    const output = await learn(matrix, vocabulary.buckets.length, lesson, split, learning, part);
    learned.push({ ...output, ...vectors?.restore(output) });
  }
  const { linear, buckets } = packed(vocabulary, learned, link);
  const open = (calibration: Calibration) => {
    const calibrated = { ...linear, ...calibration };
    const weights = encodeWeights(buckets, calibrated);
    const manifest = manifestOf(dataset, categories, about, options, weights, link, encoder);
    return { model: openCustomModel(manifest, buckets, calibrated, encoder), weights };
  };
  tell("calibrating", 0);
  const uncalibrated = open({
    slopes: new Float32Array(outputs.length).fill(1),
    intercepts: new Float32Array(outputs.length),
  });
  const { model, weights } = open(await calibration(uncalibrated.model, held, outputs, signal));
  tell("measuring", 0);
  const budget = options.maxFalsePositiveRate;
  return {
    model,
    weights,
    history: learned.map(({ history }) => history),
    validation: await evaluate(model, held, budget, signal, (done) => tell("measuring", done / 2)),
    test: await evaluate(model, tested, budget, signal, (done) => tell("measuring", 0.5 + done / 2)),
    split: {
      train: split.train.length,
      validation: split.validation.length,
      test: tested.texts.length,
    },
  };
}

function linkOf({ mode, classes }: Dataset): Link {
  if (mode === "multi-label") return "independent";
  return classes.length === 2 ? "binary" : "softmax";
}

/** The class that each output stands for. */
function outputsOf({ classes }: Dataset, link: Link): readonly number[] {
  return link === "binary" ? [1] : classes.map((_, k) => k);
}

function column({ targets, classes, texts }: Dataset, k: number): Int8Array {
  return Int8Array.from({ length: texts.length }, (_, row) => targets[row * classes.length + k] ?? -1);
}

function lessons(
  dataset: Dataset,
  train: Uint32Array,
  outputs: readonly number[],
  classWeights: TrainOptions["classWeights"],
): readonly Lesson[] {
  return outputs.map((k) => {
    const targets = column(dataset, k);
    const [has, hasNot] = [1, 0].map((wanted) =>
      train.reduce((sum, row) => sum + (targets[row] === wanted ? 1 : 0), 0),
    );
    const balanced = classWeights === "balanced" && has && hasNot;
    const weights = balanced
      ? ([(has + hasNot) / (2 * has), (has + hasNot) / (2 * hasNot)] as const)
      : ([1, 1] as const);
    return { targets, weights };
  });
}

/** Weights in steps of 1/127 of the largest of each output; features that are 0 everywhere after that are left out. */
function packed(
  { buckets }: Vocabulary,
  learned: readonly Learned[],
  link: Link,
): { buckets: Uint32Array; linear: LinearModel } {
  const outputs = learned.length;
  const scales = Float32Array.from(learned, ({ weights }) => {
    const most = weights.reduce((max, weight) => Math.max(max, Math.abs(weight)), 0);
    return most === 0 ? 1 : most / 127;
  });
  const step = (k: number, feature: number) => Math.round((learned[k]?.weights[feature] ?? 0) / (scales[k] ?? 1));
  const kept = Array.from(buckets.keys()).filter((feature) => learned.some((_, k) => step(k, feature) !== 0));
  const weights = new Int8Array(kept.length * outputs);
  kept.forEach((feature, i) => {
    for (let k = 0; k < outputs; k++) weights[i * outputs + k] = step(k, feature);
  });
  const bias = Float32Array.from(learned, (output) => output.bias);
  const [slopes, intercepts] = [new Float32Array(outputs).fill(1), new Float32Array(outputs)];
  const dense = Float32Array.from(learned.flatMap(({ denseWeights }) => [...denseWeights]));
  return {
    buckets: Uint32Array.from(kept, (feature) => buckets[feature] ?? 0),
    linear: { link, outputs, weights, dense, scales, bias, slopes, intercepts },
  };
}

/** Fitted to what the packed weights say of the validation part. */
async function calibration(
  model: CustomModel,
  held: Dataset,
  outputs: readonly number[],
  signal: AbortSignal,
): Promise<Calibration> {
  const scores = new Float64Array(held.texts.length * outputs.length);
  const targets = new Int8Array(scores.length);
  const verdicts = await classify(model, held.texts, signal);
  verdicts.forEach((verdict, row) => {
    scores.set(verdict.scores, row * outputs.length);
    outputs.forEach((k, i) => {
      targets[row * outputs.length + i] = held.targets[row * held.classes.length + k] ?? -1;
    });
  });
  return calibrate(model.linear.link, outputs.length, scores, targets);
}

function manifestOf(
  { classes, mode, texts }: Dataset,
  categories: ReturnType<typeof categoriesFor>,
  { name, created, safelight, data }: About,
  { seed, ngrams }: TrainOptions,
  weights: Uint8Array,
  link: Link,
  encoder: Encoder | undefined,
): Manifest {
  const read = encoder ? { id: encoder.id, version: encoder.version, dimensions: encoder.dimensions } : null;
  const named = classes.map((each, k) => ({ name: each, category: categories[k] ?? null }));
  const sha256 = createHash("sha256").update(weights).digest("hex");
  const all = createHash("sha256").update(JSON.stringify([sha256, mode, named, ngrams, link, read]));
  return {
    schema: "safelight.custom-model/1",
    name,
    version: all.digest("hex").slice(0, 12),
    mode,
    classes: named,
    ngrams: { ...ngrams, chars: [...ngrams.chars] },
    link,
    encoder: read,
    training: { created: created.toISOString(), safelight, seed, data, rows: texts.length },
    files: { "weights.bin": { bytes: weights.length, sha256 } },
  };
}
