import type { Encoder } from "../../src/detectors/text/custom/encoder.ts";
import { type Mode, parseLabelled, READ_DEFAULTS, type ReadOptions } from "../../src/training/data/read.ts";
import { type Dataset, gather } from "../../src/training/dataset.ts";
import { Random } from "../../src/training/random.ts";
import { TRAIN_DEFAULTS, type TrainOptions, train } from "../../src/training/train.ts";

/** Words that belong to one made-up class each, and words that belong to none. */
const TOPICS = {
  sea: ["harbour", "lighthouse", "sail", "anchor", "gull", "tide", "dinghy", "reef"],
  garage: ["gearbox", "piston", "spanner", "exhaust", "clutch", "dipstick", "camshaft", "grease"],
  kitchen: ["saucepan", "whisk", "dough", "oven", "ladle", "basil", "custard", "apron"],
} as const;
export type Topic = keyof typeof TOPICS;
const COMMON = ["a", "painting", "of", "the", "old", "with", "light", "and", "photo", "in", "style", "by"];

/** A text that only the words of its topics tell apart. */
export function sentence(topics: readonly Topic[], random: Random): string {
  const pick = (words: readonly string[]) => words[Math.floor(random.next() * words.length)] ?? "";
  const words = topics.flatMap((topic) => [pick(TOPICS[topic]), pick(TOPICS[topic]), pick(TOPICS[topic])]);
  for (let i = 0; i < 5; i++) words.push(pick(COMMON));
  random.shuffle(words);
  return words.join(" ");
}

/** `rows` lines of a multi-class CSV, the topics in turn. */
export function multiClassCsv(rows: number, topics: readonly Topic[], seed = 7): string {
  const random = new Random(seed);
  const lines = Array.from({ length: rows }, (_, i) => {
    const topic = topics[i % topics.length] ?? "sea";
    return `${topic.toUpperCase()},${sentence([topic], random)} ${i}\n`;
  });
  return lines.join("");
}

/** Each text has some of the topics, or CLEAN. */
export function multiLabelCsv(rows: number, seed = 7): string {
  const random = new Random(seed);
  const lines = Array.from({ length: rows }, (_, i) => {
    const topics = (["sea", "garage", "kitchen"] as const).filter((_, k) => ((i % 8) >> k) & 1);
    return `${topics.length === 0 ? "CLEAN" : topics.join("|")},${sentence(topics, random)} ${i}\n`;
  });
  return lines.join("");
}

export function parsed(text: string | Uint8Array, options: Partial<ReadOptions> = {}) {
  return parseLabelled(typeof text === "string" ? Buffer.from(text) : text, { ...READ_DEFAULTS, ...options });
}

export function datasetFrom(csv: string): Dataset {
  return gather(parsed(csv)).dataset;
}

export const ABOUT = { name: "made-up", created: new Date(0), safelight: "0.0.0", data: "sha256:0" };

/** Small and quick. */
export const QUICK: TrainOptions = { ...TRAIN_DEFAULTS, ngrams: { bits: 16, words: 2, chars: [1, 4] } };

export function trainOn(
  dataset: Dataset,
  options: Partial<TrainOptions> = {},
  { signal = new AbortController().signal, encoder }: { signal?: AbortSignal; encoder?: Encoder } = {},
) {
  const job = { dataset, naming: { map: new Map() }, about: ABOUT, options: { ...QUICK, ...options }, encoder };
  return train(job, signal, () => {});
}

/** Stands for the shipped encoder: counts the words of each topic, so that it knows words that no text to train on had. */
export function topicEncoder(version = "1"): Encoder {
  const topics = Object.values(TOPICS);
  return {
    id: "topics",
    version,
    dimensions: topics.length,
    embed: async (texts) =>
      texts.map((text) => Float32Array.from(topics, (words) => words.filter((word) => text.includes(word)).length)),
    close: async () => {},
  };
}

/** A data set by hand: one row of targets for each text. */
export function byHand(mode: Mode, classes: readonly string[], targets: readonly (readonly number[])[]): Dataset {
  return {
    mode,
    classes,
    texts: targets.map((_, i) => `text ${i}`),
    lines: targets.map((_, i) => i + 1),
    targets: Int8Array.from(targets.flat()),
  };
}
