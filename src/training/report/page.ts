import type { Background, CheckedThreshold } from "../background.ts";
import { countProblems, type Problem } from "../data/problems.ts";
import type { WorstError } from "../evaluate.ts";
import type { Share } from "../thresholds.ts";
import type { Trained } from "../train.ts";
import { calibrationSvg, confusionSvg, escaped, precisionRecallSvg } from "./plots.ts";
import { STYLE } from "./style.ts";

/** The page `report.html`: it loads nothing, runs no script, and holds texts only when asked to. */
export function reportPage(trained: Trained, background: Background, thresholds: readonly CheckedThreshold[]): string {
  const { manifest } = trained.model;
  const { metrics } = trained.test;
  const parts = [
    header(trained, background),
    section(
      "Class by class",
      classTable(trained),
      "On the test part, at the model's own decision: the likeliest class, or 0.5.",
    ),
    section("Thresholds", thresholdTable(thresholds, background), thresholdNote(background)),
    `<div class="pair">${section(
      "Precision against recall",
      precisionRecallSvg(trained.test),
      "The legend gives the area under each curve (AUPRC).",
    )}${section("Confusion", confusionSvg(trained.test.confusion), "Down what is true, across what the model said.")}</div>`,
    section(
      "Can a score be read as a probability?",
      `<div class="plots">${calibrationPlots(trained)}</div>`,
      `On the diagonal, of the texts scored 0.8 eight in ten have the class. Mean distance: ${decimals(metrics.ece)} (expected calibration error).`,
    ),
    section("Where it is most wrong", worstList(trained, background.includeTexts)),
    section("Rows that were not used", problemTables(background)),
    section("How it was made", facts(trained, background)),
  ];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escaped(manifest.name)}: report</title><style>${STYLE}</style></head>
<body><main>${parts.join("\n")}</main></body></html>
`;
}

function header({ model, test, split }: Trained, { file, rows, problems, seconds, warnings }: Background): string {
  const { manifest } = model;
  const { metrics } = test;
  const tiles: readonly (readonly [string, string, string])[] = [
    [percent(metrics.accuracy), "accuracy", `${metrics.rows.toLocaleString("en")} texts it never saw`],
    [decimals(metrics.auroc), "AUROC", "1 is perfect, 0.5 is chance"],
    [decimals(metrics.auprc), "AUPRC", "mean over the classes"],
    [decimals(metrics.f1), "F1", "mean over the classes"],
  ];
  const notes = warnings.map((warning) => `<p class="note">${escaped(warning)}</p>`).join("");
  return `<header><p class="kicker">Safelight · custom prompt classifier</p><h1>${escaped(manifest.name)}</h1>
<p>Trained on ${split.train.toLocaleString("en")} of the ${rows.toLocaleString("en")} rows of <code>${escaped(file)}</code>
in ${seconds.toFixed(0)} seconds; ${problems.length.toLocaleString("en")} rows could not be used.
Version <code>${manifest.version}</code>, ${manifest.training.created.slice(0, 10)}.</p>
<div class="tiles">${tiles.map(([value, name, about]) => `<div class="tile"><b>${value}</b><span>${name}</span><small>${about}</small></div>`).join("")}</div>${notes}</header>`;
}

function classTable({ model, test }: Trained): string {
  const rows = test.metrics.classes.map((each, k) => {
    const category = model.manifest.classes[k]?.category;
    const values = [each.precision, each.recall, each.f1, each.auroc, each.auprc, each.ece].map(decimals);
    return [
      escaped(each.name),
      category ? `<code>${category}</code>` : "<small>not reported: nothing wrong</small>",
      each.positives.toLocaleString("en"),
      ...values,
    ];
  });
  return table(["class", "category", "texts", "precision", "recall", "F1", "AUROC", "AUPRC", "cal. error"], rows, 2);
}

function thresholdTable(thresholds: readonly CheckedThreshold[], { options }: Background): string {
  const rows = thresholds.map(({ category, threshold, proven, false_positive_rate, recall, on_test }) => [
    `<code>${category}</code>`,
    threshold === null ? "none" : String(threshold),
    share(false_positive_rate) + (proven ? "" : " <small>(not proven)</small>"),
    share(recall),
    share(on_test.false_positive_rate),
    share(on_test.recall),
  ]);
  const budget = percent(options.maxFalsePositiveRate);
  return table(
    ["category", `threshold for ${budget}`, "wrongly flagged", "found", "on the test part: wrongly", "found"],
    rows,
    1,
  );
}

function thresholdNote({ options }: Background): string {
  const budget = percent(options.maxFalsePositiveRate);
  return `Each is the lowest score at which at most ${budget} of the texts without the category are flagged. They were chosen on the
