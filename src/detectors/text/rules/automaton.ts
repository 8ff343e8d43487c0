import { type Alphabet, Sign } from "./alphabet.ts";

/** A spelt pattern. `anchored`: only where a word may begin. `closed`: only where a word ends. */
export interface Spelling {
  readonly symbols: readonly number[];
  readonly anchored: boolean;
  readonly closed: boolean;
  /** One blank in its middle is looked for. */
  readonly divisible: boolean;
}

/**
 * What is to be noted at a state: nothing; that only patterns end there which need the word's end; that also others do;
 * or that a blank has just come after the beginning of a divisible pattern.
 */
export const Note = { none: 0, closed: 1, open: 2, divided: 3 } as const;

export const NOTE_BITS = 2;
export const NOTE = (1 << NOTE_BITS) - 1;

/** Where patterns begin that may stand inside a word, and those that may not. */
export const ROOT = 0;
export const OPEN = 1;
/** As {@link OPEN}, after a blank that may divide a word. */
const DIVIDED = 2;
/** Letters before a cut that are worth a look: a single one is cut off everywhere. */
const SHORTEST_CUT = 2;
/** States this deep have a row of their own. Deeper ones are seldom reached, and many. */
const DENSE_DEPTH = 4;
/** Symbols that the table knows, as a power of two: the signs and the letters a to z. A row of 16 bits each is one line of the cache. */
export const ROW_BITS = 5;
export const ROW = 1 << ROW_BITS;
/** In the table: a state whose number has more bits than there are. */
export const FAR = 0xffff;
/** Children that are looked through one by one. */
const FEW = 8;

/**
 * All patterns in one deterministic automaton (Aho-Corasick). States are numbered breadth first. Those near the beginning
 * of patterns, where texts spend their time, have every transition for the letters in a table: one look-up for a
 * character, however many patterns there are. The others have their children, and the longest shorter state to fall
 * back on. Whole words start from a state of their own, which is entered after any symbol that a word may follow; so words
 * inside words cost nothing.
 */
export class Automaton {
  /**
   * `table[(state << ROW_BITS) + symbol]` is the next state, for states below `dense` and symbols below `ROW`: shifted by
   * {@link NOTE_BITS}, with its note in these bits, so that one look-up says both; or {@link FAR}, then {@link step} knows it.
   */
  readonly table: Uint16Array;
  readonly dense: number;
  /** By state, one of {@link Note}. */
  readonly notes: Uint8Array;
  /** By state: a pattern that ends there, or -1. */
  readonly first: Int32Array;
  /** By pattern: another one that ends at the same state, or -1. */
  readonly more: Int32Array;
  /** By state: the next shorter state where patterns end, or -1. */
  readonly shorter: Int32Array;
  /** By state: symbols on the way to it. */
  readonly depth: Uint16Array;
  /** By state: the symbol that leads to it. */
  readonly #symbol: Uint16Array;
  /** By state: its first child. Its children follow one another, in the order of their symbols. */
  readonly #children: Int32Array;
  /** By state: the longest shorter state. */
  readonly #back: Int32Array;
  /** By state: 1 inside a divisible pattern. */
  readonly #cut: Uint8Array;
  readonly #opens: Uint8Array;

  constructor(patterns: readonly Spelling[], { opens }: Alphabet) {
    const more = new Int32Array(patterns.length).fill(-1);
    const tree = treeOf(patterns, more);
    const { states } = tree;
    this.more = more;
    this.#opens = opens;
    this.notes = new Uint8Array(states);
    this.first = new Int32Array(states).fill(-1);
    this.shorter = new Int32Array(states).fill(-1);
    this.depth = new Uint16Array(states);
    this.#symbol = new Uint16Array(states);
    this.#children = new Int32Array(states + 1);
    this.#back = new Int32Array(states);
    this.#cut = new Uint8Array(states);
    const own = this.#number(tree);
    this.dense = this.#denseStates(states);
    this.table = new Uint16Array(this.dense * ROW);
    this.#complete(tree, own, (pattern) => patterns[pattern]?.closed === true);
  }

  /** The next state. For states below `dense` and symbols below `ROW`, the table says the same, or that it is far. */
  step(from: number, symbol: number): number {
    if (symbol === Sign.space) {
      // Any number of blanks is one blank.
      if (this.#symbol[from] === Sign.space && from > DIVIDED) return from;
      const after = this.#follow(from, symbol);
      return after === OPEN && this.#cut[from] === 1 ? DIVIDED : after;
    }
    return this.#follow(from, symbol);
  }

  /** The state one deeper, or -1. */
  child(state: number, symbol: number): number {
    if (state < this.dense && symbol < ROW) {
      const entry = this.table[(state << ROW_BITS) + symbol] ?? ROOT;
      const next = entry >> NOTE_BITS;
      if (entry !== FAR) return next > DIVIDED && (this.depth[next] ?? 0) > (this.depth[state] ?? 0) ? next : -1;
    }
    const from = this.#children[state] ?? 0;
    const to = this.#children[state + 1] ?? 0;
    if (to - from <= FEW) {
      for (let at = from; at < to; at++) if (this.#symbol[at] === symbol) return at;
      return -1;
    }
    let [low, high] = [from, to - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#symbol[middle] ?? 0) < symbol) low = middle + 1;
      else high = middle;
    }
    return this.#symbol[low] === symbol ? low : -1;
  }

  /** Down the tree, or back to shorter states until one goes on: in all no more steps back than there were down. */
  #follow(from: number, symbol: number): number {
    for (let state = from === DIVIDED ? OPEN : from; ; state = this.#back[state] ?? ROOT) {
      if (state < this.dense && symbol < ROW) {
        const entry = this.table[(state << ROW_BITS) + symbol] ?? ROOT;
        const next = entry >> NOTE_BITS;
        if (entry !== FAR) return next === DIVIDED ? OPEN : next;
      }
      const next = this.child(state, symbol);
      if (next >= 0) return next;
      if (state === ROOT) return this.#opens[symbol] === 1 ? OPEN : ROOT;
    }
  }

  /** Numbers the states breadth first. @returns by number: the node of the tree */
  #number({ states, child, sibling, symbol, cut }: Tree): Int32Array {
    const own = new Int32Array(states);
    own[OPEN] = OPEN;
    let end = DIVIDED + 1;
    const some: number[] = [];
    for (let state = ROOT; state < states; state++) {
      this.#children[state] = end;
      if (state === DIVIDED) continue;
      some.length = 0;
      for (let node = child[own[state] ?? 0] ?? 0; node !== 0; node = sibling[node] ?? 0) some.push(node);
      if (some.length > 1) some.sort((a, b) => (symbol[a] ?? 0) - (symbol[b] ?? 0));
      for (const node of some) {
        own[end] = node;
        this.#symbol[end] = symbol[node] ?? 0;
        this.#cut[end] = cut[node] ?? 0;
        this.depth[end] = (this.depth[state] ?? 0) + 1;
        end++;
      }
    }
    this.#children[states] = end;
    return own;
  }

