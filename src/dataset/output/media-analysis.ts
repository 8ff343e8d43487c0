import { dirname, join, resolve } from "node:path";
import type { Scan, ScanItem } from "../../contract/scan.ts";
import { moderationLabels } from "../../detectors/image/rekognition/taxonomy.ts";
import type { ScanStore } from "../../store/scans/scan-store.ts";
import type { Files } from "../files/files.ts";
import { everyItem } from "../scan/pages.ts";
import { writeWhole } from "./results.ts";

/**
 * The results as a media-analysis job of Amazon Rekognition writes them: what reads those reads these.
 * @see https://docs.aws.amazon.com/rekognition/latest/dg/bulk-analysis-output-manifests.html
 */
const MEDIA_ANALYSIS_JSONL = "media-analysis.jsonl";
/** Its summary: how many pictures there were, and which could not be judged. */
const MEDIA_ANALYSIS_SUMMARY = "media-analysis-summary.json";

/** The taxonomy that the labels are of. */
const MODEL_VERSION = "7.0";

/** Writes both into a folder. @throws SafelightError `storage_*` */
export async function writeMediaAnalysis(
  folder: string,
  { files, store }: { readonly files: Files; readonly store: ScanStore },
  scan: Scan,
): Promise<void> {
  const seen = seenPictures(store, scan, (key) => sourceRef(files, key));
  await writeWhole(join(folder, MEDIA_ANALYSIS_JSONL), seen);
  const summary = summaryOf(store, scan, (key) => sourceRef(files, key));
  await writeWhole(join(folder, MEDIA_ANALYSIS_SUMMARY), summary);
}

/** A line for each picture that was judged. Scores are confidences; the lowest ones are there too. */
async function* seenPictures(store: ScanStore, scan: Scan, refOf: (key: string) => string): AsyncGenerator<string> {
  for await (const item of everyItem(store, scan.id)) {
    if (!isSeen(item)) continue;
    const labels = moderationLabels(findingsIn(item));
    const answer = { ModerationLabels: labels, ModerationModelVersion: MODEL_VERSION, ContentTypes: [] };
    yield `${JSON.stringify({ "source-ref": refOf(item.key), "detect-moderation-labels": answer })}\n`;
  }
}

async function* summaryOf(store: ScanStore, scan: Scan, refOf: (key: string) => string): AsyncGenerator<string> {
  const total = scan.summary?.pictures ?? 0;
  let [line, invalid] = [0, 0];
  yield `{"version":"1.0","errors":[`;
  for await (const item of everyItem(store, scan.id)) {
    line += 1;
    if (isSeen(item)) continue;
    const [problem] = item.problems;
    const error = {
      "line-number": line,
      "source-ref": refOf(item.key),
      code: (problem?.code ?? "unknown").toUpperCase(),
      message: problem?.detail ?? "A check that the policy requires has given no answer",
    };
    yield `${invalid++ === 0 ? "" : ","}\n${JSON.stringify(error)}`;
  }
  const statistics = { "total-json-lines": total, "valid-json-lines": total - invalid, "invalid-json-lines": invalid };
  yield `],"statistics":${JSON.stringify(statistics)}}\n`;
}

/** The picture itself was judged, whatever is wrong with its caption. */
function isSeen({ image_action, reasons }: ScanItem): boolean {
  return image_action !== null && reasons.every(({ score }) => score !== null);
}

function findingsIn({ scores, reasons }: ScanItem) {
  return Object.entries(scores).flatMap(([name, score]) => {
    const category = name as keyof ScanItem["scores"];
    const label = reasons.find((reason) => reason.category === category)?.label;
    return score === undefined ? [] : [{ category, score, ...(label == null ? {} : { label }) }];
  });
}

/** `s3://bucket/key` for what lies in S3, else the path of the file. */
function sourceRef({ uri, rooted }: Files, key: string): string {
  if (!rooted) return key.startsWith("s3://") ? key : resolve(dirname(uri), key);
  return uri.endsWith("/") ? `${uri}${key}` : `${uri}/${key}`;
}
