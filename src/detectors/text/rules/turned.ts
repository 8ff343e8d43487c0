import { DROPPED, Sign } from "./alphabet.ts";
import { Note, OPEN } from "./automaton.ts";
import type { Found } from "./bare.ts";
import type { Compiled, Pattern } from "./compile.ts";
import { foldKey } from "./fold.ts";
import { isTurning, SHORTEST_CAUGHT } from "./suspects.ts";
import { SCORES } from "./terms.ts";
import { isOrdinary } from "./vocabulary.ts";

/** Shorter words are halves of words everywhere. */
const SHORTEST_SPLIT = 5;
const LONGEST_HALF = 24;

/** Words, and phrases, that are written from the last letter to the first: the automaton goes over the text from its end. */
export function backward(
  { automaton, alphabet, patterns }: Compiled,
  text: string,
  found: (found: Found) => void,
): void {
  const { notes, first, more, shorter, depth } = automaton;
  let state: number = OPEN;
  for (let i = text.length - 1; i >= 0; i--) {
    const unit = text.charCodeAt(i);
    const symbol = unit < 128 ? (alphabet.bytes[unit] ?? DROPPED) : DROPPED;
    if (symbol === DROPPED) {
      if (unit > 127) state = OPEN;
      continue;
    }
    state = automaton.step(state, symbol);
    if (notes[state] === Note.none || (i > 0 && isWord(text.charCodeAt(i - 1)))) continue;
    for (let at = state; at >= 0 && (depth[at] ?? 0) >= SHORTEST_CAUGHT; at = shorter[at] ?? -1) {
      for (let p = first[at] ?? -1; p >= 0; p = more[p] ?? -1) {
        const pattern = patterns[p];
        if (!pattern) continue;
        const end = endOf(text, i, pattern.form);
        if (end < 0 || !isTerm(pattern, end - i > 5 ? SCORES.mild : SCORES.moderate)) continue;
        const written = text.slice(i, end);
        const words = written.toLowerCase().split(/[^a-z]+/);
        if (words.some(isOrdinary) || /^[A-Z][a-z]/.test(written)) continue;
        found({ pattern, at: [i, end], disguise: "reversed" });
      }
    }
  }
}

/** Where a reversed form that begins at `from` ends; -1 when it is not there letter by letter, or reads the same both ways. */
function endOf(text: string, from: number, form: string): number {
  const key = foldKey(form);
  const end = from + key.length;
  const turned = [...key].reverse().join("");
  return turned !== key && text.slice(from, end).toLowerCase() === turned ? end : -1;
}

/**
 * Words that one blank has cut in two.
 * @param blanks places of blanks after which a word may go on
 */
export function split(
  { automaton, alphabet, patterns }: Compiled,
  text: string,
  blanks: readonly number[],
  found: (found: Found) => void,
): void {
  const { first, more } = automaton;
  const { ascii } = alphabet;
  const down = (state: number, from: number, to: number) => {
    let at = state;
    for (let i = from; i < to && at >= 0; i++) {
      const unit = text.charCodeAt(i);
      at = automaton.child(at, unit < 128 ? (ascii[unit] ?? 0) : Sign.break);
    }
    return at;
  };
  for (const blank of blanks) {
    let start = blank;
    while (start > 0 && blank - start < LONGEST_HALF && isWord(text.charCodeAt(start - 1))) start--;
    let end = blank + 1;
    while (end < text.length && end - blank < LONGEST_HALF && isWord(text.charCodeAt(end))) end++;
    if (blank - start < 2 || end - blank < 3 || end - start <= SHORTEST_SPLIT) continue;
    const half = down(OPEN, start, blank);
    const whole = half < 0 ? -1 : down(half, blank + 1, end);
    for (let p = whole < 0 ? -1 : (first[whole] ?? -1); p >= 0; p = more[p] ?? -1) {
      const pattern = patterns[p];
      if (!pattern || !isTerm(pattern, SCORES.moderate)) continue;
      const least = isTerm(pattern, SCORES.severe) ? 2 : 3;
      if (!areHalves(text.slice(start, blank), text.slice(blank + 1, end), least)) continue;
      found({ pattern, at: [start, end], disguise: "split_word" });
    }
  }
}

/** Neither half may be a word of its own, or one may when the other is long enough to be half a word. */
function areHalves(one: string, two: string, least: number): boolean {
  if (/^[A-Z][a-z]*$/.test(two)) return false;
  const [first, second] = [isOrdinary(one.toLowerCase()), isOrdinary(two.toLowerCase())];
  if (first && second) return false;
  if (!first && !second) return true;
  return (first ? two : one).length >= least;
}

function isTerm({ role, closed }: Pattern, least: number): boolean {
  return role.kind === "term" && closed && role.rule.score >= least;
}

function isWord(unit: number): boolean {
  return (
    (unit >= 0x61 && unit <= 0x7a) ||
    (unit >= 0x41 && unit <= 0x5a) ||
    (unit >= 0x30 && unit <= 0x39) ||
    (unit > 127 && !isTurning(unit))
  );
}
