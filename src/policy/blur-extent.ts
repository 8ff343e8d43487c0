import { severity } from "../contract/actions.ts";
import type { Reason } from "../contract/decision.ts";
import type { Region } from "../contract/report.ts";
import type { ImageStagePolicy } from "./schema.ts";

/** What of a picture is made unrecognisable, and how. */
export interface BlurExtent {
  readonly style: ImageStagePolicy["blur"]["style"];
  /** Absent: the whole picture. Never empty. */
  readonly regions?: readonly Region[];
}

/**
 * The places that a policy wants blurred: the regions of all findings that ask for at least a blur, each with the margin.
 * The whole picture when the policy says so, and whenever the regions could be too little: a reason without a region (a check
 * that failed, a detector that gives none), a region without area, or an animation.
 */
export function blurExtent(
  reasons: readonly Reason[],
  { style, extent, margin }: ImageStagePolicy["blur"],
  frameCount: number,
): BlurExtent {
  if (extent === "picture" || frameCount !== 1) return { style };
  const asking = reasons.filter(({ action }) => severity(action) >= severity("blur"));
  const regions = asking.flatMap(({ evidence }) => evidence?.region ?? []);
  const certain = regions.length > 0 && regions.length === asking.length;
  if (!certain || regions.some(({ width, height, frame = 0 }) => !(width > 0 && height > 0) || frame !== 0)) {
    return { style };
  }
  return { style, regions: regions.map((region) => grown(region, margin)) };
}

function grown({ x, y, width, height }: Region, margin: number): Region {
  const more = margin * Math.max(width, height);
  const [left, top] = [Math.max(0, x - more), Math.max(0, y - more)];
  return { x: left, y: top, width: Math.min(1, x + width + more) - left, height: Math.min(1, y + height + more) - top };
}
