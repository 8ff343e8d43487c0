import type { PromptModel, Scores } from "./model.ts";
import { type Span, tokensIn, type Window, windowsOf } from "./pieces.ts";

/** A stretch of words, and how much of a score it carried. */
export interface Carrier {
  readonly span: Span;
  /** By how much the log-odds fall when these words are left out: 0.7 halves the odds, 2.3 makes them a tenth. */
  readonly weight: number;
}

/** Tokens of the part that is looked at closely, and variants of it in one batch: together the time an explanation takes. */
const CLOSE = 36;
const MOST_VARIANTS = 8;
/** Stretches named for one label. */
const MOST_CARRIERS = 3;
/** A stretch is named when it carries this share of what the strongest one carries. */
const SHARE = 0.4;

/**
 * Which words carried the scores, by occlusion: the text is judged again without each word (or, in a longer text, each
 * stretch of words), all variants in one batch, and the words without which the score falls are the reason for it. Of a
 * text longer than {@link CLOSE} tokens, the part with the highest score is found first, by one more batch.
 * What two words say twice, neither carries alone: then the strongest stretch is named, or the whole part.
 * @param labels indices of {@link PromptModel.labels}
 * @returns for each of `labels`, at least one stretch, strongest first; empty when the window is
 */
export async function explainWindow(
  model: PromptModel,
  window: Window,
  labels: readonly number[],
  signal?: AbortSignal,
): Promise<ReadonlyMap<number, readonly Carrier[]>> {
  const parts = tokensIn(window) > CLOSE ? windowsOf(window, CLOSE, 8) : [window];
  const [only] = parts;
  if (!only) return new Map(labels.map((label) => [label, []]));
  const close =
    parts.length === 1 ? new Map([[only, labels]]) : Map.groupBy(labels, await strongest(model, parts, signal));
  const explained = new Map<number, readonly Carrier[]>();
  for (const [part, theirs] of close) {
    const stretches = stretchesOf(part);
    const variants = stretches.map(([from, to]) => [...part.slice(0, from), ...part.slice(to)]);
    const [whole = [], ...without] = await model.score([part, ...variants], signal);
    for (const label of theirs) explained.set(label, carriers(part, stretches, label, whole, without));
  }
  return explained;
}

/** For a label, the part in which it scores highest. */
async function strongest(model: PromptModel, parts: readonly Window[], signal: AbortSignal | undefined) {
  const scores = await model.score(parts, signal);
  return (label: number): Window => {
    const at = scores.reduce((best, one, i) => ((one[label] ?? 0) > (scores[best]?.[label] ?? 0) ? i : best), 0);
    return parts[at] ?? [];
  };
}

/** Ranges of pieces to leave out in turn: single words, or so many together that there are at most {@link MOST_VARIANTS}. */
function stretchesOf(part: Window): readonly Span[] {
  const words = part.map((piece, i) => ({ i, piece })).filter(({ piece }) => !piece.glue);
  const each = Math.ceil(words.length / MOST_VARIANTS);
  const stretches: Span[] = [];
  for (let at = 0; at < words.length; at += each) {
    const first = words[at]?.i ?? 0;
    const last = words[Math.min(at + each, words.length) - 1]?.i ?? first;
    stretches.push([first, last + 1]);
  }
  return stretches;
}

function carriers(
  part: Window,
  stretches: readonly Span[],
  label: number,
  whole: Scores,
  without: readonly Scores[],
): readonly Carrier[] {
  const ranked = stretches
    .map(([from, to], i) => ({ from, to, weight: logOdds(whole[label]) - logOdds(without[i]?.[label]) }))
    .toSorted((a, b) => b.weight - a.weight);
  const most = ranked[0]?.weight ?? 0;
  if (most <= 0.05) return [{ span: spanOf(part), weight: Math.max(0, most) }];
  const named = ranked.slice(0, MOST_CARRIERS).filter(({ weight }) => weight >= SHARE * most);
  const merged: { from: number; to: number; weight: number }[] = [];
  for (const one of named.toSorted((a, b) => a.from - b.from)) {
    const before = merged.at(-1);
    if (before && one.from <= before.to) {
      before.to = one.to;
      before.weight += one.weight;
    } else {
      merged.push({ ...one });
    }
  }
  return merged
    .toSorted((a, b) => b.weight - a.weight)
    .map(({ from, to, weight }) => ({ span: spanOf(part.slice(from, to)), weight }));
}

function spanOf(pieces: Window): Span {
  return [pieces[0]?.span[0] ?? 0, pieces.at(-1)?.span[1] ?? 0];
}

function logOdds(probability = 0): number {
  const p = Math.min(1 - 1e-6, Math.max(1e-6, probability));
  return Math.log(p / (1 - p));
}
