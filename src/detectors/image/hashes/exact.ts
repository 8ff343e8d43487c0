import { setImmediate as turn } from "node:timers/promises";

const WORDS = 8;
const FREE = 0;
/** What is worked through before others get their turn: some milliseconds. */
const DIGESTS_AT_ONCE = 50_000;

/** Finds 256-bit digests that are equal to a given one. Digests are spread evenly, so their first word is as good a hash as any. */
export class ExactIndex {
  readonly size: number;
  readonly #words: Uint32Array;
  /** Place + 1 of a digest; open addressing, at most half full. */
  readonly #slots: Uint32Array;

  private constructor(words: Uint32Array) {
    this.size = words.length / WORDS;
    this.#words = words;
    this.#slots = new Uint32Array(2 ** Math.ceil(Math.log2(this.size * 2 + 2)));
  }

  /**
   * In slices, so that the event loop stays free.
   * @param words eight for each digest, one after the other; kept, so do not change them
   */
  static async build(words: Uint32Array): Promise<ExactIndex> {
    const index = new ExactIndex(words);
    for (let from = 0; from < index.size; from += DIGESTS_AT_ONCE) {
      for (let at = from; at < Math.min(index.size, from + DIGESTS_AT_ONCE); at++) index.#put(at);
      await turn();
    }
    return index;
  }

  #put(at: number): void {
    let slot = this.#slot(this.#words[at * WORDS] as number);
    while (this.#slots[slot] !== FREE) slot = this.#slot(slot + 1);
    this.#slots[slot] = at + 1;
  }

  /** The places of all that are equal, in order. */
  find(digest: Uint32Array): readonly number[] {
    const found: number[] = [];
    let slot = this.#slot(digest[0] as number);
    for (let held = this.#slots[slot]; held !== undefined && held !== FREE; held = this.#slots[slot]) {
      if (this.#isEqual(digest, held - 1)) found.push(held - 1);
      slot = this.#slot(slot + 1);
    }
    return found.sort((a, b) => a - b);
  }

  #slot(of: number): number {
    return (of & (this.#slots.length - 1)) >>> 0;
  }

  #isEqual(digest: Uint32Array, at: number): boolean {
    for (let i = 0; i < WORDS; i++) if (this.#words[at * WORDS + i] !== digest[i]) return false;
    return true;
  }
}
