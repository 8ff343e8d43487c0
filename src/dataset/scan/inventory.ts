import type { CaptionPlace, InventoryFile, ScanStore } from "../../store/scans/scan-store.ts";
import { Digesting, digestOf } from "../files/digest.ts";
import { FileProblem, type Files, isListed } from "../files/files.ts";
import { membersOf } from "../layouts/archive.ts";
import { type Content, contentOf, HEAD_BYTES } from "../layouts/content.ts";
import { keyProblem, kindOf, quoted, shortened, stemOf } from "../layouts/kinds.ts";
import { listedCaptions } from "../layouts/listed-captions.ts";
import { BATCH, Batches } from "./batches.ts";
import { isDatasetInfo } from "./layout.ts";
import { everyFile } from "./pages.ts";

/** Files looked at together, where each look may be a request. */
const LOOKS_AT_ONCE = 16;

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
  const taking = new Taking(files, store, scan, signal, listed);
  await taking.files();
  await taking.unnamed();
  for await (const { key, stamp } of everyFile(store, scan, "archive")) await taking.archive(key, stamp);
  await taking.flush();
  for await (const file of everyFile(store, scan, "metadata")) await taking.metadata(file);
  await taking.flush();
  await taking.orphans();
  await taking.flush();
}

/** The steps of an inventory, each of which needs what the ones before have written down. */
class Taking {
  readonly #files: Files;
  readonly #store: ScanStore;
  readonly #scan: string;
  readonly #signal: AbortSignal;
  readonly #listed: (count: number) => void;
  readonly #batches: Batches;
  #count = 0;

  constructor(files: Files, store: ScanStore, scan: string, signal: AbortSignal, listed: (count: number) => void) {
    this.#files = files;
    this.#store = store;
    this.#scan = scan;
    this.#signal = signal;
    this.#listed = listed;
    this.#batches = new Batches(store, scan);
  }

  async flush(): Promise<void> {
    await this.#batches.flush();
    this.#listed(this.#count);
  }

  async files(): Promise<void> {
    for await (const entry of this.#files.list(this.#signal)) {
      const wrong = keyProblem(entry.key);
      if (wrong) await this.#batches.problem({ key: shortened(entry.key).replaceAll("\0", "%00"), problem: wrong });
      else if (!isListed(entry)) await this.#batches.problem(entry);
      else {
        const { key, bytes, stamp, labels } = entry;
        const kind = kindOf(key);
        await this.#batches.file({ key, bytes, stamp, kind, stem: stemOf(key), inside: null });
        if (kind === "opaque") await this.#notLookedInto(key, "files of this kind are not opened");
        if (labels !== undefined) await this.#batches.labels({ key, labels });
      }
      this.#counted();
    }
    await this.flush();
  }

