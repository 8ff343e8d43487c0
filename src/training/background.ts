import type { Problem } from "./data/problems.ts";
import type { Evaluation } from "./evaluate.ts";
import { at } from "./thresholds.ts";
import type { TrainOptions } from "./train.ts";

/** What a training was fed with, and how it went: all that the folder tells besides the model itself. */
export interface Background {
  readonly file: string;
  readonly format: string;
  readonly digest: string;
  /** Rows in the file, good and bad. */
  readonly rows: number;
  readonly problems: readonly Problem[];
  /** Of the test file, when there is one. */
  readonly testProblems: readonly Problem[] | undefined;
  readonly warnings: readonly string[];
  readonly options: TrainOptions;
  readonly seconds: number;
  /** The folder, as `safelight.yaml` would name it. */
  readonly model: string;
  readonly includeTexts: boolean;
}

/** Thresholds that were chosen on one part, with what they do on the other: a threshold flatters the texts it was chosen on. */
export function checkedThresholds({ validation, test }: { validation: Evaluation; test: Evaluation }) {
  return validation.thresholds.map((threshold) => ({
    ...threshold,
    on_test: at(test.byCategory.get(threshold.category) ?? [], threshold.threshold),
  }));
}
export type CheckedThreshold = ReturnType<typeof checkedThresholds>[number];
