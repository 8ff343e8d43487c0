import { z } from "zod";
import { SafelightError } from "../../contract/errors.ts";
import { type PinnedFolder, readPinned } from "../installed/pinned.ts";

const side = z.int().min(16).max(1024);
const Size = z.union([side, z.object({ height: side, width: side }), z.object({ shortest_edge: side })]);
const triple = z.tuple([z.number(), z.number(), z.number()]);

const Preprocessor = z.object({
  size: Size,
  crop_size: Size.nullish(),
  do_center_crop: z.boolean().nullish(),
  do_rescale: z.boolean().nullish(),
  rescale_factor: z.number().positive().nullish(),
  do_normalize: z.boolean().nullish(),
  image_mean: triple.nullish(),
  image_std: triple.nullish(),
});

const Config = z.object({
  text_config: z.object({ max_position_embeddings: z.int().min(4).max(512).nullish() }).nullish(),
});

/** What a CLIP model wants to be fed. */
export interface ClipSettings {
  /** Of its picture, in pixels. */
  readonly width: number;
  readonly height: number;
  /** For each channel what a byte becomes: 256 values. */
  readonly levels: readonly [Float32Array, Float32Array, Float32Array];
  /** Tokens of a text, with those that begin and end it. */
  readonly contextLength: number;
}

/** What CLIP, OpenCLIP, TinyCLIP and MobileCLIP were made with. */
const CONTEXT_LENGTH = 77;

/** Reads `preprocessor_config.json` and `config.json`. @throws SafelightError `config_invalid` */
export async function readSettings(folder: PinnedFolder): Promise<ClipSettings> {
  const [preprocessor, config] = await Promise.all([
    readJson(folder, "preprocessor_config.json", Preprocessor),
    readJson(folder, "config.json", Config),
  ]);
  const cropped = preprocessor.do_center_crop === false ? undefined : preprocessor.crop_size;
  const { width, height } = sizeOf(cropped ?? preprocessor.size);
  const level = (channel: 0 | 1 | 2) => {
    const factor = preprocessor.do_rescale === false ? 1 : (preprocessor.rescale_factor ?? 1 / 255);
    const normalised = preprocessor.do_normalize !== false;
    const mean = (normalised && preprocessor.image_mean?.[channel]) || 0;
    const deviation = (normalised && preprocessor.image_std?.[channel]) || 1;
    return Float32Array.from({ length: 256 }, (_, byte) => (byte * factor - mean) / deviation);
  };
  return {
    width,
    height,
    levels: [level(0), level(1), level(2)],
    contextLength: config.text_config?.max_position_embeddings ?? CONTEXT_LENGTH,
  };
}

function sizeOf(size: z.infer<typeof Size>): { width: number; height: number } {
  if (typeof size === "number") return { width: size, height: size };
  return "shortest_edge" in size ? { width: size.shortest_edge, height: size.shortest_edge } : size;
}

/** @throws SafelightError `config_invalid` that names the file and the key */
export async function readJson<Schema extends z.ZodType>(
  folder: PinnedFolder,
  name: string,
  schema: Schema,
): Promise<z.output<Schema>> {
  const bytes = await readPinned(folder, name);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new SafelightError("config_invalid", `model ${folder.id}: ${name} is not JSON`, { cause });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const key = issue?.path.join(".") || "it";
  throw new SafelightError("config_invalid", `model ${folder.id}: ${name}: ${key}: ${issue?.message}`);
}
