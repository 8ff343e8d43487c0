import { expect, test } from "vitest";
import { openTestSignals } from "./test-signals.ts";

const { signal } = new AbortController();
const detector = await openTestSignals();

test("reports the prompt's signals with category, score and span, and leaves the others alone", async () => {
  const text = "a boat safelight-test:prompt:violence:0.8, SAFELIGHT-TEST:PROMPT:GORE:1 safelight-test:image:gore:0.9";
  const findings = await detector.inspect({ text }, signal);
  expect(findings.map((finding) => [finding.category, finding.score, finding.label])).toEqual([
    ["violence", 0.8, "test-signal"],
    ["gore", 1, "test-signal"],
  ]);
  const [start = 0, end = 0] = findings[0]?.evidence?.span ?? [];
  expect(text.slice(start, end)).toBe("safelight-test:prompt:violence:0.8");
});

test("the error signal makes it fail", async () => {
  await expect(detector.inspect({ text: "safelight-test:prompt:error" }, signal)).rejects.toMatchObject({
    code: "detector_failed",
  });
});

test("it covers no category, so that it never stands in for a real check", async () => {
  expect(detector.categories).toEqual([]);
  expect(await detector.inspect({ text: "a boat" }, signal)).toEqual([]);
});
