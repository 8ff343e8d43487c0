import type { FileKind } from "../../store/scans/scan-store.ts";

/** Metadata files by their name, in lower case. */
export const DATASET_INFO = "dataset_info.json";
export const METADATA_JSONL = "metadata.jsonl";
export const METADATA_CSV = "metadata.csv";

const PICTURES = /\.(?:png|jpe?g|webp|gif|avif|tiff?|bmp)$/i;
const CAPTIONS = /\.(?:txt|caption)$/i;
const ARCHIVES = /\.tar$/i;

/**
 * What a file is to a data set, by its name alone: what its content is shows when it is read.
 * @param archived whether it is inside an archive: WebDataset keeps captions in `.json` files there
 */
export function kindOf(key: string, archived = false): FileKind {
  const name = nameOf(key).toLowerCase();
  if (!archived && [DATASET_INFO, METADATA_JSONL, METADATA_CSV].includes(name)) return "metadata";
  if (PICTURES.test(name)) return "picture";
  if (CAPTIONS.test(name) || (archived && isJson(name))) return "caption";
  return ARCHIVES.test(name) ? "archive" : "other";
}

export function isJson(key: string): boolean {
  return key.toLowerCase().endsWith(".json");
}

export function nameOf(key: string): string {
  return key.slice(key.lastIndexOf("/") + 1);
}

/** The folder of a key, with `/` at its end; empty for the source itself. */
export function folderOf(key: string): string {
  return key.slice(0, key.lastIndexOf("/") + 1);
}

/** A key without the ending of its name: what a picture and its caption file share. */
export function stemOf(key: string): string {
  const name = nameOf(key);
  const dot = name.lastIndexOf(".");
  return dot > 0 ? key.slice(0, key.length - name.length + dot) : key;
}
