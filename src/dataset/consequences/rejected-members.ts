import type { ScanItem } from "../../contract/scan.ts";
import type { InventoryFile, ScanStore } from "../../store/scans/scan-store.ts";
import { isRejected } from "../manifest/kept.ts";

/** The members of an archive that leave: rejected pictures, and captions that belong to no other. */
export async function rejectedMembers(store: ScanStore, scan: string, archive: string): Promise<ReadonlySet<string>> {
  const prefix = `${archive}/`;
  const items = new Map<string, ScanItem>();
  for (let after = prefix; ; ) {
    const page = (await store.items(scan, after, 500)).filter(({ key }) => key.startsWith(prefix));
    for (const item of page) items.set(item.key, item);
    const last = page.at(-1);
    if (page.length < 500 || !last) break;
    after = last.key;
  }
  const gone = new Set<string>();
  const captions: InventoryFile[] = [];
  /** By stem: whether every picture of it is rejected. */
  const all = new Map<string, boolean>();
  for await (const { key, kind, stem, ...file } of membersOf(store, scan, prefix)) {
    if (kind === "caption") captions.push({ key, kind, stem, ...file });
    if (kind !== "picture") continue;
    const item = items.get(key);
    const rejected = item !== undefined && isRejected(item);
    if (rejected) gone.add(key);
    all.set(stem, (all.get(stem) ?? true) && rejected);
  }
  for (const { key, stem } of captions) if (all.get(stem) === true) gone.add(key);
  return gone;
}

async function* membersOf(store: ScanStore, scan: string, prefix: string): AsyncGenerator<InventoryFile> {
  for (let after = prefix; ; ) {
    const page = await store.files(scan, null, after, 500);
    const inside = page.filter(({ key }) => key.startsWith(prefix));
    yield* inside;
    const last = inside.at(-1);
    if (inside.length < 500 || !last) return;
    after = last.key;
  }
}
