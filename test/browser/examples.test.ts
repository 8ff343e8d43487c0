import { describe, expect, test } from "vitest";
import { readTestSignals } from "../../src/contract/test-signals.ts";
import type { PolicyDetail } from "../../web/src/api/client.ts";
import { consequences } from "../../web/src/playground/examples.ts";

const POLICY: PolicyDetail = {
  name: "p",
  digest: "sha256:1",
  prompt: { detectors: { "test-signals": {} }, categories: { violence: { warn: 0.5, block: 1 } } },
  image: {
    detectors: { "test-card": {} },
    categories: { hate: { warn: 0.2, blur: 0.4, review: 0.6, block: 0.8 } },
    retry: { times: 1 },
  },
  reveal: "nobody",
  retention: { pictures: "keep" },
};

describe("the examples of consequences", () => {
  test("each holds one test signal that is read", () => {
    for (const example of consequences(POLICY, true)) expect(readTestSignals(example.prompt)).toHaveLength(1);
  });

  test("the score lies between its own threshold and the next", () => {
    const scores = consequences(POLICY, true).flatMap(({ title, prompt }) =>
      readTestSignals(prompt).flatMap((signal) => ("score" in signal ? [[title, signal.score]] : [])),
    );
    expect(Object.fromEntries(scores)).toEqual({
      "Prompt warned": 0.75,
      "Prompt refused": 1,
      "Picture warned": 0.3,
      "Picture blurred": 0.5,
      "Second try good": 0.9,
      "Picture held": 0.7,
      "Picture blocked": 0.9,
      "Mixed set": 0.9,
    });
  });

  test("a consequence that the policy does not have is not offered", () => {
    const titles = consequences(POLICY, true).map((it) => it.title);
    expect(titles).not.toContain("Prompt held");
    expect(titles).toContain("Picture held");
  });

  test("without the test detectors, or with a real model, their signals are not offered", () => {
    const bare = { ...POLICY, prompt: { ...POLICY.prompt, detectors: {} } };
    expect(consequences(bare, false)).toEqual([]);
    expect(consequences(POLICY, false).map((it) => it.title)).toEqual([
      "Prompt warned",
      "Prompt refused",
      "Prompt check fails",
    ]);
  });
});
