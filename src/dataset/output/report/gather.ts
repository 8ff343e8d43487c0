import { severity } from "../../../contract/actions.ts";
import { highestScore, type Scan, type ScanCopies, type ScanItem } from "../../../contract/scan.ts";
import type { ScanStore } from "../../../store/scans/scan-store.ts";
import { everyItem, everyProblem } from "../../scan/pages.ts";

/** Each of a hundredth of the scale. */
export const BINS = 100;
/** Problems that belong to no picture; the rest are in problems.jsonl. */
const MOST_PROBLEMS = 500;

/** How many pictures score how high, of those that score above 0. */
export type Histogram = readonly number[];

/** What the page shows of a scan. */
export interface ReportData {
  readonly scan: Scan;
  /** The pictures that most deserve a look, the worst first; at most as many as asked for. */
  readonly items: readonly ScanItem[];
  readonly histograms: ReadonlyMap<string, Histogram>;
  /** Pictures that are copies of each other, exact or near. */
  readonly groups: readonly (readonly ScanItem[])[];
  readonly problems: readonly { readonly key: string; readonly code: string; readonly detail: string }[];
}

/** Copies that the page shows side by side. */
const MOST_GROUPS = 100;
const MOST_IN_GROUP = 8;

/** Reads the results once; holds no more than `most` pictures of them. */
export async function gather(store: ScanStore, scan: Scan, most: number): Promise<ReportData> {
  const histograms = new Map<string, number[]>();
  let items: ScanItem[] = [];
  for await (const item of everyItem(store, scan.id)) {
    for (const [category, score = 0] of Object.entries(item.scores)) {
      const bins = histograms.get(category) ?? Array.from({ length: BINS }, () => 0);
      const bin = Math.min(BINS - 1, Math.floor(score * BINS));
      bins[bin] = (bins[bin] ?? 0) + 1;
      histograms.set(category, bins);
    }
    items.push(item);
    if (items.length >= 2 * most + 1_000) items = worst(items, most);
  }
  const problems: ReportData["problems"][number][] = [];
  for await (const { key, problem } of everyProblem(store, scan.id)) {
    if (problems.length >= MOST_PROBLEMS) break;
    problems.push({ key, ...problem });
  }
  const copies = await store.copies(scan.id, 0, MOST_GROUPS);
  const groups = await Promise.all(copies.map((group) => itemsOf(store, scan.id, group.slice(0, MOST_IN_GROUP))));
  return { scan, items: worst(items, most), histograms: new Map([...histograms].sort()), groups, problems };
}

async function itemsOf(store: ScanStore, scan: string, group: ScanCopies): Promise<readonly ScanItem[]> {
  const items = new Map(
    (
      await store.itemsOf(
        scan,
        group.map(({ key }) => key),
      )
    ).map((item) => [item.key, item]),
  );
  return group.flatMap(({ key }) => items.get(key) ?? []);
}

function worst(items: readonly ScanItem[], most: number): ScanItem[] {
  return items.toSorted(byInterest).slice(0, most);
}

function byInterest(a: ScanItem, b: ScanItem): number {
  return (
    severity(b.action) - severity(a.action) ||
    Number(a.judged) - Number(b.judged) ||
    b.problems.length - a.problems.length ||
    highestScore(b) - highestScore(a)
  );
}
