import type { Pattern } from "./compile.ts";
import { foldKey } from "./fold.ts";
import { Sieve } from "./sieve.ts";
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

  constructor(patterns: readonly Pattern[]) {
    this.#patterns = patterns.filter(isWorthIt);
    const { turned, single } = this.sieves;
    for (const { role, form } of patterns) {
      if (role.kind === "shield") continue;
      const words = foldKey(form).split(" ");
      for (const word of words) {
        const telling = /^[a-z]{2,}$/.test(word) && (words.length === 1 || !isOrdinary(word));
        if (telling) single.put(word.replace(/(.)\1+/g, "$1"));
      }
      if (role.kind !== "term") continue;
      const [longest = ""] = words.sort((a, b) => b.length - a.length);
      if (longest.length >= SHORTEST_CAUGHT) turned.put([...longest].reverse().join(""));
    }
    for (const pattern of this.#patterns) {
      const { form } = pattern;
      for (const word of respelt(pattern)) turned.put(word);
      if (!isDistinctive(form)) continue;
      for (const word of [form, ...withoutVowels(form)]) turned.put(word);
      if (form.length >= LONG) turned.put(firstSwapped(form));
    }
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
   * A word with the consonants of a term: with two letters swapped, or with a vowel missing.
   * @returns whether it may be anything at all; then it may also be a word from the last letter to the first
   */
  caught(text: string, at: readonly [number, number], found: (found: Found) => void): boolean {
    const written = text.slice(...at);
    const word = written.toLowerCase();
    if (isOrdinary(word) || /^[A-Z][a-z]/.test(written)) return false;
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
    return true;
  }

  #respellings(): Map<string, Pattern> {
    if (this.#byRespelling) return this.#byRespelling;
    const map = new Map<string, Pattern>();
    for (const pattern of this.#patterns) {
      for (const word of respelt(pattern)) {
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

/** Letters that are written for others of the same sound, or the same look. */
const RESPELLINGS: readonly (readonly [RegExp, string])[] = [
  [/f/g, "ph"],
  [/ph/g, "f"],
  [/s/g, "z"],
  [/s$/, "z"],
  [/ck/g, "k"],
  [/ck/g, "x"],
  [/c(?=[^ehiy]|$)/g, "k"],
  [/x/g, "ks"],
  [/u/g, "v"],
  [/w/g, "vv"],
  [/m/g, "rn"],
  [/d/g, "cl"],
  [/i/g, "l"],
  [/i/g, "y"],
];

/** A term in each of the respellings that change it. */
function respelt({ form, role }: Pattern): string[] {
  if (role.kind !== "term" || role.rule.score < SCORES.moderate || !/^[a-z]{4,}$/.test(form)) return [];
  return RESPELLINGS.map(([from, to]) => form.replace(from, to)).filter((word) => word !== form);
}

/** Words this long are known by their other letters when the first two have changed places. */
const LONG = 6;

function firstSwapped(form: string): string {
  return `${form.charAt(1)}${form.charAt(0)}${form.slice(2)}`;
}

/** A term with one vowel, or two, left out: not the first letter. */
function withoutVowels(term: string): string[] {
  const words: string[] = [];
  const places = [...term.matchAll(VOWELS)].map(({ index }) => index).filter((index) => index > 0);
  for (const [i, one] of places.entries()) {
    const shorter = term.slice(0, one) + term.slice(one + 1);
    words.push(shorter);
    for (const two of places.slice(0, i)) words.push(shorter.slice(0, two) + shorter.slice(two + 1));
  }
  return words;
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