validation part, so that even the upper end of the interval (Wilson, 95 %) keeps the budget; the test part checks them. They
hold for texts like these: choose them on your own traffic with <code>safelight evaluate --max-false-positive-rate</code>.
<code>policy.yaml</code> has them ready for a policy.`;
}

const MOST_PLOTS = 8;

function calibrationPlots({ model, test }: Trained): string {
  const wanted = model.manifest.classes.flatMap(({ name, category }, k) => (category ? [{ name, k }] : []));
  return wanted
    .slice(0, MOST_PLOTS)
    .map(({ name, k }) => {
      const bins = test.calibration[k] ?? [];
      const caption = `<figcaption>${escaped(name)}: error ${decimals(test.metrics.classes[k]?.ece ?? null)}</figcaption>`;
      return bins.length === 0 ? "" : `<figure>${calibrationSvg(name, bins)}${caption}</figure>`;
    })
    .join("");
}

function worstList({ test }: Trained, includeTexts: boolean): string {
  if (test.worst.length === 0) return "<p>Nowhere: every text of the test part is right.</p>";
  const line = ({ row }: WorstError) => test.dataset.lines[row] ?? 0;
  if (!includeTexts) {
    const rows = test.worst.map((error) => [String(line(error)), ...verdict(error)]);
    const about =
      "<p>Texts may be offensive or private, so only their lines are here; <code>--include-texts</code> adds them.</p>";
    return about + table(["line", "class", "truth", "probability"], rows, 3);
  }
  const rows = test.worst.map((error) => {
    const text = escaped(test.dataset.texts[error.row] ?? "");
    return [String(line(error)), ...verdict(error), `<details><summary>show</summary>${text}</details>`];
  });
  const list = table(["line", "class", "truth", "probability", "text"], rows, 5);
  return `<details class="reveal"><summary>These texts may be offensive. Show the list; each text opens by itself.</summary>${list}</details>`;
}

function verdict({ class: name, has, probability }: WorstError): readonly string[] {
  return [escaped(name), has ? "has it" : "has it not", decimals(probability)];
}

function problemTables({ problems, testProblems, rows }: Background): string {
  const all = problemTable(problems, `All ${rows.toLocaleString("en")} rows could be used.`);
  return testProblems ? `${all}<h3>Test file</h3>${problemTable(testProblems, "All rows could be used.")}` : all;
}

function problemTable(problems: readonly Problem[], none: string): string {
  if (problems.length === 0) return `<p>${none}</p>`;
  const rows = countProblems(problems).map(({ about, rows, lines }) => [
    about,
    rows.toLocaleString("en"),
    lines.join(", ") + (rows > lines.length ? ", …" : ""),
  ]);
  return `${table(["what is wrong", "rows", "lines"], rows, 1)}<p><code>problems.jsonl</code> lists every one.</p>`;
}

function facts({ model, split, history }: Trained, { format, digest, options }: Background): string {
  const { ngrams, mode, encoder } = model.manifest;
  const passes = history.map((epochs) => epochs.length);
  const facts: readonly (readonly [string, string])[] = [
    ["data", `<code>${digest}</code>, format ${format}`],
    [
      "split",
      `${split.train} to train, ${split.validation} to validate, ${split.test} to test; stratified, seed ${options.seed}`,
    ],
    [
      "features",
      `runs of up to ${ngrams.words} words and of ${ngrams.chars.join(" to ")} characters, hashed to ${ngrams.bits} bits${encoder ? `; vectors of ${escaped(encoder.id)} ${escaped(encoder.version)}` : ""}`,
    ],
    [
      "model",
      `logistic regression, ${mode}, class weights ${options.classWeights}; ${Math.min(...passes)} to ${Math.max(...passes)} passes, ended by the validation part`,
    ],
    [
      "calibration",
      "Platt scaling (two classes, multi-label) or temperature with class intercepts, on the validation part",
    ],
  ];
  return `<dl>${facts.map(([name, value]) => `<dt>${name}</dt><dd>${value}</dd>`).join("")}</dl>`;
}

function section(title: string, content: string, note = ""): string {
  return `<section><h2>${title}</h2>${note === "" ? "" : `<p>${note}</p>`}${content}</section>`;
}

/** @param texts so many columns, from the left, hold words and not figures */
function table(head: readonly string[], rows: readonly (readonly string[])[], texts: number): string {
  const cells = (tag: string, row: readonly string[]) =>
    row.map((cell, i) => `<${tag}${i < texts ? "" : ' class="n"'}>${cell}</${tag}>`).join("");
  const body = rows.map((row) => `<tr>${cells("td", row)}</tr>`).join("");
  return `<div class="scroll"><table><thead><tr>${cells("th", head)}</tr></thead><tbody>${body}</tbody></table></div>`;
}

function decimals(value: number | null): string {
  return value === null ? "–" : value.toFixed(3);
}

function percent(value: number): string {
  return `${Number((100 * value).toFixed(2))} %`;
}

function share({ value, low, high }: Share): string {
  return `${percent(value)} <small>${percent(low)} to ${percent(high)}</small>`;
}
