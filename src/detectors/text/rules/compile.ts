import { type AccentCheck, accentCheck } from "./accents.ts";
import { Alphabet } from "./alphabet.ts";
import { Automaton, type Spelling } from "./automaton.ts";
import { foldText, Kind, kindOf } from "./fold.ts";
import { inflect } from "./inflect.ts";
import type { PairRule, Rule, TermRule } from "./list.ts";
import { SCORES } from "./terms.ts";

/** What a match of a pattern means. */
export type Role =
  | { readonly kind: "term"; readonly rule: TermRule }
  /** One side of a pair. `term` is the word as the list has it. */
  | { readonly kind: "side"; readonly rule: PairRule; readonly side: 0 | 1; readonly term: string }
  /** An innocent phrase. It excuses the rules that have these very `exceptions`; undefined: every rule. */
  | { readonly kind: "shield"; readonly exceptions: readonly string[] | undefined };

export interface Pattern extends Spelling {
  readonly role: Role;
  /** As it is written. */
  readonly form: string;
  /** The pattern's last character is of a spaced script and no `substring`: the word must end with it. */
  readonly closed: boolean;
  readonly accents: AccentCheck | undefined;
}

/** Everything that a scan needs: made once from the rules. */
export interface Compiled {
  readonly alphabet: Alphabet;
  readonly automaton: Automaton;
  readonly patterns: readonly Pattern[];
  /** Symbols in the longest shield. */
  readonly longestShield: number;
}

export function compile(rules: readonly Rule[], allow: readonly string[]): Compiled {
  const drafts: { -readonly [K in keyof Pattern]: Pattern[K] }[] = [];
  const characters = new Set<number>();
  const add = (role: Role, term: string, rule: Pick<Rule, "match" | "language">) => {
    for (const form of inflect(term, rule.match, rule.language)) {
      const folded = foldText(form);
      if (folded.length === 0) continue;
      for (const code of folded) characters.add(code);
      const whole = rule.match !== "substring";
      drafts.push({
        role,
        form,
        symbols: folded, // until the alphabet is known
        anchored: whole && kindOf(folded[0] ?? 0) === Kind.word,
        closed: whole && kindOf(folded.at(-1) ?? 0) === Kind.word,
        divisible:
          role.kind === "term" && role.rule.score >= SCORES.moderate && folded.length > 4 && !folded.includes(0x20),
        accents: accentCheck(form, rule.language),
      });
    }
  };
  for (const rule of rules) {
    if (rule.kind === "term") add({ kind: "term", rule }, rule.term, rule);
    else {
      for (const term of rule.any) add({ kind: "side", rule, side: 0, term }, term, rule);
      for (const term of rule.with) add({ kind: "side", rule, side: 1, term }, term, rule);
    }
  }
  for (const [exceptions, language] of new Map(rules.map((rule) => [rule.exceptions, rule.language]))) {
    const role = { kind: "shield", exceptions } as const;
    for (const phrase of exceptions) add(role, phrase, { match: "word", language });
  }
  const always = { kind: "shield", exceptions: undefined } as const;
  for (const phrase of allow) add(always, phrase, { match: "word", language: "en" });

  const alphabet = new Alphabet(characters);
  for (const draft of drafts) draft.symbols = alphabet.spell(draft.symbols);
  const patterns: readonly Pattern[] = drafts;
  const longestShield = patterns.reduce(
    (longest, pattern) => (pattern.role.kind === "shield" ? Math.max(longest, pattern.symbols.length) : longest),
    0,
  );
  return { alphabet, automaton: new Automaton(patterns, alphabet), patterns, longestShield };
}
