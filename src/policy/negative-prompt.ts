/**
 * Merges negative prompts in the models' usual form, terms separated by commas: the first prompt's terms first, without
 * repeats (compared without regard to case and white space). Commas inside brackets, as in `(blurry, low quality:1.2)`,
 * do not separate.
 */
export function mergeNegativePrompts(...prompts: readonly string[]): string {
  const terms = new Map<string, string>();
  for (const term of prompts.flatMap(splitTerms)) {
    const key = term.toLowerCase();
    if (!terms.has(key)) terms.set(key, term);
  }
  return [...terms.values()].join(", ");
}

function splitTerms(prompt: string): string[] {
  const terms: string[] = [];
  let depth = 0;
  let start = 0;
  const end = (at: number) => {
    const term = prompt.slice(start, at).trim().replace(/\s+/g, " ");
    if (term !== "") terms.push(term);
    start = at + 1;
  };
  for (let i = 0; i < prompt.length; i++) {
    const char = prompt[i];
    if (char === "(" || char === "[") depth++;
    else if ((char === ")" || char === "]") && depth > 0) depth--;
    else if ((char === "," && depth === 0) || char === "\n") {
      if (char === "\n") depth = 0;
      end(i);
    }
  }
  end(prompt.length);
  return terms;
}
