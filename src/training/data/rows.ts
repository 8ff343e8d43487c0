import type { Problem, ProblemKind } from "./problems.ts";

/** A row as a file states it. */
export interface Row {
  /** Where it starts; counts from 1. */
  readonly line: number;
  readonly text: string;
  /** The classes that it has. */
  readonly has: readonly string[];
  /** The classes that it is known not to have: all others, or only these; of the rest nobody knows. */
  readonly hasNot: "others" | readonly string[];
}

export interface Limits {
  /** Of the text, in UTF-8. */
  readonly maxBytes: number;
}

/** What a file holds: rows that can be used, and what is wrong with the others. */
export interface Rows {
  readonly rows: readonly Row[];
  readonly problems: readonly Problem[];
}

const MOST_LABEL_CHARACTERS = 5_000;

/** Collects rows, and turns away those that no format allows. */
export class RowCollector implements Rows {
  readonly rows: Row[] = [];
  readonly problems: Problem[] = [];
  readonly #limits: Limits;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  add({ line, text, has, hasNot }: Row): void {
    const labels = [...has, ...(hasNot === "others" ? [] : hasNot)];
    const bytes = Buffer.byteLength(text);
    if (text.trim() === "") this.refuse(line, "empty_text");
    else if (bytes > this.#limits.maxBytes) this.refuse(line, "oversized", `${bytes} bytes`);
    else if (labels.some((label) => label === "")) this.refuse(line, "empty_label");
    else if (labels.some((label) => label.length > MOST_LABEL_CHARACTERS)) this.refuse(line, "long_label");
    else this.rows.push({ line, text, has, hasNot });
  }

  refuse(line: number, kind: ProblemKind, detail?: string): void {
    this.problems.push(detail === undefined ? { line, kind } : { line, kind, detail });
  }
}
