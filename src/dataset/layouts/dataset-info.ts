import { z } from "zod";
import { folderOf } from "./kinds.ts";

const prompt = z.string().trim().min(1, { error: "must not be empty" });

/**
 * `dataset_info.json` of the DreamBooth training in SageMaker JumpStart: one prompt for all pictures beside it, and one for those of
 * `class_data_dir/`, which prior preservation needs. Other members are left alone.
 */
const DatasetInfoSchema = z.object({ instance_prompt: prompt, class_prompt: prompt.optional() });

/** The folder of the pictures for prior preservation. */
const CLASS_FOLDER = "class_data_dir/";

/** What one `dataset_info.json` says of the pictures below its folder. */
export interface FolderPrompts {
  readonly file: string;
  /** With `/` at its end, or empty. */
  readonly folder: string;
  readonly instancePrompt: string;
  readonly classPrompt: string | undefined;
}

/** @returns what is wrong, field by field, when it does not fit its schema */
export function readDatasetInfo(file: string, content: Uint8Array): FolderPrompts | { readonly wrong: string } {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(content));
  } catch (error) {
    return { wrong: error instanceof SyntaxError ? "it is not JSON" : "it is not UTF-8 text" };
  }
  const parsed = DatasetInfoSchema.safeParse(value, {
    error: ({ code, input }) => (code === "invalid_type" && input === undefined ? "is missing" : undefined),
  });
  if (!parsed.success) {
    const wrong = parsed.error.issues.map(({ path, message }) => `${path.join(".") || "it"}: ${message}`).join("; ");
    return { wrong };
  }
  const { instance_prompt, class_prompt } = parsed.data;
  return { file, folder: folderOf(file), instancePrompt: instance_prompt, classPrompt: class_prompt };
}

export function isClassPicture(key: string, { folder }: Pick<FolderPrompts, "folder">): boolean {
  return key.startsWith(folder + CLASS_FOLDER);
}

/** By folder. */
export type PromptsByFolder = ReadonlyMap<string, FolderPrompts>;

/** The one whose folder is nearest above a picture. */
export function promptsFor(key: string, all: PromptsByFolder): FolderPrompts | undefined {
  if (all.size === 0) return undefined;
  for (let folder = folderOf(key); ; folder = folderOf(folder.slice(0, -1))) {
    const found = all.get(folder);
    if (found || folder === "") return found;
  }
}
