import type { ScanCopies, ScanItem } from "../../contract/scan.ts";
import type { FileKind, InventoryFile, KeyedProblem, ScanStore } from "../../store/scans/scan-store.ts";

const PAGE = 500;

/** Every file of one kind, or all with null, in order, a page in memory at a time. */
export async function* everyFile(store: ScanStore, scan: string, kind: FileKind | null): AsyncGenerator<InventoryFile> {
  for (let after: string | null = null; ; ) {
    const page: readonly InventoryFile[] = await store.files(scan, kind, after, PAGE);
    yield* page;
    if (page.length < PAGE) return;
    after = page.at(-1)?.key ?? null;
  }
}

/** Every result so far, in order. */
export async function* everyItem(store: ScanStore, scan: string): AsyncGenerator<ScanItem> {
  for (let after: string | null = null; ; ) {
    const page: readonly ScanItem[] = await store.items(scan, after, PAGE);
    yield* page;
    if (page.length < PAGE) return;
    after = page.at(-1)?.key ?? null;
  }
}

/** Everything wrong that belongs to no picture, in order. */
export async function* everyProblem(store: ScanStore, scan: string): AsyncGenerator<KeyedProblem> {
  for (let after: KeyedProblem | null = null; ; ) {
    const page: readonly KeyedProblem[] = await store.problems(scan, after, PAGE);
    yield* page;
    if (page.length < PAGE) return;
    after = page.at(-1) ?? null;
  }
}

/** Every group of copies, in order. */
export async function* everyCopies(store: ScanStore, scan: string): AsyncGenerator<ScanCopies> {
  for (let first = 0; ; first += PAGE) {
    const page = await store.copies(scan, first, PAGE);
    yield* page;
    if (page.length < PAGE) return;
  }
}
