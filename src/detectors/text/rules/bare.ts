import type { Pattern } from "./compile.ts";
import { foldKey } from "./fold.ts";
import { Phrases } from "./phrases.ts";
import { respelt, respeltWeights } from "./respelling.ts";
import { Sieve, weigh } from "./sieve.ts";
import { SHORTEST_CAUGHT, type Sieves } from "./suspects.ts";
import { SCORES } from "./terms.ts";
import { isOrdinary } from "./vocabulary.ts";

/** A word that stands for a pattern. `at` is its place in the text. */
export interface Found {
  readonly pattern: Pattern;
  readonly at: readonly [number, number];
  readonly disguise: string;
}

const VOWELS = /[aeiou]/g;
/** Words this long are told apart from others by their letters alone. */
const DISTINCTIVE = 5;
const SHORTEST_BARE = 3;
const MOST_WORDS = 4;

/**
 * Terms by what is left when letters are dropped or change places. Only words that are no ordinary ones are looked up
 * here: everything else would be guessing.
 */
export class Bare {
  readonly sieves: Sieves = { turned: new Sieve(), single: new Sieve() };
  /** By consonants in alphabetical order. */
  #bySorted: Map<string, Pattern[]> | undefined;
  /** By how they sound or look in other plain letters. */
  #byRespelling: Map<string, Pattern> | undefined;
  /** By consonants in their order, blanks between words. */
  #bySkeleton: Map<string, Pattern> | undefined;
  readonly #patterns: readonly Pattern[];
  readonly #phrases: Phrases;

  constructor(patterns: readonly Pattern[]) {
    this.#patterns = patterns.filter(isWorthIt);
    this.#phrases = new Phrases(this.#patterns, sorted);
    const { turned, single } = this.sieves;
    const put = (first: number, weight: number) => turned.put(first, weight);
    for (const { role, form } of patterns) {
      if (role.kind === "shield") continue;
      const words = foldKey(form).split(" ");
      for (const word of words) {
        if (words.length === 1 || !isOrdinary(word)) single.put(word.charCodeAt(0), weighSingle(word));
      }
      if (role.kind !== "term") continue;
      const longest = words.reduce((best, word) => (word.length > best.length ? word : best));
      if (longest.length >= SHORTEST_CAUGHT) put(longest.charCodeAt(longest.length - 1), weigh(longest));
    }
    for (const pattern of this.#patterns) {
      const { form } = pattern;
      const weight = weigh(form);
      const first = form.charCodeAt(0);
      if (isRespelt(pattern)) respeltWeights(form, weight, put);
      if (!isDistinctive(form)) continue;
      put(first, weight);
      if (form.length >= LONG) put(form.charCodeAt(1), weight);
      withoutVowels(form, (left) => put(first, (weight - left) | 0));
    }
    this.#phrases.weights(put, withoutVowels);
  }

  /** Words without vowels, one or several next to each other. */
  voweless(text: string, [start, end]: readonly [number, number], found: (found: Found) => void): void {
    const words = [...text.slice(start, end).matchAll(/[a-z]+/gi)];
    if (words.every(([word]) => isOrdinary(word.toLowerCase()))) return;
    const skeletons = this.#skeletons();
    for (let i = 0; i < words.length; ) {
      let taken = 0;
      for (let count = Math.min(MOST_WORDS, words.length - i); count > 0 && taken === 0; count--) {
        const some = words.slice(i, i + count);
        const key = some.map(([word]) => word.toLowerCase()).join(" ");
        const pattern = skeletons.get(key);
        if (!pattern || some.every(([word]) => word === word.toUpperCase())) continue;
        if (some.every(([word]) => isOrdinary(word.toLowerCase()))) continue;
        const last = some.at(-1);
        const from = start + (some[0]?.index ?? 0);
        found({
          pattern,
          at: [from, start + (last?.index ?? 0) + (last?.[0].length ?? 0)],
          disguise: "missing_vowels",
        });
        taken = count;
      }
      i += Math.max(1, taken);
    }
  }

  /**
   * A word with the consonants of a term, or of a word of a phrase: with two letters swapped, or with a vowel missing; or in other letters.
   * @returns whether it may be anything at all; then it may also be a word from the last letter to the first
   */
  caught(text: string, at: readonly [number, number], found: (found: Found) => void): boolean {
    const written = text.slice(...at);
    if (/^[A-Z][a-z]/.test(written)) return false;
    const word = written.toLowerCase();
    const sounds = this.#respellings().get(word);
    if (sounds) {
      found({ pattern: sounds, at, disguise: "respelt" });
      return false;
    }
    for (const pattern of this.#sorted().get(sorted(word)) ?? []) {
      const disguise = differs(word, foldKey(pattern.form));
      if (disguise) {
        found({ pattern, at, disguise });
        return false;
      }
    }
    const phrase = this.#phrases.find(text, at, word, differs);
    if (phrase) found(phrase);
    return phrase === undefined;
  }

