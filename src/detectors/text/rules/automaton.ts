import type { Alphabet } from "./alphabet.ts";

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
}

const ROOT = 0;
const OPEN = 1;

export function buildAutomaton(patterns: readonly Spelling[], alphabet: Alphabet): Automaton {
  const width = alphabet.size;
  const most = patterns.reduce((sum, pattern) => sum + pattern.symbols.length, 2);
  const table = new Int32Array(most * width);
  const first = new Int32Array(most).fill(-1);
  const more = new Int32Array(patterns.length).fill(-1);

  let states = 2;
  patterns.forEach(({ symbols, anchored }, pattern) => {
    let state = anchored ? OPEN : ROOT;
    for (const symbol of symbols) {
      const at = state * width + symbol;
      const next = table[at] ?? 0;
      if (next !== 0) state = next;
      else {
        table[at] = states;
        state = states++;
      }
    }
    more[pattern] = first[state] ?? -1;
    first[state] = pattern;
  });

  const shorter = complete(table, first, states, alphabet);
  const used = table.subarray(0, states * width);
  for (let i = 0; i < used.length; i++) {
    const state = used[i] ?? 0;
    const ends = (first[state] ?? -1) >= 0 || (shorter[state] ?? -1) >= 0;
    used[i] = ends ? ~(state * width) : state * width;
  }
  return { table: used, start: OPEN * width, width, first, more, shorter };
}

/** Fills in the missing transitions, breadth first: where no longer pattern goes on, the longest shorter one does. */
function complete(table: Int32Array, first: Int32Array, states: number, alphabet: Alphabet): Int32Array {
  const { size: width, opens } = alphabet;
  const shorter = new Int32Array(states).fill(-1);
  const back = new Int32Array(states);
  const queue = new Int32Array(states);
  let end = 0;
  queue[end++] = OPEN; // before its equals in depth: they fall back on it
  for (let symbol = 0; symbol < width; symbol++) {
    const resting = opens[symbol] === 1 ? OPEN : ROOT;
    const child = table[symbol] ?? 0;
    if (child === 0) table[symbol] = resting;
    else {
      back[child] = resting;
      queue[end++] = child;
    }
  }
  for (let i = 0; i < end; i++) {
    const state = queue[i] ?? 0;
    const fallback = back[state] ?? 0;
    shorter[state] = (first[fallback] ?? -1) >= 0 ? fallback : (shorter[fallback] ?? -1);
    const row = state * width;
    const other = fallback * width;
    for (let symbol = 0; symbol < width; symbol++) {
      const next = table[other + symbol] ?? 0;
      const child = table[row + symbol] ?? 0;
      if (child === 0) table[row + symbol] = next;
      else {
        back[child] = next;
        queue[end++] = child;
      }
    }
  }
  return shorter;
}
