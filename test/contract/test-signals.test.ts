import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readTestSignals } from "../../src/contract/test-signals.ts";

describe("test signals", () => {
  test.each<[string, object]>([
    ["safelight-test:prompt:violence:0.6", { stage: "prompt", effect: "score", category: "violence", score: 0.6 }],
    ["safelight-test:prompt:error", { stage: "prompt", effect: "error" }],
    [
      "safelight-test:image:sexual:0.97",
      { stage: "image", effect: "score", category: "sexual", score: 0.97, index: undefined },
    ],
    ["safelight-test:image:sexual:1:attempts=2", { score: 1, attempts: 2, index: undefined }],
    ["safelight-test:image:self_harm:0.5:index=1:attempts=3", { category: "self_harm", attempts: 3, index: 1 }],
    ["safelight-test:image:custom:our-mascot:0.5", { category: "custom:our-mascot", score: 0.5 }],
    ["safelight-test:image:custom:our.mascot:1.0:index=0", { category: "custom:our.mascot", score: 1, index: 0 }],
    ["safelight-test:image:withheld:attempts=1", { effect: "withheld", attempts: 1 }],
    ["safelight-test:image:error", { stage: "image", effect: "error" }],
    ["SAFELIGHT-TEST:IMAGE:GORE:0.9", { category: "gore", score: 0.9 }],
    ["safelight-test:generator:error", { stage: "generator", effect: "error" }],
    ["safelight-test:generator:delay:1500", { stage: "generator", effect: "delay", ms: 1500 }],
    ["safelight-test:generator:delay:99999", { effect: "delay", ms: 60_000 }],
  ])("%s is understood anywhere in a prompt", (signal, expected) => {
    for (const [before, after] of [
      ["", ""],
      ["a boat, ", "."],
      ["(", ") at sea"],
      ["é𝒳 ", "; and more"],
    ] as const) {
      const [found, ...others] = readTestSignals(`${before}${signal}${after}`);
      expect(found).toMatchObject({ ...expected, span: [before.length, before.length + signal.length] });
      expect(others).toEqual([]);
    }
  });

  test.each([
    "safelight-test:image:rudeness:0.5",
    "safelight-test:image:sexual:1.5",
    "safelight-test:image:sexual",
    "safelight-test:video:sexual:0.5",
    "safelight-test:generator:delay:soon",
    "safelight-test",
    "unsafelight-test:image:sexual:0.5x",
  ])("%s is ordinary text", (text) => {
    expect(readTestSignals(text)).toEqual([]);
  });

  test("several are all found, in order", () => {
    const text = "x safelight-test:image:sexual:0.8:index=1 safelight-test:image:gore:0.97:index=2 y";
    expect(readTestSignals(text)).toMatchObject([
      { category: "sexual", index: 1 },
      { category: "gore", index: 2 },
    ]);
  });

  test("no text makes them throw, and long ones take no time", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => void readTestSignals(text)));
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom("safelight-test:", "image:", "a", "0.5", ":", ".", "index=")),
        (parts) => void readTestSignals(parts.join("")),
      ),
    );
    const begin = performance.now();
    readTestSignals(`safelight-test:image:${"a.".repeat(500_000)}`);
    readTestSignals("safelight-test:image:a".repeat(40_000));
    expect(performance.now() - begin).toBeLessThan(2_000);
  });
});
