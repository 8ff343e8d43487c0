import type { Cell } from "./lattice.ts";
import { Trick } from "./lattice.ts";
import { SCORES } from "./terms.ts";
import { isOrdinary } from "./vocabulary.ts";
import type { Candidate, Step } from "./walk.ts";

/** Names of what was undone, as evidence shows them. */
const NAMES: readonly (readonly [number, string])[] = [
  [Trick.digit | Trick.sign, "leetspeak"],
  [Trick.lookalike, "lookalike_letters"],
  [Trick.flipped, "upside_down"],
  [Trick.masked | Trick.hole, "masked_letters"],
  [Trick.repeated, "repeated_letters"],
  [Trick.gap | Trick.skipped, "separated_letters"],
  [Trick.joined, "joined_words"],
];

export function namesOf(steps: readonly Step[]): string[] {
  const all = steps.reduce((sum, { trick }) => sum | trick, 0);
  return NAMES.flatMap(([tricks, name]) => ((all & tricks) !== 0 ? [name] : []));
}

/** A word as it was cut: what was read between two gaps. */
interface Piece {
  text: string;
  letters: number;
  capital: boolean;
}

/** Whether a reader would take the cells for that word, and for nothing else. */
export function isPlausible(text: string, cells: readonly Cell[], candidate: Candidate): boolean {
  const { pattern, steps, start, end } = candidate;
  const tricks = steps.reduce((sum, { trick }) => sum | trick, 0);
  const { role } = pattern;
  if (tricks === 0 || tricks === Trick.joined || role.kind === "shield") return false;
  const letters = steps.filter(({ trick }) => (trick & Trick.skipped) === 0);
  const score = role.rule.score;
  const count = pattern.form.replace(/[^\p{L}\p{N}]/gu, "").length;
  if (count < (/\p{Script=Latin}/u.test(pattern.form) ? 3 : 2) || !/\p{L}/u.test(pattern.form)) return false;
  const slice = text.slice(start, end);
  if (pattern.accents && !pattern.accents(readingOf(text, letters))) return false;
  const short = count <= 3;
  const pieces = piecesOf(text, steps);
  return (
    ((tricks & (Trick.gap | Trick.skipped)) === 0 ||
      plausiblyCut(cells, candidate, pieces, slice, short && score < SCORES.moderate)) &&
    ((tricks & (Trick.masked | Trick.hole)) === 0 || plausiblyMasked(letters, pieces, score, tricks)) &&
    ((tricks & (Trick.digit | Trick.sign)) === 0 || plausiblyLeet(text, letters, start, end)) &&
    ((tricks & (Trick.lookalike | Trick.flipped)) === 0 || plausiblyForeign(text, letters, start, end)) &&
    ((tricks & Trick.repeated) === 0 || plausiblyRepeated(text.slice(start, end), letters, tricks, score, count))
  );
}

/** The letters as they were read, the plain ones as they are written. */
function readingOf(text: string, letters: readonly Step[]): string {
  return letters.map(({ cell, letter }) => letter || text.slice(cell.start, cell.end)).join("");
}

function piecesOf(text: string, steps: readonly Step[]): Piece[] {
  const pieces: Piece[] = [];
  let open = false;
  for (const { cell, trick, letter } of steps) {
    if ((trick & Trick.skipped) !== 0) {
      open = false;
      continue;
    }
    const written = text.slice(cell.start, cell.end);
    if (!open || cell.gap !== "") {
      pieces.push({ text: "", letters: 0, capital: written !== written.toLowerCase() });
      open = true;
    }
    const piece = pieces.at(-1);
    if (piece) {
      piece.text += (letter || written).toLowerCase();
      piece.letters++;
    }
  }
  return pieces;
}

