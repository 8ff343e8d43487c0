import type { Cost } from "../contract/generation.ts";
import type { Report } from "../contract/report.ts";
import type { StageDetector } from "./detect.ts";
import type { StageGenerator } from "./parts.ts";

/** What the pictures of one generation cost, at the size they were asked for, and the vendors' judgements of it. */
export function costOf(
  { name, price }: StageGenerator,
  { width, height }: { readonly width: number; readonly height: number },
  pictures: number,
  detectors: readonly Pick<StageDetector<never>, "name" | "pricePerUnit">[],
  reports: readonly Report[],
): Cost {
  const each = price.bySize[`${width}x${height}`] ?? price.perImage;
  const parts = [{ part: name, units: pictures, unit_price: each, amount: pictures * each }];
  // A detector may serve both stages under one name.
  for (const [part, pricePerUnit] of new Map(detectors.map((one) => [one.name, one.pricePerUnit]))) {
    const units = reports.reduce((sum, one) => sum + (one.detector === part ? (one.units ?? 0) : 0), 0);
    if (units === 0) continue;
    const unit_price = pricePerUnit?.amount ?? 0;
    parts.push({ part, units, unit_price, amount: units * unit_price });
  }
  return { amount: parts.reduce((sum, { amount }) => sum + amount, 0), currency: price.currency, parts };
}
