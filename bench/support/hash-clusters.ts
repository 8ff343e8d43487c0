import { type NamedLooks, nearCopies } from "../../src/models/pdq/clusters.ts";
import { pdqToHex } from "../../src/models/pdq/hash.ts";
import { round } from "./harness.ts";

/**
 * Seconds and memory to group pictures by their looks.
 * @param words eight for each hash; `members` at a time are a family
 * @throws Error when there are not as many groups as families: a wrong answer is not worth timing
 */
export async function clusterRow(name: string, words: Uint32Array, members: number) {
  const size = words.length / 8;
  const pictures: NamedLooks[] = [];
  for (let at = 0; at < size; at++) {
    pictures.push({ id: `${at}`.padStart(8, "0"), pdq: pdqToHex(words.subarray(at * 8, at * 8 + 8)), quality: 100 });
  }
  const before = process.memoryUsage.rss();
  let most = before;
  const sampling = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss());
  }, 10);
  const start = performance.now();
  const used = process.cpuUsage();
  const groups = await nearCopies(pictures);
  const seconds = (performance.now() - start) / 1000;
  clearInterval(sampling);
  const { user, system } = process.cpuUsage(used);
  const expected = Math.ceil(size / members);
  if (groups.length !== expected) throw new Error(`${groups.length} groups instead of ${expected}`);
  return {
    name,
    groups: groups.length,
    s: round(seconds, 1),
    cpu_s: round((user + system) / 1e6, 1),
    "memory at most, beside the pictures, MiB": round((most - before) / 2 ** 20, 0),
  };
}
