import type { PromptModel } from "./model.ts";
import { type Span, tokensIn, type Window, windowsOf } from "./pieces.ts";

/** A stretch of words, and how much of a score it carried. */
export interface Carrier {
  readonly span: Span;
  /** By how much the log-odds fall when these words are left out: 0.7 halves the odds, 2.3 makes them a tenth. */
  readonly weight: number;
}

/** Tokens of the part that is looked at closely. With {@link SINGLY} and {@link STRETCHES}, the time an explanation takes. */
const CLOSE = 32;
/** Up to so many words are left out one by one; more than that, in so many stretches first. */
const SINGLY = 7;
const STRETCHES = 5;
/** Places named for one label. */
const MOST_CARRIERS = 3;
/** A place is named when it carries this share of what the strongest one carries. */
const SHARE = 0.4;
/** Log-odds below which nothing was carried. */
const NOTHING = 0.05;

/**
 * Which words carried the scores, by occlusion: the text is judged again without each word, and the words without which
 * the score falls are the reason for it. Where there are many words, stretches of them are left out first, and then each
 * word of the strongest stretch. Of a text longer than {@link CLOSE} tokens, the part with the highest score is found before that.
 * One to three batches. What two words say twice, neither carries alone: then the whole part is named.
 * @param scores by index of {@link PromptModel.labels}: what the window scored, of the labels to be explained
 * @returns for each of these labels, at least one place, strongest first; none when the window is empty
 */
export async function explainWindow(
  model: PromptModel,
  window: Window,
  scores: ReadonlyMap<number, number>,
  signal?: AbortSignal,
): Promise<ReadonlyMap<number, readonly Carrier[]>> {
  const labels = [...scores.keys()];
  const explained = new Map<number, readonly Carrier[]>(labels.map((label) => [label, []]));
  const parts = tokensIn(window) > CLOSE ? windowsOf(window, CLOSE, 8) : [window];
  const judged: readonly Part[] =
    parts.length > 1
      ? (await model.score(parts, signal)).map((one, i) => ({
          pieces: parts[i] ?? [],
          score: (label) => one[label] ?? 0,
        }))
      : [{ pieces: window, score: (label) => scores.get(label) ?? 0 }];
  const highest = (label: number) => judged.reduce((best, one) => (one.score(label) > best.score(label) ? one : best));
  for (const [part, theirs] of Map.groupBy(labels, highest)) {
    if (part.pieces.length > 0) await explainPart(model, part, theirs, explained, signal);
  }
  return explained;
}

/** A part of a window, and what it scores as a whole. */
interface Part {
  readonly pieces: Window;
  score(label: number): number;
}

/** Pieces `[from, to)` of a part, and what leaving them out does to one label. */
interface Place {
  readonly from: number;
  readonly to: number;
  readonly weight: number;
}

async function explainPart(
  model: PromptModel,
  part: Part,
  labels: readonly number[],
  explained: Map<number, readonly Carrier[]>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { pieces } = part;
  const words = pieces.flatMap((piece, i) => (piece.glue ? [] : [i]));
  const stretches = stretchesOf(words, words.length <= SINGLY ? 1 : Math.ceil(words.length / STRETCHES));
  const weigh = await occlude(model, part, stretches, signal);
  const ranked = new Map(labels.map((label) => [label, weigh(label).toSorted((a, b) => b.weight - a.weight)]));

  const strongest = new Set(
    [...ranked.values()].flatMap(([first]) => (first && first.to - first.from > 1 ? [first.from] : [])),
  );
  const inside = stretches.filter(([from]) => strongest.has(from));
  const singles = inside.flatMap(([from, to]) =>
    stretchesOf(
      words.filter((i) => i >= from && i < to),
      1,
    ),
  );
  const weighSingly = singles.length > 0 ? await occlude(model, part, singles, signal) : () => [];

  for (const [label, places] of ranked) {
    const [first] = places;
    if (!first || first.weight < NOTHING) {
      explained.set(label, [{ span: spanOf(pieces), weight: Math.max(0, first?.weight ?? 0) }]);
      continue;
    }
    const finer = weighSingly(label).filter(({ from, to }) => from >= first.from && to <= first.to);
    const fine = finer.some(({ weight }) => weight >= SHARE * first.weight) ? finer : [first];
    explained.set(label, carriers(pieces, [...fine, ...places.slice(1)]));
  }
}

/** The part judged without each of the places, in one batch; answers how much each place carries for a label. */
async function occlude(model: PromptModel, part: Part, places: readonly Span[], signal: AbortSignal | undefined) {
  const variants = places.map(([from, to]) => [...part.pieces.slice(0, from), ...part.pieces.slice(to)]);
  const without = await model.score(variants, signal);
  return (label: number): Place[] =>
    places.map(([from, to], i) => ({ from, to, weight: logOdds(part.score(label)) - logOdds(without[i]?.[label]) }));
}

/** Ranges of pieces that hold `each` of the words; what lies between them belongs to the stretch. */
function stretchesOf(words: readonly number[], each: number): readonly Span[] {
  const stretches: Span[] = [];
  for (let at = 0; at < words.length; at += each) {
    const some = words.slice(at, at + each);
    stretches.push([some[0] ?? 0, (some.at(-1) ?? 0) + 1]);
  }
  return stretches;
}

/** The strongest places as spans; neighbours become one. */
function carriers(part: Window, places: readonly Place[]): readonly Carrier[] {
  const ranked = places.toSorted((a, b) => b.weight - a.weight);
  const least = Math.max(NOTHING, SHARE * (ranked[0]?.weight ?? 0));
  const named = ranked.slice(0, MOST_CARRIERS).filter(({ weight }) => weight >= least);
  const merged: Place[] = [];
  for (const place of named.toSorted((a, b) => a.from - b.from)) {
    const before = merged.at(-1);
    if (before && place.from <= before.to) {
      merged[merged.length - 1] = { from: before.from, to: place.to, weight: before.weight + place.weight };
    } else {
      merged.push(place);
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
