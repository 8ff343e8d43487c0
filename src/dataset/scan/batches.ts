import type {
  FileDigest,
  InventoryCaption,
  InventoryFile,
  InventoryLabels,
  KeyedProblem,
  ScanStore,
} from "../../store/scans/scan-store.ts";
import { FileProblem } from "../files/files.ts";
import { quoted } from "../layouts/kinds.ts";

/** Rows of one write. */
export const BATCH = 500;
/** Collects rows, so that each write to the store is worth its wait for the disk. */
export class Batches {
  readonly #store: ScanStore;
  readonly #scan: string;
  readonly #files: InventoryFile[] = [];
  readonly #captions: InventoryCaption[] = [];
  readonly #labels: InventoryLabels[] = [];
  readonly #digests: FileDigest[] = [];
  readonly #problems: KeyedProblem[] = [];

  constructor(store: ScanStore, scan: string) {
    this.#store = store;
    this.#scan = scan;
  }

  /** What is wrong with one file is noted, and the rest goes on. */
  async noting(key: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof FileProblem)) throw error;
      await this.problem({ key, problem: error.problem });
    }
  }

  async file(file: InventoryFile): Promise<void> {
    if (this.#files.push(file) >= BATCH) await this.flush();
  }

  async caption(caption: InventoryCaption): Promise<void> {
    if (this.#captions.push(caption) >= BATCH) await this.flush();
  }

  async labels(labels: InventoryLabels): Promise<void> {
    if (this.#labels.push(labels) >= BATCH) await this.flush();
  }

  async digest(digest: FileDigest): Promise<void> {
    if (this.#digests.push(digest) >= BATCH) await this.flush();
  }

  async problem(problem: KeyedProblem): Promise<void> {
    if (this.#problems.push(problem) >= BATCH) await this.flush();
  }

  async flush(): Promise<void> {
    const files = this.#files.splice(0);
    const captions = this.#captions.splice(0);
    const labels = this.#labels.splice(0);
    const digests = this.#digests.splice(0);
    const problems = this.#problems.splice(0);
    const added = await this.#store.addFiles(this.#scan, files);
    if (added < files.length) problems.push(...(await this.#twice(files)));
    await this.#store.addCaptions(this.#scan, captions);
    await this.#store.addLabels(this.#scan, labels);
    await this.#store.addDigests(this.#scan, digests);
    await this.#store.addProblems(this.#scan, problems);
  }

  /** What an archive holds more than once: only the first of its name can be judged. */
  async #twice(files: readonly InventoryFile[]): Promise<KeyedProblem[]> {
    const problems: KeyedProblem[] = [];
    for (const { key, inside } of files) {
      if (!inside) continue;
      const there = await this.#store.file(this.#scan, key);
      if (there?.inside?.archive === inside.archive && there.inside.start === inside.start) continue;
      const name = quoted(key.slice(inside.archive.length + 1));
      const detail = `more than one member is called ${name}: only the first was judged`;
      problems.push({ key: inside.archive, problem: { code: "archive_damaged", detail } });
    }
    return problems;
  }
}
