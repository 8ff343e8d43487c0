import type { Pattern } from "./compile.ts";
import { foldKey } from "./fold.ts";
import { respelt, respeltWeights } from "./respelling.ts";
import { weigh } from "./sieve.ts";
import { isOrdinary } from "./vocabulary.ts";

/** One word of a phrase. */
interface Part {
  readonly pattern: Pattern;
  readonly words: readonly string[];
  readonly index: number;
}

/** Shorter words of a phrase are too much like others. */
const SHORTEST = 4;
/** What may stand between the words of a phrase. */
const BETWEEN = /[\s_-]/;

/** Phrases in which one word is disguised while the others stand there plainly. */
export class Phrases {
  readonly #patterns: readonly Pattern[];
  /** By the disguised word. */
  #bySpelling: Map<string, Part[]> | undefined;
  /** By the key of the word. */
  #byKey: Map<string, Part[]> | undefined;
  readonly #keyOf: (word: string) => string;

  /** @param keyOf words with one key may be disguises of each other */
  constructor(patterns: readonly Pattern[], keyOf: (word: string) => string) {
    this.#patterns = patterns.filter(({ form }) => /^[a-z]+(?:[ -][a-z]+)+$/.test(form));
    this.#keyOf = keyOf;
  }

  /** Calls `put` with the first letter and the weight of every word by which a phrase may be found. */
  weights(put: (first: number, weight: number) => void, left: (word: string, put: (weight: number) => void) => void) {
    const known = new Set<string>();
    for (const { form } of this.#patterns) {
      for (const word of form.split(/[ -]/)) {
        if (word.length < SHORTEST || known.has(word)) continue;
        known.add(word);
        const weight = weigh(word);
        const first = word.charCodeAt(0);
        respeltWeights(word, weight, put);
        left(word, (one) => put(first, (weight - one) | 0));
        if (!isOrdinary(word)) put(first, weight);
      }
    }
  }

  /**
   * The phrase that a word and its neighbours are.
   * @param word in lower case, at `[start, end)` of the text
   * @param differs how it comes from a word of the same key, if it does
   */
  find(
    text: string,
    [start, end]: readonly [number, number],
    word: string,
    differs: (word: string, term: string) => string | undefined,
  ): { pattern: Pattern; at: readonly [number, number]; disguise: string } | undefined {
    for (const part of this.#spellings().get(word) ?? []) {
      const at = around(text, start, end, part);
      if (at) return { pattern: part.pattern, at, disguise: "respelt" };
    }
    for (const part of this.#keys().get(this.#keyOf(word)) ?? []) {
      const disguise = differs(word, part.words[part.index] ?? "");
      const at = disguise && around(text, start, end, part);
      if (disguise && at) return { pattern: part.pattern, at, disguise };
    }
    return undefined;
  }

  #spellings(): Map<string, Part[]> {
    this.#bySpelling ??= this.#parts((word) => respelt(word));
    return this.#bySpelling;
  }

  #keys(): Map<string, Part[]> {
    this.#byKey ??= this.#parts((word) => [this.#keyOf(word)]);
    return this.#byKey;
  }

  #parts(keys: (word: string) => readonly string[]): Map<string, Part[]> {
    const map = new Map<string, Part[]>();
    for (const pattern of this.#patterns) {
      const words = foldKey(pattern.form).split(" ");
      for (const [index, word] of words.entries()) {
        if (word.length < SHORTEST) continue;
        for (const key of keys(word)) {
          const others = map.get(key);
          if (others) others.push({ pattern, words, index });
          else map.set(key, [{ pattern, words, index }]);
        }
      }
    }
    return map;
  }
}

/** The place of a whole phrase of which one word is at `[start, end)`; undefined when the others are not there. */
function around(text: string, start: number, end: number, { words, index }: Part): [number, number] | undefined {
  let from = start;
  for (let i = index - 1; i >= 0; i--) {
    const word = words[i] ?? "";
    let at = from;
    while (at > 0 && BETWEEN.test(text.charAt(at - 1))) at--;
    if (at === from || text.slice(at - word.length, at).toLowerCase() !== word) return undefined;
    from = at - word.length;
  }
  let to = end;
  for (let i = index + 1; i < words.length; i++) {
    const word = words[i] ?? "";
    let at = to;
    while (at < text.length && BETWEEN.test(text.charAt(at))) at++;
    if (at === to || text.slice(at, at + word.length).toLowerCase() !== word) return undefined;
    to = at + word.length;
  }
  const inside = /[\p{L}\p{N}]/u;
  return inside.test(text.charAt(from - 1)) || inside.test(text.charAt(to)) ? undefined : [from, to];
}