  #denseStates(states: number): number {
    let dense = DIVIDED + 1;
    while (dense < states && (this.depth[dense] ?? 0) <= DENSE_DEPTH) dense++;
    return dense;
  }

  /** Breadth first: what a state falls back on is complete before it. */
  #complete(tree: Tree, own: Int32Array, isClosed: (pattern: number) => boolean): void {
    const { table, dense, notes, first, shorter } = this;
    const back = this.#back;
    const divided = (DIVIDED << NOTE_BITS) | Note.divided;
    for (let at = 0; at < ROW; at++) table[at] = this.#opens[at] === 1 ? OPEN << NOTE_BITS : ROOT;
    for (let state = ROOT; state < own.length; state++) {
      if (state === DIVIDED) {
        table.copyWithin(DIVIDED * ROW, OPEN * ROW, (OPEN + 1) * ROW);
        notes[DIVIDED] = Note.divided;
        continue;
      }
      const row = state * ROW;
      if (state > ROOT && state < dense) {
        const from = (back[state] ?? ROOT) * ROW;
        table.copyWithin(row, from, from + ROW);
        if (table[row + Sign.space] === divided) table[row + Sign.space] = OPEN << NOTE_BITS;
      }
      const to = this.#children[state + 1] ?? 0;
      for (let next = this.#children[state] ?? 0; next < to; next++) {
        const symbol = this.#symbol[next] ?? 0;
        const fallback =
          state === ROOT ? (this.#opens[symbol] === 1 ? OPEN : ROOT) : this.#follow(back[state] ?? ROOT, symbol);
        back[next] = fallback;
        const ending = tree.first[own[next] ?? 0] ?? -1;
        const here = ending < 0 ? Note.none : isClosed(ending) ? Note.closed : Note.open;
        first[next] = ending;
        shorter[next] = (first[fallback] ?? -1) >= 0 ? fallback : (shorter[fallback] ?? -1);
        const note = Math.max(here, notes[fallback] ?? Note.none);
        notes[next] = note;
        if (state < dense && symbol < ROW) table[row + symbol] = Math.min(FAR, (next << NOTE_BITS) | note);
      }
      if (state <= DIVIDED || state >= dense) continue;
      if (this.#symbol[state] === Sign.space)
        table[row + Sign.space] = Math.min(FAR, (state << NOTE_BITS) | (notes[state] ?? 0));
      if (this.#cut[state] === 1 && table[row + Sign.space] === OPEN << NOTE_BITS) table[row + Sign.space] = divided;
    }
  }
}

/** The patterns as a tree. Children are linked lists over its own numbers of states. */
interface Tree {
  readonly states: number;
  readonly child: Int32Array;
  readonly sibling: Int32Array;
  /** By state: the symbol that leads to it. */
  readonly symbol: Uint16Array;
  /** By state: a pattern that ends there, or -1. */
  readonly first: Int32Array;
  /** By state: 1 inside a divisible pattern. */
  readonly cut: Uint8Array;
}

function treeOf(patterns: readonly Spelling[], more: Int32Array): Tree {
  const most = patterns.reduce((sum, pattern) => sum + pattern.symbols.length, DIVIDED + 1);
  const first = new Int32Array(most).fill(-1);
  const child = new Int32Array(most);
  const sibling = new Int32Array(most);
  const symbolOf = new Uint16Array(most);
  const cut = new Uint8Array(most);
  let states = DIVIDED + 1;
  patterns.forEach(({ symbols, anchored, divisible }, pattern) => {
    let place = 0;
    let state: number = anchored ? OPEN : ROOT;
    for (const symbol of symbols) {
      let next = child[state] ?? 0;
      while (next !== 0 && symbolOf[next] !== symbol) next = sibling[next] ?? 0;
      if (next === 0) {
        next = states++;
        symbolOf[next] = symbol;
        sibling[next] = child[state] ?? 0;
        child[state] = next;
      }
      state = next;
      if (divisible && ++place >= SHORTEST_CUT && place + SHORTEST_CUT <= symbols.length) cut[state] = 1;
    }
    more[pattern] = first[state] ?? -1;
    first[state] = pattern;
  });
  return { states, child, sibling, symbol: symbolOf, first, cut };
}
