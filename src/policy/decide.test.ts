import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ACTIONS, type Action, severity } from "../contract/actions.ts";
import type { Category } from "../contract/categories.ts";
import type { Finding, Report } from "../contract/report.ts";
import { decide, restsOnUnknown } from "./decide.ts";
import type { StagePolicy } from "./schema.ts";

const CATEGORIES = ["sexual", "violence", "hate", "custom:mascot"] as const satisfies Category[];
const DETECTORS = ["rules", "nsfw", "other"] as const;

function scored(detector: string, findings: readonly Finding[], categories: readonly Category[] = CATEGORIES): Report {
  return {
    detector,
    version: "1",
    categories: [...categories],
    duration_ms: 1,
    state: "scored",
    findings: [...findings],
  };
}

function unknown(detector: string, categories: readonly Category[] = CATEGORIES): Report {
  const because = "detector_failed";
  return {
    detector,
    version: "1",
    categories: [...categories],
    duration_ms: 1,
    state: "unknown",
    because,
    detail: "broke",
  };
}

const basic: StagePolicy = {
  detectors: { rules: { required: true } },
  require: ["sexual"],
  on_unknown: "block",
  categories: { sexual: { warn: 0.3, blur: 0.6, block: 0.9 }, violence: { warn: 0.5 } },
  per_detector: {},
};

const score = fc.double({ min: 0, max: 1, noNaN: true });
const finding: fc.Arbitrary<Finding> = fc.record({ category: fc.constantFrom(...CATEGORIES), score });
const report: fc.Arbitrary<Report> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.constantFrom(...DETECTORS), fc.array(finding, { maxLength: 5 }))
      .map(([d, f]) => scored(d, f)),
  },
  { weight: 1, arbitrary: fc.constantFrom(...DETECTORS).map((d) => unknown(d)) },
);
const levels = fc
  .uniqueArray(score, { minLength: 4, maxLength: 4 })
  .map((limits) => limits.toSorted((a, b) => a - b))
  .map(([warn = 0, blur = 0, review = 0, block = 0]) => ({ warn, blur, review, block }));
const policy: fc.Arbitrary<StagePolicy> = fc.record({
  detectors: fc.dictionary(fc.constantFrom(...DETECTORS), fc.record({ required: fc.boolean() })),
  require: fc.subarray<Category>([...CATEGORIES]),
  on_unknown: fc.constantFrom<Action>("warn", "blur", "review", "block"),
  categories: fc.dictionary(fc.constantFrom(...CATEGORIES), levels),
  per_detector: fc.dictionary(fc.constantFrom(...DETECTORS), fc.dictionary(fc.constantFrom(...CATEGORIES), levels)),
}) as fc.Arbitrary<StagePolicy>;

describe("decide", () => {
  test.each<[number, Action]>([
    [0, "allow"],
    [0.29, "allow"],
    [0.3, "warn"],
    [0.6, "blur"],
    [0.89, "blur"],
    [0.9, "block"],
    [1, "block"],
  ])("a score of %d means %s", (value, action) => {
    expect(decide("image", [scored("rules", [{ category: "sexual", score: value }])], basic).action).toBe(action);
  });

  test("a reason says score, threshold, margin, detector, label and where", () => {
    const evidence = { span: [2, 5] as [number, number], term: "abc" };
    const [reason] = decide(
      "prompt",
      [scored("rules", [{ category: "violence", score: 0.75, label: "en/abc", evidence }])],
      basic,
    ).reasons;
    expect(reason).toMatchObject({
      stage: "prompt",
      category: "violence",
      score: 0.75,
      threshold: 0.5,
      margin: 0.25,
      action: "warn",
      detector: "rules",
      label: "en/abc",
      evidence,
    });
    expect(reason?.message).toBe('The prompt scored 0.75 for violence; the policy\'s limit for "warn" is 0.50.');
  });

  test("thresholds of one detector replace those of the category", () => {
    const lenient = { ...basic, per_detector: { rules: { sexual: { warn: 0.95 } } } };
    const reports = [scored("rules", [{ category: "sexual", score: 0.92 }])];
    expect(decide("image", reports, lenient).action).toBe("allow");
    expect(decide("image", [...reports, scored("nsfw", [{ category: "sexual", score: 0.92 }])], lenient).action).toBe(
      "block",
    );
  });

  test("what nobody covers is shown, and blocks only where it is required", () => {
    const reports = [scored("rules", [], ["sexual"])];
    const decision = decide("image", reports, basic);
    expect(decision.action).toBe("allow");
    expect(decision.coverage).toEqual([
      { category: "sexual", state: "scored", required: true, score: 0, detectors: ["rules"] },
      { category: "violence", state: "not_covered", required: false, score: null, detectors: [] },
    ]);
    expect(decide("image", reports, { ...basic, require: ["violence"] }).action).toBe("block");
  });

  test("an optional detector that fails changes the coverage and not the action", () => {
    const decision = decide("image", [scored("rules", [], ["sexual"]), unknown("nsfw", ["violence"])], basic);
    expect(decision.action).toBe("allow");
    expect(decision.coverage.find((entry) => entry.category === "violence")?.state).toBe("unknown");
  });

  test("a decision that rests on missing checks alone is told apart from one with a score", () => {
    expect(restsOnUnknown(decide("image", [], basic))).toBe(true);
    expect(restsOnUnknown(decide("image", [scored("rules", [{ category: "sexual", score: 1 }])], basic))).toBe(false);
    expect(restsOnUnknown(decide("image", [scored("rules", [])], basic))).toBe(false);
  });
});

