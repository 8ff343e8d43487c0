import { createHash, randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { SafelightError } from "../contract/errors.ts";
import { MANIFEST, type Manifest, ManifestSchema } from "../detectors/text/custom/files.ts";

/** Files by name; their hashes go into the manifest. */
export type ModelFiles = Readonly<Record<string, string | Uint8Array>>;

/**
 * Throws when a model must not be written there, so that a person hears it before the training and not after.
 * @throws SafelightError `invalid_request` when there is something else than a model
 */
export async function checkTarget(folder: string): Promise<void> {
  const there = await stat(folder).catch(() => undefined);
  if (!there) return;
  const manifest = await readFile(join(folder, MANIFEST), "utf8").catch(() => "");
  if (manifest.includes("safelight.custom-model/")) return;
  throw new SafelightError("invalid_request", `--out: ${basename(folder)} exists already, and is no model`);
}

/**
 * Writes a model folder whole or not at all: into a folder beside it, which then takes its place. A model that was there
 * before is gone afterwards.
 */
export async function writeModelFolder(folder: string, manifest: Manifest, files: ModelFiles): Promise<void> {
  await mkdir(dirname(folder), { recursive: true });
  const temporary = join(dirname(folder), `.${basename(folder)}.new-${randomUUID()}`);
  await mkdir(temporary);
  try {
    const hashes: Record<string, { bytes: number; sha256: string }> = {};
    for (const [name, content] of Object.entries(files)) {
      const bytes = Buffer.from(content);
      await writeFile(join(temporary, name), bytes, { flush: true });
      hashes[name] = { bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
    }
    const whole = ManifestSchema.parse({ ...manifest, files: { ...manifest.files, ...hashes } });
    await writeFile(join(temporary, MANIFEST), `${JSON.stringify(whole, null, 2)}\n`, { flush: true });
    await takePlace(temporary, folder);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function takePlace(temporary: string, folder: string): Promise<void> {
  const previous = `${temporary}.previous`;
  const moved = await rename(folder, previous).then(
    () => true,
    () => false,
  );
  try {
    await rename(temporary, folder);
  } catch (error) {
    if (moved) await rename(previous, folder);
    throw error;
  }
  await rm(previous, { recursive: true, force: true });
}
