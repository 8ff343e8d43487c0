import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import { openFolder } from "../../src/dataset/files/folder.ts";
import type { DataSetJudge } from "../../src/dataset/scan/judge.ts";
import type { ScanParts } from "../../src/dataset/scan/scan.ts";
import { openEmbeddedScans } from "../../src/store/scans/embedded.ts";
import { textJudge } from "./judge.ts";
import { openTestS3, type TestS3 } from "./s3-server.ts";

export const never = new AbortController().signal;

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "safelight-dataset-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export type Tree = Readonly<Record<string, string | Uint8Array>>;

export function plant(folder: string, tree: Tree): string {
  for (const [key, content] of Object.entries(tree)) {
    const path = join(folder, key);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
  return folder;
}

/** A source, a place for results, and a judge. */
export async function parts(
  source: string,
  judge: DataSetJudge = textJudge(),
  data = temporaryFolder(),
): Promise<ScanParts> {
  const store = openEmbeddedScans(data);
  onTestFinished(() => store.close());
  return { files: await openFolder(source), store, judge };
}

/** A server for one test. */
export async function startS3(...buckets: readonly string[]): Promise<TestS3> {
  const s3 = await openTestS3(...buckets);
  onTestFinished(() => s3.close());
  return s3;
}
