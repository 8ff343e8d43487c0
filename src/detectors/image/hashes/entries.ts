import type { Category } from "../../../contract/categories.ts";
import { HASH_KINDS, type HashKind } from "./entry.ts";

/** What a list says of a picture, and where. */
export interface Listed {
  readonly list: string;
  /** In the list's file; counts from 1. */
  readonly line: number;
  readonly category: Category;
  readonly note: string | undefined;
}

type About = Omit<Listed, "line">;

const WORDS = 8;

/** The entries of one kind, as flat arrays: millions of them take little more than their bits. */
class Column {
  #size = 0;
  #words = new Uint32Array(64 * WORDS);
  #lines = new Uint32Array(64);
  #about = new Uint32Array(64);

  add(words: Uint32Array, line: number, about: number): void {
    if (this.#size === this.#lines.length) {
      this.#words = doubled(this.#words);
      this.#lines = doubled(this.#lines);
      this.#about = doubled(this.#about);
    }
    this.#words.set(words, this.#size * WORDS);
    this.#lines[this.#size] = line;
    this.#about[this.#size] = about;
    this.#size += 1;
  }

  get size(): number {
    return this.#size;
  }

  /** Eight for each entry. */
  get words(): Uint32Array {
    return this.#words.subarray(0, this.#size * WORDS);
  }

  at(place: number): { readonly line: number; readonly about: number } {
    return { line: this.#lines[place] ?? 0, about: this.#about[place] ?? 0 };
  }
}

function doubled(array: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(array.length * 2);
  larger.set(array);
  return larger;
}

/** The entries of all lists, by kind. What many entries have in common is kept once. */
export class Entries {
  readonly #columns = Object.fromEntries(HASH_KINDS.map((kind) => [kind, new Column()])) as Record<HashKind, Column>;
  readonly #abouts: About[] = [];
  readonly #known = new Map<string, number>();
  /** The entries of a list mostly say the same as the one before. */
  #last = 0;

  add(kind: HashKind, words: Uint32Array, { line, ...about }: Listed): void {
    this.#columns[kind].add(words, line, this.#aboutOf(about));
  }

  #aboutOf(about: About): number {
    const last = this.#abouts[this.#last];
    if (last?.list === about.list && last.category === about.category && last.note === about.note) return this.#last;
    const key = JSON.stringify([about.list, about.category, about.note]);
    this.#last = this.#known.get(key) ?? this.#abouts.push(about) - 1;
    this.#known.set(key, this.#last);
    return this.#last;
  }

  get size(): number {
    return Object.values(this.#columns).reduce((sum, { size }) => sum + size, 0);
  }

  words(kind: HashKind): Uint32Array {
    return this.#columns[kind].words;
  }

  at(kind: HashKind, place: number): Listed {
    const { line, about } = this.#columns[kind].at(place);
    const shared = this.#abouts[about];
    if (!shared) throw new RangeError(`there is no entry ${place} of kind ${kind}`);
    return { ...shared, line };
  }
}
