import { join } from "node:path";
import { SafelightError } from "../contract/errors.ts";
import { digestOf } from "../models/installed/pinned.ts";
import { faultsOf, folderOf, installedIn, listInstalled } from "../models/installed/record.ts";
import { listModels, readCompanion, readModel } from "../models/manifest.ts";

/** A model as `safelight models` tells of it. */
export interface ModelLine {
  readonly id: string;
  readonly origin: "shipped" | "installed";
  readonly kind: string;
  readonly bytes: number;
  /** SPDX, or as whoever added the model says; `null` when nobody said. */
  readonly licence: string | null;
  readonly source: string;
  /** Of its ONNX file, or of the listing of its files. */
  readonly sha256: string | null;
  /** What is wrong with its files; empty when they are the ones that were pinned. */
  readonly faults: readonly string[];
}

/** Every model, with its files held against their hashes. */
export async function* modelLines(data: string): AsyncGenerator<ModelLine, void> {
  for (const entry of await listModels()) {
    const { id, bytes, licence, source, sha256, companions = [] } = entry;
    const parts = [
      readModel(entry),
      ...companions.map(({ file }) => readCompanion(entry, file.split("/").at(-1) ?? "")),
    ];
    const outcomes = await Promise.allSettled(parts);
    yield {
      id,
      origin: "shipped",
      kind: "onnx",
      bytes: companions.reduce((sum, companion) => sum + companion.bytes, bytes),
      licence: licence.spdx,
      source: `${source.registry}: ${source.package} ${source.version}`,
      sha256,
      faults: outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [faultOf(outcome.reason)] : [])),
    };
  }
  for (const [id, record] of await listInstalled(data)) {
    if (record instanceof SafelightError) {
      const unknown = { kind: "unknown", bytes: 0, licence: null, source: "", sha256: null };
      yield { id, origin: "installed", ...unknown, faults: [record.detail] };
      continue;
    }
    const { kind, licence, source, files } = record;
    yield {
      id,
      origin: "installed",
      kind,
      bytes: Object.values(files).reduce((sum, { bytes }) => sum + bytes, 0),
      licence,
      source,
      sha256: digestOf(files),
      faults: await faultsOf(folderOf(join(installedIn(data), id), record)),
    };
  }
}

function faultOf(error: unknown): string {
  if (error instanceof SafelightError) return error.detail;
  throw error;
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
