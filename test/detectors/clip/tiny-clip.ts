import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { OnnxGraph } from "../../../models/recipes/onnx.ts";

/**
 * A CLIP model of a few hundred bytes that knows red, green and blue, in words and in pictures, in the layout that
 * Optimum exports: the vector of a picture is its mean colour, that of a text the sum of its colour words. What has no
 * colour points in a direction of its own.
 */
const SIDE = 32;
const CONTEXT = 77;
const DIMENSIONS = 4;
const COLOURS = { red: [1, -0.5, -0.5, 0], green: [-0.5, 1, -0.5, 0], blue: [-0.5, -0.5, 1, 0] } as const;
const COLOURLESS = 0.05;

export interface Variations {
  /** Whether the text tower has a second input, as some exports do. */
  readonly mask?: boolean;
  /** A tower that takes one picture or text at a time. */
  readonly single?: boolean;
}

/** By path in the model's folder. */
export function tinyClip(variations: Variations = {}): Readonly<Record<string, Uint8Array>> {
  const { tokenizer, ids } = tokens();
  const json = (value: unknown) => Buffer.from(`${JSON.stringify(value, null, 2)}\n`);
  return {
    "config.json": json({ model_type: "clip", text_config: { max_position_embeddings: CONTEXT } }),
    "preprocessor_config.json": json({
      do_center_crop: true,
      crop_size: { height: SIDE, width: SIDE },
      size: { shortest_edge: SIDE },
      do_normalize: true,
      image_mean: [0.5, 0.5, 0.5],
      image_std: [0.5, 0.5, 0.5],
    }),
    "tokenizer.json": json(tokenizer),
    "onnx/vision_model_quantized.onnx": visionTower(variations),
    "onnx/text_model_quantized.onnx": textTower(ids, variations),
  };
}

export async function writeTinyClip(folder: string, variations: Variations = {}): Promise<void> {
  for (const [name, bytes] of Object.entries(tinyClip(variations))) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), bytes);
  }
}

function visionTower({ single }: Variations): Uint8Array {
  const graph = new OnnxGraph();
  const n = single ? 1 : "batch_size";
  // all lengths have names in real exports, also those that cannot vary
  const pixels = graph.input("pixel_values", [n, "num_channels", "height", "width"]);
  const mean = graph.node("ReduceMean", [pixels], "mean", { axes: { ints: [2, 3] }, keepdims: { int: 0 } });
  const third = 1 / 3;
  const rows = [0, 1, 2].flatMap((channel) => [
    ...[0, 1, 2].map((other) => (other === channel ? 1 - third : -third)),
    0,
  ]);
  const mixed = graph.node("MatMul", [mean, graph.floats("mix", [3, DIMENSIONS], rows)], "mixed");
  graph.node("Add", [mixed, graph.floats("bias", [DIMENSIONS], [0, 0, 0, COLOURLESS])], "image_embeds");
  graph.output("image_embeds", [n, DIMENSIONS]);
  return graph.encode("tiny-clip-vision", 13, {});
}

function textTower(ids: Readonly<Record<string, number>>, { mask, single }: Variations): Uint8Array {
  const graph = new OnnxGraph();
  const n = single ? 1 : "batch_size";
  const input = graph.ids("input_ids", [n, "sequence_length"]);
  const table = Array.from({ length: Object.keys(ids).length * DIMENSIONS }, () => 0);
  for (const [word, vector] of Object.entries(COLOURS)) {
    vector.forEach((value, i) => {
      table[(ids[`${word}</w>`] ?? 0) * DIMENSIONS + i] = value;
    });
  }
  const rows = graph.floats("table", [table.length / DIMENSIONS, DIMENSIONS], table);
  let words = graph.node("Gather", [rows, input], "words");
  if (mask) {
    const seen = graph.node("Cast", [graph.ids("attention_mask", [n, "sequence_length"])], "seen", { to: { int: 1 } });
    const wide = graph.node("Reshape", [seen, graph.whole("shape", [0, 0, 1])], "wide");
    words = graph.node("Mul", [words, wide], "seen_words");
  }
  const sum = graph.node("ReduceMean", [words], "sum", { axes: { ints: [1] }, keepdims: { int: 0 } });
  const scale = graph.node("Mul", [sum, graph.floats("length", [1], [CONTEXT])], "scaled");
  graph.node("Add", [scale, graph.floats("bias", [DIMENSIONS], [0, 0, 0, COLOURLESS])], "text_embeds");
  graph.output("text_embeds", [n, DIMENSIONS]);
  return graph.encode("tiny-clip-text", 13, {});
}

/** A byte-level BPE as CLIP's: letters, and the pieces of the three words. */
function tokens() {
  const letters = [..."abcdefghijklmnopqrstuvwxyz"];
  const merges: string[] = [];
  const pieces = new Set([...letters, ...letters.map((letter) => `${letter}</w>`)]);
  for (const word of Object.keys(COLOURS)) {
    let start = word[0] ?? "";
    for (let i = 1; i < word.length; i++) {
      const next = `${word[i]}${i === word.length - 1 ? "</w>" : ""}`;
      merges.push(`${start} ${next}`);
      start += next;
      pieces.add(start);
    }
  }
  const special = ["<|startoftext|>", "<|endoftext|>"];
  const vocab = Object.fromEntries([...pieces, ...special].map((piece, i) => [piece, i]));
  const [begin, end] = special.map((content) => ({ id: vocab[content] ?? 0, content }));
  const added = [begin, end].map((token) => ({
    ...token,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: true,
    special: true,
  }));
  const tokenizer = {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: added,
    normalizer: { type: "Sequence", normalizers: [{ type: "NFC" }, { type: "Lowercase" }] },
    pre_tokenizer: {
      type: "Sequence",
      pretokenizers: [
        {
          type: "Split",
          pattern: { Regex: "[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+" },
          behavior: "Removed",
          invert: true,
        },
        { type: "ByteLevel", add_prefix_space: false, trim_offsets: true },
      ],
    },
    post_processor: {
      type: "RobertaProcessing",
      sep: [end?.content, end?.id],
      cls: [begin?.content, begin?.id],
      trim_offsets: false,
      add_prefix_space: false,
    },
    decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true },
    model: {
      type: "BPE",
      dropout: null,
      unk_token: "<|endoftext|>",
      continuing_subword_prefix: "",
      end_of_word_suffix: "</w>",
      fuse_unk: false,
      vocab,
      merges,
    },
  };
  return { tokenizer, ids: vocab };
}