describe("decide, for any reports and policy", () => {
  test("a higher score never weakens the action", () => {
    fc.assert(
      fc.property(
        fc.array(report, { maxLength: 5 }),
        policy,
        fc.nat(),
        fc.nat(),
        score,
        (reports, rules, which, what, raise) => {
          const target = reports[which % Math.max(1, reports.length)];
          if (target?.state !== "scored" || target.findings.length === 0) return;
          const at = what % target.findings.length;
          const raised = target.findings.map((f, i) => (i === at ? { ...f, score: Math.max(f.score, raise) } : f));
          const after = reports.map((r) => (r === target ? { ...target, findings: raised } : r));
          expect(severity(decide("image", after, rules).action)).toBeGreaterThanOrEqual(
            severity(decide("image", reports, rules).action),
          );
        },
      ),
    );
  });

  test("another finding never weakens the action", () => {
    fc.assert(
      fc.property(fc.array(report, { maxLength: 4 }), finding, policy, (reports, extra, rules) => {
        const before = severity(decide("image", [...reports, scored("other", [])], rules).action);
        expect(severity(decide("image", [...reports, scored("other", [extra])], rules).action)).toBeGreaterThanOrEqual(
          before,
        );
      }),
    );
  });

  test("the order of the reports never matters", () => {
    fc.assert(
      fc.property(
        fc
          .array(report, { maxLength: 6 })
          .chain((reports) =>
            fc.tuple(
              fc.constant(reports),
              fc.shuffledSubarray(reports, { minLength: reports.length, maxLength: reports.length }),
            ),
          ),
        policy,
        ([reports, shuffled], rules) => {
          expect(decide("image", shuffled, rules)).toEqual(decide("image", reports, rules));
        },
      ),
    );
  });

  test.each<[string, (detector: string) => Report[]]>([
    ["missing", () => []],
    ["failed", (detector) => [unknown(detector)]],
    ["NaN", (detector) => [scored(detector, [{ category: "sexual", score: Number.NaN }])]],
    ["infinite", (detector) => [scored(detector, [{ category: "sexual", score: Number.POSITIVE_INFINITY }])]],
    ["negative", (detector) => [scored(detector, [{ category: "sexual", score: -0.1 }])]],
  ])("a required check whose score is %s never yields allow", (_name, broken) => {
    fc.assert(
      fc.property(fc.array(report, { maxLength: 4 }), policy, (reports, rules) => {
        const required = { ...rules, detectors: { ...rules.detectors, needed: { required: true } } };
        const decision = decide("image", [...reports, ...broken("needed")], required);
        expect(severity(decision.action)).toBeGreaterThanOrEqual(severity(rules.on_unknown));
        expect(decision.reasons.some((reason) => reason.detector === "needed")).toBe(true);
      }),
    );
  });

  test("a required category that nobody scored never yields allow", () => {
    fc.assert(
      fc.property(fc.array(report, { maxLength: 4 }), policy, (reports, rules) => {
        const decision = decide("image", reports, { ...rules, require: ["custom:never-covered"] });
        expect(decision.action).not.toBe("allow");
      }),
    );
  });

  test("the action is the strongest of the reasons, and they are sorted by it", () => {
    fc.assert(
      fc.property(fc.array(report, { maxLength: 5 }), policy, (reports, rules) => {
        const { action, reasons } = decide("image", reports, rules);
        const actions = reasons.map((reason) => severity(reason.action));
        expect(ACTIONS[Math.max(0, ...actions)]).toBe(action);
        expect(actions).toEqual(actions.toSorted((a, b) => b - a));
      }),
    );
  });
});
