import { type Document, isAlias, isMap, isNode, isScalar, isSeq } from "yaml";
import type { z } from "zod";
import { SafelightError } from "../contract/errors.ts";
import { parseWhole, valueOfLongLists } from "./long-lists.ts";
import { describeIssues, inWords, type Mistake, pathText } from "./mistakes.ts";
import { childOf, type Key } from "./schema-places.ts";

export { nearest } from "./nearest.ts";

const MOST_MISTAKES = 20;

/** Where something stands in a file: both count from 1, the column in UTF-16 units. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** A YAML file as it was read, before anything is known of its meaning. An empty file has the value null. */
export interface YamlFile {
  readonly file: string;
  readonly value: unknown;
  /** Of the key or the value at `path`, or of what is nearest to it when it is missing. */
  place(path: readonly Key[], part: "key" | "value"): Place;
}

/**
 * Reads and validates what a person wrote. YAML 1.2 core schema; a key that is there twice, an unknown tag and a bomb of
 * aliases are errors.
 * @throws SafelightError `config_invalid`; the detail has a line `file:line:column: key.path: what is wrong (what was
 * found)` for each mistake, with the nearest valid key or value where there is one
 */
export function parseStrictYaml<S extends z.ZodType>(text: string, file: string, schema: S): z.output<S> {
  return validateYaml(readYaml(text, file), schema);
}

/** @throws SafelightError `config_invalid` when the text is not YAML */
export function readYaml(text: string, file: string): YamlFile {
  let document: Document.Parsed | undefined;
  const parsed = () => {
    document ??= parseWhole(text);
    return document;
  };
  return {
    file,
    value: readValue(text, file),
    place: (path, part) => placeAt(text, offsetOf(parsed(), path, part)),
  };
}

/**
 * Validates what stands at `path` of a file, by default all of it; `value` is given where it is not just what is written.
 * @throws SafelightError `config_invalid`, as {@link parseStrictYaml}
 */
export function validateYaml<S extends z.ZodType>(
  yaml: YamlFile,
  schema: S,
  path: readonly Key[] = [],
  value: unknown = path.reduce(childOf, yaml.value),
): z.output<S> {
  const parsed = schema.safeParse(value, { error: inWords });
  if (parsed.success) return parsed.data;
  const mistakes = describeIssues(parsed.error.issues, schema, value);
  throw mistaken(
    yaml,
    mistakes.map((mistake) => ({ ...mistake, path: [...path, ...mistake.path] })),
  );
}

/** The error that tells all these mistakes of a file, in the order of the file. */
export function mistaken(yaml: YamlFile, mistakes: readonly Mistake[]): SafelightError {
  const placed = mistakes
    .map((mistake) => ({ mistake, place: yaml.place(mistake.path, mistake.key ? "key" : "value") }))
    .toSorted((a, b) => a.place.line - b.place.line || a.place.column - b.place.column);
  const lines = placed.slice(0, MOST_MISTAKES).map(({ mistake: { path, message }, place }) => {
    const where = path.length > 0 ? `${pathText(path)}: ` : "";
    return `${yaml.file}:${place.line}:${place.column}: ${where}${message}`;
  });
  if (placed.length > MOST_MISTAKES) lines.push(`and ${placed.length - MOST_MISTAKES} more`);
  return new SafelightError("config_invalid", lines.join("\n"));
}

function readValue(text: string, file: string): unknown {
  const failed = (detail: string) => new SafelightError("config_invalid", `${file}: ${detail}`);
  try {
    const quick = valueOfLongLists(text);
    if (quick) return quick.value;
    const document = parseWhole(text);
    const problems = [...document.errors, ...document.warnings];
    if (problems.some((problem) => problem.message.includes("call stack"))) throw failed("is nested too deeply");
    if (problems.length > 0) {
      const lines = problems.slice(0, MOST_MISTAKES).map((problem) => {
        const { line, column } = placeAt(text, problem.pos[0]);
        return `${file}:${line}:${column}: ${problemText(problem, text)}`;
      });
      throw new SafelightError("config_invalid", lines.join("\n"));
    }
    const value: unknown = document.toJS() ?? null;
    if (text.includes("*")) JSON.stringify(value); // throws a TypeError at an alias inside of what it stands for
    return value;
  } catch (error) {
    if (error instanceof ReferenceError) throw failed(error.message); // an alias without anchor, or a bomb of aliases
    if (error instanceof RangeError) throw failed("is nested too deeply");
    if (error instanceof TypeError) throw failed("an alias (*) refers to what it stands in");
    throw error;
  }
}

function problemText(problem: { code: string; message: string; pos: readonly [number, number] }, text: string): string {
  if (problem.code !== "DUPLICATE_KEY") return `is not valid YAML: ${problem.message}`;
  const key = /^[^\n:]{1,80}/.exec(text.slice(problem.pos[0]))?.[0] ?? "";
  return `the key ${JSON.stringify(key.trim())} is there twice`;
}

function placeAt(text: string, offset: number): Place {
  const before = text.slice(0, offset);
  return { line: before.split("\n").length, column: offset - before.lastIndexOf("\n") };
}

function offsetOf(document: Document.Parsed, path: readonly Key[], part: "key" | "value"): number {
  let node: unknown = document.contents;
  let offset = isNode(node) ? (node.range?.[0] ?? 0) : 0;
  for (const [depth, name] of path.entries()) {
    const child = memberOf(isAlias(node) ? node.resolve(document) : node, name);
    if (!child) return offset;
    node = child.value;
    const nameWanted = part === "key" && depth === path.length - 1;
    offset = [nameWanted ? child.key : node, child.key].map(startOf).find((start) => start !== undefined) ?? offset;
  }
  return offset;
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}

function memberOf(node: unknown, name: Key): { key: unknown; value: unknown } | undefined {
  if (isSeq(node)) return { key: undefined, value: node.items[Number(name)] };
  if (!isMap(node)) return undefined;
  return node.items.find((pair) => isScalar(pair.key) && String(pair.key.value) === String(name));
}
