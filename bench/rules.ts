/**
 * The `rules` detector: prompts a second beside the word filters on npm, in the same run; what each of them catches, method
 * by method, and what it objects to without reason; time to load; and that time is linear in the length of any text.
 *
 *   node bench/rules.ts [--json | --markdown] [--rounds 3]
 */
import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { DEFAULT_LIMITS } from "../src/contract/limits.ts";
import { loadList, type Rule, shippedLists } from "../src/detectors/text/rules/list.ts";
import { Matcher } from "../src/detectors/text/rules/matcher.ts";
import { RulesOptions } from "../src/detectors/text/rules/options.ts";
import { openRules } from "../src/detectors/text/rules/rules.ts";
import { machine, measure, type Row, report, round } from "./support/harness.ts";
import { ART, HOSTILE, invented, PROMPTS, prompts, TRAPS } from "./support/rules-corpus.ts";
import { FILTERS, type Quality, type Speed } from "./support/rules-filters.ts";
import { METHODS } from "./support/rules-methods.ts";

const MEGABYTE = 1_000_000;
const { values: flags } = parseArgs({
  options: { json: { type: "boolean" }, markdown: { type: "boolean" }, rounds: { type: "string", default: "3" } },
});

/** One measurement of one filter, in a process of its own. */
function inChild<Answer>(name: string, what: "speed" | "quality"): Answer {
  const child = spawnSync(process.execPath, [path.join(import.meta.dirname, "support/rules-filters.ts"), name, what], {
    encoding: "utf8",
    maxBuffer: 2 ** 26,
  });
  if (child.status !== 0) throw new Error(`${name}: ${child.stderr}`);
  return JSON.parse(child.stdout.trim().split("\n").at(-1) ?? "") as Answer;
}

interface Compared extends Quality {
  readonly name: string;
  readonly speeds: readonly number[];
  readonly open_ms: number;
}

/** Every filter in turn, as often as there are rounds, each round beginning with another one. */
function compare(rounds: number): Compared[] {
  const names = Object.keys(FILTERS);
  const speeds = new Map<string, Speed[]>(names.map((name) => [name, []]));
  for (let turn = 0; turn < rounds; turn++) {
    for (let i = 0; i < names.length; i++) {
      const name = names[(i + turn) % names.length] ?? "";
      speeds.get(name)?.push(inChild<Speed>(name, "speed"));
    }
  }
  return names.map((name) => {
    const measured = speeds.get(name) ?? [];
    return {
      name,
      ...inChild<Quality>(name, "quality"),
      speeds: measured.map((one) => one.prompts_per_s).sort((a, b) => a - b),
      open_ms: round(Math.min(...measured.map((one) => one.open_ms)), 1),
    };
  });
}

const middle = (sorted: readonly number[]) => sorted[Math.floor(sorted.length / 2)] ?? 0;
const mean = (numbers: readonly number[]) => numbers.reduce((sum, one) => sum + one, 0) / numbers.length;
const percent = (share: number | undefined) => String(Math.round(100 * (share ?? 0)));

function overview(compared: readonly Compared[]) {
  return compared.map(({ name, speeds, open_ms, recall, ...rest }) => ({
    filter: name,
    listed: rest.listed,
    prompts_per_s: middle(speeds),
    slowest: speeds[0] ?? 0,
    fastest: speeds.at(-1) ?? 0,
    open_ms,
    mean_recall: `${percent(mean(Object.values(recall)))} %`,
    methods_98: Object.values(recall).filter((share) => share >= 0.98).length,
    false_positives: rest.false_positives,
    traps: rest.traps,
    art: rest.art,
  }));
}

/** The two tables of the README. */
function markdown(compared: readonly Compared[]): string {
  const line = (cells: readonly (string | number)[]) => `| ${cells.join(" | ")} |`;
  const names = compared.map(({ name }) => name);
  const own = compared.find(({ name }) => name === "safelight");
  const ratio = (one: Compared) => round(middle(own?.speeds ?? []) / middle(one.speeds), 1);
  return [
    line([
      "filter",
      "terms",
      "prompts/s (min–max)",
      "safelight is",
      "mean recall",
      "methods ≥ 98 %",
      `flagged of ${PROMPTS} benign`,
      `traps of ${TRAPS.length}`,
      `art of ${ART.length}`,
    ]),
    line(["---", "---:", "---:", "---:", "---:", "---:", "---:", "---:", "---:"]),
    ...compared.map((one) =>
      line([
        one.name,
        one.listed,
        `${middle(one.speeds).toLocaleString("en")} (${one.speeds[0]?.toLocaleString("en")}–${one.speeds.at(-1)?.toLocaleString("en")})`,
        one === own ? "–" : `${ratio(one)}×`,
        `${percent(mean(Object.values(one.recall)))} %`,
        `${Object.values(one.recall).filter((share) => share >= 0.98).length} of ${Object.keys(METHODS).length}`,
        one.false_positives,
        one.traps,
        one.art,
      ]),
    ),
    "",
    line(["method, recall in %", ...names]),
    line(["---", ...names.map(() => "---:")]),
    ...Object.keys(METHODS).map((method) => line([method, ...compared.map(({ recall }) => percent(recall[method]))])),
    "",
    `${machine()}. Each filter with its own list (up to 100 of its words), in a process of its own, in the same run.`,
  ].join("\n");
}

