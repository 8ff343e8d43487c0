import { Sign } from "./alphabet.ts";
import { OPEN } from "./automaton.ts";
import type { Found } from "./bare.ts";
import type { Compiled, Pattern } from "./compile.ts";
import { foldKey } from "./fold.ts";
import { SCORES } from "./terms.ts";
import { isOrdinary } from "./vocabulary.ts";

/** Shorter words are other words when they are read from the end, or halves of words. */
const SHORTEST_TURNED = 4;
const SHORTEST_SPLIT = 5;

/** Words, and phrases, that are written from the last letter to the first. One pass over the text from its end. */
export function backward(
  { automaton, alphabet, patterns }: Compiled,
  text: string,
  found: (found: Found) => void,
): void {
  const { table, width, first, more, shorter, depth } = automaton;
  const { ascii } = alphabet;
  let state = automaton.start;
  let last = -1;
  for (let i = text.length - 1; i >= 0; i--) {
    const unit = text.charCodeAt(i);
    const symbol = unit < 128 ? (ascii[unit] ?? 0) : Sign.break;
    if (symbol <= Sign.space && (symbol < 0 || (symbol === Sign.space && last === Sign.space))) continue;
    last = symbol;
    const next = table[state + symbol] ?? 0;
    if (next >= 0) {
      state = next;
      continue;
    }
    state = ~next;
    if (i > 0 && isWord(text.charCodeAt(i - 1))) continue;
    for (let at = state / width; at >= 0; at = shorter[at] ?? -1) {
      if ((depth[at] ?? 0) < SHORTEST_TURNED) break;
      for (let p = first[at] ?? -1; p >= 0; p = more[p] ?? -1) {
        const pattern = patterns[p];
        const end = pattern ? endOf(text, i, pattern.form) : -1;
        if (!pattern || end < 0 || !isTerm(pattern, end - i > 5 ? SCORES.mild : SCORES.moderate)) continue;
        const words = text.slice(i, end).split(/[^A-Za-z]+/);
        if (words.some((word) => isOrdinary(word.toLowerCase())) || /^[A-Z][a-z]/.test(text.slice(i, end))) continue;
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

/** Words that one blank has cut in two. Looked for only where a word ends that is the beginning of another. */
export function split({ automaton, alphabet, patterns }: Compiled, text: string, found: (found: Found) => void): void {
  const { table, width, cut, first, more, depth } = automaton;
  const { ascii } = alphabet;
  const down = (state: number, from: number, to: number) => {
    let at = state;
    for (let i = from; i < to && at >= 0; i++) {
      const unit = text.charCodeAt(i);
      const entry = table[at * width + (unit < 128 ? (ascii[unit] ?? 0) : Sign.break)] ?? 0;
      const next = (entry < 0 ? ~entry : entry) / width;
      at = (depth[next] ?? 0) === (depth[at] ?? 0) + 1 ? next : -1;
    }
    return at;
  };
  let state = automaton.start;
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit === 0x20) {
      if (cut[state / width] === 1 && i - start > 1) {
        let end = i + 1;
        while (end < text.length && end - i < 40 && isWord(text.charCodeAt(end))) end++;
        const half = end - i > 2 && end - start > SHORTEST_SPLIT ? down(OPEN, start, i) : -1;
        const whole = half < 0 ? -1 : down(half, i + 1, end);
        for (let p = whole < 0 ? -1 : (first[whole] ?? -1); p >= 0; p = more[p] ?? -1) {
          const pattern = patterns[p];
          if (pattern && isTerm(pattern, SCORES.moderate) && areHalves(text.slice(start, i), text.slice(i + 1, end))) {
            found({ pattern, at: [start, end], disguise: "split_word" });
          }
        }
      }
      state = automaton.start;
      start = i + 1;
      continue;
    }
    const symbol = unit < 128 ? (ascii[unit] ?? 0) : Sign.break;
    if (symbol < 0) continue;
    const next = table[state + symbol] ?? 0;
    state = next < 0 ? ~next : next;
    if (symbol <= Sign.space) start = i + 1;
  }
}

/** Neither half may be a word of its own, or one may when the other is long enough to be half a word. */
function areHalves(one: string, two: string): boolean {
  if (/^[A-Z][a-z]*$/.test(two)) return false;
  const [first, second] = [isOrdinary(one.toLowerCase()), isOrdinary(two.toLowerCase())];
  if (first && second) return false;
  if (!first && !second) return true;
  return (first ? two : one).length >= 4;
}

function isTerm({ role, closed }: Pattern, least: number): boolean {
  return role.kind === "term" && closed && role.rule.score >= least;
}

function isWord(unit: number): boolean {
  return (
    (unit >= 0x61 && unit <= 0x7a) || (unit >= 0x41 && unit <= 0x5a) || (unit >= 0x30 && unit <= 0x39) || unit > 127
  );
}
