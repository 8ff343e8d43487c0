import { Sign } from "./alphabet.ts";
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

const BLANK = 0x20;
const NONE: readonly never[] = [];
/** Shorter words are other words when they are read from the end. */
export const SHORTEST_TURNED = 4;

/**
 * One pass over the text in both directions at once: two walks through the automaton that do not wait for each other
 * take hardly longer than one.
 */
export function look({ automaton, alphabet }: Compiled, text: string): Sight {
  const { table, width, cut, depth, start } = automaton;
  const { ascii } = alphabet;
  const { length } = text;
  let mayMatch = false;
  let blanks: number[] | undefined;
  let turned: [number, number][] | undefined;
  let state = start;
  let last = -1;
  let back = start;
  let lastBack = -1;
  for (let i = 0, j = length - 1; i < length; i++, j--) {
    const unit = text.charCodeAt(i);
    let symbol = unit < 128 ? (ascii[unit] ?? 0) : Sign.break;
    if (unit > 127) mayMatch = true;
    if (symbol >= 0 && !(symbol === Sign.space && last === Sign.space)) {
      if (unit === BLANK && cut[state / width] === 1) {
        const entry = table[state + (ascii[text.charCodeAt(i + 1) & 127] ?? 0)] ?? 0;
        if ((depth[(entry < 0 ? ~entry : entry) / width] ?? 0) > (depth[state / width] ?? 0)) {
          blanks ??= [];
          blanks.push(i);
        }
      }
      last = symbol;
      state = table[state + symbol] ?? 0;
      if (state < 0) {
        mayMatch = true;
        state = ~state;
      }
    }
    const unitBack = text.charCodeAt(j);
    symbol = unitBack < 128 ? (ascii[unitBack] ?? 0) : Sign.break;
    if (symbol < 0 || (symbol === Sign.space && lastBack === Sign.space)) continue;
    lastBack = symbol;
    back = table[back + symbol] ?? 0;
    if (back >= 0) continue;
    back = ~back;
    if ((depth[back / width] ?? 0) < SHORTEST_TURNED) continue;
    turned ??= [];
    turned.push([j, back / width]);
  }
  return { mayMatch, blanks: blanks ?? NONE, turned: turned ?? NONE };
}
