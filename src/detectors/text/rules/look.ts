import { DROPPED } from "./alphabet.ts";
import { type Automaton, FAR, NOTE, NOTE_BITS, Note, OPEN, ROW, ROW_BITS } from "./automaton.ts";
import type { Compiled } from "./compile.ts";

/** What a first look at a text says. Most prompts need no second one. */
export interface Sight {
  /** False only when no pattern is plainly there. */
  readonly mayMatch: boolean;
  /** Blanks that may cut a word in two. */
  readonly blanks: readonly number[];
}

const { none, open, divided } = Note;
const BLANK = 0x20;
const NONE: readonly never[] = [];
/** Of most texts: told by identity. */
export const CLEAR: Sight = { mayMatch: false, blanks: NONE };

/** One pass over the text. */
export function look({ automaton, alphabet }: Compiled, text: string): Sight {
  const { table, dense, notes } = automaton;
  const known = dense << NOTE_BITS;
  const symbols = alphabet.bytes;
  const { length } = text;
  let mayMatch = false;
  let blanks: number[] | undefined;
  /** The state, with its note. */
  let at = OPEN << NOTE_BITS;
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i);
    const symbol = unit < 128 ? (symbols[unit] ?? DROPPED) : DROPPED;
    if (symbol === DROPPED) {
      mayMatch = true;
      if (unit > 127) at = OPEN << NOTE_BITS;
      continue;
    }
    const state = at >> NOTE_BITS;
    at = at < known && symbol < ROW ? (table[(state << ROW_BITS) + symbol] ?? FAR) : FAR;
    if (at === FAR) {
      const next = automaton.step(state, symbol);
      at = (next << NOTE_BITS) | (notes[next] ?? none);
    }
    const note = at & NOTE;
    if (note !== none) {
      if (note === divided) {
        if (unit === BLANK && goesOn(automaton, state, symbols, text, i + 1)) {
          blanks ??= [];
          blanks.push(i);
        }
      } else if (note === open || i + 1 === length || !isAsciiLetter(text.charCodeAt(i + 1))) mayMatch = true;
    }
  }
  return mayMatch || blanks ? { mayMatch, blanks: blanks ?? NONE } : CLEAR;
}

/** Whether the pattern that a blank cut goes on after it. */
function goesOn(automaton: Automaton, state: number, symbols: Uint8Array, text: string, at: number): boolean {
  const unit = at < text.length ? text.charCodeAt(at) : BLANK;
  return unit < 128 && automaton.child(state, symbols[unit] ?? DROPPED) >= 0;
}

function isAsciiLetter(unit: number): boolean {
  const lower = unit | 0x20;
  return lower >= 0x61 && lower <= 0x7a;
}
