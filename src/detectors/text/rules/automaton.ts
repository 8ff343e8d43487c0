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

/**
 * All patterns in one deterministic automaton (Aho-Corasick with every transition filled in): one table look-up for each
 * symbol of the text, however many patterns there are. Whole words start from a state of their own, which is entered
 * after any symbol that a word may follow; so words inside words cost nothing.
 */
export interface Automaton {
  /** `table[state * width + symbol]` is the next state. Of two bytes each where that is enough: half the memory to miss. */
  readonly table: Uint16Array | Uint32Array;
  readonly width: number;
  /** By state, one of {@link Note}. */
  readonly notes: Uint8Array;
  /** By state: a pattern that ends there, or -1. */
  readonly first: Int32Array;
  /** By pattern: another one that ends at the same state, or -1. */
  readonly more: Int32Array;
  /** By state: the next shorter state where patterns end, or -1. */
  readonly shorter: Int32Array;
  /** By state: symbols on the way to it. A transition goes down the tree when it leads one deeper. */
  readonly depth: Uint16Array;
}

/** Where patterns begin that may stand inside a word, and those that may not. */
export const ROOT = 0;
export const OPEN = 1;
/** As {@link OPEN}, after a blank that may divide a word. */
const DIVIDED = 2;
/** Letters before a cut that are worth a look: a single one is cut off everywhere. */
const SHORTEST_CUT = 2;

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

export function buildAutomaton(patterns: readonly Spelling[], alphabet: Alphabet): Automaton {
  const more = new Int32Array(patterns.length).fill(-1);
  const tree = treeOf(patterns, more);
  return { ...complete(tree, alphabet, (pattern) => patterns[pattern]?.closed === true), width: alphabet.size, more };
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
    let state = anchored ? OPEN : ROOT;
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

/**
 * Turns the tree into the automaton, breadth first: a row is that of the longest shorter state, which is complete by then,
 * with the state's own children put in. States are numbered in this order, so that the rows near the beginnings of
 * patterns, where texts spend their time, lie side by side in memory.
 */
function complete(
  tree: Tree,
  { size: width, opens }: Alphabet,
  isClosed: (pattern: number) => boolean,
): Omit<Automaton, "width" | "more"> {
  const { states, child, sibling, symbol } = tree;
  const table = states > 0xffff ? new Uint32Array(states * width) : new Uint16Array(states * width);
  const notes = new Uint8Array(states);
  const first = new Int32Array(states).fill(-1);
  const shorter = new Int32Array(states).fill(-1);
  const depth = new Uint16Array(states);
  const back = new Int32Array(states);
  /** By state: its number in the tree. */
  const own = new Int32Array(states);
  own[OPEN] = OPEN;
  let end = DIVIDED + 1;
  const adopt = (node: number, parent: number, at: number, fallback: number) => {
    const state = end++;
    own[state] = node;
    back[state] = fallback;
    depth[state] = (depth[parent] ?? 0) + 1;
    first[state] = tree.first[node] ?? -1;
    shorter[state] = (first[fallback] ?? -1) >= 0 ? fallback : (shorter[fallback] ?? -1);
    const ending = first[state] ?? -1;
    const here = ending < 0 ? Note.none : isClosed(ending) ? Note.closed : Note.open;
    notes[state] = Math.max(here, notes[fallback] ?? Note.none);
    table[at] = state;
  };

  for (let at = 0; at < width; at++) table[at] = opens[at] === 1 ? OPEN : ROOT;
  for (let node = child[ROOT] ?? 0; node !== 0; node = sibling[node] ?? 0) {
    const at = symbol[node] ?? 0;
    adopt(node, ROOT, at, opens[at] === 1 ? OPEN : ROOT);
  }
  const complete = (state: number) => {
    const from = (back[state] ?? 0) * width;
    const row = state * width;
    const afterBlank = row + Sign.space;
    table.copyWithin(row, from, from + width);
    if (table[afterBlank] === DIVIDED) table[afterBlank] = OPEN;
    const node = own[state] ?? 0;
    for (let next = child[node] ?? 0; next !== 0; next = sibling[next] ?? 0) {
      const at = row + (symbol[next] ?? 0);
      adopt(next, state, at, table[at] ?? ROOT);
    }
    // Any number of blanks is one blank.
    if (state > DIVIDED && symbol[node] === Sign.space) table[afterBlank] = state;
    if (tree.cut[node] === 1 && table[afterBlank] === OPEN) table[afterBlank] = DIVIDED;
  };
  complete(OPEN);
  table.copyWithin(DIVIDED * width, OPEN * width, (OPEN + 1) * width);
  notes[DIVIDED] = Note.divided;
  for (let state = DIVIDED + 1; state < end; state++) complete(state);
  return { table, notes, first, shorter, depth };
}
