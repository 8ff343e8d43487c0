import type { Judgement } from "../../../../contract/generation.ts";
import { findingsOf, isRefused, topScore } from "../judgement.ts";

type Range = readonly [from: number, to: number];

/** Where the score lies for a text that goes through, one that goes through with a warning, and one that is held or blocked. */
export interface Scale {
  readonly allowed: Range;
  readonly warned: Range;
  readonly refused: Range;
}

/**
 * One score for a whole judgement. Comprehend's clients have nothing but scores to decide on, so the policy's decision says in which
 * range the score lies; within it, the highest finding says where.
 */
export function grade(judgement: Judgement, { allowed, warned, refused }: Scale): number {
  const through = judgement.action === "allow" ? allowed : warned;
  const [from, to] = isRefused(judgement) ? refused : through;
  return from + (to - from) * topScore(findingsOf(judgement));
}
