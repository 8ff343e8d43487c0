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

/** The patterns as a tree. Children are linked lists over its own numbers of states. */
interface Tree {
  readonly states: number;
  readonly child: Int32Array;
  readonly sibling: Int32Array;
  /** By state: the symbol that leads to it. */
  readonly symbol: Uint16Array;
  /** By state: a pattern that ends there, or -1. */
  readonly first: Int32Array;
}

export function buildAutomaton(patterns: readonly Spelling[], alphabet: Alphabet): Automaton {
  const more = new Int32Array(patterns.length).fill(-1);
  const tree = treeOf(patterns, more);
  const { table, first, shorter, depth, cut } = complete(tree, alphabet);
  return { table, start: OPEN * alphabet.size, width: alphabet.size, first, more, shorter, depth, cut };
}

function treeOf(patterns: readonly Spelling[], more: Int32Array): Tree {
  const most = patterns.reduce((sum, pattern) => sum + pattern.symbols.length, 2);
  const first = new Int32Array(most).fill(-1);
  const child = new Int32Array(most);
  const sibling = new Int32Array(most);
  const symbolOf = new Uint16Array(most);
  let states = 2;
  patterns.forEach(({ symbols, anchored }, pattern) => {
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
    }
    more[pattern] = first[state] ?? -1;
    first[state] = pattern;
  });
  return { states, child, sibling, symbol: symbolOf, first };
}

/**
 * Turns the tree into the automaton, breadth first: a row is that of the longest shorter state, which is complete by then,
 * with the state's own children put in. States are numbered in this order, so that the rows near the beginnings of
 * patterns, where texts spend their time, lie side by side in memory.
 */
function complete(tree: Tree, { size: width, opens }: Alphabet): Omit<Automaton, "start" | "width" | "more"> {
  const { states, child, sibling, symbol } = tree;
  const table = new Int32Array(states * width);
  const first = new Int32Array(states).fill(-1);
  const shorter = new Int32Array(states).fill(-1);
  const depth = new Uint16Array(states);
  const cut = new Uint8Array(states);
  const back = new Int32Array(states);
  /** By state: its number in the tree. */
  const own = new Int32Array(states);
  own[OPEN] = OPEN;
  let end = OPEN + 1;
  const adopt = (node: number, parent: number, at: number, fallback: number) => {
    const state = end++;
    own[state] = node;
    back[state] = fallback;
    depth[state] = (depth[parent] ?? 0) + 1;
    first[state] = tree.first[node] ?? -1;
    shorter[state] = (first[fallback] ?? -1) >= 0 ? fallback : (shorter[fallback] ?? -1);
    cut[state] = cut[fallback] === 1 || isCut(tree, node, depth[state] ?? 0) ? 1 : 0;
    table[at] = (first[state] ?? -1) >= 0 || (shorter[state] ?? -1) >= 0 ? ~(state * width) : state * width;
  };

  for (let at = 0; at < width; at++) table[at] = opens[at] === 1 ? OPEN * width : ROOT;
  for (let node = child[ROOT] ?? 0; node !== 0; node = sibling[node] ?? 0) {
    const at = symbol[node] ?? 0;
    adopt(node, ROOT, at, opens[at] === 1 ? OPEN : ROOT);
  }
  for (let state = OPEN; state < end; state++) {
    const from = (back[state] ?? 0) * width;
    const row = state * width;
    table.copyWithin(row, from, from + width);
    for (let node = child[own[state] ?? 0] ?? 0; node !== 0; node = sibling[node] ?? 0) {
      const step = symbol[node] ?? 0;
      const inherited = table[row + step] ?? 0;
      adopt(node, state, row + step, (inherited < 0 ? ~inherited : inherited) / width);
    }
  }
  return { table, first, shorter, depth, cut };
}

/** Whether a state is inside a word: it goes on with a letter, not only with a blank. */
function isCut({ child, sibling, symbol }: Tree, node: number, depth: number): boolean {
  if (depth < SHORTEST_CUT) return false;
  for (let next = child[node] ?? 0; next !== 0; next = sibling[next] ?? 0) {
    if ((symbol[next] ?? 0) > Sign.space) return true;
  }
  return false;
}
