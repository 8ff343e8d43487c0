import { join } from "node:path";
import type { Limits } from "../../../contract/limits.ts";
import type { Scan, ScanItem } from "../../../contract/scan.ts";
import type { ScanStore } from "../../../store/scans/scan-store.ts";
import type { Files } from "../../files/files.ts";
import { readPicture } from "../../scan/judge-item.ts";
import { writeWhole } from "../results.ts";
import { gather } from "./gather.ts";
import { reportPage, type Thresholds } from "./page.ts";
import { thumbnailOf } from "./thumbnail.ts";

export const REPORT_HTML = "report.html";

export interface ReportOptions {
  /** Pictures on the page. */
  readonly most: number;
  readonly thumbnails: boolean;
  readonly thresholds: Thresholds;
  readonly limits: Limits;
}

/** Writes the page to look at. @throws SafelightError `storage_*` */
export async function writeReport(
  folder: string,
  { files, store }: { readonly files: Files; readonly store: ScanStore },
  scan: Scan,
  { most, thumbnails, thresholds, limits }: ReportOptions,
  signal: AbortSignal,
): Promise<void> {
  const data = await gather(store, scan, most);
  const thumbnail = async (item: ScanItem) => {
    if (!thumbnails || item.media_type === null) return undefined;
    const bytes = await readPicture(store, scan.id, item, files, limits.image_bytes, signal);
    return bytes && thumbnailOf(bytes, limits);
  };
  await writeWhole(join(folder, REPORT_HTML), reportPage(data, thresholds, thumbnail));
}
