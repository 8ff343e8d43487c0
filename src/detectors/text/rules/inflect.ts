import type { MatchMode } from "./terms.ts";

/**
 * The written forms of a term that its match mode stands for, the term itself first. Only regular forms, and only in
 * languages that form them by adding letters at the end; blind -er and -ed on nouns would flag harmless words.
 * Possessives need no form: the apostrophe ends the word.
 */
export function inflect(term: string, match: MatchMode, language: string): string[] {
  if (match === "exact" || match === "substring" || !/\p{Script=Latin}$/u.test(term)) return [term];
  const base = language.split("-")[0];
  const forms = new Set([term]);
  if (base === "en") {
    for (const plural of englishPlural(term)) forms.add(plural);
    if (match === "verb") for (const form of englishVerb(term)) forms.add(form);
  } else if (base === "es" || base === "pt") {
    if (/[aeiouáéíóúãõ]$/i.test(term)) forms.add(`${term}s`);
    else if (/[rnlzd]$/i.test(term))
      forms.add(base === "pt" && /[aeou]l$/i.test(term) ? `${term.slice(0, -1)}is` : `${term.replace(/z$/i, "c")}es`);
  } else if (base === "fr") {
    if (!/[sxz]$/i.test(term)) forms.add(`${term}s`);
  }
  return [...forms];
}

function englishPlural(term: string): string[] {
  if (/[^s]s$/i.test(term)) return []; // mostly plurals already
  if (/(?:ss|x|z|ch|sh)$/i.test(term)) return [`${term}es`];
  if (/[^aeiou]y$/i.test(term)) return [`${term.slice(0, -1)}ies`];
  if (/[^aeiou]o$/i.test(term)) return [`${term}s`, `${term}es`];
  if (/[^e]man$/i.test(term)) return [`${term.slice(0, -2)}en`];
  return [`${term}s`];
}

/** The -s, -ed and -ing forms of the first word: `cut throat` → `cutting throat`. */
function englishVerb(term: string): string[] {
  const cut = term.search(/[\s-]/);
  const verb = cut < 0 ? term : term.slice(0, cut);
  const rest = cut < 0 ? "" : term.slice(cut);
  if (!/[a-z]$/i.test(verb)) return [];
  return [...thirdPerson(verb), ...pastAndParticiple(verb)].map((form) => form + rest);
}

function thirdPerson(verb: string): string[] {
  if (/(?:s|x|z|ch|sh|o)$/i.test(verb)) return [`${verb}es`];
  return [/[^aeiou]y$/i.test(verb) ? `${verb.slice(0, -1)}ies` : `${verb}s`];
}

function pastAndParticiple(verb: string): string[] {
  if (/ie$/i.test(verb)) return [`${verb}d`, `${verb.slice(0, -2)}ying`];
  if (/e$/i.test(verb)) return [`${verb}d`, `${verb.slice(0, -1)}ing`];
  if (/[^aeiou]y$/i.test(verb)) return [`${verb.slice(0, -1)}ied`, `${verb}ing`];
  // One short vowel before one consonant doubles it: stab, stabbing.
  if (/^[^aeiou]*[aeiou][bdgkmnprt]$/i.test(verb)) {
    const doubled = verb + verb.slice(-1);
    return [`${doubled}ed`, `${doubled}ing`];
  }
  return [`${verb}ed`, `${verb}ing`];
}