  /** Files whose names say nothing of pictures: trainers that open whatever they find go by the content. */
  async unnamed(): Promise<void> {
    for (const kind of ["other", "metadata"] as const) {
      let waiting: InventoryFile[] = [];
      for await (const file of everyFile(this.#store, this.#scan, kind)) {
        if (file.inside || file.bytes === 0) continue;
        if (waiting.push(file) < LOOKS_AT_ONCE) continue;
        await Promise.all(waiting.map((each) => this.#lookAt(each)));
        waiting = [];
      }
      await Promise.all(waiting.map((each) => this.#lookAt(each)));
    }
    await this.flush();
  }

  async archive(archive: string, stamp: string): Promise<void> {
    await this.#batches.noting(archive, async () => {
      const digest = new Digesting();
      const pieces = digest.of(this.#files.stream(archive, this.#signal));
      for await (const member of membersOf(pieces, this.#signal)) {
        const key = `${archive}/${member.name}`;
        const wrong = "problem" in member ? member.problem : keyProblem(key);
        if (wrong) {
          const problem = { code: wrong.code, detail: `${quoted(member.name)}: ${wrong.detail}` };
          await this.#batches.problem({ key: archive, problem });
        }
        if (wrong || "problem" in member) continue;
        const { bytes, start, head } = member;
        const named = kindOf(key, true);
        const content = named === "other" || named === "caption" ? contentOf(head) : undefined;
        const kind = content?.kind === "archive" ? "opaque" : (content?.kind ?? named);
        if (kind === "opaque")
          await this.#notLookedInto(key, content ? holds(content.format) : "members of this kind are not opened");
        await this.#batches.file({ key, bytes, stamp, kind, stem: stemOf(key, true), inside: { archive, start } });
        this.#counted();
      }
      // its members have the stamp of the listing
      if ((await this.#files.stat(archive, this.#signal))?.stamp !== stamp)
        throw new FileProblem("changed", "it changed since it was listed");
      await this.#batches.digest({ key: archive, sha256: digest.sha256 });
    });
  }

  async metadata(file: InventoryFile): Promise<void> {
    const { key } = file;
    await this.#batches.noting(key, async () => {
      const digest = new Digesting();
      const pieces = digest.of(this.#files.stream(key, this.#signal));
      if (isDatasetInfo(file)) for await (const _ of pieces);
      else {
        for await (const found of listedCaptions(key, pieces, this.#signal)) {
          if ("text" in found) await this.#batches.caption(found);
          else await this.#batches.problem({ key, problem: found });
        }
      }
      const toItsEnd = digest.bytes === file.bytes;
      if (toItsEnd) await this.#batches.digest({ key, sha256: digest.sha256 });
    });
  }

  /** Captions of no picture, unless they are pictures themselves. */
  async orphans(): Promise<void> {
    for (let after: string | null = null; ; ) {
      const orphans: readonly InventoryFile[] = await this.#store.orphans(this.#scan, after, BATCH);
      for (const file of orphans) {
        if (!file.inside && (await this.#lookAt(file))) continue;
        const detail = "there is no picture of this name";
        await this.#batches.problem({ key: file.key, problem: { code: "caption_orphan", detail } });
      }
      after = orphans.at(-1)?.key ?? null;
      if (orphans.length < BATCH) break;
    }
    for (let after: CaptionPlace | null = null; ; ) {
      const stray: readonly CaptionPlace[] = await this.#store.strayCaptions(this.#scan, after, BATCH);
      for (const { file, place, picture } of stray) {
        const detail = `${place}: there is no picture ${quoted(picture)}`;
        // the files of a list may go by other names: a picture may be there all the same
        const code = this.#files.rooted ? "caption_orphan" : "metadata_invalid";
        await this.#batches.problem({ key: file, problem: { code, detail } });
      }
      after = stray.at(-1) ?? null;
      if (stray.length < BATCH) return;
    }
  }

  /** @returns whether the content says what the name does not; it is written down then */
  async #lookAt({ key, bytes, kind }: InventoryFile): Promise<boolean> {
    let content: Content | undefined;
    await this.#batches.noting(key, async () => {
      const range = { start: 0, end: Math.min(bytes, HEAD_BYTES) };
      const head = await this.#files.read(key, HEAD_BYTES, this.#signal, range);
      content = contentOf(head.bytes);
      // read as a whole: nobody has to read it again for the manifest
      if (!content && range.end === bytes && kind !== "metadata")
        await this.#batches.digest({ key, sha256: digestOf(head.bytes) });
    });
    if (!content) return false;
    await this.#store.setKind(this.#scan, key, content.kind);
    if (content.kind === "opaque") await this.#notLookedInto(key, holds(content.format));
    return true;
  }

  async #notLookedInto(key: string, why: string): Promise<void> {
    const detail = `${why}; unpack or convert what is in it, or take it out of the data set`;
    await this.#batches.problem({ key, problem: { code: "not_looked_into", detail } });
  }

  #counted(): void {
    if (++this.#count % BATCH === 0) this.#listed(this.#count);
  }
}

function holds(format: string): string {
  return `it holds ${format}, which is not opened`;
}
