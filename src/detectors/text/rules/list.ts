import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import type { Category } from "../../../contract/categories.ts";
import { SafelightError } from "../../../contract/errors.ts";
import { parseStrictYaml } from "../../../policy/strict-yaml.ts";
import { type Entry, ListSchema, type MatchMode, SCORES } from "./terms.ts";

const SHIPPED = path.resolve(import.meta.dirname, "../../../../policies/lists");

/** What every kind of rule has, with the defaults of its group and list filled in. */
interface Traits {
  readonly list: string;
  readonly category: Category;
  readonly score: number;
  readonly match: MatchMode;
  readonly language: string;
  /** One and the same array for all rules that share it: that is how an exception finds its rules. */
  readonly exceptions: readonly string[];
}

/** One forbidden word or phrase. `term` is what reports show. */
export interface TermRule extends Traits {
  readonly kind: "term";
  readonly term: string;
}

/** Any of `any` with at most `within` other words to any of `with`. */
export interface PairRule extends Traits {
  readonly kind: "pair";
  readonly any: readonly string[];
  readonly with: readonly string[];
  readonly within: number;
}

export type Rule = TermRule | PairRule;

export interface LoadedList {
  readonly name: string;
  readonly content: string;
  readonly rules: readonly Rule[];
}

/** Names of the lists in `policies/lists/`, in alphabetical order. */
export async function shippedLists(): Promise<string[]> {
  const files = await readdir(SHIPPED);
  return files.flatMap((file) => (file.endsWith(".yaml") ? [file.slice(0, -".yaml".length)] : [])).sort();
}

function fileOf(reference: string, folder: string): { file: string; isPath: boolean } {
  const isPath = /[/\\.]/.test(reference);
  return { file: isPath ? path.resolve(folder, reference) : path.join(SHIPPED, `${reference}.yaml`), isPath };
}

/** The files and folders that change what the rules find: the lists, and where lists are taken as they come, their folder. */
export function listSources(references: readonly string[] | undefined, folder: string): string[] {
  return references?.map((reference) => fileOf(reference, folder).file) ?? [SHIPPED];
}

/**
 * Reads one list. `reference` is a shipped list's name, or a path from `folder` when it holds a `/` or a `.`.
 * @throws SafelightError `config_invalid` naming the file, line and key
 */
export async function loadList(reference: string, folder: string): Promise<LoadedList> {
  const { file, isPath } = fileOf(reference, folder);
  let content: string;
  try {
    content = await readFile(file, "utf8");
  } catch (cause) {
    const hint = isPath ? "" : `; shipped lists: ${(await shippedLists()).join(", ")}`;
    throw new SafelightError("config_invalid", `rules: there is no readable list "${reference}"${hint}`, { cause });
  }
  const list = parseStrictYaml(content, isPath ? reference : `policies/lists/${reference}.yaml`, ListSchema);
  return { name: list.name, content, rules: flatten(list.terms, list.name, list.language) };
}

/** Entries as single rules: groups undone, defaults filled in, `(a|b)` expanded. */
export function flatten(entries: readonly Entry[], list: string, language: string): Rule[] {
  const rules: Rule[] = [];
  for (const entry of entries) {
    const shared = {
      list,
      category: entry.category,
      score: SCORES[entry.severity],
      match: entry.match ?? ("word" as const),
      language: entry.language ?? language,
      exceptions: expandAll(entry.exceptions ?? []),
    };
    if (entry.pairs) {
      const { any, with: other, within } = entry.pairs;
      rules.push({ ...shared, kind: "pair", any: expandAll(any), with: expandAll(other), within });
      continue;
    }
    for (const member of entry.terms ?? [entry.term ?? ""]) {
      if (typeof member === "string") {
        for (const term of expand(member)) rules.push({ ...shared, kind: "term", term });
        continue;
      }
      const own = {
        category: member.category ?? shared.category,
        score: member.severity ? SCORES[member.severity] : shared.score,
        match: member.match ?? shared.match,
        language: member.language ?? shared.language,
        exceptions: member.exceptions ? [...shared.exceptions, ...expandAll(member.exceptions)] : shared.exceptions,
      };
      for (const term of expand(member.term)) rules.push({ kind: "term", list, term, ...own });
    }
  }
  return rules;
}

const MAX_EXPANSIONS = 10_000;

function expandAll(terms: readonly string[]): string[] {
  return terms.flatMap((term) => expand(term));
}

/** `(cut|slit) wrists` → both; `(1..17) year old` → seventeen. Several groups multiply. */
export function expand(term: string): string[] {
  if (!term.includes("(")) return [term];
  let done = [""];
  for (const part of term.split(/(\([^()]*\))/)) {
    const choices = part.startsWith("(") && part.endsWith(")") ? alternatives(part.slice(1, -1)) : [part];
    if (done.length * choices.length > MAX_EXPANSIONS) {
      throw new SafelightError("config_invalid", `rules: one term stands for more than ${MAX_EXPANSIONS} phrases`);
    }
    done = done.flatMap((head) => choices.map((tail) => head + tail));
  }
  return done.map((one) => one.trim());
}

function alternatives(inside: string): string[] {
  const range = /^(\d{1,4})\.\.(\d{1,4})$/.exec(inside);
  if (!range) return inside.split("|");
  const [from, to] = [Number(range[1]), Number(range[2])];
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => String(from + i));
}
