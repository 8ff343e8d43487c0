import type { ScanLayout } from "../../contract/scan.ts";
import type {
  InventoryCaption,
  InventoryFile,
  InventoryLabels,
  KeyedProblem,
  ScanStore,
} from "../../store/scans/scan-store.ts";
import { FileProblem, type Files, isListed } from "../files/files.ts";
import { membersOf } from "../layouts/archive.ts";
import { type FolderPrompts, readDatasetInfo } from "../layouts/dataset-info.ts";
import { DATASET_INFO, kindOf, mayHoldPictures, nameOf, stemOf } from "../layouts/kinds.ts";
import { listedCaptions } from "../layouts/listed-captions.ts";
import { everyFile } from "./pages.ts";

const BATCH = 500;
const MOST_INFO_BYTES = 1024 * 1024;
/** kohya: the folder's name says how often its pictures are repeated. */
const REPEATS = /(?:^|\/)\d+_[^/]+\//;

/**
 * Writes down what a data set holds: every file, the members of archives, the captions of metadata files, and what is wrong with
 * them. Written down again after a crash, nothing is there twice.
 * @param listed is told how many files were found so far
 */
export async function takeInventory(
  files: Files,
  store: ScanStore,
  scan: string,
  signal: AbortSignal,
  listed: (count: number) => void,
): Promise<void> {
  let count = 0;
  const batches = new Batches(store, scan);
  for await (const entry of files.list(signal)) {
    if (!isListed(entry)) await batches.problem(entry);
    else {
      const { key, bytes, stamp, labels } = entry;
      await batches.file(inventoryFile(key, bytes, stamp));
      if (labels !== undefined) await batches.labels({ key, labels });
    }
    if (++count % BATCH === 0) listed(count);
  }
  await batches.flush();
  for await (const { key: archive, stamp } of everyFile(store, scan, "archive")) {
    await noting(batches, archive, async () => {
      for await (const { name, bytes, start } of membersOf(files, archive, signal)) {
        if (name.split("/").includes("..") || name.startsWith("/")) {
          const detail = "a member's name leads out of the archive";
          await batches.problem({ key: archive, problem: { code: "leaves_source", detail } });
          continue;
        }
        const key = `${archive}/${name.replace(/^(?:\.\/)+/, "")}`;
        const kind = kindOf(key, true);
        await batches.file({ ...inventoryFile(key, bytes, stamp), kind, inside: { archive, start } });
        if (++count % BATCH === 0) listed(count);
      }
    });
  }
  await batches.flush();
  for await (const file of everyFile(store, scan, "metadata")) {
    if (isDatasetInfo(file)) continue;
    await noting(batches, file.key, async () => {
      for await (const found of listedCaptions(files, file.key, signal)) {
        if ("text" in found) await batches.caption(found);
        else await batches.problem({ key: file.key, problem: found });
      }
    });
  }
  await batches.flush();
  for (let after: string | null = null; ; ) {
    const orphans = await store.orphans(scan, after, BATCH);
    for (const key of orphans) {
      await batches.problem({ key, problem: { code: "caption_orphan", detail: "there is no picture of this name" } });
    }
    after = orphans.at(-1) ?? null;
    if (orphans.length < BATCH) break;
  }
  await batches.flush();
  listed(count);
}

/** The prompts that `dataset_info.json` files give whole folders; one that is wrong is noted as a problem. */
export async function folderPrompts(
  files: Files,
  store: ScanStore,
  scan: string,
  signal: AbortSignal,
): Promise<readonly FolderPrompts[]> {
  const prompts: FolderPrompts[] = [];
  const batches = new Batches(store, scan);
  for await (const file of everyFile(store, scan, "metadata")) {
    if (!isDatasetInfo(file)) continue;
    await noting(batches, file.key, async () => {
      const { bytes } = await files.read(file.key, MOST_INFO_BYTES, signal);
      const read = readDatasetInfo(file.key, bytes);
      if ("wrong" in read) {
        await batches.problem({ key: file.key, problem: { code: "metadata_invalid", detail: read.wrong } });
      } else prompts.push(read);
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

function isDatasetInfo({ key }: InventoryFile): boolean {
  return nameOf(key).toLowerCase() === DATASET_INFO;
}

function inventoryFile(key: string, bytes: number, stamp: string): InventoryFile {
  return { key, bytes, stamp, kind: kindOf(key), stem: stemOf(key), inside: null };
}

/** What is wrong with one file is noted, and the rest goes on. */
async function noting(batches: Batches, key: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof FileProblem)) throw error;
    await batches.problem({ key, problem: error.problem });
  }
}

/** Collects rows, so that each write to the store is worth its wait for the disk. */
class Batches {
  readonly #store: ScanStore;
  readonly #scan: string;
  #files: InventoryFile[] = [];
  #captions: InventoryCaption[] = [];
  #labels: InventoryLabels[] = [];
  #problems: KeyedProblem[] = [];

  constructor(store: ScanStore, scan: string) {
    this.#store = store;
    this.#scan = scan;
  }

  async file(file: InventoryFile): Promise<void> {
    if (file.kind === "other" && mayHoldPictures(file.key)) {
      const detail =
        "files of this kind are not opened; unpack or convert what is in it, or take it out of the data set";
      await this.problem({ key: file.key, problem: { code: "not_looked_into", detail } });
    }
    if (this.#files.push(file) >= BATCH) await this.flush();
  }

  async caption(caption: InventoryCaption): Promise<void> {
    if (this.#captions.push(caption) >= BATCH) await this.flush();
  }

  async labels(labels: InventoryLabels): Promise<void> {
    if (this.#labels.push(labels) >= BATCH) await this.flush();
  }

  async problem(problem: KeyedProblem): Promise<void> {
    if (this.#problems.push(problem) >= BATCH) await this.flush();
  }

  async flush(): Promise<void> {
    const [files, captions, labels, problems] = [this.#files, this.#captions, this.#labels, this.#problems];
    [this.#files, this.#captions, this.#labels, this.#problems] = [[], [], [], []];
    await this.#store.addFiles(this.#scan, files);
    await this.#store.addCaptions(this.#scan, captions);
    await this.#store.addLabels(this.#scan, labels);
    await this.#store.addProblems(this.#scan, problems);
  }
}
