import { SafelightError } from "../../../contract/errors.ts";
import { findModel, type ModelEntry } from "../../../models/manifest.ts";
import { openModel } from "../../../models/session.ts";
import { openTokenizer } from "../../../models/tokenizer.ts";

/** Turns texts into vectors: what they mean, where n-grams see only how they are written. */
export interface Encoder {
  readonly id: string;
  /** A model that was trained with one version's vectors can read no other's. */
  readonly version: string;
  readonly dimensions: number;
  /** @throws the abort reason; SafelightError `detector_failed` */
  embed(texts: readonly string[], signal: AbortSignal): Promise<readonly Float32Array[]>;
  close(): Promise<void>;
}

const MODEL = "prompt-classifier";
const OUTPUT = "embedding";
/** Tokens of one window, without the two that begin and end it: what the model was trained on. */
const WINDOW = 94;
const BATCH = 16;
/** What is encoded by itself, as words between spaces are. */
const PIECE = /\p{Unified_Ideograph}|[^\s\p{Unified_Ideograph}]+/gu;

/**
 * Opens the shipped model as an encoder.
 * @param folder where `manifest.json` of the models lies; those that ship with the product when absent
 * @returns `undefined` when the model has no such output
 * @throws SafelightError `config_invalid`
 */
export async function openEncoder(folder?: URL): Promise<Encoder | undefined> {
  const dimensions = dimensionsOf(await findModel(MODEL, folder));
  if (dimensions === undefined) return undefined;
  const model = await openModel(MODEL, { threads: 1, ...(folder ? { folder } : {}) });
  try {
    const { encode, begin, end } = await openTokenizer(model.entry, folder);
    return {
      id: MODEL,
      version: model.entry.sha256.slice(0, 12),
      dimensions,
      async embed(texts, signal) {
        const windows = texts.flatMap((text, of) => {
          const ids = [...text.matchAll(PIECE)].flatMap(([piece]) => encode(piece));
          return Array.from({ length: Math.max(1, Math.ceil(ids.length / WINDOW)) }, (_, i) => ({
            of,
            ids: [begin, ...ids.slice(i * WINDOW, (i + 1) * WINDOW), end],
          }));
        });
        windows.sort((a, b) => a.ids.length - b.ids.length); // all of a batch are filled up to the longest
        const means = new Mean(texts.length, dimensions);
        const batches = Array.from({ length: Math.ceil(windows.length / BATCH) }, (_, i) =>
          windows.slice(i * BATCH, (i + 1) * BATCH),
        );
        await Promise.all(
          batches.map(async (batch) => {
            const outputs = await model.run(feedsOf(batch.map(({ ids }) => ids)), signal);
            const vectors = outputs[OUTPUT]?.data;
            if (vectors?.length !== batch.length * dimensions) {
              throw new SafelightError("detector_failed", `model ${MODEL} answered in another shape than it should`);
            }
            for (const [i, { of }] of batch.entries()) {
              means.add(of, vectors.subarray(i * dimensions, (i + 1) * dimensions));
            }
          }),
        );
        return means.all();
      },
      close: () => model.close(),
    };
  } catch (error) {
    await model.close();
    throw error;
  }
}

function dimensionsOf({ outputs }: ModelEntry): number | undefined {
  const width = outputs.find(({ name }) => name === OUTPUT)?.shape.at(-1);
  return typeof width === "number" ? width : undefined;
}

function feedsOf(rows: readonly (readonly number[])[]) {
  const longest = Math.max(...rows.map((row) => row.length));
  const dims = [rows.length, longest];
  const ids = new Float32Array(rows.length * longest);
  const mask = new Float32Array(rows.length * longest);
  rows.forEach((row, i) => {
    ids.set(row, i * longest);
    mask.fill(1, i * longest, i * longest + row.length);
  });
  return { ids: { dims, data: ids }, mask: { dims, data: mask } };
}

/** Of all windows of each text. */
class Mean {
  readonly #sums: readonly Float32Array[];
  readonly #counts: Uint32Array;

  constructor(texts: number, dimensions: number) {
    this.#sums = Array.from({ length: texts }, () => new Float32Array(dimensions));
    this.#counts = new Uint32Array(texts);
  }

  add(text: number, vector: Float32Array): void {
    const sum = this.#sums[text];
    if (!sum) return;
    vector.forEach((value, j) => {
      sum[j] = (sum[j] ?? 0) + value;
    });
    this.#counts[text] = (this.#counts[text] ?? 0) + 1;
  }

  all(): readonly Float32Array[] {
    return this.#sums.map((sum, i) => sum.map((value) => value / Math.max(1, this.#counts[i] ?? 1)));
  }
}
