import type { TextDetector } from "../../../contract/detector.ts";
import { SafelightError } from "../../../contract/errors.ts";
import type { Finding } from "../../../contract/report.ts";
import { readTestSignals } from "../../../contract/test-signals.ts";

/**
 * Reports what the prompt's test signals ask for, so that every consequence of a policy can be seen without one
 * offensive word. It covers no category: it must never stand in for a real check.
 */
export async function openTestSignals(): Promise<TextDetector> {
  return {
    id: "test-signals",
    version: "1",
    categories: [],
    inspect: async ({ text }) => {
      const findings: Finding[] = [];
      for (const signal of readTestSignals(text)) {
        if (signal.stage !== "prompt") continue;
        if (signal.effect === "error")
          throw new SafelightError("detector_failed", "a test signal asked for this failure");
        findings.push({
          category: signal.category,
          score: signal.score,
          label: "test-signal",
          evidence: { span: [signal.span[0], signal.span[1]] },
        });
      }
      return findings;
    },
  };
}
