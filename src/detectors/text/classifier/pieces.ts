import { readTestSignals } from "../../../contract/test-signals.ts";
import type { PieceTokenizer } from "../../../models/tokenizer.ts";

/** `[start, end)` in UTF-16 units of the text. */
export type Span = readonly [start: number, end: number];

/** The smallest part of a text that is judged, and named in an explanation: a word with its punctuation, or an ideograph. */
export interface Piece {
  /** Of the word without the punctuation around it. */
  readonly span: Span;
  /** Whether it carries nothing alone, such as an article or a dash: no reason for a score. */
  readonly glue: boolean;
  /** At least one, at most {@link LONGEST_PIECE}. */
  readonly ids: readonly number[];
}

/** Tokens of one piece. What is longer, such as a line of punctuation, becomes several pieces with the same span. */
export const LONGEST_PIECE = 32;

/** The ranges that hold nearly all emoji: each is judged by its name. */
const PICTOGRAPH = /[\u2600-\u27bf\u{1f300}-\u{1faff}]/u;

/** WordPiece sets ideographs apart, so they may be encoded one by one, like words between spaces. */
const PIECE = new RegExp(
  `${PICTOGRAPH.source}|\\p{Unified_Ideograph}|(?:(?!${PICTOGRAPH.source})[^\\s\\p{Unified_Ideograph}])+`,
  "gu",
);

const GLUE = new Set(
  "a an the of in on at by with and or to from for is are was be been as it its this that these those into".split(" "),
);

/** What turns text into the model's input. */
export interface Reader {
  readonly tokenizer: PieceTokenizer;
  /** The names of pictographs: WordPiece knows none of them. */
  readonly emoji: ReadonlyMap<string, string>;
}

/** The text in pieces, in order. Test signals are not part of what is judged. */
export function piecesOf(text: string, { tokenizer, emoji }: Reader): readonly Piece[] {
  const pieces: Piece[] = [];
  for (const match of withoutTestSignals(text).matchAll(PIECE)) {
    const [whole] = match;
    const ids = (emoji.get(whole) ?? whole).split(" ").flatMap((word) => tokenizer.encode(word));
    const start = match.index + (/^[\p{P}\p{S}]+(?=.)/su.exec(whole)?.[0].length ?? 0);
    const end = match.index + whole.length - (/(?<=.)[\p{P}\p{S}]+$/su.exec(whole)?.[0].length ?? 0);
    const span: Span = start < end ? [start, end] : [match.index, match.index + whole.length];
    const glue = (!emoji.has(whole) && !/[\p{L}\p{N}]/u.test(whole)) || GLUE.has(text.slice(...span).toLowerCase());
    for (let at = 0; at < ids.length; at += LONGEST_PIECE) {
      pieces.push({ span, glue, ids: ids.slice(at, at + LONGEST_PIECE) });
    }
  }
  return pieces;
}

/** The same text, of the same length, with spaces where test signals were. */
function withoutTestSignals(text: string): string {
  let out = text;
  for (const { span } of readTestSignals(text)) {
    out = out.slice(0, span[0]) + " ".repeat(span[1] - span[0]) + out.slice(span[1]);
  }
  return out;
}

/** Tokens in one window, without the two that begin and end it. What the model was trained on. */
export const WINDOW = 94;
/** Tokens that a window shares with the one before it, at least; a little less where pieces do not divide so. */
export const OVERLAP = 24;

export type Window = readonly Piece[];

/**
 * Windows over all pieces: each piece is in at least one, none is longer than `size` tokens. A short text is one window,
 * an empty one has none.
 */
export function windowsOf(pieces: readonly Piece[], size = WINDOW, overlap = OVERLAP): readonly Window[] {
  const windows: Window[] = [];
  let start = 0;
  while (start < pieces.length) {
    let end = start;
    let tokens = 0;
    for (let piece = pieces[end]; piece && tokens + piece.ids.length <= size; piece = pieces[end]) {
      tokens += piece.ids.length;
      end += 1;
    }
    end = Math.max(end, start + 1);
    windows.push(pieces.slice(start, end));
    if (end >= pieces.length) break;
    let next = end;
    for (let shared = 0; next - 1 > start && shared < overlap; next--) shared += pieces[next - 1]?.ids.length ?? 0;
    start = next;
  }
  return windows;
}

export function tokensIn(window: Window): number {
  return window.reduce((sum, piece) => sum + piece.ids.length, 0);
}
