import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { SafelightError } from "../../contract/errors.ts";
import { type PinnedFolder, readPinned } from "./pinned.ts";

export const RECORD = "model.json";

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** 1 to 64 of a-z, 0-9, dot, dash and underscore. */
export const ModelIdSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, { error: "must be 1 to 64 of a-z, 0-9, dot, dash and underscore" });

/** `model.json` in the folder of an installed model. */
export const InstalledSchema = z.strictObject({
  schema: z.literal("safelight.model/1"),
  id: ModelIdSchema,
  kind: z.literal("clip"),
  /** Where it came from: the name of a file or folder, or a URL without user, password and query. */
  source: z.string(),
  /** Of what was added: the archive, or the listing of a folder's files. */
  sha256,
  added_at: z.iso.datetime(),
  /** As whoever added it says; `null` when they did not. */
  licence: z.string().nullable(),
  /** By path in the folder. */
  files: z.record(z.string(), z.strictObject({ bytes: z.int().min(1), sha256 })),
});
export type Installed = z.infer<typeof InstalledSchema>;

/** Where the models lie that `safelight models add` has installed. */
export function installedIn(data: string): string {
  return join(data, "models");
}

export function folderOf(path: string, { id, files }: Installed): PinnedFolder {
  return { id, path, files, own: true };
}

/**
 * @returns the record of the model in that folder, undefined when the folder has none
 * @throws SafelightError `config_invalid` when it cannot be read or is not valid
 */
export async function readRecord(path: string, id: string): Promise<Installed | undefined> {
  let text: string;
  try {
    text = await readFile(join(path, RECORD), "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new SafelightError("config_invalid", `model ${id}: ${RECORD} cannot be read`, { cause });
  }
  try {
    return InstalledSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new SafelightError("config_invalid", `model ${id}: ${RECORD} is not valid; add the model again`, { cause });
  }
}

/** The models of a data folder by id. What cannot be read is told in place of its record. */
export async function listInstalled(data: string): Promise<ReadonlyMap<string, Installed | SafelightError>> {
  const folder = installedIn(data);
  const names = await readdir(folder).catch(() => []);
  const models = new Map<string, Installed | SafelightError>();
  for (const id of names.filter((name) => ModelIdSchema.safeParse(name).success).sort()) {
    const record = await readRecord(join(folder, id), id).catch((error: unknown) => {
      if (error instanceof SafelightError) return error;
      throw error;
    });
    models.set(id, record ?? new SafelightError("config_invalid", `model ${id}: there is no ${RECORD}`));
  }
  return models;
}

/**
 * An installed model by its id.
 * @throws SafelightError `config_invalid` that names those that there are
 */
export async function findInstalled(data: string, id: string): Promise<PinnedFolder> {
  const path = join(installedIn(data), id);
  const record = await readRecord(path, id);
  if (record) return folderOf(path, record);
  const known = [...(await listInstalled(data)).keys()].join(", ") || "none";
  throw new SafelightError(
    "config_invalid",
    `there is no model "${id}" installed; there are: ${known}. safelight models add installs one`,
  );
}

/** @returns what is wrong with files of the model, a line for each; empty when they are the ones that were pinned */
export async function faultsOf(folder: PinnedFolder): Promise<readonly string[]> {
  const faults: string[] = [];
  for (const name of Object.keys(folder.files)) {
    await readPinned(folder, name).catch((error: unknown) => {
      if (!(error instanceof SafelightError)) throw error;
      faults.push(error.detail);
    });
  }
  return faults;
}
