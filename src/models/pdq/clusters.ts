import { setImmediate as turn } from "node:timers/promises";
import { PDQ_WORDS } from "./hash.ts";
import { PdqIndex } from "./neighbours.ts";

/** What is worked through before others get their turn. */
const HASHES_AT_ONCE = 100;

/**
 * Groups hashes so that two of them are in the same group when they are at most `distance` apart, or when others between them are.
 * @param words eight for each hash, one hash after the other
 * @returns the places of each group of at least two, in order; the groups in the order of their first places
 */
export async function clustersOf(words: Uint32Array, distance: number): Promise<readonly (readonly number[])[]> {
  const size = words.length / PDQ_WORDS;
  const index = await PdqIndex.build(words);
  const parents = Uint32Array.from({ length: size }, (_, place) => place);
  for (let place = 0; place < size; place++) {
    if (place % HASHES_AT_ONCE === 0) await turn();
    const hash = words.subarray(place * PDQ_WORDS, (place + 1) * PDQ_WORDS);
    for (const { at } of index.within(hash, distance)) if (at < place) join(parents, at, place);
  }
  const groups = new Map<number, number[]>();
  for (let place = 0; place < size; place++) {
    const root = rootOf(parents, place);
    if (root === place) continue;
    const group = groups.get(root);
    if (group) group.push(place);
    else groups.set(root, [root, place]);
  }
  return [...groups.values()].sort(([a = 0], [b = 0]) => a - b);
}

/** The first place of a group is its root. */
function join(parents: Uint32Array, a: number, b: number): void {
  const [first, second] = [rootOf(parents, a), rootOf(parents, b)].sort((x, y) => x - y) as [number, number];
  parents[second] = first;
}

function rootOf(parents: Uint32Array, place: number): number {
  let root = place;
  while (parents[root] !== root) {
    parents[root] = parents[parents[root] as number] as number;
    root = parents[root] as number;
  }
  return root;
}
