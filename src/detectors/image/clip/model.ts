import { readdir } from "node:fs/promises";
import { basename, resolve, sep } from "node:path";
import { SafelightError } from "../../../contract/errors.ts";
import { filesOf, findClip } from "../../../models/clip/layout.ts";
import { digestOf, type Pin, type PinnedFolder, pinOf } from "../../../models/installed/pinned.ts";
import { findInstalled, folderOf, ModelIdSchema, readRecord } from "../../../models/installed/record.ts";
import type { OpenContext } from "../../context.ts";

/**
 * The model that the options name: an installed one by its id, or a folder. Its files are pinned in any case: by the
 * record that was made when it was installed, or by the hash in the options.
 * @throws SafelightError `config_invalid` that says what to do
 */
export async function findModelFolder(
  { model, sha256 }: { readonly model: string; readonly sha256?: string | undefined },
  { folder, data }: OpenContext,
): Promise<PinnedFolder> {
  if (ModelIdSchema.safeParse(model).success) {
    if (data === undefined) throw wrong(`model "${model}": there is no data folder to look for it in`);
    const installed = await findInstalled(data, model);
    if (sha256 !== undefined && sha256 !== digestOf(installed.files)) {
      throw wrong(
        `model "${model}": its files have sha256 ${digestOf(installed.files)}, and not the one in the options`,
      );
    }
    return installed;
  }
  const path = resolve(folder, model);
  const id = basename(path);
  const record = sha256 === undefined ? await readRecord(path, id) : undefined;
  return record ? folderOf(path, record) : pinned(path, id, sha256);
}

/** A folder that nobody installed: what lies there must have the hash that the options give. */
async function pinned(path: string, id: string, sha256: string | undefined): Promise<PinnedFolder> {
  const files: Record<string, Pin> = {};
  try {
    const names = (await readdir(path, { recursive: true })).map((name) => name.split(sep).join("/"));
    for (const name of filesOf(findClip(names))) files[name] = await pinOf(resolve(path, name));
  } catch (cause) {
    if (cause instanceof SafelightError) throw wrong(`model ${id}: ${cause.detail}`);
    throw new SafelightError("config_invalid", `the folder of model ${id} cannot be read`, { cause });
  }
  const found = digestOf(files);
  if (sha256 === found) return { id, path, files, own: false };
  throw wrong(
    sha256 === undefined
      ? `model ${id} is not pinned: set sha256: ${found}, or install it with safelight models add`
      : `model ${id}: its files have sha256 ${found}, and not the one in the options`,
  );
}

function wrong(detail: string): SafelightError {
  return new SafelightError("config_invalid", detail);
}