/** Words of scripts without spaces are too short for a guess: only these stand between characters for no good reason. */
const UNSPACED = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}]/u;
const UNSPACED_GAP = /^[.·*_\-/|~+=#@^]{1,2}$/;

const FILLER = new Set(["a", "i", "o", "an", "the"]);

function plausiblyCut(
  cells: readonly Cell[],
  { pattern: { form }, steps, first, after }: Candidate,
  pieces: readonly Piece[],
  slice: string,
  weak: boolean,
): boolean {
  const gaps = steps
    .slice(1)
    .flatMap(({ cell, trick }) =>
      (trick & Trick.gap) !== 0 ? [cell.gap] : (trick & Trick.skipped) !== 0 ? ["~"] : [],
    );
  if (/\d/.test(form)) return false;
  if (gaps.some((gap) => gap.length > 8 || /[\n\r]\s*[\n\r]/.test(gap))) return false;
  if (UNSPACED.test(form)) return gaps.every((gap) => UNSPACED_GAP.test(gap));
  const blank = gaps.every((gap) => /^\s+$/.test(gap));
  const letters = pieces.reduce((sum, piece) => sum + piece.letters, 0);
  const kinds = new Set(gaps.map((gap) => gap.trim()));
  if (pieces.every((piece) => piece.letters === 1) && pieces.length >= 3) {
    if (kinds.size > 2 && letters < 5) return false;
    if (letters <= 3 && (weak || slice !== slice.toLowerCase() || /\d/.test(slice))) return false;
    return (
      letters >= 7 || (standsAlone(cells, first, -1, gaps[0] ?? "") && standsAlone(cells, after, 1, gaps.at(-1) ?? ""))
    );
  }
  if (letters < (blank ? 5 : 4)) return false;
  const ordinary = pieces.filter(({ text, letters }) => (letters === 1 ? FILLER.has(text) : isOrdinary(text)));
  if (ordinary.length === pieces.length) return false;
  if (pieces.slice(1).some(({ capital }) => capital) && slice !== slice.toUpperCase() && letters < 8) return false;
  if (!blank) return true;
  // Blanks are everywhere: what is left besides the ordinary pieces must look like half a word.
  const odd = pieces.filter((piece) => !ordinary.includes(piece));
  return odd.some((piece) => piece.letters >= 3) || odd.length === pieces.length;
}

/** Whether letters that are spelt out do not go on beyond the word. */
function standsAlone(cells: readonly Cell[], edge: number, way: -1 | 1, gap: string): boolean {
  const [near, far] = way < 0 ? [cells[edge - 1], cells[edge - 2]] : [cells[edge], cells[edge + 1]];
  if (!near) return true;
  const between = way < 0 ? (cells[edge]?.gap ?? "") : near.gap;
  if (between !== gap) return true;
  const beyond = way < 0 ? near.gap : (far?.gap ?? "~");
  const single = beyond !== "" || !far;
  return !single || FILLER.has(String.fromCodePoint(near.key || 0x20));
}

function plausiblyMasked(letters: readonly Step[], pieces: readonly Piece[], score: number, tricks: number): boolean {
  const masks = letters.filter(({ trick }) => (trick & Trick.masked) !== 0);
  const holes = letters.filter(({ trick }) => (trick & Trick.hole) !== 0).length;
  const all = letters.length + holes;
  const hidden = masks.length + holes;
  if (((letters[0]?.trick ?? 0) & Trick.masked) !== 0) {
    // The first letter says most: without it, what is left must be long, and no word.
    const [first] = pieces;
    if (hidden > 1 || all < 5 || score < SCORES.moderate || !first || isOrdinary(first.text.slice(1))) return false;
  }
  if (hidden * 2 > all || all - hidden < 2) return false;
  if (holes > 0) {
    if (score < SCORES.moderate || all < 4 || tricks !== Trick.hole) return false;
    return (
      !pieces.every(({ text, letters: count }) => count > 1 && isOrdinary(text)) &&
      !pieces.slice(1).some(({ capital }) => capital)
    );
  }
  return all > 3 && (all > 4 || masks.length > 1 || ((letters.at(-1)?.trick ?? 0) & Trick.masked) === 0);
}

const EDGE_SIGNS = /[!|+(<#~>)\]]/;

function plausiblyLeet(text: string, letters: readonly Step[], start: number, end: number): boolean {
  const digits = letters.filter(({ trick }) => (trick & Trick.digit) !== 0).length;
  const signs = letters.filter(({ trick }) => (trick & Trick.sign) !== 0).length;
  const plain = letters.length - digits - signs;
  if (signs === 0 && plain === 0) return false;
  const first = letters[0];
  const last = letters.at(-1);
  const edge = (step: Step | undefined) =>
    step !== undefined &&
    (step.trick & Trick.sign) !== 0 &&
    EDGE_SIGNS.test(text.slice(step.cell.start, step.cell.end));
  if (digits + signs === 1 && (edge(first) || edge(last))) return false;
  const chunk = chunkAround(text, start, end);
  if (/^[\w.+-]+@[\w-]+\.\w|:\/\/|^www\.|^#[0-9a-f]{3,8}\W?$|^0x/i.test(chunk)) return false;
  const slice = text.slice(start, end);
  if (/^(?:[a-z]|[A-Z]+)\d+$/.test(slice) && letters.length <= 5) return false;
  if (letters.length > 3) return true;
  if (signs > 0) return plain > 0;
  return digits === 1 && ((letters[1]?.trick ?? 0) & Trick.digit) !== 0 && !/^[A-Z]\d[A-Z]/.test(slice);
}

/** The chunk between blanks that a word stands in, as far as it matters. */
function chunkAround(text: string, start: number, end: number): string {
  const before = text.slice(Math.max(0, start - 60), start);
  const after = text.slice(end, end + 60);
  return before.slice(before.lastIndexOf(" ") + 1) + text.slice(start, end) + (after.split(" ", 1)[0] ?? "");
}

const ALPHABETS = [
  /[\p{sc=Cyrillic}]{2}/u,
  /[\p{sc=Greek}]{2}/u,
  /[\p{sc=Armenian}]{2}/u,
  /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}\p{sc=Thai}\p{sc=Bopomofo}]/u,
  /[\p{sc=Hebrew}\p{sc=Arabic}\p{sc=Georgian}]{2}/u,
];

/** A word of look-alikes alone may be a word of its own language: then that language stands around it, too. */
function plausiblyForeign(text: string, letters: readonly Step[], start: number, end: number): boolean {
  const foreign = letters.filter(({ trick }) => (trick & (Trick.lookalike | Trick.flipped)) !== 0);
  if (letters.length <= 2) return false;
  if (foreign.length < letters.length && /[a-z0-9@$]/i.test(text.slice(start, end))) return true;
  const around = `${text.slice(Math.max(0, start - 200), start)} ${text.slice(end, end + 200)}`;
  const slice = text.slice(start, end);
  return !ALPHABETS.some((script) => script.test(slice) && script.test(around));
}

function plausiblyRepeated(
  slice: string,
  letters: readonly Step[],
  tricks: number,
  score: number,
  count: number,
): boolean {
  const longest = Math.max(...letters.map(({ trick, run }) => ((trick & Trick.repeated) !== 0 ? run : 1)));
  if (longest > 2 || (tricks & (Trick.digit | Trick.sign | Trick.lookalike)) !== 0) return true;
  if (tricks !== Trick.repeated) return count > 3;
  const capital = /^\p{Lu}\p{Ll}/u.test(slice);
  return count > 4 && score >= SCORES.moderate && !capital && !isOrdinary(slice.toLowerCase());
}
