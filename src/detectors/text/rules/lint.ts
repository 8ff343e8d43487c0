import type { Key } from "../../../policy/schema-places.ts";
import type { Place, YamlFile } from "../../../policy/strict-yaml.ts";
import { type AccentCheck, accentCheck } from "./accents.ts";
import { foldKey, Kind, kindOf } from "./fold.ts";
import { EVERYDAY_WORDS, FREQUENT_WORDS } from "./frequent.ts";
import { inflect } from "./inflect.ts";
import { flatten, type TermRule } from "./list.ts";
import { type Entry, type MatchMode, SCORES } from "./terms.ts";

/** A term, and where a person wrote it. */
export interface PlacedTerm {
  readonly rule: TermRule;
  readonly file: string;
  /** Worked out when it is asked for: that takes a second reading of the file. */
  place(): Place;
}

export type ListWarningKind = "duplicate" | "unreachable" | "dangerous";

/** Something in a list that is allowed, and hardly meant. */
export interface ListWarning extends Place {
  readonly kind: ListWarningKind;
  readonly file: string;
  readonly term: string;
  readonly message: string;
}

/**
 * The terms of a list with their places. Pairs have none: both sides must meet, so even a frequent word is fine in one.
 * @param entries what stands at `path` of the file, as its schema read it
 * @param source the text of the file
 */
export function placedTerms(
  yaml: YamlFile,
  source: string,
  path: readonly Key[],
  entries: readonly Entry[],
  { name, language }: { readonly name: string; readonly language: string },
): PlacedTerm[] {
  const written = path.reduce<unknown>((value, key) => (value as Record<Key, unknown> | undefined)?.[key], yaml.value);
  const lines = source.split("\n");
  return entries.flatMap((entry, index) => {
    const at = [...path, index];
    const put = (part: Entry, place: () => Place) => {
      const rules = flatten([part], name, language);
      return rules.flatMap((rule) => (rule.kind === "term" ? [{ rule, file: yaml.file, place: once(place) }] : []));
    };
    if (entry.terms === undefined) return put(entry, () => yaml.place([...at, "term"], "value"));
    const raw = (written as readonly { readonly terms?: unknown }[] | undefined)?.[index]?.terms;
    const inText = typeof raw === "string" ? linesOfText(raw) : undefined;
    const start = once(() => yaml.place([...at, "terms"], "value"));
    return entry.terms.flatMap((member, i) =>
      put({ ...entry, terms: [member] }, () => {
        if (!inText) return yaml.place([...at, "terms", i], "value");
        return placeInText(start(), inText[i] ?? 0, typeof member === "string" ? member : member.term, lines);
      }),
    );
  });
}

function once(place: () => Place): () => Place {
  let known: Place | undefined;
  return () => {
    known ??= place();
    return known;
  };
}

