import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { z } from "zod";
import { CategorySchema } from "../../../contract/categories.ts";
import { SafelightError } from "../../../contract/errors.ts";
import { type Encoder, openEncoder } from "./encoder.ts";
import { type FeatureOfBucket, Featurizer } from "./features.ts";
import type { LinearModel } from "./linear.ts";
import { decodeWeights } from "./weights.ts";

export const MANIFEST = "manifest.json";
export const WEIGHTS = "weights.bin";

const Hashed = z.strictObject({ bytes: z.int().min(0), sha256: z.string().regex(/^[0-9a-f]{64}$/) });

/** `manifest.json` of a trained model: what the folder holds, and how its classes are called. */
export const ManifestSchema = z.strictObject({
  schema: z.literal("safelight.custom-model/1"),
  name: z.string().min(1),
  /** Of everything that the scores depend on. */
  version: z.string().min(1),
  mode: z.enum(["multi-class", "multi-label"]),
  /** In the order of the outputs. A class without a category is not reported: it stands for "nothing wrong". */
  classes: z.array(z.strictObject({ name: z.string(), category: CategorySchema.nullable() })).min(1),
  ngrams: z.strictObject({
    bits: z.int().min(8).max(26),
    words: z.int().min(0).max(5),
    chars: z.tuple([z.int().min(1).max(10), z.int().min(1).max(10)]),
  }),
  link: z.enum(["binary", "softmax", "independent"]),
  /** Whose vectors it reads besides the n-grams; `null`: nobody's. */
  encoder: z.strictObject({ id: z.string(), version: z.string(), dimensions: z.int().min(1) }).nullable(),
  training: z.strictObject({
    created: z.string(),
    safelight: z.string(),
    seed: z.int(),
    /** `sha256:<hex>` of the file that it was trained on. */
    data: z.string(),
    rows: z.int(),
  }),
  files: z.record(z.string(), Hashed),
});
export type Manifest = z.infer<typeof ManifestSchema>;

/** Opens the encoder of this installation, if it has one. */
export type OpenEncoder = () => Promise<Encoder | undefined>;

/** A trained model, read from its folder. */
export interface CustomModel {
  readonly manifest: Manifest;
  readonly linear: LinearModel;
  readonly featureOf: FeatureOfBucket;
  readonly featurizer: Featurizer;
  /** Present when the manifest names one. */
  readonly encoder: Encoder | undefined;
}

/**
 * Reads a model folder. Every file that the scores depend on is checked against the manifest.
 * @throws SafelightError `config_invalid` that names the file that is missing or wrong
 */
export async function readModelFolder(folder: string, encoders: OpenEncoder = openEncoder): Promise<CustomModel> {
  const manifest = parseManifest(await readPart(folder, MANIFEST), basename(folder));
  const bytes = await readPart(folder, WEIGHTS);
  const pinned = manifest.files[WEIGHTS];
  if (pinned?.sha256 !== createHash("sha256").update(bytes).digest("hex")) {
    throw broken(folder, WEIGHTS, `is not the one in ${MANIFEST} (${bytes.length} bytes, ${pinned?.bytes} expected)`);
  }
  const { buckets, linear } = readWeights(folder, bytes, manifest);
  return openCustomModel(manifest, buckets, linear, await encoderFor(manifest, encoders));
}

/** Puts a model together that is in memory already. */
export function openCustomModel(
  manifest: Manifest,
  buckets: Uint32Array,
  linear: LinearModel,
  encoder: Encoder | undefined,
): CustomModel {
  const { ngrams } = manifest;
  const featureOf = featureTable(ngrams.bits, buckets);
  return { manifest, linear, featureOf, featurizer: new Featurizer(ngrams, featureOf, buckets.length), encoder };
}

async function encoderFor({ name, encoder: wanted }: Manifest, open: OpenEncoder): Promise<Encoder | undefined> {
  if (!wanted) return undefined;
  const encoder = await open();
  if (encoder?.id === wanted.id && encoder.version === wanted.version) return encoder;
  await encoder?.close();
  const found = encoder ? `this is version ${encoder.version}` : "there is none here";
  throw new SafelightError(
    "config_invalid",
    `custom model ${name}: it reads the vectors of ${wanted.id} ${wanted.version}, and ${found}; train it again`,
  );
}

/** @param buckets of each feature, its bucket */
export function featureTable(bits: number, buckets: Uint32Array): FeatureOfBucket {
  const featureOf = new Int32Array(2 ** bits).fill(-1);
  buckets.forEach((bucket, feature) => {
    featureOf[bucket] = feature;
  });
  return featureOf;
}

function parseManifest(bytes: Uint8Array, name: string): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw broken(name, MANIFEST, "is not JSON", cause);
  }
  const parsed = ManifestSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw broken(name, MANIFEST, `is not valid: ${issue?.path.join(".")}: ${issue?.message}`, parsed.error);
}

function readWeights(folder: string, bytes: Uint8Array, { link, classes, ngrams, encoder }: Manifest) {
  const outputs = link === "binary" ? 1 : classes.length;
  const decoded = decodeWeights(bytes, link);
  const dense = outputs * (encoder?.dimensions ?? 0);
  const fits = decoded?.linear.outputs === outputs && decoded.linear.dense.length === dense;
  if (!decoded || !fits || (decoded.buckets.at(-1) ?? 0) >= 2 ** ngrams.bits) {
    throw broken(folder, WEIGHTS, `does not hold the weights that ${MANIFEST} describes`);
  }
  return decoded;
}

async function readPart(folder: string, file: string): Promise<Uint8Array> {
  try {
    return await readFile(join(folder, file));
  } catch (cause) {
    throw broken(folder, file, "cannot be read", cause);
  }
}

function broken(folder: string, file: string, what: string, cause?: unknown): SafelightError {
  const remedy = "train it again with `safelight train`, or restore the folder";
  return new SafelightError("config_invalid", `custom model ${basename(folder)}: ${file} ${what}; ${remedy}`, {
    cause,
  });
}
