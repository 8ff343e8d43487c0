import { describe, expect, test } from "vitest";
import {
  BUILT_IN_CATEGORIES,
  type BuiltInCategory,
  CategorySchema,
  isCategory,
} from "../../src/contract/categories.ts";
import { SAFE_SEARCH_LABELS } from "../../src/detectors/image/google/labels.ts";
import { REKOGNITION_LABELS } from "../../src/detectors/image/rekognition/labels.ts";
import { TOXICITY_LABELS } from "../../src/detectors/text/comprehend/labels.ts";
import { PERSPECTIVE_LABELS } from "../../src/detectors/text/perspective/labels.ts";
import { AZURE_LABELS } from "../../src/detectors/vendors/azure/labels.ts";
import { GUARDRAIL_FILTERS } from "../../src/detectors/vendors/bedrock/labels.ts";
import { OPENAI_LABELS } from "../../src/detectors/vendors/openai/labels.ts";

const MLCOMMONS: Record<string, BuiltInCategory> = {
  "violent crimes": "violence",
  "non-violent crimes": "illegal_activity",
  "sex-related crimes": "sexual",
  "child sexual exploitation": "sexual_minors",
  "indiscriminate weapons (CBRNE)": "weapons",
  "suicide and self-harm": "self_harm",
  hate: "hate",
  "specialized advice": "misinformation",
  privacy: "privacy",
  "intellectual property": "intellectual_property",
  defamation: "misinformation",
  "sexual content": "sexual",
};

describe("the categories", () => {
  test.each([
    ["Rekognition 7", REKOGNITION_LABELS, 52],
    ["Comprehend toxicity", TOXICITY_LABELS, 7],
    ["Bedrock guardrails", GUARDRAIL_FILTERS, 6],
    ["OpenAI", OPENAI_LABELS, 13],
    ["Azure", AZURE_LABELS, 4],
    ["Google SafeSearch", SAFE_SEARCH_LABELS, 5],
    ["Perspective", PERSPECTIVE_LABELS, 29],
    ["MLCommons", MLCOMMONS, 12],
  ])("have a place for every label of %s", (_name, table, labels) => {
    expect(Object.keys(table)).toHaveLength(labels);
    const harms = Object.values<BuiltInCategory | null>(table).filter((category) => category !== null);
    expect(harms.length).toBeGreaterThan(0);
    for (const category of harms) expect(BUILT_IN_CATEGORIES).toContain(category);
  });

  test.each(["sexual", "custom:our-mascot", "custom:a.b_c-1"])("%s is one", (value) => {
    expect(isCategory(value)).toBe(true);
    expect(CategorySchema.parse(value)).toBe(value);
  });

  test.each(["Sexual", "custom:", "custom:Has Space", `custom:${"x".repeat(65)}`, "other", "toString", ""])(
    "%j is none",
    (value) => {
      expect(isCategory(value)).toBe(false);
      expect(CategorySchema.safeParse(value).success).toBe(false);
    },
  );
});
