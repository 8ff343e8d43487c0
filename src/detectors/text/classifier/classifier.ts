import type { Category } from "../../../contract/categories.ts";
import type { TextDetector } from "../../../contract/detector.ts";
import type { Finding } from "../../../contract/report.ts";
import type { OpenContext } from "../../context.ts";
import { type Carrier, explainWindow } from "./explain.ts";
import { MODEL, openPromptModel, type PromptModel } from "./model.ts";
import type { ClassifierOptions } from "./options.ts";
import { piecesOf, type Span, type Window, windowsOf } from "./pieces.ts";

/** Changes with whatever is made of the model's answers. */
const CODE_VERSION = "1";

/** A text with its disguises undone, and where its units come from. */
export interface Normalised {
  readonly text: string;
  /** For each UTF-16 unit of `text`, and once more for its end, an offset in the original. Never falls. */
  readonly map: ArrayLike<number>;
}

export interface ClassifierParts {
  /** When given, its text is judged too, where it differs, and the worse score of the two counts. */
  readonly normalise?: (text: string) => Normalised;
  /** Of `normalise`. */
  readonly normaliser?: string;
}

/**
 * Opens the shipped model as a detector. Every part of a text is judged, in windows that overlap; for each category the
 * worst window counts. Findings from `explain_above` on name the words that carried the score, one finding for each stretch, all
 * with the score of the whole: see {@link explainWindow}.
 * @throws SafelightError `config_invalid` when a file of the model is missing or not the one in the manifest
 */
export async function openClassifier(
  options: ClassifierOptions,
  _context: OpenContext,
  parts: ClassifierParts = {},
): Promise<TextDetector> {
  const { threads, sessions } = options;
  const model = await openPromptModel({ threads, ...(sessions === undefined ? {} : { sessions }) });
  return {
    id: "classifier",
    version: `${CODE_VERSION}.${model.sha256.slice(0, 12)}${parts.normaliser ? `+${parts.normaliser}` : ""}`,
    categories: model.labels,
    async inspect({ text }, signal) {
      const judged = await judge(model, text, parts.normalise, signal);
      const explained = await explain(model, judged, options.explain_above, signal);
      return judged
        .filter(({ score }) => score >= options.report_above)
        .flatMap((one) => findings(one, explained.get(one.category) ?? []));
    },
    close: () => model.close(),
  };
}

/** What the model says of one category, and where in the text it says so. */
export interface Judgement {
  readonly category: Category;
  /** A probability, at the share of unsafe texts that the model's card states. */
  readonly score: number;
  readonly window: Window;
}

/** The worst window of each category. A text without words scores 0. Spans of the windows are those of the original text. */
export async function judge(
  model: PromptModel,
  text: string,
  normalise?: (text: string) => Normalised,
  signal?: AbortSignal,
): Promise<readonly Judgement[]> {
  const windows = [...windowsOf(piecesOf(text, model.reader))];
  const plain = normalise?.(text);
  if (plain && plain.text !== text) {
    const pieces = piecesOf(plain.text, model.reader);
    windows.push(...windowsOf(pieces.map((piece) => ({ ...piece, span: original(piece.span, plain, text) }))));
  }
  const scores = await model.score(windows, signal);
  return model.labels.map((category, label) => {
    const worst = scores.reduce((best, one, i) => ((one[label] ?? 0) > (scores[best]?.[label] ?? 0) ? i : best), 0);
    return { category, score: scores[worst]?.[label] ?? 0, window: windows[worst] ?? [] };
  });
}

function original([start, end]: Span, { map }: Normalised, text: string): Span {
  const from = Math.min(map[start] ?? 0, text.length);
  return [from, Math.max(from, Math.min(map[end] ?? text.length, text.length))];
}

/**
 * Why the model scored as it did: for each category with at least `above`, the stretches of the text that carried the score.
 * Windows that are the worst of several categories are looked at once.
 */
export async function explain(
  model: PromptModel,
  judged: readonly Judgement[],
  above: number,
  signal?: AbortSignal,
): Promise<ReadonlyMap<Category, readonly Carrier[]>> {
  const wanted = judged.filter(({ score, window }) => score >= above && window.length > 0);
  const explained = new Map<Category, readonly Carrier[]>();
  for (const [window, theirs] of Map.groupBy(wanted, (one) => one.window)) {
    const scores = new Map(theirs.map(({ category, score }) => [labelOf(model, category), score]));
    const carriers = await explainWindow(model, window, scores, signal);
    for (const { category } of theirs) explained.set(category, carriers.get(labelOf(model, category)) ?? []);
  }
  return explained;
}

function labelOf(model: PromptModel, category: Category): number {
  return (model.labels as readonly Category[]).indexOf(category);
}

function findings({ category, score }: Judgement, carriers: readonly Carrier[]): readonly Finding[] {
  const label = `${MODEL}/${category}`;
  if (carriers.length === 0) return [{ category, score, label }];
  return carriers.map(({ span: [start, end] }) => ({ category, score, label, evidence: { span: [start, end] } }));
}
