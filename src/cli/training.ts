import { z } from "zod";
import { countProblems, type Problem } from "../training/data/problems.ts";
import { FORMATS, type Format, READ_DEFAULTS, type ReadOptions } from "../training/data/read.ts";
import type { Metrics } from "../training/metrics.ts";
import { STEPS, type Step } from "../training/train.ts";
import { type Arguments, UsageError } from "./command.ts";
import type { Io } from "./io.ts";

/** The options that say how a file of labelled texts is written. */
export const READING = {
  format: { type: "string", value: "NAME", about: `${Object.keys(FORMATS).join(", ")}; found out when left out` },
  delimiter: { type: "string", value: "SIGN", about: "between the classes of a multi-label CSV (|)" },
  attribute: { type: "string", value: "NAME", about: "the label attribute of an augmented manifest" },
  "max-bytes": { type: "string", value: "N", about: `longer texts are left out (${READ_DEFAULTS.maxBytes})` },
} as const;

export function readOptions({
  format,
  delimiter,
  attribute,
  "max-bytes": maxBytes,
}: Arguments<typeof READING>["values"]): ReadOptions {
  if (format !== undefined && !Object.hasOwn(FORMATS, format)) {
    throw new UsageError(`--format: must be one of ${Object.keys(FORMATS).join(", ")}`);
  }
  if (delimiter !== undefined && [...delimiter].length !== 1)
    throw new UsageError("--delimiter: must be one character");
  return {
    maxBytes:
      numberOption(
        "max-bytes",
        maxBytes,
        z
          .int()
          .min(1)
          .max(2 ** 24),
      ) ?? READ_DEFAULTS.maxBytes,
    delimiter: delimiter ?? READ_DEFAULTS.delimiter,
    ...(format === undefined ? {} : { format: format as Format }), // one of its keys, as seen above
    ...(attribute === undefined ? {} : { attribute }),
  };
}

export const rate = z.number().gt(0).lt(1);

/** @throws UsageError when something is given that is not such a number */
export function numberOption(name: string, given: string | undefined, schema: z.ZodType<number>): number | undefined {
  if (given === undefined) return undefined;
  const parsed = schema.safeParse(given.trim() === "" ? Number.NaN : Number(given));
  if (parsed.success) return parsed.data;
  throw new UsageError(`--${name}: ${parsed.error.issues[0]?.message} (found ${JSON.stringify(given)})`);
}

/** Tells a person how far a training is: a bar where somebody watches, else a line for each step. */
export class Bar {
  readonly #io: Io;
  readonly #start = performance.now();
  #step: Step | undefined;
  #shown = "";

  constructor(io: Io) {
    this.#io = io;
  }

  show(step: Step, fraction: number): void {
    if (!this.#io.watched) {
      if (step !== this.#step) this.#io.err(`${step}\n`);
      this.#step = step;
      return;
    }
    const before = Object.entries(STEPS).slice(0, Object.keys(STEPS).indexOf(step));
    const done = before.reduce((sum, [, share]) => sum + share, 0) + STEPS[step] * fraction;
    const filled = Math.round(done * 30);
    const seconds = ((performance.now() - this.#start) / 1_000).toFixed(0);
    const bar = `${"█".repeat(filled)}${"░".repeat(30 - filled)}`;
    this.#draw(`${bar} ${(100 * done).toFixed(0).padStart(3)} %  ${step}  ${seconds} s`);
  }

  clear(): void {
    if (this.#shown !== "") this.#draw("");
  }

  #draw(text: string): void {
    if (text === this.#shown) return;
    this.#io.err(`\r${text}${" ".repeat(Math.max(0, this.#shown.length - text.length))}${text === "" ? "\r" : ""}`);
    this.#shown = text;
  }
}

const SHOWN_LINES = 5;

/** What was wrong with rows, a line for each kind; empty when nothing was. */
export function problemsText(problems: readonly Problem[]): string {
  return countProblems(problems)
    .map(({ about, rows, lines }) => {
      const some = lines.slice(0, SHOWN_LINES).join(", ");
      return `left out ${rows} ${rows === 1 ? "row" : "rows"}: ${about} (line ${some}${rows > SHOWN_LINES ? ", …" : ""})\n`;
    })
    .join("");
}

/** The metrics that Amazon Comprehend reports, then those of each class. */
export function metricsText(metrics: Metrics): string {
  const share = (value: number | null) => (value === null ? "-" : value.toFixed(4));
  const overall: readonly (readonly [string, number | null])[] = [
    ["Accuracy", metrics.accuracy],
    ["Precision (macro)", metrics.precision],
    ["Recall (macro)", metrics.recall],
    ["F1 (macro)", metrics.f1],
    ["Precision (micro)", metrics.micro_precision],
    ["Recall (micro)", metrics.micro_recall],
    ["F1 (micro)", metrics.micro_f1],
    ["Hamming loss", metrics.hamming_loss],
    ["AUROC (mean)", metrics.auroc],
    ["AUPRC (mean)", metrics.auprc],
    ["Calibration error", metrics.ece],
  ];
  const head = ["class", "texts", "precision", "recall", "F1", "AUROC", "AUPRC"];
  const rows = metrics.classes.map(({ name, positives, precision, recall, f1, auroc, auprc }) => [
    name,
    String(positives),
    ...[precision, recall, f1, auroc, auprc].map(share),
  ]);
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join("  ");
  return [
    `${metrics.rows} texts`,
    ...overall.map(([name, value]) => `${name.padEnd(18)} ${share(value)}`),
    "",
    line(head),
    ...rows.map(line),
  ].join("\n");
}
