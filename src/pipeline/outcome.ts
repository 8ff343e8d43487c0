import { type Action, severity } from "../contract/actions.ts";
import { categoryTitle } from "../contract/categories.ts";
import type { Reason } from "../contract/decision.ts";
import type { ImageOutcome, Trial, Warning } from "../contract/generation.ts";
import { restsOnUnknown } from "../policy/decide.ts";
import type { Policy } from "../policy/schema.ts";

/** Whether another seed may help: the picture was seen to be unsafe, or the back end refused it, and the policy retries that. */
export function worthRetrying(trial: Trial, policy: Policy): boolean {
  const { on } = policy.image.retry;
  return trial.action !== "allow" && on.includes(trial.action) && (trial.withheld !== null || !restsOnUnknown(trial));
}

/** The mildest of a picture's trials; the earliest of equals. */
export function best(trials: readonly Trial[]): Trial | undefined {
  return trials.toSorted((a, b) => severity(a.action) - severity(b.action) || a.attempt - b.attempt)[0];
}

export function outcomeOf(trial: Trial): ImageOutcome {
  const { index, attempt, seed, width, height, action, reasons, coverage } = trial;
  return {
    index,
    action,
    reasons,
    coverage,
    attempt,
    seed,
    width,
    height,
    media_type: null,
    blurred: false,
    released: null,
    original: null,
  };
}

const PROMPT_CONSEQUENCE: Record<Action, string> = {
  allow: "",
  warn: "The prompt was let through with a warning",
  blur: "The prompt was let through with a warning",
  review: "The prompt is held until a person has decided",
  block: "The prompt was refused",
};

const IMAGE_CONSEQUENCE: Record<Action, string> = {
  allow: "",
  warn: "is shown with a warning",
  blur: "is blurred",
  review: "is held until a person has decided",
  block: "is not shown",
};

/** One warning for each category, or other cause, that an action rests on, in the order of the reasons: strongest first. */
export function promptWarnings(reasons: readonly Reason[]): Warning[] {
  return distinct(reasons).map((reason) => ({
    stage: "prompt",
    category: reason.category,
    action: reason.action,
    index: null,
    message: `${PROMPT_CONSEQUENCE[reason.action]}: ${why(reason)}`,
  }));
}

export function imageWarnings(index: number, reasons: readonly Reason[]): Warning[] {
  return distinct(reasons).map((reason) => ({
    stage: "image",
    category: reason.category,
    action: reason.action,
    index,
    message: `Picture ${index + 1} ${IMAGE_CONSEQUENCE[reason.action]}: ${why(reason)}`,
  }));
}

function distinct(reasons: readonly Reason[]): Reason[] {
  const first = new Map<string, Reason>();
  for (const reason of reasons) {
    const cause = reason.category ?? reason.message;
    if (!first.has(cause)) first.set(cause, reason);
  }
  return [...first.values()];
}

function why({ category, score, threshold, detector, message }: Reason): string {
  if (category === null || score === null || threshold === null) return message;
  return `${detector} scored it ${score.toFixed(2)} for ${categoryTitle(category)}, and the limit is ${threshold.toFixed(2)}.`;
}
