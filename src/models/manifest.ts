import { readFile } from "node:fs/promises";
import { z } from "zod";
import { SafelightError } from "../contract/errors.ts";

const MODELS = new URL("../../models/", import.meta.url);

const SHA256 = /^[0-9a-f]{64}$/;

/** A fixed length, or the name of one that may vary. */
const Port = z.strictObject({
  name: z.string(),
  shape: z.array(z.union([z.int().positive(), z.string()])),
  description: z.string(),
});

/** One model that ships with the product, as `models/manifest.json` describes it. Paths are relative to that file. */
export const ModelEntrySchema = z.strictObject({
  id: z.string(),
  title: z.string(),
  file: z.string(),
  bytes: z.int().positive(),
  /** Hexadecimal, of the file. */
  sha256: z.string().regex(SHA256),
  /** Files that the model is used with, such as its tokenizer, in the same folder as `file`. */
  companions: z
    .array(z.strictObject({ file: z.string(), bytes: z.int().positive(), sha256: z.string().regex(SHA256) }))
    .optional(),
  card: z.string(),
  /** The script that makes the file. */
  recipe: z.string(),
  licence: z.strictObject({ spdx: z.string(), attribution: z.string() }),
  source: z.strictObject({ registry: z.string(), package: z.string(), version: z.string(), path: z.string() }),
  inputs: z.array(Port),
  outputs: z.array(Port),
  classes: z.array(z.string()),
  quality: z.record(z.string(), z.string()),
  limits: z.array(z.string()),
});
export type ModelEntry = z.infer<typeof ModelEntrySchema>;

const ManifestSchema = z.strictObject({ models: z.array(ModelEntrySchema) });

/**
 * Every model that the manifest names.
 * @param folder a URL that ends with a slash; the models that ship with the product when absent.
 * @throws SafelightError `config_invalid` when the manifest is missing or wrong
 */
export async function listModels(folder: URL = MODELS): Promise<readonly ModelEntry[]> {
  try {
    return ManifestSchema.parse(JSON.parse(await readFile(new URL("manifest.json", folder), "utf8"))).models;
  } catch (cause) {
    throw new SafelightError("config_invalid", "models/manifest.json is missing or not valid", { cause });
  }
}

/** @throws SafelightError `config_invalid` when the manifest is missing or wrong, or has no such model */
export async function findModel(id: string, folder: URL = MODELS): Promise<ModelEntry> {
  const models = await listModels(folder);
  const entry = models.find((model) => model.id === id);
  if (entry) return entry;
  const known = models.map((model) => model.id).join(", ");
  throw new SafelightError("config_invalid", `there is no model "${id}" in models/manifest.json; there are: ${known}`);
}

/**
 * The file of a model, read once and checked: these very bytes have the hash that the manifest pins.
 * @throws SafelightError `config_invalid` when the file is missing or another one
 */
export function readModel(entry: ModelEntry, folder: URL = MODELS): Promise<Uint8Array<ArrayBuffer>> {
  return readPinned(entry, entry, folder);
}

/** A file that the manifest names as a companion of a model, checked in the same way; `name` without its folder. */
export async function readCompanion(
  entry: ModelEntry,
  name: string,
  folder: URL = MODELS,
): Promise<Uint8Array<ArrayBuffer>> {
  const pinned = entry.companions?.find(({ file }) => file.endsWith(`/${name}`));
  if (!pinned)
    throw new SafelightError("config_invalid", `models/manifest.json names no ${name} for model ${entry.id}`);
  return readPinned(entry, pinned, folder);
}

async function readPinned(
  entry: ModelEntry,
  pinned: { readonly file: string; readonly bytes: number; readonly sha256: string },
  folder: URL,
): Promise<Uint8Array<ArrayBuffer>> {
  const remedy = `restore models/${pinned.file}, or make it again with models/${entry.recipe}`;
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = await readFile(new URL(pinned.file, folder));
  } catch (cause) {
    throw new SafelightError("config_invalid", `the file of model ${entry.id} cannot be read: ${remedy}`, { cause });
  }
  const sha256 = Buffer.from(await crypto.subtle.digest("SHA-256", bytes)).toString("hex");
  if (bytes.length === pinned.bytes && sha256 === pinned.sha256) return bytes;
  throw new SafelightError(
    "config_invalid",
    `the file of model ${entry.id} is not the one in the manifest (${bytes.length} bytes, sha256 ${sha256.slice(0, 12)}…, ` +
      `expected ${pinned.bytes} bytes, sha256 ${pinned.sha256.slice(0, 12)}…): ${remedy}`,
  );
}
