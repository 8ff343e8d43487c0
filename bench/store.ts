/**
 * The embedded store: how long one durable save takes, how many fit into a second when 32 callers save at once, and how long
 * reading takes. `node bench/store.ts [--json]`. The data folder is a temporary one: TMPDIR says on which disk.
 */
import { randomBytes } from "node:crypto";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { digestOf } from "../src/store/blobs/disk.ts";
import { openStore } from "../src/store/embedded.ts";
import type { PictureToKeep } from "../src/store/store.ts";
import { keep, record, recordOf } from "../test/store/samples.ts";
import { measure, report, round } from "./support/harness.ts";

const PICTURE_BYTES = 60_000;
const ALONE = 500;
const TOGETHER = 2_000;
const CALLERS = 32;

const folder = await mkdtemp(join(tmpdir(), "safelight-bench-"));
const store = await openStore(folder);
const saved: { id: string; digest: string }[] = [];

const newPicture = () => keep(randomBytes(PICTURE_BYTES));

async function save(picture: PictureToKeep): Promise<void> {
  const it = recordOf([picture]);
  await store.save(it, [picture]);
  saved.push({ id: it.id, digest: picture.digest });
}

/** What the disk itself needs for the same bytes with the same promises: the floor under a save. */
async function floor(bytes: Uint8Array, i: number): Promise<void> {
  const file = await open(join(folder, `floor-${i}`), "w");
  await file.writeFile(bytes);
  await file.datasync();
  await file.close();
}

const pictures = Array.from({ length: ALONE * 1.1 }, newPicture);
const at = (i: number) => pictures[i % pictures.length] ?? newPicture();
let next = 0;

const rows: object[] = [];
rows.push(await measure("disk floor: write and sync 60 KB", (i) => floor(at(i).bytes, i), { iterations: ALONE }));
for (const [name, run] of [
  ["save, record alone", () => store.save(record(), [])],
  ["save, with a 60 KB picture", () => save(at(next++))],
] as const) {
  const row = await measure(name, run, { iterations: ALONE });
  rows.push({ ...row, per_second: Math.round(1_000 / row.mean_ms) });
}

for (const [name, prepare] of [
  ["32 callers, record alone", () => () => store.save(record(), [])],
  [
    "32 callers, with a 60 KB picture",
    () => {
      const picture = newPicture();
      return () => save(picture);
    },
  ],
] as const) {
  const jobs = Array.from({ length: TOGETHER }, prepare);
  const times: number[] = [];
  const start = performance.now();
  await Promise.all(
    Array.from({ length: CALLERS }, async () => {
      for (let job = jobs.pop(); job; job = jobs.pop()) {
        const began = performance.now();
        await job();
        times.push(performance.now() - began);
      }
    }),
  );
  const total = performance.now() - start;
  times.sort((a, b) => a - b);
  rows.push({
    name,
    p50_ms: round(times[TOGETHER / 2] ?? Number.NaN),
    p95_ms: round(times[Math.floor(TOGETHER * 0.95)] ?? Number.NaN),
    mean_ms: round(times.reduce((sum, time) => sum + time, 0) / TOGETHER),
    iterations: TOGETHER,
    per_second: Math.round(TOGETHER / (total / 1_000)),
  });
}

const some = (i: number) => saved[(i * 7_919) % saved.length] ?? { id: "", digest: "" };
let asked = 0;
rows.push(
  await measure(
    "get",
    async () => {
      const { id } = some(asked++);
      return { id, found: await store.get(id) };
    },
    {
      iterations: 2_000,
      check: ({ id, found }) => {
        if (found?.id !== id) throw new Error("get: wrong record");
      },
    },
  ),
  await measure("list, 50 newest", () => store.list({ limit: 50 }), {
    iterations: 200,
    check: ({ records }) => {
      if (records.length !== 50) throw new Error("list: wrong length");
    },
  }),
  await measure(
    "picture, 60 KB, digest checked",
    async () => {
      const { digest } = some(asked++);
      return { digest, bytes: await store.picture(digest) };
    },
    {
      iterations: 500,
      check: ({ digest, bytes }) => {
        if (!bytes || digestOf(bytes) !== digest) throw new Error("picture: wrong bytes");
      },
    },
  ),
);

// Every save that was counted must be there for whoever opens the folder next.
await store.close();
const start = performance.now();
const again = await openStore(folder);
const reopen_ms = round(performance.now() - start);
for (const { id, digest } of saved) {
  const found = await again.get(id);
  if (found?.images[0]?.released?.digest !== digest || !(await again.picture(digest))) throw new Error(`lost: ${id}`);
}
await again.close();
await rm(folder, { recursive: true });
report("Embedded store", rows, { reopen_ms, records_found_again: saved.length });
