import { SafelightError } from "../contract/errors.ts";
import type { Problem } from "./data/problems.ts";
import type { Mode, ReadFile } from "./data/read.ts";
import type { Row } from "./data/rows.ts";

/** Texts with what is known of each class. */
export interface Dataset {
  readonly mode: Mode;
  /** In the order of the alphabet: the same file gives the same order. */
  readonly classes: readonly string[];
  readonly texts: readonly string[];
  /** Where each text stands in the file. */
  readonly lines: readonly number[];
  /** `texts × classes`: 1 has it, 0 has it not, -1 nobody knows. */
  readonly targets: Int8Array;
}

export interface Gathered {
  readonly dataset: Dataset;
  /** Those of the file, and those that show only when its rows are compared. */
  readonly problems: readonly Problem[];
  /** Worth a word, but no reason to leave a row out. */
  readonly warnings: readonly string[];
}

/** Comprehend refuses a class below the first, and advises against one below the second. */
const LEAST_EXAMPLES = 10;
const ADVISED_EXAMPLES = 50;
const ADVISED_SKEW = 10;

/**
 * Makes a data set of what a file holds: without texts that contradict each other, without repetitions, without
 * classes that have too few examples.
 * @throws SafelightError `invalid_request` when fewer than two classes are left
 */
export function gather(file: ReadFile): Gathered {
  const problems = [...file.problems];
  const merged = mergeRepeated(file.rows, problems);
  const { rows, kept } = withoutRareClasses(merged, file.mode, problems);
  const classes = [...kept.keys()].sort();
  const least = file.mode === "multi-class" ? 2 : 1;
  if (classes.length < least) {
    const found = classes.length === 0 ? "none is left" : "only one is left";
    throw new SafelightError(
      "invalid_request",
      `too few classes with at least ${LEAST_EXAMPLES} examples: ${found} of ${file.total} rows (${problems.length} with problems)`,
    );
  }
  return { dataset: datasetOf(rows, file.mode, classes), problems, warnings: warningsFor(kept, file.mode) };
}

/** The rows for a model whose classes are known already. Rows with another class are problems. */
export function gatherFor(file: ReadFile, mode: Mode, classes: readonly string[]): Omit<Gathered, "warnings"> {
  const known = new Set(classes);
  const problems = [...file.problems];
  const rows = mergeRepeated(file.rows, problems).filter(({ line, has }) => {
    const stranger = has.find((name) => !known.has(name));
    if (stranger === undefined && (mode === "multi-label" || has.length === 1)) return true;
    if (stranger === undefined) problems.push({ line, kind: "no_label" });
    else problems.push({ line, kind: "unknown_class", detail: JSON.stringify(stranger) });
    return false;
  });
  if (rows.length === 0) {
    const names = classes.map((name) => JSON.stringify(name)).join(", ");
    throw new SafelightError("invalid_request", `no row of the file can be used; the model knows the classes ${names}`);
  }
  return { dataset: datasetOf(rows, mode, classes), problems };
}

/** Texts that differ in nothing but Unicode composition and outer white space are the same text. */
function sameText(text: string): string {
  return text.normalize("NFC").trim();
}

function mergeRepeated(rows: readonly Row[], problems: Problem[]): readonly Row[] {
  const byText = new Map<string, Row[]>();
  for (const row of rows) {
    const key = sameText(row.text);
    const others = byText.get(key);
    if (others) others.push(row);
    else byText.set(key, [row]);
  }
  const merged: Row[] = [];
  for (const same of byText.values()) {
    const [first, ...others] = same;
    if (!first) continue;
    const one = others.reduce<Row | undefined>((sum, other) => sum && joined(sum, other), first);
    if (one) {
      merged.push(one);
      for (const { line } of others) problems.push({ line, kind: "duplicate", detail: `line ${first.line}` });
    } else {
      for (const { line } of same) {
        const rest = same.filter((other) => other.line !== line).map((other) => other.line);
        problems.push({ line, kind: "conflict", detail: `line ${rest.slice(0, 5).join(", ")}` });
      }
    }
  }
  return merged;
}

/** What two rows with the same text say together; `undefined` when they contradict each other. */
function joined(a: Row, b: Row): Row | undefined {
  if (a.hasNot === "others" || b.hasNot === "others") {
    const same = a.has.length === b.has.length && a.has.every((name) => b.has.includes(name));
    return same ? a : undefined;
  }
  const has = new Set([...a.has, ...b.has]);
  const hasNot = new Set([...a.hasNot, ...b.hasNot]);
  return [...has].some((name) => hasNot.has(name)) ? undefined : { ...a, has: [...has], hasNot: [...hasNot] };
}

interface Counts {
  has: number;
  hasNot: number;
}

function withoutRareClasses(rows: readonly Row[], mode: Mode, problems: Problem[]) {
  const counts = new Map<string, Counts>();
  const count = (name: string) => counts.get(name) ?? { has: 0, hasNot: 0 };
  let exhaustive = 0;
  for (const { has, hasNot } of rows) {
    for (const name of has) counts.set(name, { ...count(name), has: count(name).has + 1 });
    if (hasNot === "others") exhaustive += 1;
    else for (const name of hasNot) counts.set(name, { ...count(name), hasNot: count(name).hasNot + 1 });
  }
  const enough = ([name, { has, hasNot }]: [string, Counts]) => {
    const negatives = hasNot + exhaustive - (exhaustive > 0 ? has : 0);
    return name !== "" && has >= LEAST_EXAMPLES && (mode === "multi-class" || negatives >= LEAST_EXAMPLES);
  };
  const kept = new Map([...counts].filter(enough).map(([name, { has }]) => [name, has]));
  const left = rows.flatMap((row) => {
    const rare = row.has.find((name) => !kept.has(name));
    if (rare === undefined) return [row];
    const detail = `${JSON.stringify(rare)} has ${count(rare).has}, at least ${LEAST_EXAMPLES} are needed`;
    problems.push({ line: row.line, kind: "few_examples", detail });
    return [];
  });
  return { rows: left, kept };
}

function warningsFor(kept: ReadonlyMap<string, number>, mode: Mode): readonly string[] {
  const few = [...kept].filter(([, examples]) => examples < ADVISED_EXAMPLES);
  const warnings = few.map(
    ([name, examples]) => `class ${JSON.stringify(name)} has ${examples} examples; ${ADVISED_EXAMPLES} are advised`,
  );
  const sizes = [...kept.values()];
  const skew = Math.max(...sizes) / Math.min(...sizes);
  if (mode === "multi-class" && skew > ADVISED_SKEW) {
    warnings.push(
      `the largest class has ${skew.toFixed(0)} times the examples of the smallest; at most ${ADVISED_SKEW} are advised`,
    );
  }
  return warnings;
}

function datasetOf(rows: readonly Row[], mode: Mode, classes: readonly string[]): Dataset {
  const numbers = new Map(classes.map((name, k) => [name, k]));
  const targets = new Int8Array(rows.length * classes.length);
  rows.forEach(({ has, hasNot }, i) => {
    const first = i * classes.length;
    if (hasNot !== "others") {
      targets.fill(-1, first, first + classes.length);
      for (const name of hasNot) {
        const k = numbers.get(name);
        if (k !== undefined) targets[first + k] = 0;
      }
    }
    for (const name of has) targets[first + (numbers.get(name) ?? 0)] = 1;
  });
  return { mode, classes, texts: rows.map(({ text }) => text), lines: rows.map(({ line }) => line), targets };
}
