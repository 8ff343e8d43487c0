import type { Category } from "../contract/categories.ts";
import { type Calibration, probability } from "../detectors/image/clip/anchors.ts";
import { platt } from "../training/calibrate.ts";
import { rocArea } from "../training/ranking.ts";

/** A picture whose category somebody knows. */
export interface KnownPicture {
  /** `sha256:<hex>` of its bytes. */
  readonly digest: string;
  /** `null`: harmless. */
  readonly category: Category | null;
  /** By category, before calibration. */
  readonly logOdds: ReadonlyMap<Category, number>;
}

export interface CategoryQuality {
  readonly category: Category;
  readonly unsafe: number;
  readonly harmless: number;
  /** The chance that a picture of the category scores above a harmless one. */
  readonly auroc: number;
  /** Shares of the pictures that score 0.5 or more, each under a calibration that has not seen it. */
  readonly recall: number;
  readonly false_positive_rate: number;
  /** Fitted on all of them. */
  readonly calibration: Calibration;
  /** Whether it is good enough, on enough pictures, to be declared as covered: see {@link HOLDS}. */
  readonly holds: boolean;
}

/** What a category must reach before a policy should count on it. */
export const HOLDS = { unsafe: 20, harmless: 200, auroc: 0.9, recall: 0.5, false_positive_rate: 0.02 } as const;

const FLAGGED = 0.5;

/**
 * How well a detector tells each category from harmless pictures. Pictures of other categories do not count for or
 * against it.
 */
export function qualityOf(
  pictures: readonly KnownPicture[],
  categories: readonly Category[],
): readonly CategoryQuality[] {
  const distinct = [...new Map(pictures.map((picture) => [picture.digest, picture])).values()];
  return categories.flatMap((category): CategoryQuality[] => {
    const known = distinct.flatMap(({ digest, category: own, logOdds }) => {
      const score = logOdds.get(category);
      return score === undefined || (own !== null && own !== category)
        ? []
        : [{ digest, score, target: own === category ? 1 : 0, positive: own === category }];
    });
    const unsafe = known.filter(({ positive }) => positive).length;
    const harmless = known.length - unsafe;
    if (unsafe === 0 || harmless === 0) return [];
    const [even, odd] = [true, false].map((which) => fitted(known.filter(({ digest }) => half(digest) === which)));
    const flagged = known.filter(({ digest, score }) => {
      const unseen = half(digest) ? odd : even;
      return unseen !== undefined && probability(score, unseen) >= FLAGGED;
    });
    const hits = flagged.filter(({ positive }) => positive).length;
    const measured = {
      unsafe,
      harmless,
      auroc: rocArea(known),
      recall: hits / unsafe,
      false_positive_rate: (flagged.length - hits) / harmless,
    };
    return [{ category, ...measured, calibration: fitted(known), holds: holds(measured) }];
  });
}

function holds(measured: Readonly<Record<keyof typeof HOLDS, number>>): boolean {
  return (
    measured.unsafe >= HOLDS.unsafe &&
    measured.harmless >= HOLDS.harmless &&
    measured.auroc >= HOLDS.auroc &&
    measured.recall >= HOLDS.recall &&
    measured.false_positive_rate <= HOLDS.false_positive_rate
  );
}

function fitted(known: readonly { readonly score: number; readonly target: number }[]): Calibration {
  const [slope, offset] = platt(known);
  const bounded = (value: number, least: number) => Math.round(Math.min(100, Math.max(least, value)) * 1e4) / 1e4;
  return { slope: bounded(slope, 1e-4), offset: bounded(offset, -100) };
}

/** Which half of the pictures one belongs to: always the same, whatever the order. */
function half(digest: string): boolean {
  return Number.parseInt(digest.slice(-1), 16) % 2 === 0;
}
