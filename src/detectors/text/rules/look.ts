import { DROPPED } from "./alphabet.ts";
import { Note, OPEN, ROW, ROW_BITS } from "./automaton.ts";
import type { Compiled } from "./compile.ts";

/** What a first look at a text says. Most prompts need no second one. */
export interface Sight {
  /** False only when no pattern is plainly there. */
  readonly mayMatch: boolean;
  /** Blanks that may cut a word in two. */
  readonly blanks: readonly number[];
  /** Where patterns may begin, read from the end, that are written backwards; with the state they were seen in. */
  readonly turned: readonly (readonly [at: number, state: number])[];
}

const { none, open, divided } = Note;
const BLANK = 0x20;
const NONE: readonly never[] = [];
/** Shorter words are other words when they are read from the end. */
export const SHORTEST_TURNED = 4;
/**
 * One pass over the text in both directions at once: two walks through the automaton that do not wait for each other
 * take hardly longer than one.
 */
export function look({ automaton, alphabet }: Compiled, text: string): Sight {
  const { table, dense, notes, depth } = automaton;
  const symbols = alphabet.bytes;
  const { length } = text;
  let mayMatch = false;
  let blanks: number[] | undefined;
  let turned: [number, number][] | undefined;
  let state: number = OPEN;
  let back: number = OPEN;
  for (let i = 0, j = length - 1; j >= 0; i++, j--) {
    const unit = text.charCodeAt(i);
    let symbol = unit < 128 ? (symbols[unit] ?? DROPPED) : DROPPED;
    if (symbol === DROPPED) {
      mayMatch = true;
      if (unit > 127) state = OPEN;
    } else {
      state =
        state < dense && symbol < ROW ? (table[(state << ROW_BITS) + symbol] ?? 0) : automaton.step(state, symbol);
      const note = notes[state] ?? none;
      if (note !== none) {
        if (note === divided) {
          if (unit === BLANK) {
            blanks ??= [];
            blanks.push(i);
          }
        } else if (note === open || i + 1 === length || !isAsciiLetter(text.charCodeAt(i + 1))) mayMatch = true;
      }
    }
    const unitBack = text.charCodeAt(j);
    symbol = unitBack < 128 ? (symbols[unitBack] ?? DROPPED) : DROPPED;
    if (symbol === DROPPED) {
      if (unitBack > 127) back = OPEN;
      continue;
    }
    back = back < dense && symbol < ROW ? (table[(back << ROW_BITS) + symbol] ?? 0) : automaton.step(back, symbol);
    if (notes[back] === none || (depth[back] ?? 0) < SHORTEST_TURNED) continue;
    turned ??= [];
    turned.push([j, back]);
  }
  return { mayMatch, blanks: blanks ?? NONE, turned: turned ?? NONE };
}

function isAsciiLetter(unit: number): boolean {
  const lower = unit | 0x20;
  return lower >= 0x61 && lower <= 0x7a;
}
