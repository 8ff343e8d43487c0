import fc from "fast-check";
import { expect, test } from "vitest";
import type { Action } from "../contract/actions.ts";
import { type Reason, UNSCORED } from "../contract/decision.ts";
import type { Region } from "../contract/report.ts";
import { blurExtent } from "./blur-extent.ts";

const reason = (action: Action, region?: Region): Reason => ({
  ...UNSCORED,
  stage: "image",
  action,
  evidence: region ? { region } : null,
  message: "",
});
const REGIONS = { style: "pixelate", extent: "regions", margin: 0.5 } as const;
const EYE = { x: 0.25, y: 0.25, width: 0.25, height: 0.125 };
const WHOLE = { style: "pixelate" };

test("the regions of all findings that ask for a blur, each with its margin, and of no other", () => {
  const corner = { x: 0.75, y: 0.75, width: 0.25, height: 0.25 };
  const warned = { x: 0, y: 0, width: 0.1, height: 0.1 };
  expect(blurExtent([reason("blur", EYE), reason("blur", corner), reason("warn", warned)], REGIONS, 1)).toEqual({
    style: "pixelate",
    regions: [
      { x: 0.125, y: 0.125, width: 0.5, height: 0.375 },
      { x: 0.625, y: 0.625, width: 0.375, height: 0.375 },
    ],
  });
});

test.each([
  ["the policy wants the picture", [reason("blur", EYE)], { ...REGIONS, extent: "picture" as const }, 1],
  ["one of the findings names no region", [reason("blur", EYE), reason("blur")], REGIONS, 1],
  ["only a warning names one", [reason("warn", EYE)], REGIONS, 1],
  ["a region has no area", [reason("blur", EYE), reason("blur", { ...EYE, width: 0 })], REGIONS, 1],
  ["a region is of another frame", [reason("blur", { ...EYE, frame: 3 })], REGIONS, 1],
  ["it is an animation", [reason("blur", EYE)], REGIONS, 2],
])("the whole picture when %s", (_why, reasons, policy, frames) => {
  expect(blurExtent(reasons, policy, frames)).toEqual(WHOLE);
});

test("a region with its margin stays in the picture and never gets smaller", () => {
  const part = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(part, part, part, part, part, (x, y, w, h, margin) => {
      const region = { x, y, width: w * (1 - x), height: h * (1 - y) };
      fc.pre(region.width > 0 && region.height > 0);
      const [grown] = blurExtent([reason("blur", region)], { ...REGIONS, margin }, 1).regions ?? [];
      if (!grown) throw new Error("no region");
      expect(grown.x).toBeLessThanOrEqual(region.x);
      expect(grown.y).toBeLessThanOrEqual(region.y);
      expect(grown.x + grown.width).toBeGreaterThanOrEqual(region.x + region.width - 1e-9);
      expect(grown.y + grown.height).toBeGreaterThanOrEqual(region.y + region.height - 1e-9);
      expect(grown.x + grown.width).toBeLessThanOrEqual(1 + 1e-9);
      expect(grown.y + grown.height).toBeLessThanOrEqual(1 + 1e-9);
    }),
  );
});
