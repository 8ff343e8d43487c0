import { type AccentCheck, accentCheck } from "./accents.ts";
import { Alphabet } from "./alphabet.ts";
import { type Automaton, buildAutomaton, type Spelling } from "./automaton.ts";
import { foldText, Kind, kindOf } from "./fold.ts";
import { inflect } from "./inflect.ts";
import type { PairRule, Rule, TermRule } from "./list.ts";

/** What a match of a pattern means. */
export type Role =
  | { readonly kind: "term"; readonly rule: TermRule }
  /** One side of a pair. `term` is the word as the list has it. */
  | { readonly kind: "side"; readonly rule: PairRule; readonly side: 0 | 1; readonly term: string }
  /** An innocent phrase. `rules`: what it excuses; undefined: everything. */
  | { readonly kind: "shield"; readonly rules: Set<Rule> | undefined };

export interface Pattern extends Spelling {
  readonly role: Role;
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

interface Form {
  readonly role: Role;
  readonly text: string;
  readonly folded: readonly number[];
  readonly inside: boolean;
  readonly language: string;
}

export function compile(rules: readonly Rule[], allow: readonly string[]): Compiled {
  const forms: Form[] = [];
  const add = (role: Role, term: string, rule: Pick<Rule, "match" | "language">) => {
    for (const text of inflect(term, rule.match, rule.language)) {
      const folded = foldText(text);
      if (folded.length === 0) continue;
      forms.push({ role, text, folded, inside: rule.match === "substring", language: rule.language });
    }
  };
  const shields = new Map<string, { rules: Set<Rule>; language: string }>();
  for (const rule of rules) {
    if (rule.kind === "term") add({ kind: "term", rule }, rule.term, rule);
    else {
      for (const term of rule.any) add({ kind: "side", rule, side: 0, term }, term, rule);
      for (const term of rule.with) add({ kind: "side", rule, side: 1, term }, term, rule);
    }
    for (const phrase of rule.exceptions) {
      const known = shields.get(phrase);
      if (known) known.rules.add(rule);
      else shields.set(phrase, { rules: new Set([rule]), language: rule.language });
    }
  }
  for (const [phrase, shield] of shields) {
    add({ kind: "shield", rules: shield.rules }, phrase, { match: "word", language: shield.language });
  }
  for (const phrase of allow) add({ kind: "shield", rules: undefined }, phrase, { match: "word", language: "en" });

  const alphabet = new Alphabet(forms.flatMap((form) => form.folded));
  const patterns = forms.map((form) => spell(form, alphabet));
  const longestShield = patterns.reduce(
    (longest, pattern) => (pattern.role.kind === "shield" ? Math.max(longest, pattern.symbols.length) : longest),
    0,
  );
  return { alphabet, automaton: buildAutomaton(patterns, alphabet), patterns, longestShield };
}

function spell({ role, text, folded, inside, language }: Form, alphabet: Alphabet): Pattern {
  return {
    role,
    symbols: alphabet.spell(folded),
    anchored: !inside && kindOf(folded[0] ?? 0) === Kind.word,
    closed: !inside && kindOf(folded.at(-1) ?? 0) === Kind.word,
    accents: accentCheck(text, language),
  };
}
