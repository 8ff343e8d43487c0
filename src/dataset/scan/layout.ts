import type { ScanLayout } from "../../contract/scan.ts";
import type { InventoryFile, ScanStore } from "../../store/scans/scan-store.ts";
import { digestOf } from "../files/digest.ts";
import { FileProblem, type Files } from "../files/files.ts";
import { type FolderPrompts, type PromptsByFolder, readDatasetInfo } from "../layouts/dataset-info.ts";
import { DATASET_INFO, nameOf } from "../layouts/kinds.ts";
import { Batches } from "./batches.ts";
import { everyFile } from "./pages.ts";

const MOST_INFO_BYTES = 1024 * 1024;
/** kohya: the folder's name says how often its pictures are repeated. */
const REPEATS = /(?:^|\/)\d+_[^/]+\//;

/** The prompts that `dataset_info.json` files give whole folders; one that is wrong is noted as a problem. */
export async function folderPrompts(
  files: Files,
  store: ScanStore,
  scan: string,
  signal: AbortSignal,
): Promise<PromptsByFolder> {
  const prompts = new Map<string, FolderPrompts>();
  const batches = new Batches(store, scan);
  for await (const file of everyFile(store, scan, "metadata")) {
    if (!isDatasetInfo(file)) continue;
    await batches.noting(file.key, async () => {
      const { bytes } = await files.read(file.key, MOST_INFO_BYTES, signal);
      const listed = (await store.digests(scan, [file.key])).get(file.key);
      if (listed !== digestOf(bytes)) throw new FileProblem("changed", "it changed since it was listed");
      const read = readDatasetInfo(file.key, bytes);
      if ("wrong" in read) {
        await batches.problem({ key: file.key, problem: { code: "metadata_invalid", detail: read.wrong } });
      } else prompts.set(read.folder, read);
    });
  }
  await batches.flush();
  return prompts;
}

/** What the files themselves say of how the data set is laid out. */
export async function layoutOf(store: ScanStore, scan: string): Promise<ScanLayout> {
  let listed = false;
  for await (const file of everyFile(store, scan, "metadata")) {
    if (isDatasetInfo(file)) return "dreambooth";
    listed = true;
  }
  if (listed) return "imagefolder";
  if ((await store.files(scan, "archive", null, 1)).length > 0) return "webdataset";
  const [first] = await store.files(scan, "picture", null, 1);
  if (await store.hasCaptions(scan)) return "kohya";
  return first && REPEATS.test(first.key) ? "kohya" : "plain";
}

export function isDatasetInfo({ key }: InventoryFile): boolean {
  return nameOf(key).toLowerCase() === DATASET_INFO;
}
