import type { BuiltInCategory } from "../../../contract/categories.ts";
import { BuiltInCategorySchema } from "../../../contract/categories.ts";
import { SafelightError } from "../../../contract/errors.ts";
import { type Model, openModel, type SessionOptions } from "../../../models/session.ts";
import { openTokenizer, type PieceTokenizer } from "../../../models/tokenizer.ts";
import type { Piece } from "./pieces.ts";

export const MODEL = "prompt-classifier";

/** Windows in one run of the model: enough to keep it busy, few enough that an abort is soon seen. */
const BATCH = 16;

/** Probabilities, in the order of {@link PromptModel.labels}. */
export type Scores = readonly number[];

export interface PromptModel {
  readonly sha256: string;
  readonly labels: readonly BuiltInCategory[];
  readonly tokenizer: PieceTokenizer;
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
    const labels = model.entry.classes.map((name) => BuiltInCategorySchema.parse(name));
    return {
      sha256: model.entry.sha256,
      labels,
      tokenizer,
      async score(sequences, signal) {
        const scores: Scores[] = [];
        for (let at = 0; at < sequences.length; at += BATCH) {
          signal?.throwIfAborted();
          scores.push(...(await run(model, tokenizer, labels.length, sequences.slice(at, at + BATCH), signal)));
        }
        return scores;
      },
      close: () => model.close(),
    };
  } catch (error) {
    await model.close();
    throw error;
  }
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
