import { createHash } from "node:crypto";
import type { Category } from "../../../contract/categories.ts";
import { dot } from "../../../models/clip/vectors.ts";
import { type Concept, type Concepts, NEUTRAL, TEMPLATES } from "./concepts.ts";

/** What a text is in the model's space: a vector of length 1. */
interface Anchor {
  readonly text: string;
  readonly vector: Float32Array;
}

/** One category's anchors. */
export interface Scale {
  readonly category: Category;
  readonly towards: readonly Anchor[];
  readonly away: readonly Anchor[];
}

/** Every text that the concepts need, once. */
export function textsOf(concepts: Concepts): readonly string[] {
  return [
    ...new Set([...NEUTRAL, ...[...concepts.values()].flatMap(({ prompts, against }) => [...prompts, ...against])]),
  ];
}

/** The sentences that a text is tried in. */
export function sentencesOf(text: string): readonly string[] {
  return TEMPLATES.map((template) => template.replace("{}", () => text));
}

/** @param vectors of every text of {@link textsOf} */
export function scalesOf(concepts: Concepts, vectors: ReadonlyMap<string, Float32Array>): readonly Scale[] {
  const anchor = (text: string): Anchor => {
    const vector = vectors.get(text);
    if (!vector) throw new TypeError(`there is no vector for "${text}"`);
    return { text, vector };
  };
  return [...concepts].map(([category, concept]) => ({
    category,
    towards: concept.prompts.map(anchor),
    away: awayFrom(concept).map(anchor),
  }));
}

function awayFrom({ prompts, against }: Concept): readonly string[] {
  return [...new Set([...against, ...NEUTRAL])].filter((text) => !prompts.includes(text));
}

/** Of everything that the concepts say. */
export function conceptsDigest(concepts: Concepts): string {
  const content = [
    TEMPLATES,
    NEUTRAL,
    [...concepts].map(([category, { prompts, against }]) => [category, prompts, against]),
  ];
  return createHash("sha256").update(JSON.stringify(content)).digest("hex");
}

export interface Reading {
  /** Log odds that the picture shows the concept rather than what speaks against it, before calibration. */
  readonly logOdds: number;
  /** The prompt that is nearest. */
  readonly nearest: string;
}

/**
 * Zero-shot classification as CLIP does it (Radford et al., 2021, section 3.1): a softmax over the scaled cosines to
 * all anchors; the odds are those of the concept's prompts together against all others together.
 */
export function readScale({ towards, away }: Scale, picture: Float32Array, logitScale: number): Reading {
  const logits = towards.map(({ vector }) => logitScale * dot(vector, picture));
  const best = logits.indexOf(Math.max(...logits));
  const against = away.map(({ vector }) => logitScale * dot(vector, picture));
  return { logOdds: logSumExp(logits) - logSumExp(against), nearest: towards[best]?.text ?? "" };
}

/** log Σ exp(x), without overflow. */
export function logSumExp(values: readonly number[]): number {
  const most = Math.max(...values);
  return most + Math.log(values.reduce((sum, value) => sum + Math.exp(value - most), 0));
}

export interface Calibration {
  readonly slope: number;
  readonly offset: number;
}

/** Platt's sigmoid: log odds become a probability in [0, 1]. */
export function probability(logOdds: number, { slope, offset }: Calibration): number {
  return 1 / (1 + Math.exp(-(slope * logOdds + offset)));
}
