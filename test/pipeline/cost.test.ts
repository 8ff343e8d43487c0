import { describe, expect, test } from "vitest";
import type { Report } from "../../src/contract/report.ts";
import { costOf } from "../../src/pipeline/cost.ts";
import { runDetector } from "../../src/pipeline/detect.ts";
import { generator } from "./fakes.ts";

const price = { perImage: 0.04, bySize: { "1024x1024": 0.08 }, currency: "EUR" };
const made = { name: "vendor", generator: generator(), timeoutMs: 1_000, price };
const report = (detector: string, units?: number): Report => ({
  detector,
  version: "1",
  categories: ["sexual"],
  duration_ms: 1,
  state: "scored",
  findings: [],
  ...(units === undefined ? {} : { units }),
});
const priced = (name: string, amount: number) => ({ name, pricePerUnit: { amount, currency: "EUR" } });
const small = { width: 512, height: 512 };

describe("what a generation costs", () => {
  test("is the price of its pictures, at their size where that has a price of its own", () => {
    expect(costOf(made, small, 3, [], [])).toMatchObject({ amount: 0.12, currency: "EUR" });
    expect(costOf(made, { width: 1024, height: 1024 }, 2, [], [])).toMatchObject({ amount: 0.16 });
  });

  test("and what vendors bill for judging it, in every attempt", () => {
    const reports = [report("judge", 2), report("judge", 3), report("free", 4), report("local")];
    const cost = costOf(made, small, 1, [priced("judge", 0.001), { name: "free" }, { name: "local" }], reports);
    expect(cost.parts).toEqual([
      { part: "vendor", units: 1, unit_price: 0.04, amount: 0.04 },
      { part: "judge", units: 5, unit_price: 0.001, amount: 0.005 },
      { part: "free", units: 4, unit_price: 0, amount: 0 },
    ]);
    expect(cost.amount).toBeCloseTo(0.045, 9);
  });

  test("counts a detector that serves both stages once", () => {
    const both = [priced("judge", 1), priced("judge", 1)];
    expect(costOf(made, small, 0, both, [report("judge", 1), report("judge", 1)])).toMatchObject({ amount: 2 });
  });
});

test("a detector's units are in its report, also when it fails after it was billed", async () => {
  const inspect = async (_input: unknown, _signal: AbortSignal, meter?: (units: number) => void) => {
    meter?.(1);
    meter?.(2);
    throw new Error("too late");
  };
  const detector = { id: "judge", version: "1", categories: ["sexual" as const], inspect };
  const stage = { name: "judge", detector, budgetMs: 1_000, overlap: false };
  expect(await runDetector(stage, "a boat", new AbortController().signal)).toMatchObject({
    state: "unknown",
    units: 3,
  });
});
