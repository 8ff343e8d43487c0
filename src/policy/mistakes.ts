import type { z } from "zod";
import { nearest } from "./nearest.ts";
import { allowedAt, childOf, type Key } from "./schema-places.ts";

/** One thing that is wrong in a file that a person wrote. */
export interface Mistake {
  readonly path: readonly Key[];
  /** Whether the key itself is wrong, rather than its value. */
  readonly key: boolean;
  readonly message: string;
}

/** Says what zod found wrong; to be used as the error map of the parse that found it. */
export function inWords(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.input === undefined && issue.code === "invalid_type") return "is missing";
  switch (issue.code) {
    case "invalid_type":
      return `must be ${TYPES[issue.expected] ?? issue.expected}`;
    case "invalid_value":
      return mustBe(issue.values.map(String));
    case "too_small":
      return bound("at least", issue.origin, issue.minimum, issue.inclusive !== false);
    case "too_big":
      return bound("at most", issue.origin, issue.maximum, issue.inclusive !== false);
    case "invalid_union":
      return UNION;
    case "not_multiple_of":
      return `must be a multiple of ${issue.divisor}`;
    default:
      return undefined;
  }
}

/** What a union without words of its own says. */
const UNION = "is not valid";

const TYPES: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  tuple: "a list",
  object: "a map of keys and values",
  record: "a map of keys and values",
};

function bound(limit: string, origin: string, value: number | bigint, inclusive: boolean): string {
  if (!inclusive) return `must be ${limit === "at least" ? "more" : "less"} than ${value}`;
  if (origin === "string") return `must have ${limit} ${value} character${value === 1 ? "" : "s"}`;
  if (origin === "array") return `must have ${limit} ${value} entr${value === 1 ? "y" : "ies"}`;
  return `must be ${limit} ${value}`;
}

function mustBe(choices: readonly string[]): string {
  const first = choices.slice(0, -1).join(", ");
  return `must be ${first === "" ? "" : `${first} or `}${choices.at(-1)}`;
}

/** What is wrong with `value`, in words that say what was found and what was probably meant. */
export function describeIssues(
  issues: readonly z.core.$ZodIssue[],
  schema: z.ZodType,
  value: unknown,
): readonly Mistake[] {
  const meant = new Set<string>();
  const mistakes = issues
    .flatMap((issue) => unfold(issue, []))
    .flatMap((issue): readonly Mistake[] => {
      if (issue.code === "unrecognized_keys") {
        const known = [...allowedAt(schema, value, issue.path).keys];
        return issue.keys.map((key) => {
          const near = nearest(key, known);
          if (near !== undefined) meant.add(pathText([...issue.path, near]));
          return { path: [...issue.path, key], key: true, message: `unknown key; ${hint(near, known)}` };
        });
      }
      if (issue.code === "invalid_key") {
        const known = allowedAt(schema, value, issue.path.slice(0, -1)).keys;
        return [{ path: issue.path, key: true, message: issue.message + didYouMean(String(issue.path.at(-1)), known) }];
      }
      const found = issue.path.reduce(childOf, value);
      const known = allowedAt(schema, value, issue.path).values;
      const rule = issue.code === "no_branch" ? mustBe([...known]) : issue.message;
      if (found === undefined) return [{ path: issue.path, key: false, message: missing(rule) }];
      const suggestion = typeof found === "string" ? didYouMean(found, known) : "";
      return [{ path: issue.path, key: false, message: `${rule} (found ${show(found)})${suggestion}` }];
    });
  return mistakes.filter((mistake) => !mistake.message.startsWith(MISSING) || !meant.has(pathText(mistake.path)));
}

const MISSING = "is missing";

function missing(rule: string): string {
  return rule.startsWith(MISSING) ? rule : `${MISSING}; ${rule}`;
}

function hint(near: string | undefined, known: readonly string[]): string {
  if (near !== undefined) return `did you mean ${JSON.stringify(near)}?`;
  return known.length === 0 ? "there are none here" : `the keys here are ${known.join(", ")}`;
}

function didYouMean(word: string, known: ReadonlySet<string>): string {
  const near = known.has(word) ? undefined : nearest(word, known);
  return near === undefined ? "" : `; did you mean ${JSON.stringify(near)}?`;
}

type Flat = { readonly path: readonly Key[]; readonly message: string } & (
  | { readonly code: "unrecognized_keys"; readonly keys: readonly string[] }
  | { readonly code: "invalid_key" | "no_branch" | "other" }
);

/** Opens the issues that hold others: of a union, those of the branch that came nearest. */
function unfold(issue: z.core.$ZodIssue, above: readonly Key[]): readonly Flat[] {
  const path = [...above, ...issue.path.map((key) => (typeof key === "symbol" ? String(key) : key))];
  switch (issue.code) {
    case "unrecognized_keys":
      return [{ code: issue.code, path, keys: issue.keys, message: issue.message }];
    case "invalid_key":
      return [{ code: issue.code, path, message: ruleOf(issue.issues) }];
    case "invalid_element":
      return issue.issues.flatMap((inner) => unfold(inner, path));
    case "invalid_union": {
      if (issue.errors.length === 0) return [{ code: "no_branch", path, message: issue.message }];
      const branches = issue.errors.filter((branch) => branch.length > 0);
      const deep = branches.filter((branch) =>
        branch.every((inner) => inner.path.length > 0 || inner.code === "unrecognized_keys"),
      );
      const nearestBranch = deep.toSorted((a, b) => a.length - b.length)[0];
      if (nearestBranch) return nearestBranch.flatMap((inner) => unfold(inner, path));
      return [{ code: "other", path, message: issue.message === UNION ? ruleOf(branches.flat()) : issue.message }];
    }
    default:
      return [{ code: "other", path, message: issue.message }];
  }
}

/** One rule out of the issues that the branches of a union have with one value: the most telling, or all of them. */
function ruleOf(issues: readonly z.core.$ZodIssue[]): string {
  const flat = issues.flatMap((issue) => (issue.code === "invalid_union" ? issue.errors.flat() : [issue]));
  const telling = flat.find((issue) => issue.code === "invalid_format" || issue.code === "custom");
  if (telling) return telling.message;
  const rules = [...new Set(flat.map((issue) => issue.message))];
  return rules.length > 0 ? rules.join(", or ") : UNION;
}

function show(value: unknown): string {
  if (value === null) return "nothing";
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  if (typeof value === "object") return "a map of keys and values";
  if (typeof value === "string") return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
  return String(value);
}

/** `image.categories.sexual`, `terms[3].score`, `detectors["my rules"]`. */
export function pathText(path: readonly Key[]): string {
  return path
    .map((key, index) => {
      if (typeof key === "number") return `[${key}]`;
      if (!/^[\w:.-]+$/.test(key)) return `[${JSON.stringify(key)}]`;
      return index === 0 ? key : `.${key}`;
    })
    .join("");
}
