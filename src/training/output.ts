import { WEIGHTS } from "../detectors/text/custom/files.ts";
import { type Background, checkedThresholds } from "./background.ts";
import { countProblems, problemLines } from "./data/problems.ts";
import type { ModelFiles } from "./folder.ts";
import { policyFragment } from "./fragment.ts";
import { reportPage } from "./report/page.ts";
import { confusionSvg, precisionRecallSvg } from "./report/plots.ts";
import type { Trained } from "./train.ts";

/** Everything in a model folder but its manifest. */
export function modelFiles(trained: Trained, background: Background): ModelFiles {
  const { model, weights, test } = trained;
  const { file, digest, options, problems, testProblems } = background;
  const thresholds = checkedThresholds(trained);
  const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;
  return {
    [WEIGHTS]: weights,
    "labels.json": json(model.manifest.classes),
    "thresholds.json": json({
      max_false_positive_rate: options.maxFalsePositiveRate,
      interval: "Wilson, 95 %",
      thresholds,
    }),
    "metrics.json": json({
      test: test.metrics,
      validation: trained.validation.metrics,
      data: {
        file,
        digest,
        rows: background.rows,
        ...trained.split,
        problems: countProblems(problems),
        test_problems: testProblems && countProblems(testProblems),
      },
      options,
      history: trained.history,
      seconds: background.seconds,
    }),
    "confusion_matrix.json": json(test.confusion),
    "problems.jsonl": problemLines(problems),
    ...(testProblems ? { "test-problems.jsonl": problemLines(testProblems) } : {}),
    "policy.yaml": policyFragment(model.manifest, trained.validation.thresholds, {
      detector: detectorName(model.manifest.name),
      model: background.model,
      action: "block",
      budget: options.maxFalsePositiveRate,
      data: `the validation part of ${file}`,
    }),
    "precision-recall.svg": precisionRecallSvg(test),
    "confusion-matrix.svg": confusionSvg(test.confusion),
    "report.html": reportPage(trained, background, thresholds),
  };
}

/** A name that `safelight.yaml` allows. */
export function detectorName(name: string): string {
  return (
    name
      .toLowerCase()
      .replace(/[^a-z0-9._-]+/g, "-")
      .replace(/^[^a-z0-9]+/, "")
      .slice(0, 64) || "custom"
  );
}
