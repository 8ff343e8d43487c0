import { weigh } from "./sieve.ts";

/** A letter, or two, that others are written for, of the same sound or the same look. */
interface Respelling {
  readonly from: string;
  readonly to: string;
  /** Not before one of these. */
  readonly unless?: string;
  /** Only at the end of the word. */
  readonly last?: true;
}

const RESPELLINGS: readonly Respelling[] = [
  { from: "f", to: "ph" },
  { from: "ph", to: "f" },
  { from: "s", to: "z" },
  { from: "s", to: "z", last: true },
  { from: "ck", to: "k" },
  { from: "ck", to: "x" },
  { from: "c", to: "k", unless: "ehiy" },
  { from: "x", to: "ks" },
  { from: "u", to: "v" },
  { from: "w", to: "vv" },
  { from: "m", to: "rn" },
  { from: "d", to: "cl" },
  { from: "i", to: "l" },
  { from: "i", to: "y" },
];
/** By how much each changes the weight of a word, wherever it stands. */
const CHANGES = RESPELLINGS.map(({ from, to }) => (weigh(to) - weigh(from)) | 0);

/** A word in each of the respellings that change it. */
export function respelt(word: string): string[] {
  return RESPELLINGS.flatMap((rule) => {
    let out = "";
    let kept = 0;
    for (let at = next(word, rule, 0); at >= 0; at = next(word, rule, at + rule.from.length)) {
      out += word.slice(kept, at) + rule.to;
      kept = at + rule.from.length;
    }
    return kept === 0 ? [] : [out + word.slice(kept)];
  });
}

/** Calls `put` with the first letter and the weight of each of {@link respelt}, without spelling them. */
export function respeltWeights(word: string, weight: number, put: (first: number, weight: number) => void): void {
  for (const [i, rule] of RESPELLINGS.entries()) {
    let count = 0;
    let first = word.charCodeAt(0);
    for (let at = next(word, rule, 0); at >= 0; at = next(word, rule, at + rule.from.length)) {
      if (at === 0) first = rule.to.charCodeAt(0);
      count++;
    }
    if (count > 0) put(first, (weight + Math.imul(count, CHANGES[i] ?? 0)) | 0);
  }
}

/** Where a respelling applies next; -1 when it does not. */
function next(word: string, { from, unless, last }: Respelling, start: number): number {
  if (last) return start < word.length && word.endsWith(from) ? word.length - from.length : -1;
  let at = word.indexOf(from, start);
  while (at >= 0 && unless !== undefined && at + 1 < word.length && unless.includes(word.charAt(at + 1)))
    at = word.indexOf(from, at + 1);
  return at;
}
