import { inSlices } from "./slices.ts";

/** Union-find with path halving over the numbers below `size`. The least number of a set is its root. */
export class DisjointSets {
  readonly #parents: Uint32Array;

  constructor(size: number) {
    this.#parents = new Uint32Array(size);
    for (let member = 0; member < size; member++) this.#parents[member] = member;
  }

  /** @returns the root of both */
  join(a: number, b: number): number {
    const [one, other] = [this.rootOf(a), this.rootOf(b)];
    const root = Math.min(one, other);
    this.#parents[Math.max(one, other)] = root;
    return root;
  }

  rootOf(member: number): number {
    const parents = this.#parents;
    let at = member;
    for (let parent = parents[at] as number; parent !== at; parent = parents[at] as number) {
      parents[at] = parents[parent] as number;
      at = parents[at] as number;
    }
    return at;
  }

  /** Every member once, one set after the other: by root, and in each set in order. */
  async inOrder(): Promise<Uint32Array> {
    const size = this.#parents.length;
    const next = new Uint32Array(size + 1);
    await inSlices(size, (member) => {
      const after = this.rootOf(member) + 1;
      next[after] = (next[after] as number) + 1;
    });
    await inSlices(size, (root) => {
      next[root + 1] = (next[root + 1] as number) + (next[root] as number);
    });
    const order = new Uint32Array(size);
    await inSlices(size, (member) => {
      const root = this.rootOf(member);
      const place = next[root] as number;
      order[place] = member;
      next[root] = place + 1;
    });
    return order;
  }
}
