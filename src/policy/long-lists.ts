import { type Document, parseDocument } from "yaml";

const OPTIONS = { prettyErrors: false, logLevel: "error", stringKeys: true } as const;
const SHORTEST_RUN = 64;
const MARK = "\ue000safelight-run-";

/** A line that is nothing but one entry of a list: a plain word or phrase that YAML reads as text, or simple quoted text. */
const ENTRY = /^( *)- +(?:"([^"\\\p{Cc}]*)"|(\p{L}(?:[^:#,[\]{}\p{Cc}]*[^:#,[\]{}\p{Cc}\s])?)) *$/u;
const NOT_TEXT = /^(?:null|true|false)$/i;

export function parseWhole(text: string): Document.Parsed {
  return parseDocument(text, OPTIONS);
}

/**
 * The value of a YAML text with long lists of words, some twenty times faster than the parser alone. Each run of plain
 * entries is parsed as one marked entry. Whenever a mark does not come back as exactly one entry of one list (the run was
 * inside a block of text, say), or there is any error, the answer is undefined: then the whole must be parsed.
 */
export function valueOfLongLists(text: string): { readonly value: unknown } | undefined {
  if (text.includes(MARK)) return undefined;
  const { short, runs } = shorten(text);
  if (runs.length === 0) return undefined;
  const document = parseDocument(short, OPTIONS);
  if (document.errors.length > 0 || document.warnings.length > 0) return undefined;
  const value: unknown = document.toJS();
  const expansion = new Expansion(runs);
  expansion.visit(value);
  return expansion.complete ? { value } : undefined;
}

function shorten(text: string): { short: string; runs: readonly (readonly string[])[] } {
  const runs: string[][] = [];
  const kept: string[] = [];
  let indent = "";
  let lines: string[] = [];
  let entries: string[] = [];
  const end = () => {
    if (entries.length < SHORTEST_RUN) {
      for (const line of lines) kept.push(line);
    } else {
      kept.push(`${indent}- "${MARK}${runs.length}"`);
      runs.push(entries);
    }
    lines = [];
    entries = [];
  };
  for (const line of text.split(/\r?\n/)) {
    const match = ENTRY.exec(line);
    const entry = match?.[2] ?? match?.[3];
    if (entry === undefined || (match?.[3] !== undefined && NOT_TEXT.test(entry))) {
      end();
      kept.push(line);
      continue;
    }
    if (match?.[1] !== indent) end();
    indent = match?.[1] ?? "";
    lines.push(line);
    entries.push(entry);
  }
  end();
  return { short: kept.join("\n"), runs };
}

class Expansion {
  readonly #runs: readonly (readonly string[])[];
  readonly #seen = new Set<object>();
  #found = 0;

  constructor(runs: readonly (readonly string[])[]) {
    this.#runs = runs;
  }

  get complete(): boolean {
    return this.#found === this.#runs.length;
  }

  visit(value: unknown): void {
    if (typeof value !== "object" || value === null || this.#seen.has(value)) return;
    this.#seen.add(value);
    if (Array.isArray(value)) this.#expand(value);
    for (const member of Object.values(value)) this.visit(member);
  }

  #expand(list: unknown[]): void {
    if (!list.some((entry) => this.#runAt(entry))) return;
    const expanded: unknown[] = [];
    for (const entry of list) {
      const run = this.#runAt(entry);
      if (run === undefined) {
        expanded.push(entry);
      } else {
        this.#found++;
        for (const word of run) expanded.push(word);
      }
    }
    list.length = expanded.length;
    for (const [index, entry] of expanded.entries()) list[index] = entry;
  }

  #runAt(entry: unknown): readonly string[] | undefined {
    return typeof entry === "string" && entry.startsWith(MARK)
      ? this.#runs[Number(entry.slice(MARK.length))]
      : undefined;
  }
}
