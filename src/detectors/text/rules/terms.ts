import { z } from "zod";
import { CategorySchema } from "../../../contract/categories.ts";

/** What a term's severity means as a score. The one table: policies' thresholds are set against these three numbers. */
export const SCORES = { mild: 0.5, moderate: 0.75, severe: 1 } as const;
export type Severity = keyof typeof SCORES;

/**
 * How a term is looked for. All modes ignore case, width, style, accents that the language does not write, and invisible
 * characters; a blank in a phrase stands for any run of white space, hyphens and underscores.
 *
 * - `word`: the whole word or phrase, also in the plural where the language forms it regularly
 * - `verb`: as `word`, and the regular -s, -ed and -ing forms of its first word
 * - `exact`: the whole word or phrase, no other form
 * - `substring`: also inside other words. Careful: most short words are part of harmless ones
 */
export const MATCH_MODES = ["word", "verb", "exact", "substring"] as const;
export type MatchMode = (typeof MATCH_MODES)[number];

const hasContent = /[\p{L}\p{N}\p{S}\p{P}]/u;
const phrase = z
  .string()
  .max(200)
  .refine((value) => hasContent.test(value), { error: "must hold a word" });

/** Either a YAML list, or a text with the terms separated by commas or line breaks (`#` starts a comment in it). */
const phrases = z
  .union([z.string(), z.array(phrase)], { error: "must be a list of terms, or a text with terms separated by commas" })
  .transform((value) => (typeof value === "string" ? splitText(value) : value))
  .refine((value) => value.length > 0, { error: "must hold at least one term" });

function splitText(text: string): string[] {
  const terms: string[] = [];
  for (const line of text.split("\n")) {
    const comment = line.indexOf("#");
    for (const part of (comment < 0 ? line : line.slice(0, comment)).split(",")) {
      const term = part.trim();
      if (term !== "") terms.push(term);
    }
  }
  return terms;
}

const language = z
  .string()
  .regex(/^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/, { error: "must be a language tag such as en or pt-BR" });

const traits = {
  category: CategorySchema,
  severity: z.enum(["mild", "moderate", "severe"]),
  match: z.enum(MATCH_MODES).optional(),
  /** Phrases around which the term is innocent: each holds the term itself, as "chicken breast" does. */
  exceptions: phrases.optional(),
  language: language.optional(),
  /** For the people who keep the list. */
  note: z.string().optional(),
};

const member = z.strictObject({
  term: phrase,
  category: traits.category.optional(),
  severity: traits.severity.optional(),
  match: traits.match,
  exceptions: traits.exceptions,
  language: traits.language,
  note: traits.note,
});

const members = z
  .union([z.string(), z.array(z.union([phrase, member]))], {
    error: "must be a list of terms, or a text with terms separated by commas",
  })
  .transform((value) => (typeof value === "string" ? splitText(value) : value))
  .refine((value) => value.length > 0, { error: "must hold at least one term" });

/**
 * One entry of a list: a single `term`; a group of `terms` that share the entry's category, severity and the rest (each
 * may override them); or `pairs`: any term of one set within so many words of any of another. `(a|b)` in a term stands
 * for either, `(1..17)` for each number.
 */
export const EntrySchema = z
  .strictObject({
    ...traits,
    term: phrase.optional(),
    terms: members.optional(),
    pairs: z
      .strictObject({
        any: phrases,
        with: phrases,
        /** At most this many other words in between, in either order. */
        within: z.int().min(0).max(50).default(5),
      })
      .optional(),
  })
  .superRefine((entry, context) => {
    const given = [entry.term, entry.terms, entry.pairs].filter((value) => value !== undefined).length;
    if (given !== 1)
      context.addIssue({ code: "custom", message: 'must have exactly one of "term", "terms" and "pairs"' });
  });
export type Entry = z.output<typeof EntrySchema>;

/** A list file: `policies/lists/<name>.yaml`, or a team's own. */
export const ListSchema = z.strictObject({
  schema: z.literal("safelight.terms/1"),
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, { error: "must be 1 to 64 of a-z, 0-9, dot, dash, underscore" }),
  language,
  licence: z.string().min(1),
  source: z.string().min(1),
  description: z.string().optional(),
  terms: z.array(EntrySchema),
});
export type ListFile = z.output<typeof ListSchema>;
