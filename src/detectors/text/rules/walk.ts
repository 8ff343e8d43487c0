import { Sign } from "./alphabet.ts";
import { type Automaton, OPEN, ROOT } from "./automaton.ts";
import type { Compiled, Pattern } from "./compile.ts";
import { Kind } from "./fold.ts";
import { type Cell, type Lattice, Trick } from "./lattice.ts";

/** One cell on the way to a pattern: how it was read. */
export interface Step {
  readonly cell: Cell;
  readonly trick: number;
  /** What it was read as, where that is not what it is; `*` for a masked letter. */
  readonly letter: string;
  /** Characters of the run that was read as one letter or two. */
  readonly run: number;
}

/** A pattern that cells can be read as: those from `first` to before `after`. */
export interface Candidate {
  readonly pattern: Pattern;
  readonly steps: readonly Step[];
  readonly first: number;
  readonly after: number;
  /** UTF-16 units of the text. */
  readonly start: number;
  readonly end: number;
}

/** Ways of reading that are followed at the same time: what keeps the time linear. */
const MOST_WAYS = 96;
/** Masked letters in one word. */
const MOST_MASKS = 5;
/** Cells that are read together; a term may reach beyond them by the overlap. */
const WINDOW = 2_048;
const OVERLAP = 160;
/** Patterns that are looked at for one end. */
const MOST_CANDIDATES = 64;
/** A gap that may stand for a vowel. */
const HOLE = /^[-_.'*~=]$/;
const MASKED = "*";

/** A cell that is being read: where its ways lead, where it is, how often its letter is repeated. */
interface Place {
  readonly cell: Cell;
  readonly target: number;
  readonly at: number;
  readonly run: number;
}

/**
 * Reads cells as patterns in all plausible ways at once: a walk down the tree of patterns that follows every choice, at
 * most {@link MOST_WAYS} of them at each cell. What it finds is possible, not yet plausible.
 */
export class Walker {
  readonly #automaton: Automaton;
  readonly #patterns: readonly Pattern[];
  readonly #letters: readonly number[];
  readonly #vowels: readonly number[];
  // The ways, each with what it came from. Those that have reached the same cell are a linked list.
  #ways = 0;
  #states = new Int32Array(1_024);
  #cells = new Int32Array(1_024);
  #parents = new Int32Array(1_024);
  #tricks = new Uint16Array(1_024);
  #masks = new Uint8Array(1_024);
  #next = new Int32Array(1_024);
  readonly #readAs: string[] = [];
  readonly #heads = new Int32Array(WINDOW + OVERLAP + 1);
  readonly #counts = new Uint16Array(WINDOW + OVERLAP + 1);

  constructor({ automaton, patterns }: Compiled, lattice: Lattice) {
    this.#automaton = automaton;
    this.#patterns = patterns;
    this.#letters = lattice.wildcards("abcdefghijklmnopqrstuvwxyz");
    this.#vowels = lattice.wildcards("aeiouy");
  }

  find(cells: readonly Cell[], found: (candidate: Candidate) => void): void {
    const edges = edgesOf(cells);
    for (let from = 0; from < cells.length; from += WINDOW) {
      this.#window(cells, edges, from, Math.min(cells.length, from + WINDOW + OVERLAP), found);
    }
  }

  #window(cells: readonly Cell[], edges: Edges, from: number, to: number, found: (candidate: Candidate) => void): void {
    this.#ways = 0;
    this.#heads.fill(-1, 0, to - from + 1);
    this.#counts.fill(0, 0, to - from + 1);
    for (let i = from; i < to; i++) {
      const cell = cells[i];
      if (!cell) break;
      const place = { cell, target: i + 1 - from, at: i, run: runFrom(cells, i, to) - i };
      if (i < from + WINDOW && edges.starts[i] === 1) {
        this.#consume(place, OPEN, -1, 0, 0);
        if (cell.kind === Kind.unspaced) this.#consume(place, ROOT, -1, 0, 0);
      }
      for (let way = this.#heads[i - from] ?? -1; way >= 0; way = this.#next[way] ?? -1) this.#goOn(place, way);
      this.#accept(cells, i + 1, from, edges.ends[i + 1] === 0, found);
    }
  }

  /** From a way that has reached a cell, on over the gap before the cell, and over the cell. */
  #goOn(place: Place, way: number): void {
    const state = this.#states[way] ?? 0;
    const masks = this.#masks[way] ?? 0;
    const { gap } = place.cell;
    this.#consume(place, state, way, gap === "" ? 0 : Trick.gap, masks);
    const blank = this.#child(state, Sign.space);
    if (blank > 0) this.#consume(place, blank, way, gap === "" ? Trick.joined : 0, masks);
    if (masks > 0 || gap === "" || !HOLE.test(gap)) return;
    for (const vowel of this.#vowels) {
      const after = this.#child(state, vowel);
      if (after > 0) this.#consume(place, after, way, Trick.hole, MOST_MASKS);
    }
  }

  /** Takes a cell from a state in every way there is. `before` is what was done to the gap before it. */
  #consume({ cell, target, at, run }: Place, state: number, parent: number, before: number, masks: number): void {
    for (const { symbols, trick, letter } of cell.choices) {
      const next = this.#down(state, symbols);
      if (next === 0) continue;
      this.#push(target, next, at, parent, trick | before, letter, masks);
      if (run < 2) continue;
      const repeated = trick | before | Trick.repeated;
      this.#push(target + run - 1, next, at, parent, repeated, letter, masks);
      const twice = run > 2 ? this.#down(next, symbols) : 0;
      if (twice > 0) this.#push(target + run - 1, twice, at, parent, repeated, letter, masks);
    }
    if (parent < 0 && !cell.mask) return;
    if (parent >= 0 && cell.skip) this.#push(target, state, at, parent, Trick.skipped | before, "", masks);
    if (!cell.mask || masks >= MOST_MASKS) return;
    for (const symbol of this.#letters) {
      const next = this.#child(state, symbol);
      if (next > 0) this.#push(target, next, at, parent, Trick.masked | before, MASKED, masks + 1);
    }
  }

  #push(
    target: number,
    state: number,
    cell: number,
    parent: number,
    trick: number,
    letter: string,
    masks: number,
  ): void {
    const count = this.#counts[target] ?? 0;
    if (count >= MOST_WAYS) return;
    this.#counts[target] = count + 1;
    const way = this.#ways++;
    if (way === this.#states.length) this.#grow();
    this.#states[way] = state;
    this.#cells[way] = cell;
    this.#parents[way] = parent;
    this.#tricks[way] = trick;
    this.#readAs[way] = letter;
    this.#masks[way] = masks;
    this.#next[way] = this.#heads[target] ?? -1;
    this.#heads[target] = way;
  }

  #grow(): void {
    const longer = <A extends Int32Array | Uint16Array | Uint8Array>(old: A, fresh: A): A => {
      fresh.set(old);
      return fresh;
    };
    const size = this.#states.length * 2;
    this.#states = longer(this.#states, new Int32Array(size));
    this.#cells = longer(this.#cells, new Int32Array(size));
    this.#parents = longer(this.#parents, new Int32Array(size));
    this.#tricks = longer(this.#tricks, new Uint16Array(size));
    this.#masks = longer(this.#masks, new Uint8Array(size));
    this.#next = longer(this.#next, new Int32Array(size));
  }

  #accept(
    cells: readonly Cell[],
    after: number,
    from: number,
    inside: boolean,
    found: (candidate: Candidate) => void,
  ): void {
    let candidates = 0;
    for (let way = this.#heads[after - from] ?? -1; way >= 0; way = this.#next[way] ?? -1) {
      const state = this.#states[way] ?? 0;
      for (let p = this.#automaton.first[state] ?? -1; p >= 0; p = this.#automaton.more[p] ?? -1) {
        const pattern = this.#patterns[p];
        if (!pattern || pattern.role.kind === "shield" || (pattern.closed && inside)) continue;
        if (candidates++ === MOST_CANDIDATES) return;
        found({ pattern, ...this.#trace(cells, way, after) });
      }
    }
  }

  #trace(cells: readonly Cell[], last: number, after: number): Omit<Candidate, "pattern"> {
    const steps: Step[] = [];
    let first = after;
    for (let way = last; way >= 0; way = this.#parents[way] ?? -1) {
      const at = this.#cells[way] ?? 0;
      const cell = cells[at];
      if (cell) steps.push({ cell, trick: this.#tricks[way] ?? 0, letter: this.#readAs[way] ?? "", run: first - at });
      first = at;
    }
    const [one, two] = [cells[first], cells[after - 1]];
    const start = Math.min(one?.start ?? 0, two?.start ?? 0);
    return { steps: steps.reverse(), first, after, start, end: Math.max(one?.end ?? 0, two?.end ?? 0) };
  }

  #down(state: number, symbols: readonly number[]): number {
    let at = state;
    for (const symbol of symbols) {
      at = this.#child(at, symbol);
      if (at === 0) return 0;
    }
    return at;
  }

  /** The state one deeper, or 0. */
  #child(state: number, symbol: number): number {
    return Math.max(0, this.#automaton.child(state, symbol));
  }
}

/** The end of the run of one and the same letter that begins at a cell; also with the same gap all through it. */
function runFrom(cells: readonly Cell[], at: number, to: number): number {
  const cell = cells[at];
  const following = cells[at + 1];
  if (!cell || cell.key === 0 || following?.key !== cell.key) return at + 1;
  const { gap } = following;
  if (cells[at - 1]?.key === cell.key && cell.gap === gap) return at + 1;
  let end = at + 1;
  while (end < to && cells[end]?.key === cell.key && cells[end]?.gap === gap) end++;
  return end;
}

interface Edges {
  /** 1 where a word may begin: after a gap, or after signs that may be punctuation. */
  readonly starts: Uint8Array;
  /** 1 where a word may have ended before this cell. */
  readonly ends: Uint8Array;
}

function edgesOf(cells: readonly Cell[]): Edges {
  const { length } = cells;
  const starts = new Uint8Array(length + 1);
  const ends = new Uint8Array(length + 1);
  const between = (i: number) =>
    i === 0 ||
    i === length ||
    cells[i]?.gap !== "" ||
    cells[i]?.kind === Kind.unspaced ||
    cells[i - 1]?.kind === Kind.unspaced;
  for (let i = 0; i < length; i++) {
    starts[i] = between(i) || (cells[i - 1]?.kind === Kind.other && starts[i - 1] === 1) ? 1 : 0;
  }
  for (let i = length; i >= 0; i--) {
    ends[i] = between(i) || (cells[i]?.kind === Kind.other && ends[i + 1] === 1) ? 1 : 0;
  }
  return { starts, ends };
}