/** The line of each term of a text, from 0; split as the schema does it. */
function linesOfText(text: string): number[] {
  return text.split("\n").flatMap((line, number) => {
    const terms = line.replace(/#.*$/, "").split(",");
    return terms.filter((term) => term.trim() !== "").map(() => number);
  });
}

/** Only in a literal block do the lines of the value stand as they are; elsewhere the start of the text has to do. */
function placeInText(start: Place, number: number, term: string, lines: readonly string[]): Place {
  if (lines[start.line - 1]?.[start.column - 1] !== "|") return start;
  const line = start.line + 1 + number;
  return { line, column: Math.max(0, lines[line - 1]?.indexOf(term) ?? 0) + 1 };
}

/** A form of a phrase as the matcher knows it. */
interface Form {
  readonly key: string;
  readonly written: string;
  readonly accents: AccentCheck | undefined;
}

interface Term extends PlacedTerm {
  readonly key: string;
  readonly forms: readonly Form[];
  readonly exceptions: Phrases;
}

/** Innocent phrases, by the folded key of each form. */
type Phrases = ReadonlyMap<string, readonly Form[]>;

/**
 * What is hardly meant in lists that are used together, in the order of the terms.
 *
 * - `duplicate`: a list has the term twice, or two lists have it in different categories
 * - `unreachable`: it can never be a finding: exceptions, the allow list or a more severe twin take all of it
 * - `dangerous`: it would be found in harmless texts all the time
 *
 * A milder twin is fine where it counts: in phrases or forms that the more severe one leaves out.
 * @param allow the words of the policy that are never flagged
 */
export function lintTerms(placed: readonly PlacedTerm[], allow: readonly string[] = []): ListWarning[] {
  const allowed = byKey(allow.flatMap((phrase) => formsOf(phrase, "word", "en")));
  const terms = prepared(placed);
  const twins = new Map<string, Term[]>();
  for (const term of terms) {
    const others = twins.get(term.key);
    if (others) others.push(term);
    else twins.set(term.key, [term]);
  }
  return terms.flatMap((term) => {
    const shadow = shadowOf(term, allowed) ?? twinOf(term, twins.get(term.key) ?? []);
    const danger = dangerOf(term, allowed);
    return [shadow, danger && ({ kind: "dangerous", message: danger } as const)].flatMap((found) =>
      found ? [{ ...found, file: term.file, ...term.place(), term: term.rule.term }] : [],
    );
  });
}

function prepared(placed: readonly PlacedTerm[]): Term[] {
  const exceptions = new Map<string, Phrases>();
  return placed.map(({ rule, file, place }) => {
    const id = JSON.stringify([rule.language, rule.exceptions]); // members of a group share theirs
    const known =
      exceptions.get(id) ?? byKey(rule.exceptions.flatMap((phrase) => formsOf(phrase, "word", rule.language)));
    exceptions.set(id, known);
    const forms = formsOf(rule.term, rule.match, rule.language);
    return { rule, file, place, key: foldKey(rule.term), forms, exceptions: known };
  });
}

function formsOf(phrase: string, match: MatchMode, language: string): Form[] {
  return inflect(phrase, match, language).map((written) => ({
    key: foldKey(written),
    written,
    accents: accentCheck(written, language),
  }));
}

function byKey(forms: readonly Form[]): Phrases {
  return Map.groupBy(forms, ({ key }) => key);
}

/** Whether wherever a text has `form`, it has `cover` too. */
function covers(cover: Form, form: Form): boolean {
  if (!cover.accents) return true;
  const bare = form.accents && !form.accents(form.key); // the bare letters are another word
  return cover.accents(form.written) && (bare || cover.accents(form.key));
}

type Found = Pick<ListWarning, "kind" | "message">;

/** Innocent phrases that take every form of the term whole. */
function shadowOf(term: Term, allowed: Phrases): Found | undefined {
  if (term.rule.match === "substring") return undefined; // phrases are whole words: it is still found inside others
  const own = term.exceptions;
  const taken = (by: readonly Phrases[]) =>
    term.forms.every((form) => by.some((phrases) => phrases.get(form.key)?.some((phrase) => covers(phrase, form))));
  if (!taken([own, allowed])) return undefined;
  const by = taken([own])
    ? "its own exceptions hold all of it"
    : `${taken([allowed]) ? "" : "its exceptions and "}the allow list of the policy ${taken([allowed]) ? "holds" : "hold"} all of it`;
  return { kind: "unreachable", message: `can never be found: ${by}` };
}

/** The same term elsewhere, where only one of the two can be meant. */
function twinOf(term: Term, twins: readonly Term[]): Found | undefined {
  const same = twins.filter((other) => other !== term && isSame(term, other));
  const stronger = same.find((other) => outdoes(other, term));
  if (stronger) {
    const message = `can never be found: ${whereIs(stronger, term)} has it too, and more severe (${traitsOf(stronger)})`;
    return { kind: "unreachable", message };
  }
  const before = new Set(twins.slice(0, twins.indexOf(term)));
  const earlier = same.find((other) => {
    if (!before.has(other)) return false;
    if (other.rule.category !== term.rule.category) return true;
    return other.rule.score === term.rule.score && other.file === term.file;
  });
  if (!earlier) return undefined;
  return { kind: "duplicate", message: `is there twice: ${whereIs(earlier, term)} has it too (${traitsOf(earlier)})` };
}

function isSame(one: Term, other: Term): boolean {
  const accepts = (a: Term, b: Term) => a.forms[0]?.accents?.(b.rule.term) ?? true;
  return accepts(one, other) || accepts(other, one);
}

/** Whether wherever `weaker` is found, `stronger` is found instead. */
function outdoes(stronger: Term, weaker: Term): boolean {
  if (stronger.rule.category !== weaker.rule.category || stronger.rule.score <= weaker.rule.score) return false;
  if (![...stronger.exceptions.keys()].every((key) => weaker.exceptions.has(key))) return false;
  const inside = stronger.rule.match === "substring";
  if (weaker.rule.match === "substring" && !inside) return false;
  return weaker.forms.every((form) =>
    stronger.forms.some(
      (cover) => (cover.key === form.key || (inside && form.key.includes(cover.key))) && covers(cover, form),
    ),
  );
}

function whereIs(term: Term, from: Term): string {
  const { line } = term.place();
  return term.file === from.file ? `line ${line}` : `${term.file}:${line}`;
}

function traitsOf({ rule: { category, score } }: Term): string {
  const severity = Object.entries(SCORES).find(([, value]) => value === score)?.[0];
  return `${category}, ${severity ?? score}`;
}

/** Terms this short are found inside harmless words. */
const SHORTEST_SUBSTRING = 5;

function dangerOf({ key, rule, forms, exceptions }: Term, allowed: Phrases) {
  const letters = [...key].filter((char) => char !== " ");
  const spelt = letters.every((char) => kindOf(char.codePointAt(0) ?? 0) === Kind.word); // no signs, no Chinese
  if (spelt && letters.length <= 2) return `has only ${letters.length === 1 ? "one letter" : "two letters"}`;
  const frequent = forms.find((form) => FREQUENT_WORDS.has(form.key) && (form.accents?.(form.key) ?? true));
  if (frequent) {
    return frequent.key === key
      ? "is one of the most frequent words of English"
      : `also stands for "${frequent.written}", one of the most frequent words of English`;
  }
  if (rule.match !== "substring") return undefined;
  for (const words of [FREQUENT_WORDS, EVERYDAY_WORDS])
    for (const word of words)
      if (word.includes(key) && !exceptions.has(word) && !allowed.has(word)) return `is a part of the word "${word}"`;
  if (!spelt || letters.length >= SHORTEST_SUBSTRING) return undefined;
  return `is looked for inside other words, and has only ${letters.length} letters`;
}
