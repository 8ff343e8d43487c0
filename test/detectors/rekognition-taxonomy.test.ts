import { describe, expect, test } from "vitest";
import { BUILT_IN_CATEGORIES, type BuiltInCategory } from "../../src/contract/categories.ts";
import { REKOGNITION_LABELS } from "../../src/detectors/image/rekognition/labels.ts";
import { moderationLabels } from "../../src/detectors/image/rekognition/taxonomy.ts";

const CATEGORY_OF: Readonly<Record<string, BuiltInCategory>> = REKOGNITION_LABELS;

describe("Rekognition's taxonomy", () => {
  test("has a place for every label that the detector knows, and keeps the label of a finding", () => {
    const seen = new Set<string>();
    for (const [label, category] of Object.entries(REKOGNITION_LABELS)) {
      const labels = moderationLabels([{ category, score: 0.9, label: `Something/${label}` }]);
      const [deepest] = labels.toSorted((a, b) => b.TaxonomyLevel - a.TaxonomyLevel);
      expect(deepest?.Name).toBe(label);
      expect(labels.map(({ TaxonomyLevel }) => TaxonomyLevel).sort()).toEqual(labels.map((_, index) => index + 1));
      for (const { Name, ParentName } of labels) {
        seen.add(Name);
        expect(ParentName === "" || labels.some((other) => other.Name === ParentName)).toBe(true);
      }
    }
    expect(seen).toEqual(new Set(Object.keys(REKOGNITION_LABELS)));
    expect(seen.size).toBe(52);
  });

  test.each(BUILT_IN_CATEGORIES)("leads %s to a label that leads back to it, or to one of its own", (category) => {
    const labels = moderationLabels([{ category, score: 0.9 }]);
    const [deepest] = labels.toSorted((a, b) => b.TaxonomyLevel - a.TaxonomyLevel);
    const back = CATEGORY_OF[deepest?.Name ?? ""];
    if (category === "sexual_minors")
      expect(back).toBe("sexual"); // the taxonomy does not tell ages
    else if (back === undefined) expect(labels).toHaveLength(1);
    else expect(back).toBe(category);
  });

  test("lists a label once, with its highest confidence, the surest first", () => {
    const labels = moderationLabels([
      { category: "weapons", score: 0.6 },
      { category: "gore", score: 0.8 },
      { category: "weapons", score: 0.7 },
      { category: "sexual", score: 0.55 },
    ]);
    const listed = labels.map(({ Name, Confidence }) => [Name, Math.round(Confidence)]);
    expect(listed[0]?.[1]).toBe(80);
    expect(new Map(listed as [string, number][])).toEqual(
      new Map([
        ["Blood & Gore", 80],
        ["Graphic Violence", 80],
        ["Violence", 80],
        ["Weapons", 70],
        ["Explicit Nudity", 55],
        ["Explicit", 55],
      ]),
    );
    expect(labels).toHaveLength(6);
  });

  test("takes a label that is none of its own for nothing more than it is", () => {
    const [label] = moderationLabels([{ category: "sexual", score: 0.9, label: "Porn" }]);
    expect(label?.Name).toBe("Explicit Nudity");
  });
});
