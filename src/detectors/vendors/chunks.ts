import type { Finding } from "../../contract/report.ts";
import { together, worst } from "./worst.ts";

/** A part of a text, and where it lies: `[start, end)` in UTF-16 units. */
export interface Chunk {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** How vendors count the length of a text. */
export const LENGTHS = {
  codePoints: () => 1,
  utf8Bytes: (point: number) => (point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x1_0000 ? 3 : 4),
} as const satisfies Record<string, (point: number) => number>;

/**
 * A text in chunks of at most `most`, counted by `length`. Each begins inside the one before, a twentieth of `most` back, so that
 * what stands on a border is seen whole by one of them; and at a blank, where there is one.
 */
export function chunked(text: string, most: number, length: (point: number) => number): readonly Chunk[] {
  const chunks: Chunk[] = [];
  const overlap = Math.floor(most / 20);
  for (let start = 0; ; ) {
    const end = reach(text, start, most, length);
    if (end === text.length) return [...chunks, { text: text.slice(start), start, end }];
    const border = blankBefore(text, end, back(text, end, start, overlap, length));
    chunks.push({ text: text.slice(start, border), start, end: border });
    const next = back(text, border, start, overlap, length);
    start = Math.max(blankBefore(text, next, back(text, next, start, overlap, length)), afterFirst(text, start));
  }
}

/** The furthest place to which `most` reaches from `start`. */
function reach(text: string, start: number, most: number, length: (point: number) => number): number {
  let at = start;
  for (let used = 0; at < text.length; ) {
    const point = text.codePointAt(at) ?? 0;
    used += length(point);
    if (used > most) return Math.max(at, afterFirst(text, start));
    at += point > 0xffff ? 2 : 1;
  }
  return at;
}

/** The place that is `amount` before `end`, but not before `start`. */
function back(text: string, end: number, start: number, amount: number, length: (point: number) => number): number {
  let at = end;
  for (let used = 0; at > start; ) {
    const previous = at - (at - 2 >= start && (text.codePointAt(at - 2) ?? 0) > 0xffff ? 2 : 1);
    used += length(text.codePointAt(previous) ?? 0);
    if (used > amount) return at;
    at = previous;
  }
  return at;
}

/** The place after the last blank between `from` and `end`; `end` when there is none. */
function blankBefore(text: string, end: number, from: number): number {
  for (let at = end; at > from; at--) if (/\s/.test(text.charAt(at - 1))) return at;
  return end;
}

function afterFirst(text: string, start: number): number {
  return start + ((text.codePointAt(start) ?? 0) > 0xffff ? 2 : 1);
}

/** Asks a vendor about each chunk of a text. The worst chunk counts for each label; where there are several, the evidence says which. */
export async function inspectChunks(
  chunks: readonly Chunk[],
  ask: (chunk: Chunk, signal: AbortSignal) => Promise<readonly Finding[]>,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const found = await together(
    chunks,
    async (chunk, either) => (await ask(chunk, either)).map((finding) => placed(finding, chunk, chunks.length > 1)),
    signal,
  );
  return worst(found);
}

/** A finding about a chunk, told of the whole text: its span moved, or the whole chunk where it has none. */
function placed(finding: Finding, { start, end }: Chunk, several: boolean): Finding {
  const span = finding.evidence?.span;
  if (!span && !several) return finding;
  const [from, to] = span ? [span[0] + start, span[1] + start] : [start, end];
  return { ...finding, evidence: { ...finding.evidence, span: [from, to] } };
}
