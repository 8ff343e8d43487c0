/** What can be wrong with a row, and what a person should know about it. Rows with a problem are never trained on. */
export const PROBLEMS = {
  columns: "not exactly two columns: a class and a text (a text with commas needs quotes)",
  quoting: "something stands after the closing quote of a field",
  unclosed_quote: "a quote is opened and never closed",
  encoding: "not UTF-8 text",
  not_json: "not a JSON object",
  shape: "the object has not the fields of this format",
  empty_text: "the text is empty",
  empty_label: "a class has no name",
  no_label: "no class is stated",
  long_label: "the name of a class has more than 5,000 characters",
  oversized: "the text is larger than the limit",
  duplicate: "the same text with the same classes stands in an earlier row",
  conflict: "the same text stands in another row with other classes",
  few_examples: "a class has too few examples",
  unknown_class: "the model does not know the class",
} as const satisfies Record<string, string>;

export type ProblemKind = keyof typeof PROBLEMS;

/** One row that was not used. `detail` never holds the text of the row, which may be offensive or private. */
export interface Problem {
  /** Where the row starts; counts from 1. */
  readonly line: number;
  readonly kind: ProblemKind;
  readonly detail?: string;
}

export interface ProblemCount {
  readonly kind: ProblemKind;
  readonly about: string;
  readonly rows: number;
  /** The first of them, in order. */
  readonly lines: readonly number[];
}

const SHOWN_LINES = 20;

/** How many rows have each kind of problem, the most frequent first. */
export function countProblems(problems: readonly Problem[]): readonly ProblemCount[] {
  const lines = new Map<ProblemKind, number[]>();
  for (const { kind, line } of problems) {
    const known = lines.get(kind);
    if (known) known.push(line);
    else lines.set(kind, [line]);
  }
  return [...lines]
    .map(([kind, all]) => ({ kind, about: PROBLEMS[kind], rows: all.length, lines: all.slice(0, SHOWN_LINES) }))
    .sort((a, b) => b.rows - a.rows || (a.kind < b.kind ? -1 : 1));
}

/** One problem a line, as JSON: the file `problems.jsonl`. */
export function problemLines(problems: readonly Problem[]): string {
  return problems
    .toSorted((a, b) => a.line - b.line)
    .map((problem) => `${JSON.stringify(problem)}\n`)
    .join("");
}
