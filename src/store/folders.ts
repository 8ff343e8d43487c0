import { mkdir, open } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { systemCode } from "./failures.ts";

/**
 * Makes a folder, and those above it that are missing, so that they survive a power cut. Only the owner may look into new
 * ones: they hold prompts and pictures. @throws the system's own error.
 */
export async function makeDurableFolder(folder: string): Promise<void> {
  const path = resolve(folder);
  const first = await mkdir(path, { recursive: true, mode: 0o700 });
  const top = dirname(first === undefined ? path : resolve(first));
  for (let parent = dirname(path); ; parent = dirname(parent)) {
    await syncFolder(parent).catch(unlessUnreadable);
    if (parent === top || parent === dirname(parent)) return;
  }
}

/** A folder above may be one that we can pass through but not open; then somebody else answers for it. */
function unlessUnreadable(error: unknown): void {
  if (systemCode(error) !== "EACCES") throw error;
}

/** Makes the names in a folder survive a power cut. Windows cannot, and needs not: NTFS journals them. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
