import { writeFile } from "node:fs/promises";
import { basename, relative, resolve } from "node:path";
import { readModelFolder } from "../../detectors/text/custom/files.ts";
import { countProblems } from "../../training/data/problems.ts";
import { readLabelled } from "../../training/data/read.ts";
import { gatherFor } from "../../training/dataset.ts";
import { evaluate } from "../../training/evaluate.ts";
import { policyFragment } from "../../training/fragment.ts";
import { detectorName } from "../../training/output.ts";
import { TRAIN_DEFAULTS } from "../../training/train.ts";
import { defineCommand, EXIT, UsageError } from "../command.ts";
import { metricsText, numberOption, problemsText, READING, rate, readOptions } from "../training.ts";

const ACTIONS = ["warn", "review", "block"] as const;

export const command = defineCommand({
  usage: "[options] MODEL FILE",
  about: "measures a trained classifier on labelled texts, and chooses thresholds",
  options: {
    "max-false-positive-rate": {
      type: "string",
      value: "RATE",
      about: "choose thresholds that flag at most this share of texts without the category, as a policy fragment",
    },
    out: { type: "string", value: "FILE", about: "where the policy fragment goes (stdout)" },
    action: { type: "string", value: "ACTION", about: `what the fragment asks for: ${ACTIONS.join(", ")} (block)` },
    detector: { type: "string", value: "NAME", about: "what safelight.yaml calls the detector (the model's name)" },
    ...READING,
  },
  examples: [
    ["safelight evaluate toxicity held-out.csv", ""],
    ["safelight evaluate toxicity held-out.csv --json | jq .accuracy", ""],
    ["safelight evaluate toxicity benign.csv --max-false-positive-rate 0.01 --out fragment.yaml", ""],
  ],
  async run(parsed, io) {
    const { values } = parsed;
    const [folder, file, ...more] = parsed.positionals;
    if (folder === undefined || file === undefined || more.length > 0) {
      throw new UsageError("evaluate: takes the folder of a model, and a file of labelled texts");
    }
    const reading = readOptions(values);
    const budget = numberOption("max-false-positive-rate", values["max-false-positive-rate"], rate);
    const action = ACTIONS.find((each) => each === (values.action ?? "block"));
    if (!action) throw new UsageError(`--action: must be one of ${ACTIONS.join(", ")}`);
    if (values.out !== undefined && budget === undefined) {
      throw new UsageError("--out: takes the policy fragment, which needs --max-false-positive-rate");
    }
    const model = await readModelFolder(resolve(io.cwd, folder));
    const { manifest } = model;
    const read = await readLabelled(resolve(io.cwd, file), reading);
    const names = manifest.classes.map(({ name }) => name);
    const { dataset, problems } = gatherFor(read, manifest.mode, names);
    io.err(problemsText(problems));
    const { metrics, confusion, thresholds } = await evaluate(
      model,
      dataset,
      budget ?? TRAIN_DEFAULTS.maxFalsePositiveRate,
      io.signal,
    );
    await model.encoder?.close();
    const fragment =
      budget === undefined
        ? undefined
        : policyFragment(manifest, thresholds, {
            detector: values.detector ?? detectorName(manifest.name),
            model: `./${relative(io.cwd, resolve(io.cwd, folder))}`,
            action,
            budget,
            data: `${basename(file)} (${read.digest.slice(0, 19)}…)`,
          });
    if (fragment !== undefined && values.out !== undefined) await writeFile(resolve(io.cwd, values.out), fragment);
    if (values.json) {
      const chosen = fragment === undefined ? {} : { thresholds, policy_fragment: fragment };
      const model = { name: manifest.name, version: manifest.version, mode: manifest.mode };
      const data = { file: basename(file), digest: read.digest, rows: read.total, problems: countProblems(problems) };
      await io.out(`${JSON.stringify({ ...metrics, confusion, ...chosen, model, data })}\n`);
    } else if (fragment !== undefined && values.out === undefined) {
      io.err(`${metricsText(metrics)}\n`);
      await io.out(fragment);
    } else await io.out(`${metricsText(metrics)}\n`);
    return EXIT.allowed;
  },
});
