import { Bare, type Found } from "./bare.ts";
import { isPlain } from "./chunk.ts";
import type { Compiled, Pattern } from "./compile.ts";
import { Lattice, reversed, Trick } from "./lattice.ts";
import type { Sight } from "./look.ts";
import { isPlausible, namesOf } from "./plausible.ts";
import type { Match } from "./resolve.ts";
import { type Span, type Suspects, suspectsIn } from "./suspects.ts";
import { backward, split } from "./turned.ts";
import { type Candidate, Walker } from "./walk.ts";

/** A place where a word was read that is not written there. */
export interface Undone {
  readonly start: number;
  readonly end: number;
  /** What is read instead. */
  readonly form: string;
  readonly disguises: readonly string[];
}

/** The most plausible plain reading of a text. */
export interface Reading {
  readonly text: string;
  /** By UTF-16 unit of `text`, and once more for its end: where in the original it begins. */
  readonly map: Int32Array;
  readonly undone: readonly Undone[];
}

/** Cells: shorter words are other words when they are read from the end. */
const REVERSED_FROM = 5;
/** A phrase may go on beyond a word that is disguised: as far as the next word, and no farther than this. */
const NEIGHBOUR = 24;

type Spans = (text: string) => readonly Span[];

/** Reads disguised words. One for each set of lists. */
export class Undisguiser {
  readonly #compiled: Compiled;
  readonly #bare: Bare;
  readonly #lattice: Lattice;
  readonly #walker: Walker;

  constructor(compiled: Compiled) {
    this.#compiled = compiled;
    this.#bare = new Bare(compiled.patterns);
    this.#lattice = new Lattice(compiled.alphabet);
    this.#walker = new Walker(compiled, this.#lattice);
  }

  suspects(text: string): Suspects {
    return suspectsIn(text, this.#bare.sieves);
  }

  /**
   * @param sight, suspects what the first looks at the text saw
   * @param shielded spans in which nothing is undone
   * @param plainly what is found in the text as it is written; asked for only when something else may be read
   * @returns undefined for a text without a disguised word, which nearly all are
   */
  read(
    text: string,
    sight: Sight,
    suspects: Suspects,
    shielded: Spans,
    plainly: () => readonly Match[],
  ): Reading | undefined {
    const all: Possible[] = [];
    const word = ({ pattern, at, disguise }: Found) => {
      all.push({ pattern, start: at[0], end: at[1], form: pattern.form, disguises: [disguise] });
    };
    const { spans, doubled, voweless, caught } = suspects;
    if (spans.length + doubled.length > 0) {
      const hiding = [...spans, ...doubled.filter((span) => !isPlain(text, ...span))];
      for (const span of withNeighbours(text, hiding)) this.#cells(text, span, all);
    }
    for (const span of voweless) this.#bare.voweless(text, span, word);
    let turned = false;
    for (const span of caught) if (this.#bare.caught(text, span, word)) turned = true;
    if (turned) backward(this.#compiled, text, word);
    if (sight.blanks.length > 0) split(this.#compiled, text, sight.blanks, word);
    if (all.length === 0) return undefined;
    const quiet = shielded(text);
    const plain = plainly();
    const left = all.filter((one) => !touches(quiet, one) && !plain.some((match) => isSettled(one, match)));
    return left.length === 0 ? undefined : readingWith(text, choose(left));
  }

  #cells(text: string, [from, to]: Span, into: Possible[]): void {
    const cells = this.#lattice.cells(text, from, to);
    this.#walker.find(cells, (candidate) => {
      if (isPlausible(text, cells, candidate)) into.push(possible(candidate));
    });
    if (cells.length < REVERSED_FROM - 1) return;
    const turned = reversed(cells);
    this.#walker.find(turned, (candidate) => {
      const { pattern, steps } = candidate;
      const least = steps.some(({ trick }) => (trick & Trick.lookalike) !== 0) ? REVERSED_FROM - 1 : REVERSED_FROM;
      if (steps.length < least || isPalindrome(pattern) || !isPlausible(text, turned, candidate)) return;
      into.push({ ...possible(candidate), disguises: [...namesOf(steps), "reversed"] });
    });
  }
}

interface Possible extends Undone {
  readonly pattern: Pattern;
}

function possible({ pattern, steps, start, end }: Candidate): Possible {
  return { pattern, start, end, form: pattern.form, disguises: namesOf(steps) };
}

function isPalindrome({ form }: Pattern): boolean {
  return [...form].reverse().join("") === form;
}

/** The spans with the word before and the word after each; where they touch, they are one. */
function withNeighbours(text: string, spans: readonly Span[]): Span[] {
  const wide: [number, number][] = [];
  for (const [start, end] of spans.toSorted((a, b) => a[0] - b[0])) {
    let from = Math.max(0, start - 1);
    while (from > 0 && start - from < NEIGHBOUR && !isBlank(text, from - 1)) from--;
    let to = Math.min(text.length, end + 1);
    while (to < text.length && to - end < NEIGHBOUR && !isBlank(text, to)) to++;
    if (from > 0 && !isBlank(text, from - 1)) from = start;
    if (to < text.length && !isBlank(text, to)) to = end;
    const last = wide.at(-1);
    if (last && last[1] >= from) last[1] = Math.max(last[1], to);
    else wide.push([from, to]);
  }
  return wide;
}

function isBlank(text: string, at: number): boolean {
  return text.charCodeAt(at) <= 0x20;
}

/** Whether one of some spans, which are in order and apart, has a part of a reading in it. */
function touches(spans: readonly Span[], { start, end }: Possible): boolean {
  let [low, high] = [0, spans.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((spans[middle]?.[1] ?? 0) <= start) low = middle + 1;
    else high = middle;
  }
  return (spans[low]?.[0] ?? Number.POSITIVE_INFINITY) < end;
}

/** Where a term stands plainly, nothing else is read: only a longer term that is worse, or is another one. */
function isSettled({ start, end, pattern }: Possible, { rule, span: [from, to] }: Match): boolean {
  if (start >= to || from >= end) return false;
  if (from <= start && end <= to) return true;
  return pattern.role.kind === "term" && pattern.role.rule.score <= rule.score;
}

/** Of readings that overlap, the longest; of equals the most severe term, then the one that had to undo least. */
function choose(all: readonly Possible[]): Possible[] {
  const ranked = all.toSorted(
    (a, b) =>
      b.end - b.start - (a.end - a.start) ||
      weight(b.pattern) - weight(a.pattern) ||
      a.disguises.length - b.disguises.length ||
      a.start - b.start,
  );
  const taken: Possible[] = [];
  const occupied = new Set<number>();
  for (const one of ranked) {
    let free = true;
    for (let i = one.start; i < one.end && free; i++) free = !occupied.has(i);
    if (!free) continue;
    for (let i = one.start; i < one.end; i++) occupied.add(i);
    taken.push(one);
  }
  return taken.sort((a, b) => a.start - b.start);
}

function weight({ role }: Pattern): number {
  return role.kind === "term" ? role.rule.score : 0;
}

function readingWith(original: string, undone: readonly Undone[]): Reading {
  let text = "";
  const map: number[] = [];
  let at = 0;
  const keep = (to: number) => {
    for (let i = at; i < to; i++) map.push(i);
    text += original.slice(at, to);
    at = to;
  };
  for (const { start, end, form } of undone) {
    keep(start);
    for (let i = 0; i < form.length; i++) map.push(start + Math.floor((i * (end - start)) / form.length));
    text += form;
    at = end;
  }
  keep(original.length);
  map.push(original.length);
  return { text, map: Int32Array.from(map), undone };
}