  #respellings(): Map<string, Pattern> {
    if (this.#byRespelling) return this.#byRespelling;
    const map = new Map<string, Pattern>();
    for (const pattern of this.#patterns) {
      for (const word of isRespelt(pattern) ? respelt(pattern.form) : []) {
        const known = map.get(word);
        if (!known || scoreOf(known) < scoreOf(pattern)) map.set(word, pattern);
      }
    }
    this.#byRespelling = map;
    return map;
  }

  #sorted(): Map<string, Pattern[]> {
    if (this.#bySorted) return this.#bySorted;
    const map = new Map<string, Pattern[]>();
    for (const pattern of this.#patterns) {
      if (!isDistinctive(pattern.form)) continue;
      const key = sorted(foldKey(pattern.form));
      const others = map.get(key);
      if (others) others.push(pattern);
      else map.set(key, [pattern]);
    }
    this.#bySorted = map;
    return map;
  }

  #skeletons(): Map<string, Pattern> {
    if (this.#bySkeleton) return this.#bySkeleton;
    const map = new Map<string, Pattern>();
    for (const pattern of this.#patterns) {
      const key = foldKey(pattern.form).replace(VOWELS, "").trim();
      if (key.replaceAll(" ", "").length < SHORTEST_BARE || key === foldKey(pattern.form)) continue;
      const known = map.get(key);
      if (!known || scoreOf(known) < scoreOf(pattern)) map.set(key, pattern);
    }
    this.#bySkeleton = map;
    return map;
  }
}

function isWorthIt({ role, form }: Pattern): boolean {
  return (
    role.kind === "term" &&
    (role.rule.score >= SCORES.moderate || form.length > 6) &&
    /^[a-zà-ÿ][a-zà-ÿ -]*$/i.test(form)
  );
}

function isDistinctive(form: string): boolean {
  return form.length >= DISTINCTIVE && !/[ -]/.test(form);
}

/** Whether a term is looked for in other spellings. */
function isRespelt({ form, role }: Pattern): boolean {
  return role.kind === "term" && role.rule.score >= SCORES.moderate && /^[a-z]{4,}$/.test(form);
}

/** Words this long are known by their other letters when the first two have changed places. */
const LONG = 6;

/** Calls `left` with the weight of each vowel, and of each two, that may be left out of a term: not the first letter. */
function withoutVowels(term: string, left: (weight: number) => void): void {
  const vowels: number[] = [];
  for (let i = 1; i < term.length; i++) {
    const letter = term.charAt(i);
    if (!"aeiou".includes(letter)) continue;
    const weight = weigh(letter);
    left(weight);
    for (const other of vowels) left((weight + other) | 0);
    vowels.push(weight);
  }
}

/** The weight of a word with all its double letters single. */
function weighSingle(word: string): number {
  let weight = 0;
  for (let i = 0; i < word.length; i++) if (word[i] !== word[i - 1]) weight = (weight + weigh(word.charAt(i))) | 0;
  return weight;
}

function scoreOf({ role }: Pattern): number {
  return role.kind === "term" ? role.rule.score : 0;
}

/** The consonants in alphabetical order. */
function sorted(word: string): string {
  return [...word.replace(VOWELS, "")].sort().join("");
}

/** How a word comes from a term: by exactly one swap of neighbours, or by leaving out one or two vowels. */
function differs(word: string, term: string): string | undefined {
  if (word.length === term.length) {
    let i = 0;
    while (i < word.length && word[i] === term[i]) i++;
    const swapped = word[i] === term[i + 1] && word[i + 1] === term[i] && word.slice(i + 2) === term.slice(i + 2);
    return (i > 0 || term.length >= LONG) && swapped ? "swapped_letters" : undefined;
  }
  const missing = term.length - word.length;
  if (missing < 1 || missing > 2 || word[0] !== term[0]) return undefined;
  // Four letters are enough where one vowel was dropped from between two consonants.
  if (
    word.length < DISTINCTIVE &&
    !(missing === 1 && /^[^aeiou]{2}[aeiou][^aeiou]/.test(word) && /^[^aeiou][aeiou][^aeiou]/.test(term))
  )
    return undefined;
  let at = 0;
  for (const letter of term) {
    if (letter === word[at]) at++;
    else if (!/[aeiou]/.test(letter)) return undefined;
  }
  return at === word.length ? "missing_vowels" : undefined;
}
