/**
 * Fills a small disk and frees it again: `node full-disk-child.ts <folder on it>`. Prints what happened as one JSON object.
 */
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { SafelightError } from "../../src/contract/errors.ts";
import { openStore } from "../../src/store/embedded.ts";
import { picture, record, recordOf } from "./samples.ts";

const folder = process.argv[2] ?? "";
const ballast = join(dirname(folder), "ballast");
writeFileSync(ballast, Buffer.alloc(2_000_000));
const store = await openStore(folder);

/** Runs until it fails. @returns how often it went well, and what the error was. */
async function untilItFails(work: (i: number) => Promise<void>): Promise<{ saved: number; error: unknown }> {
  for (let i = 0; ; i++) {
    try {
      await work(i);
    } catch (error) {
      return { saved: i, error: error instanceof SafelightError ? [error.code, error.detail] : String(error) };
    }
  }
}

async function countReadable(records: readonly ReturnType<typeof record>[]): Promise<number> {
  let readable = 0;
  for (const { id, images } of records) {
    const digests = images.map(({ released }) => released?.digest ?? "");
    const found = await Promise.all(digests.map((digest) => store.picture(digest)));
    if ((await store.get(id)) && found.every((bytes) => bytes?.length === 100_000)) readable++;
  }
  return readable;
}

const withPictures = Array.from({ length: 200 }, (_, i) => recordOf([picture(i, 100_000)]));
const fill = await untilItFails(async (i) => {
  const it = withPictures[i];
  if (it) await store.save(it, [picture(i, 100_000)]);
});
const saved = withPictures.slice(0, fill.saved);
const failed = withPictures[fill.saved];
const afterPictures = {
  ...fill,
  readable: await countReadable(saved),
  failedFound: failed && (await store.get(failed.id)) !== undefined,
  failedPicture: (await store.picture(picture(fill.saved, 100_000).digest)) !== undefined,
  temporary: readdirSync(join(folder, "pictures", "tmp")).length,
};

// The rest is filled with the little that the database still gets.
const text = "x".repeat(2_000);
const filled = await untilItFails((i) => store.save(record({ id: `small-${i}`, notice: text }), []));
const afterRecords = {
  ...filled,
  lastFound: filled.saved === 0 || (await store.get(`small-${filled.saved - 1}`)) !== undefined,
  failedFound: (await store.get(`small-${filled.saved}`)) !== undefined,
  check: (await untilItFails(() => store.check().then(() => Promise.reject(new SafelightError("internal", "ready")))))
    .error,
};

rmSync(ballast);
await store.check();
if (failed) await store.save(failed, [picture(fill.saved, 100_000)]);
const afterwards = { readable: await countReadable(failed ? [...saved, failed] : saved) };
await store.close();
const again = await openStore(folder);
const reopened = { found: (await again.list({ limit: 1_000 })).records.length };
await again.close();
console.log(JSON.stringify({ afterPictures, afterRecords, afterwards, reopened }));
