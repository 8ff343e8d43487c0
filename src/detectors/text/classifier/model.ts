import { z } from "zod";
import type { BuiltInCategory } from "../../../contract/categories.ts";
import { BuiltInCategorySchema } from "../../../contract/categories.ts";
import { SafelightError } from "../../../contract/errors.ts";
import { type ModelEntry, readCompanion } from "../../../models/manifest.ts";
import { type Model, openModel, type SessionOptions } from "../../../models/session.ts";
import { openTokenizer, type PieceTokenizer } from "../../../models/tokenizer.ts";
import type { Piece, Reader } from "./pieces.ts";

export const MODEL = "prompt-classifier";

/** Sequences in one run of the model, at most: more of them gain nothing. */
const BATCH = 4;

/** Probabilities, in the order of {@link PromptModel.labels}. */
export type Scores = readonly number[];

export interface PromptModel {
  readonly sha256: string;
  readonly labels: readonly BuiltInCategory[];
  readonly reader: Reader;
  /**
   * The probabilities for each sequence of pieces, in order. Sequences of like length cost least: all of a run
   * are filled up to the longest.
   * @throws SafelightError `detector_failed` when the model answers anything but numbers from 0 to 1
   */
  score(sequences: readonly (readonly Piece[])[], signal?: AbortSignal): Promise<readonly Scores[]>;
  close(): Promise<void>;
}

/** Opens the shipped model with its tokenizer. @throws SafelightError `config_invalid` */
export async function openPromptModel(options: SessionOptions = {}): Promise<PromptModel> {
  const model = await openModel(MODEL, options);
  try {
    const tokenizer = await openTokenizer(model.entry, options.folder);
    const emoji = await readEmoji(model.entry, options.folder);
    const labels = model.entry.classes.map((name) => BuiltInCategorySchema.parse(name));
    return {
      sha256: model.entry.sha256,
      labels,
      reader: { tokenizer, emoji },
      async score(sequences, signal) {
        signal?.throwIfAborted();
        const runs: Promise<Scores[]>[] = [];
        // The sessions share the work, also where one run could hold it all.
        const each = Math.min(BATCH, Math.ceil(sequences.length / model.sessions));
        for (let at = 0; at < sequences.length; at += each) {
          runs.push(run(model, tokenizer, labels.length, sequences.slice(at, at + each), signal));
        }
        return (await Promise.all(runs)).flat();
      },
      close: () => model.close(),
    };
  } catch (error) {
    await model.close();
    throw error;
  }
}

async function readEmoji(entry: ModelEntry, folder: URL | undefined): Promise<Reader["emoji"]> {
  const names = z.record(z.string(), z.string());
  const bytes = await readCompanion(entry, "emoji.json", folder);
  return new Map(Object.entries(names.parse(JSON.parse(new TextDecoder().decode(bytes)))));
}

async function run(
  model: Model,
  { begin, end }: PieceTokenizer,
  width: number,
  batch: readonly (readonly Piece[])[],
  signal: AbortSignal | undefined,
): Promise<Scores[]> {
  const rows = batch.map((pieces) => [begin, ...pieces.flatMap((piece) => piece.ids), end]);
  const longest = Math.max(...rows.map((row) => row.length));
  const dims = [rows.length, longest];
  const ids = new Float32Array(rows.length * longest);
  const mask = new Float32Array(rows.length * longest);
  rows.forEach((row, i) => {
    ids.set(row, i * longest);
    mask.fill(1, i * longest, i * longest + row.length);
  });
  const { probabilities } = await model.run({ ids: { dims, data: ids }, mask: { dims, data: mask } }, signal);
  if (probabilities?.data.length !== rows.length * width) {
    throw new SafelightError("detector_failed", `model ${MODEL} answered in another shape than it should`);
  }
  return rows.map((_, i) => {
    const scores = [...probabilities.data.subarray(i * width, (i + 1) * width)];
    for (const score of scores) {
      if (!(score >= 0 && score <= 1)) throw new SafelightError("detector_failed", `model ${MODEL} answered ${score}`);
    }
    return scores;
  });
}
