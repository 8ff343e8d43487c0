/**
 * Word filters side by side. Run as a program with a filter's name, it is the process in which that filter is measured:
 *   node bench/support/rules-filters.ts <name> speed|quality
 */
import { englishDataset, englishRecommendedTransformers, RegExpMatcher } from "obscenity";
import { loadList, type Rule, shippedLists } from "../../src/detectors/text/rules/list.ts";
import { Matcher } from "../../src/detectors/text/rules/matcher.ts";
import { ART, prompts, TRAPS } from "./rules-corpus.ts";
import { METHODS } from "./rules-methods.ts";

interface Filter {
  /** Whether the filter objects to a text. */
  check(text: string): boolean;
  /** The filter's own list. */
  readonly words: readonly string[];
}

/** As their documentation opens them; options only where they would not undo disguises otherwise. */
export const FILTERS: Readonly<Record<string, () => Promise<Filter>>> = {
  safelight: async () => {
    const rules: Rule[] = [];
    for (const name of await shippedLists()) rules.push(...(await loadList(name, "/")).rules);
    const matcher = new Matcher(rules, []);
    const words = rules.flatMap((rule) =>
      rule.kind === "term" && rule.language === "en" && rule.score >= 0.75 ? [rule.term] : [],
    );
    return { check: (text) => matcher.find(text).length > 0, words };
  },
  allprofanity: async () => {
    const { AllProfanity, englishBadWords } = await import("allprofanity");
    const filter = new AllProfanity({ silent: true });
    return { check: (text) => filter.check(text), words: englishBadWords };
  },
  obscenity: async () => {
    const terms = englishDataset.build();
    const matcher = new RegExpMatcher({ ...terms, ...englishRecommendedTransformers });
    const words = (terms.blacklistedTerms ?? []).map(({ id }) => {
      const match = { termId: id, startIndex: 0, endIndex: 0, matchLength: 0 };
      return englishDataset.getPayloadWithPhraseMetadata(match).phraseMetadata?.originalWord ?? "";
    });
    return { check: (text) => matcher.hasMatch(text), words: [...new Set(words)] };
  },
  "@2toad/profanity": async () => {
    const { Profanity, profaneWords } = await import("@2toad/profanity");
    const filter = new Profanity();
    return { check: (text) => filter.exists(text), words: profaneWords.get("en") ?? [] };
  },
  "leo-profanity": async () => {
    const { default: filter } = await import("leo-profanity");
    return { check: (text) => filter.check(text), words: filter.list() };
  },
  "glin-profanity": async () => {
    const { Filter } = await import("glin-profanity");
    const filter = new Filter({ detectLeetspeak: true, leetspeakLevel: "moderate" });
    const { words } = filter as unknown as { readonly words: ReadonlyMap<string, unknown> };
    return { check: (text) => filter.isProfane(text), words: [...words.keys()] };
  },
  "bad-words": async () => {
    const { Filter } = await import("bad-words");
    const filter = new Filter();
    return { check: (text) => filter.isProfane(text), words: filter.list };
  },
};

export interface Speed {
  readonly prompts_per_s: number;
  readonly open_ms: number;
}

export interface Quality {
  readonly listed: number;
  readonly words: number;
  readonly recall: Readonly<Record<string, number>>;
  readonly false_positives: number;
  readonly traps: number;
  readonly art: number;
}

const carrier = (word: string) => `a photo of ${word} standing in the park, soft light`;
const MOST_WORDS = 100;
const LEAST_MS = 1_500;

async function speed(name: string): Promise<Speed> {
  const { texts } = prompts();
  const start = performance.now();
  const filter = await FILTERS[name]?.();
  if (!filter) throw new Error(`there is no filter ${name}`);
  filter.check(texts[0] ?? "");
  const open_ms = performance.now() - start;
  let best = Number.POSITIVE_INFINITY;
  let hits = 0;
  const end = performance.now() + LEAST_MS;
  for (let pass = 0; pass < 2 || performance.now() < end; pass++) {
    const from = performance.now();
    for (const text of texts) if (filter.check(text)) hits++;
    best = Math.min(best, performance.now() - from);
  }
  if (hits > texts.length * 1_000) throw new Error("wrong answer");
  return { prompts_per_s: Math.round((texts.length / best) * 1_000), open_ms };
}

async function quality(name: string): Promise<Quality> {
  const filter = await FILTERS[name]?.();
  if (!filter) throw new Error(`there is no filter ${name}`);
  if (filter.check(carrier("somebody"))) throw new Error(`wrong answer: ${name} objects to the carrier sentence`);
  const known = [...new Set(filter.words)].filter((word) => /^[a-z]{3,}$/.test(word) && filter.check(carrier(word)));
  const step = Math.max(1, known.length / MOST_WORDS);
  const words =
    known.length <= MOST_WORDS
      ? known
      : Array.from({ length: MOST_WORDS }, (_, i) => known[Math.floor(i * step)] ?? "");
  const recall: Record<string, number> = {};
  for (const [method, disguise] of Object.entries(METHODS)) {
    recall[method] = words.filter((word) => filter.check(carrier(disguise(word)))).length / words.length;
  }
  const count = (texts: readonly string[]) => texts.filter((text) => filter.check(text)).length;
  return {
    listed: filter.words.length,
    words: words.length,
    recall,
    false_positives: count(prompts().texts),
    traps: count(TRAPS),
    art: count(ART),
  };
}

const [, , name, what] = process.argv;
if (import.meta.main && name !== undefined) {
  console.log(JSON.stringify(await (what === "speed" ? speed(name) : quality(name))));
}
