import { type Alphabet, Sign } from "./alphabet.ts";

/** A spelt pattern. `anchored`: only where a word may begin. */
export interface Spelling {
  readonly symbols: readonly number[];
  readonly anchored: boolean;
}

/**
 * All patterns in one deterministic automaton (Aho-Corasick with every transition filled in): one table look-up for each
 * symbol of the text, however many patterns there are. Whole words start from a state of their own, which is entered
 * after any symbol that a word may follow; so words inside words cost nothing.
 */
export interface Automaton {
  /**
   * `table[state + symbol]` is the next state, as the offset of its row; its complement (`~offset`, negative) when
   * patterns end there.
   */
  readonly table: Int32Array;
  /** The state at the beginning of a text. */
  readonly start: number;
  /** Row width: `state / width` is the state's number. */
  readonly width: number;
  /** By state number: a pattern that ends there, or -1. */
  readonly first: Int32Array;
  /** By pattern: another one that ends at the same state, or -1. */
  readonly more: Int32Array;
  /** By state number: the next shorter state where patterns end, or -1. */
  readonly shorter: Int32Array;
  /** By state number: symbols on the way to it. A transition goes down the tree when it leads one deeper. */
  readonly depth: Uint16Array;
  /** By state number: whether it, or a shorter state, is where a word breaks off that goes on in some pattern. */
  readonly cut: Uint8Array;
}

/** State numbers: where patterns begin that may stand inside a word, and those that may not. */
export const ROOT = 0;
export const OPEN = 1;
/** Letters before a cut that are worth a look: a single one is cut off everywhere. */
const SHORTEST_CUT = 2;

/** The patterns as a tree: what {@link complete} makes the automaton of. Children are linked lists over state numbers. */
interface Tree {
  readonly states: number;
  readonly child: Int32Array;
  readonly sibling: Int32Array;
  /** By state: the symbol that leads to it. */
  readonly symbol: Int32Array;
}

export function buildAutomaton(patterns: readonly Spelling[], alphabet: Alphabet): Automaton {
  const width = alphabet.size;
  const most = patterns.reduce((sum, pattern) => sum + pattern.symbols.length, 2);
  const table = new Int32Array(most * width);
  const first = new Int32Array(most).fill(-1);
  const more = new Int32Array(patterns.length).fill(-1);
  const child = new Int32Array(most);
  const sibling = new Int32Array(most);
  const symbolOf = new Int32Array(most);
  const depth = new Uint16Array(most);

  let states = 2;
  patterns.forEach(({ symbols, anchored }, pattern) => {
    let state = anchored ? OPEN : ROOT;
    for (const symbol of symbols) {
      const at = state * width + symbol;
      let next = table[at] ?? 0;
      if (next === 0) {
        next = states++;
        table[at] = next;
        symbolOf[next] = symbol;
        depth[next] = (depth[state] ?? 0) + 1;
        sibling[next] = child[state] ?? 0;
        child[state] = next;
      }
      state = next;
    }
    more[pattern] = first[state] ?? -1;
    first[state] = pattern;
  });

  const tree = { states, child, sibling, symbol: symbolOf };
  const cut = cuts(tree, depth);
  const shorter = complete(table, first, tree, cut, alphabet);
  return { table: table.subarray(0, states * width), start: OPEN * width, width, first, more, shorter, depth, cut };
}

/** Marks the states inside words: they go on with a letter, not only with a blank. */
function cuts({ states, child, sibling, symbol }: Tree, depth: Uint16Array): Uint8Array {
  const cut = new Uint8Array(states);
  for (let state = OPEN + 1; state < states; state++) {
    if ((depth[state] ?? 0) < SHORTEST_CUT) continue;
    for (let next = child[state] ?? 0; next !== 0; next = sibling[next] ?? 0) {
      if ((symbol[next] ?? 0) > Sign.space) cut[state] = 1;
    }
  }
  return cut;
}

/**
 * Turns the tree's rows into the automaton's, breadth first: a row is that of the longest shorter state, which is
 * complete by then, with the state's own children put in.
 */
function complete(
  table: Int32Array,
  first: Int32Array,
  tree: Tree,
  cut: Uint8Array,
  { size: width, opens }: Alphabet,
): Int32Array {
  const { states, child, sibling, symbol } = tree;
  const shorter = new Int32Array(states).fill(-1);
  const back = new Int32Array(states);
  const queue = new Int32Array(states);
  let end = 0;
  const adopt = (state: number, at: number, fallback: number) => {
    back[state] = fallback;
    if (cut[fallback] === 1) cut[state] = 1;
    shorter[state] = (first[fallback] ?? -1) >= 0 ? fallback : (shorter[fallback] ?? -1);
    const ends = (first[state] ?? -1) >= 0 || (shorter[state] ?? -1) >= 0;
    table[at] = ends ? ~(state * width) : state * width;
    queue[end++] = state;
  };

  queue[end++] = OPEN; // before its equals in depth: they fall back on it
  for (let at = 0; at < width; at++) table[at] = opens[at] === 1 ? OPEN * width : ROOT;
  for (let next = child[ROOT] ?? 0; next !== 0; next = sibling[next] ?? 0) {
    const at = symbol[next] ?? 0;
    adopt(next, at, opens[at] === 1 ? OPEN : ROOT);
  }
  for (let i = 0; i < end; i++) {
    const state = queue[i] ?? 0;
    const from = (back[state] ?? 0) * width;
    const row = state * width;
    table.copyWithin(row, from, from + width);
    for (let next = child[state] ?? 0; next !== 0; next = sibling[next] ?? 0) {
      const at = row + (symbol[next] ?? 0);
      const inherited = table[at] ?? 0;
      adopt(next, at, (inherited < 0 ? ~inherited : inherited) / width);
    }
  }
  return shorter;
}
