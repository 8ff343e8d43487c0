import { createHash } from "node:crypto";
import { BUILT_IN_CATEGORIES, type Category } from "../../../contract/categories.ts";
import type { TextDetector } from "../../../contract/detector.ts";
import { SafelightError } from "../../../contract/errors.ts";
import type { Finding } from "../../../contract/report.ts";
import { readTestSignals } from "../../../contract/test-signals.ts";
import type { OpenContext } from "../../context.ts";
import { disguisesIn } from "./disguises.ts";
import { foldKey } from "./fold.ts";
import { flatten, loadList, type Rule, shippedLists } from "./list.ts";
import { Matcher } from "./matcher.ts";
import type { RulesOptions } from "./options.ts";

/** Raised with every change of the matcher that can change a finding. */
const CODE = 3;

/**
 * A built-in category counts as covered from this many terms on: with fewer, silence would say nothing. A category of
 * one's own (`custom:…`) is covered by whatever terms its owner gave it.
 */
export const COVERED_FROM = 25;

/** Opens the detector of forbidden words. @throws SafelightError `config_invalid` for a list that cannot be used */
export async function openRules(options: RulesOptions, context: OpenContext): Promise<TextDetector> {
  const { matcher, rules, version } = await openMatcher(options, context);
  return {
    id: "rules",
    version,
    categories: coveredBy(rules),
    inspect: async ({ text }) =>
      matcher.find(text, testSignalSpans).map(({ rule, term, span, disguises: undone = [] }): Finding => {
        const disguises = [...disguisesIn(text.slice(span[0], span[1])), ...undone];
        return {
          category: rule.category,
          score: rule.score,
          label: `${rule.list}/${term}`,
          evidence: {
            span: [span[0], span[1]],
            term,
            list: rule.list,
            ...(disguises.length > 0 ? { disguises } : {}),
          },
        };
      }),
  };
}

/** Undoes the disguises of listed words, for others who read a text. */
export interface Undisguise {
  /** Of the code and the lists. */
  readonly version: string;
  /** The most plausible plain reading, and for each UTF-16 unit of it where in the original it begins; undefined: the text itself. */
  read(text: string): { readonly text: string; readonly map: ArrayLike<number> } | undefined;
}

/** Over the same lists as a `rules` detector with these options, and then also over the same automaton. */
export async function openUndisguise(options: RulesOptions, context: OpenContext): Promise<Undisguise> {
  const { matcher, version } = await openMatcher(options, context);
  return { version, read: (text) => matcher.undisguise(text) };
}

/** By version: what is open with the same lists is shared. */
const matchers = new Map<string, WeakRef<Matcher>>();

async function openMatcher(options: RulesOptions, context: OpenContext) {
  const lists = await Promise.all(
    (options.lists ?? (await shippedLists())).map((reference) => loadList(reference, context.folder)),
  );
  const listed = lists.flatMap((list) => list.rules);
  const rules = [...switchOff(listed, options.off), ...flatten(options.add, "custom", "en")];
  const hash = createHash("sha256").update(JSON.stringify([CODE, options]));
  for (const list of lists) hash.update(`\0${list.name}\0${list.content}`);
  const version = `${CODE}-${hash.digest("hex").slice(0, 12)}`;
  const matcher = matchers.get(version)?.deref() ?? new Matcher(rules, options.allow);
  for (const [key, open] of matchers) if (!open.deref()) matchers.delete(key);
  matchers.set(version, new WeakRef(matcher));
  return { matcher, rules, version };
}

/** Words inside a test signal, such as its category, are not the prompt's words. */
function testSignalSpans(text: string): readonly (readonly [number, number])[] {
  return readTestSignals(text).map((signal) => signal.span);
}

function switchOff(rules: readonly Rule[], off: readonly string[]): Rule[] {
  if (off.length === 0) return [...rules];
  const unused = new Map(off.map((term) => [foldKey(term), term]));
  const keys = new Set(unused.keys());
  const left = rules.filter((rule) => {
    if (rule.kind === "pair") return true;
    const key = foldKey(rule.term);
    unused.delete(key);
    return !keys.has(key);
  });
  if (unused.size > 0) {
    const names = [...unused.values()].map((term) => `"${term}"`).join(", ");
    throw new SafelightError("config_invalid", `rules: off: no list that is in use has ${names}`);
  }
  return left;
}

function coveredBy(rules: readonly Rule[]): Category[] {
  const terms = new Map<Category, number>();
  for (const rule of rules) {
    const count = rule.kind === "term" ? 1 : rule.any.length + rule.with.length;
    terms.set(rule.category, (terms.get(rule.category) ?? 0) + count);
  }
  const builtIn = BUILT_IN_CATEGORIES.filter((category) => (terms.get(category) ?? 0) >= COVERED_FROM);
  return [...builtIn, ...[...terms.keys()].filter((category) => category.startsWith("custom:")).sort()];
}
