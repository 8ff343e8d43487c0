import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SCORE_BINS, type ScanItem, ScanSummarySchema } from "../../src/contract/scan.ts";
import { Summing } from "../../src/dataset/scan/summary.ts";

type Scores = ScanItem["scores"];

function item(key: string, scores: Scores): ScanItem {
  return {
    ...{ key, bytes: 3, sha256: null, media_type: null, width: null, height: null, frames: null },
    ...{ role: "instance", action: "allow", judged: true, image_action: null, reasons: [], scores },
    ...{ captions: [], problems: [], pdq: null, faces: null },
  };
}

function histograms(all: readonly Scores[]) {
  const sum = new Summing();
  for (const [i, scores] of all.entries()) sum.item(item(String(i), scores));
  return ScanSummarySchema.parse(sum.summary({ image: [], prompt: [] })).scores;
}

const score = fc.oneof(
  fc.integer({ min: 0, max: SCORE_BINS }).map((bin) => bin / SCORE_BINS), // the edges
  fc.double({ min: 0, max: 1, noNaN: true }).map(Math.fround),
);
const anyScores: fc.Arbitrary<Scores> = fc.record({ gore: score, hate: score, sexual: score }, { requiredKeys: [] });

describe("the histograms of a summary", () => {
  test("hold every score above 0 once, where a filter from the bin's beginning finds it", () => {
    fc.assert(
      fc.property(fc.array(anyScores), (all) => {
        const found = histograms(all);
        for (const category of ["gore", "hate", "sexual"] as const) {
          const above = all.flatMap((scores) => (scores[category] ? [scores[category]] : []));
          const bins = found?.[category];
          if (!bins) expect(above).toEqual([]);
          for (let bin = 0; bins && bin < SCORE_BINS; bin++) {
            const from = bins.slice(bin).reduce((sum, n) => sum + n, 0);
            expect(from).toBe(above.filter((each) => each >= bin / SCORE_BINS).length);
          }
        }
      }),
    );
  });

  test("are the same in any order, down to the bytes", () => {
    fc.assert(
      fc.property(fc.array(anyScores), (all) => {
        expect(JSON.stringify(histograms(all.toReversed()))).toBe(JSON.stringify(histograms(all)));
      }),
    );
  });

  test("are not asked of scans that were finished before they were counted", () => {
    const { scores, ...before } = new Summing().summary({ image: [], prompt: [] });
    expect(scores).toEqual({});
    expect(ScanSummarySchema.parse(before)).toEqual(before);
  });
});
