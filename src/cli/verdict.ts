import type { Action } from "../contract/actions.ts";
import { categoryTitle } from "../contract/categories.ts";
import type { Decision, Reason } from "../contract/decision.ts";
import { EXIT } from "./command.ts";
import type { Io } from "./io.ts";

/**
 * The exit status that a decision stands for. Something that was seen makes it flagged; it could not be told when the
 * action rests on nothing but checks that did not happen.
 */
export function exitOf({ action, reasons }: Pick<Decision, "action" | "reasons">): number {
  if (action === "allow") return EXIT.allowed;
  const seen = reasons.some(
    (reason) => reason.action !== "allow" && (reason.score !== null || reason.label === "withheld"),
  );
  return seen ? EXIT.flagged : EXIT.unknown;
}

/** Of many things judged one by one: one that could not be judged leaves the whole open. */
export function exitOfAll(statuses: Iterable<number>): number {
  return Math.max(EXIT.allowed, ...statuses);
}

/** What a program gets: the score of each category that anybody could judge, null where all who could have failed. */
export function verdictJson({ action, reasons, coverage }: Decision) {
  const judged = coverage.filter(({ state, score }) => state !== "not_covered" || score !== null);
  return { action, scores: Object.fromEntries(judged.map(({ category, score }) => [category, score])), reasons };
}

const COLOURS = {
  allow: "green",
  warn: "yellow",
  blur: "magenta",
  review: "cyan",
  block: "red",
} as const satisfies Record<Action, string>;

export function shownAction(io: Io, action: Action, stream: "out" | "err" = "out"): string {
  return io.styled(["bold", COLOURS[action]], action.padEnd(6), stream);
}

/** One line for each reason: `  block   violence 1.00, limit 0.75 (rules: "machete")`. */
export function shownReasons(io: Io, reasons: readonly Reason[]): string {
  return reasons.map((reason) => `  ${shownAction(io, reason.action)}  ${why(reason)}\n`).join("");
}

function why({ category, score, threshold, detector, label, evidence, message }: Reason): string {
  if (category === null || score === null || threshold === null) return message;
  const seen = evidence?.term ?? label;
  const distance = evidence?.distance === undefined ? "" : `, distance ${evidence.distance}`;
  const by = `${detector ?? ""}${seen ? `: ${JSON.stringify(seen)}` : ""}${distance}`;
  return `${categoryTitle(category)} ${score.toFixed(2)}, limit ${threshold.toFixed(2)} (${by})`;
}

/** A text with the words that reasons point at in the colour of the strongest action, fit for a terminal. */
export function markedText(io: Io, text: string, reasons: readonly Reason[]): string {
  const marks = reasons.flatMap(({ action, evidence }) => (evidence?.span ? [{ action, span: evidence.span }] : []));
  let shown = "";
  let end = 0;
  // The reasons have the strongest first, so the first that covers a place names its colour.
  const edges = [...new Set([0, text.length, ...marks.flatMap(({ span }) => span)])].sort((a, b) => a - b);
  for (const edge of edges) {
    const piece = printable(text.slice(end, edge));
    const mark = marks.find(({ span: [from, to] }) => from <= end && end < to);
    shown += mark ? io.styled(["bold", "underline", COLOURS[mark.action]], piece) : piece;
    end = edge;
  }
  return shown;
}

/** Without the characters that would make a terminal do things. */
export function printable(text: string): string {
  return text.replaceAll(/[^\P{Cc}\n\t]/gu, "\u{fffd}");
}
