/**
 * What the `rules` detector finds of disguised words, method by method, and what it objects to in harmless texts, on the labelled data
 * beside the checkout (SAFELIGHT_SHARED_DATA, or ../shared/data).
 *
 *   node bench/disguises.ts [--json | --markdown]
 */
import { readFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { loadConfig } from "../src/config/load.ts";
import { loadPolicies } from "../src/config/policies.ts";
import { DEFAULT_LIMITS } from "../src/contract/limits.ts";
import type { Finding } from "../src/contract/report.ts";
import { RulesOptions } from "../src/detectors/text/rules/options.ts";
import { openRules } from "../src/detectors/text/rules/rules.ts";
import { decide } from "../src/policy/decide.ts";
import { machine, report, round } from "./support/harness.ts";

interface Disguised {
  readonly text: string;
  readonly method: string;
  readonly label: 0 | 1;
}

interface Labelled {
  readonly text: string;
  readonly source: string;
  readonly labels: { readonly unsafe: 0 | 1 };
}

const { values: flags } = parseArgs({ options: { json: { type: "boolean" }, markdown: { type: "boolean" } } });
const shared = path.resolve(import.meta.dirname, "..", process.env["SAFELIGHT_SHARED_DATA"] ?? "../shared/data");
const signal = new AbortController().signal;
const detector = await openRules(RulesOptions.parse({}), { folder: "/", limits: DEFAULT_LIMITS });
const find = (text: string) => detector.inspect({ text }, signal);

/** Whether the default policy would say anything about these findings. */
const { config } = loadConfig({ env: {}, flags: {}, cwd: path.resolve(import.meta.dirname, "..") });
const policy = loadPolicies(config).get(config.default_policy)?.policy.prompt;
function minds(findings: readonly Finding[]): boolean {
  if (!policy) throw new Error("there is no default policy");
  const only = { ...policy, require: [], detectors: {} };
  const { id, version, categories } = detector;
  return (
    decide(
      "prompt",
      [
        {
          detector: id,
          version,
          categories: [...categories],
          duration_ms: 0,
          state: "scored",
          findings: [...findings],
        },
      ],
      only,
    ).action !== "allow"
  );
}

const disguised = rowsOf<Disguised>("obfuscation-dev.jsonl");
const methods = [];
for (const [method, rows] of Map.groupBy(disguised, (row) => row.method)) {
  let flagged = 0;
  for (const { text } of rows) if ((await find(text)).length > 0) flagged++;
  methods.push({
    method,
    label: rows[0]?.label ?? 0,
    texts: rows.length,
    flagged,
    percent: round((100 * flagged) / rows.length, 1),
  });
}
methods.sort((a, b) => b.label - a.label || b.percent - a.percent || a.method.localeCompare(b.method));

const benign = [...rowsOf<Labelled>("prompts/train.jsonl"), ...rowsOf<Labelled>("prompts/dev.jsonl")].filter(
  ({ source, labels }) => labels.unsafe === 0 && /^(?:coco|t2i|tifa|dsg|geneval|diffusiondb)/.test(source),
);
const sources = [];
for (const [source, rows] of Map.groupBy(benign, (row) => row.source)) {
  let matched = 0;
  let minded = 0;
  for (const { text } of rows) {
    const findings = await find(text);
    if (findings.length > 0) matched++;
    if (minds(findings)) minded++;
  }
  const percent = (count: number) => round((100 * count) / rows.length, 2);
  sources.push({
    source,
    texts: rows.length,
    "any finding %": percent(matched),
    "warned or refused %": percent(minded),
  });
}

const recall = methods.filter(({ label }) => label === 1);
const share = (rows: readonly { flagged: number; texts: number }[]) =>
  round((100 * rows.reduce((sum, row) => sum + row.flagged, 0)) / rows.reduce((sum, row) => sum + row.texts, 0), 2);
const summary = {
  "disguised and plain words found %": share(recall),
  "look-alikes flagged %": share(methods.filter(({ label }) => label === 0)),
};

if (flags.markdown) {
  const table = (rows: readonly Readonly<Record<string, unknown>>[]) => {
    const names = Object.keys(rows[0] ?? {});
    const lines = rows.map((row) => `| ${names.map((name) => row[name]).join(" | ")} |`);
    return [`| ${names.join(" | ")} |`, `| ${names.map(() => "---").join(" | ")} |`, ...lines].join("\n");
  };
  console.log(`${table(methods)}\n\n${table(sources)}\n\n${JSON.stringify(summary)}. ${machine()}.`);
} else report("disguised words", [...methods, ...sources], summary);

function rowsOf<Row>(file: string): Row[] {
  const text = readFileSync(path.join(shared, file), "utf8").trim();
  return text.split("\n").map((line) => JSON.parse(line) as Row); // our own files
}
