import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Config } from "../config/schema.ts";
import { SafelightError } from "../contract/errors.ts";
import type { ManifestHeader } from "../contract/manifest.ts";
import type { Scan } from "../contract/scan.ts";
import { openFolder } from "../dataset/files/folder.ts";
import { sortedFiles } from "../dataset/manifest/kept.ts";
import { publicKeyOf, signingKey } from "../dataset/manifest/keys.ts";
import { type OpenManifest, openManifest } from "../dataset/manifest/read.ts";
import { assertSignedBy, type Difference, differences } from "../dataset/manifest/verify.ts";
import { writeManifest } from "../dataset/manifest/write.ts";
import { writeResults } from "../dataset/output/results.ts";
import {
  createScan,
  finishScan,
  type ScanOptions,
  type ScanParts,
  type ScanProgress,
  unfinishedScan,
} from "../dataset/scan/scan.ts";
import { openEmbeddedScans } from "../store/scans/embedded.ts";
import { openDataSetJudge } from "./data-set-judge.ts";
import { VERSION } from "./version.ts";

/** Scans of one source under one policy. */
export interface DataSetScans {
  /** The newest one that stopped before its end. */
  unfinished(): Promise<Scan | undefined>;
  create(): Promise<Scan>;
  finish(
    id: string,
    options: ScanOptions,
    signal: AbortSignal,
    progress: (progress: ScanProgress) => void,
  ): Promise<Scan>;
  /** Writes the results of a finished scan, and its signed manifest. */
  write(id: string, folder: string, signal: AbortSignal): Promise<ManifestHeader>;
  /** What manifests of this data folder are signed with. 32 bytes, base64. */
  publicKey(): Promise<string>;
  close(): Promise<void>;
}

/** @throws SafelightError `config_invalid`, `storage_*`; `invalid_request` when there is no such source or policy */
export async function openDataSetScans(config: Config, source: string, policy: string): Promise<DataSetScans> {
  const files = await openFolder(source);
  const judge = await openDataSetJudge(config, policy);
  try {
    await mkdir(config.data, { recursive: true });
    const store = openEmbeddedScans(config.data);
    const parts: ScanParts = { files, store, judge };
    return {
      unfinished: () => unfinishedScan(parts),
      create: () => createScan(parts, new Date()),
      finish: (id, options, signal, progress) => finishScan(id, parts, options, signal, progress),
      async write(id, folder, signal) {
        const scan = await store.get(id);
        if (!scan) throw new SafelightError("not_found", `there is no scan ${id}`);
        await writeResults(folder, store, id);
        const sorted = sortedFiles(files, store, id, signal);
        return writeManifest(folder, scan, sorted, VERSION, await signingKey(keyFile(config)));
      },
      publicKey: async () => publicKeyOf(await signingKey(keyFile(config))),
      async close() {
        await judge.close();
        await store.close();
        await files.close();
      },
    };
  } catch (cause) {
    await judge.close();
    if (cause instanceof SafelightError) throw cause;
    throw new SafelightError("storage_failed", `the data folder ${config.data} cannot be used`, { cause });
  }
}

function keyFile({ data }: Pick<Config, "data">): string {
  return join(data, "signing-key.pem");
}

export interface Verification {
  /** The manifest's own source when undefined. */
  readonly source: string | undefined;
  /** 32 bytes, base64; undefined: whoever signed it. */
  readonly publicKey: string | undefined;
}

/**
 * Holds a data set against a manifest.
 * @throws SafelightError `invalid_request` when the manifest is not what was signed, or was signed with another key
 */
export async function* verifyDataSet(
  path: string,
  { source, publicKey }: Verification,
  signal: AbortSignal,
  opened: (manifest: OpenManifest) => void,
): AsyncGenerator<Difference> {
  const manifest = await openManifest(path);
  if (publicKey !== undefined) assertSignedBy(manifest, publicKey);
  opened(manifest);
  const files = await openFolder(source ?? manifest.header.source);
  const scratch = await mkdtemp(join(tmpdir(), "safelight-verify-"));
  const store = openEmbeddedScans(scratch);
  try {
    yield* differences(manifest, files, store, signal);
  } finally {
    await store.close();
    await files.close();
    await rm(scratch, { recursive: true, force: true });
  }
}
