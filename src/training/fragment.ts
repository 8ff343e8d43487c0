import type { Action } from "../contract/actions.ts";
import type { Manifest } from "../detectors/text/custom/files.ts";
import type { Share, Threshold } from "./thresholds.ts";

export interface FragmentOptions {
  /** The name of the detector in `safelight.yaml`. */
  readonly detector: string;
  /** Where its folder is, as it should stand there. */
  readonly model: string;
  readonly action: Exclude<Action, "allow" | "blur">;
  readonly budget: number;
  /** The data that the thresholds were chosen on, for a person. */
  readonly data: string;
}

/** A piece of a policy, as YAML: what a policy needs to use the model with these thresholds. */
export function policyFragment(
  { name, version, encoder }: Pick<Manifest, "name" | "version" | "encoder">,
  thresholds: readonly Threshold[],
  { detector, model, action, budget, data }: FragmentOptions,
): string {
  const used = thresholds.filter(({ threshold }) => threshold !== null);
  const lines = [
    `# Thresholds of the custom model ${JSON.stringify(name)}, version ${version}.`,
    `# Chosen on ${oneLine(data)} so that at most ${percent(budget)} of the texts without the category are flagged.`,
    "# Intervals hold with 95 % confidence (Wilson).",
    "#",
    "# The detector belongs into safelight.yaml:",
    "#   detectors:",
    `#     ${detector}: { kind: custom, model: ${JSON.stringify(model)} }`,
    "# What follows belongs into a policy:",
    "prompt:",
    "  detectors:",
    `    ${detector}: { budget_ms: ${encoder ? 1_000 : 250} }`,
    "  per_detector:",
    used.length === 0 ? `    ${detector}: {}` : `    ${detector}:`,
    ...thresholds.flatMap((threshold) => categoryLines(threshold, action, budget)),
  ];
  return `${lines.join("\n")}\n`;
}

function categoryLines(
  { category, threshold, proven, false_positive_rate, recall }: Threshold,
  action: string,
  budget: number,
): readonly string[] {
  if (threshold === null) return [`      # ${category}: no threshold keeps ${percent(budget)}`];
  return [
    `      # flags ${shown(false_positive_rate)} of the texts without it, finds ${shown(recall)} of those with it`,
    ...(proven ? [] : ["      # too few texts without it to prove the budget: more would make this sure"]),
    `      ${JSON.stringify(category)}: { ${action}: ${threshold} }`,
  ];
}

function shown({ value, low, high, of, among }: Share): string {
  return `${percent(value)} (${percent(low)} to ${percent(high)}; ${of} of ${among})`;
}

function percent(value: number): string {
  return `${(100 * value).toFixed(2)} %`;
}

/** A comment must not end early. */
function oneLine(text: string): string {
  return text.replace(/[\r\n\u0085\u2028\u2029]+/g, " ");
}
