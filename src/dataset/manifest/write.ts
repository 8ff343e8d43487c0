import { createHash, type KeyObject } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdtemp, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { SafelightError } from "../../contract/errors.ts";
import type { ManifestHeader } from "../../contract/manifest.ts";
import type { Scan } from "../../contract/scan.ts";
import { hasUnjudged } from "../../contract/scan-problems.ts";
import { writeWhole } from "../output/results.ts";
import type { Sorted } from "./kept.ts";
import { signBytes } from "./keys.ts";

export const MANIFEST = "manifest.json";

/**
 * Writes the signed list of what may be trained on. Entries stand one to a line, so that millions of them can be read back one by one.
 * @param sorted every file, in order
 * @throws SafelightError `conflict` for a scan that is not finished; `storage_*`
 */
export async function writeManifest(
  folder: string,
  scan: Scan,
  sorted: AsyncIterable<Sorted>,
  tool: string,
  key: KeyObject,
): Promise<ManifestHeader> {
  const { summary, layout } = scan;
  if (scan.state !== "finished" || !summary || !layout) {
    throw new SafelightError("conflict", `scan ${scan.id} is not finished: there is nothing to vouch for`);
  }
  const scratch = await mkdtemp(join(folder, ".manifest-"));
  try {
    const kept = await EntryFile.create(join(scratch, "kept"));
    const rejected = await EntryFile.create(join(scratch, "rejected"));
    for await (const each of sorted) {
      if ("kept" in each) await kept.add(each.kept);
      else await rejected.add(each.rejected);
    }
    const header: ManifestHeader = {
      schema: "safelight.manifest/1",
      scan: scan.id,
      source: scan.source,
      layout,
      created_at: scan.finished_at ?? scan.created_at,
      tool: { name: "safelight", version: tool },
      policy: scan.policy,
      detectors: scan.detectors,
      summary,
      complete: !hasUnjudged(summary),
      kept: await kept.end(),
      rejected: await rejected.end(),
    };
    const signature = signBytes(Buffer.from(JSON.stringify(header)), key);
    await writeWhole(join(folder, MANIFEST), text());
    async function* text(): AsyncGenerator<string | Uint8Array> {
      yield `{"header":${JSON.stringify(header)},\n"signature":${JSON.stringify(signature)},\n"kept":[\n`;
      yield* createReadStream(kept.path);
      yield '],\n"rejected":[\n';
      yield* createReadStream(rejected.path);
      yield "]}\n";
    }
    return header;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Entries of one list as they will stand in the manifest: on disk, because there may be millions. */
class EntryFile {
  readonly path: string;
  readonly #file: Awaited<ReturnType<typeof open>>;
  readonly #hash = createHash("sha256");
  #count = 0;
  #waiting = "";

  private constructor(path: string, file: Awaited<ReturnType<typeof open>>) {
    this.path = path;
    this.#file = file;
  }

  static async create(path: string): Promise<EntryFile> {
    return new EntryFile(path, await open(path, "wx"));
  }

  async add(entry: object): Promise<void> {
    const json = JSON.stringify(entry);
    this.#hash.update(`${json}\n`);
    this.#waiting += `${this.#count === 0 ? "" : ",\n"}${json}`;
    this.#count += 1;
    if (this.#waiting.length > 65_536) await this.#flush();
  }

  async end(): Promise<ManifestHeader["kept"]> {
    if (this.#count > 0) this.#waiting += "\n";
    await this.#flush();
    await this.#file.close();
    return { count: this.#count, sha256: `sha256:${this.#hash.digest("hex")}` };
  }

  async #flush(): Promise<void> {
    await this.#file.writeFile(this.#waiting);
    this.#waiting = "";
  }
}