async function inTemporaryList<T>(terms: readonly string[], use: (file: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(path.join(tmpdir(), "safelight-bench-"));
  try {
    const file = path.join(folder, "list.yaml");
    const head =
      "schema: safelight.terms/1\nname: invented\nlanguage: en\nlicence: CC0-1.0\nsource: bench/rules.ts\nterms:\n";
    const body = terms.map((term) => `      - ${term}\n`).join("");
    await writeFile(file, `${head}  - category: profanity\n    severity: mild\n    terms:\n${body}`);
    return await use(file);
  } finally {
    await rm(folder, { recursive: true });
  }
}

const compared = compare(Number(flags.rounds));
if (flags.markdown) {
  console.log(markdown(compared));
  process.exit(0);
}

const rules: Rule[] = [];
for (const name of await shippedLists()) rules.push(...(await loadList(name, "/")).rules);
const matcher = new Matcher(rules, []);
const context = { folder: "/", limits: DEFAULT_LIMITS };
/** Never the same twice: what was compiled once is shared. */
const open = (lists: string[] | undefined, iteration: number) =>
  openRules(RulesOptions.parse({ lists, allow: [`unheard of ${iteration}`] }), context);
const rows: (Row & { prompts_per_s?: number; mb_per_s?: number })[] = [];

const { texts, from } = prompts();
const characters = texts.reduce((sum, text) => sum + text.length, 0);
const share = texts.filter((text) => matcher.find(text).length > 0).length / PROMPTS;
if (share > 0.02) throw new Error(`wrong answer: ${share} of benign prompts flagged`);
const known = rules.find((rule) => rule.kind === "term" && rule.score === 1);
if (known?.kind !== "term" || matcher.find(`a photo of ${known.term} here`).length === 0)
  throw new Error("a term is missed");

async function throughput(name: string, batch: readonly string[]) {
  const size = batch.reduce((sum, text) => sum + text.length, 0);
  const row = await measure(name, () => batch.reduce((sum, text) => sum + matcher.find(text).length, 0), {
    iterations: 30,
    warmup: 10,
  });
  rows.push({
    ...row,
    prompts_per_s: Math.round((batch.length / row.p50_ms) * 1_000),
    mb_per_s: round(size / row.p50_ms / 1_000, 1),
  });
}
await throughput(`${PROMPTS} benign prompts`, texts);
await throughput(
  `${PROMPTS} prompts with a term in each`,
  texts.map((text) => `${text}, ${known.term}`),
);
await throughput(
  `${PROMPTS} prompts with a disguised term in each`,
  texts.map((text) => `${text}, ${METHODS["leet digits"](known.term)}`),
);
await throughput(
  `${PROMPTS} prompts with letters beyond ASCII`,
  texts.map((text) => `${text} – café`),
);

rows.push(
  await measure(
    `load and compile the shipped lists (${rules.length} rules)`,
    (iteration) => open(undefined, iteration),
    {
      iterations: 9,
      warmup: 0,
      check: (detector) => {
        if (detector.categories.length < 8) throw new Error("wrong answer: categories are missing");
      },
    },
  ),
);
await inTemporaryList(invented(20_000), async (file) => {
  rows.push(
    await measure("load and compile 20,000 terms", (iteration) => open([file], iteration), {
      iterations: 7,
      warmup: 0,
      check: (detector) => {
        if (detector.categories.length !== 1) throw new Error("wrong answer: the list was not loaded");
      },
    }),
  );
});

/** Milliseconds of the fastest of some runs of each, in turns: what the machine's other work disturbs least. */
function fastest(one: string, two: string): [number, number] {
  const best: [number, number] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let run = 0; run < 10; run++) {
    const start = performance.now();
    matcher.find(run % 2 === 0 ? one : two);
    best[(run % 2) as 0 | 1] = Math.min(best[(run % 2) as 0 | 1], performance.now() - start);
  }
  return best;
}
const hostile = Object.entries({ "one term again and again": `${known.term} `, ...HOSTILE }).map(([name, piece]) => {
  const text = piece.repeat(Math.ceil(MEGABYTE / piece.length));
  const [one, two] = fastest(text, text + text);
  return { text: name, ms_1MB: round(one, 2), ms_2MB: round(two, 2), ratio: round(two / one, 2) };
});

if (!flags.json) console.table(overview(compared));
if (!flags.json) console.table(hostile);
report("rules detector", rows, {
  prompts: `${PROMPTS} from ${from}, ${Math.round(characters / PROMPTS)} characters on average`,
  flagged_share_of_benign: share,
  ...(flags.json ? { compared, hostile } : {}),
});
