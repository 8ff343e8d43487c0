/**
 * A process that saves until it is killed, or `count` times: `node saver.ts <folder> <name> [count]`. Each line on stdout is a
 * JSON array, written when the save was acknowledged: `[id, state, ...digests]`.
 */
import { randomBytes } from "node:crypto";
import { writeSync } from "node:fs";
import { openStore } from "../../src/store/embedded.ts";
import type { PictureToKeep } from "../../src/store/store.ts";
import { keep, record, recordOf } from "./samples.ts";

const [folder = "", name = "", count = "Infinity"] = process.argv.slice(2);
const store = await openStore(folder);
const sizes = [100, 60_000, 400_000];
const shared = keep(Buffer.from("the same for all"));
const noise = randomBytes(400_000);
let next = 0;

async function one(): Promise<void> {
  const i = next++;
  const id = `${name}-${i}`;
  const own = keep(Buffer.concat([Buffer.from(id), noise.subarray(0, sizes[i % sizes.length])]));
  await store.save(record({ id, state: "running", finished_at: null, action: null }), []);
  acknowledge(id, "running", []);
  const pictures = i % 2 ? [own, shared] : [own];
  await store.save(recordOf(pictures, { id }), pictures);
  acknowledge(id, "complete", pictures);
}

function acknowledge(id: string, state: string, pictures: readonly PictureToKeep[]): void {
  writeSync(1, `${JSON.stringify([id, state, ...pictures.map(({ digest }) => digest)])}\n`);
}

async function worker(): Promise<void> {
  while (next < Number(count)) await one();
}
await Promise.all([worker(), worker(), worker()]);
await store.close();
