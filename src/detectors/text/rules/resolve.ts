import type { Category } from "../../../contract/categories.ts";
import type { View } from "./alphabet.ts";
import type { Compiled, Pattern } from "./compile.ts";
import { Kind } from "./fold.ts";
import type { PairRule, Rule } from "./list.ts";

/** A pattern found: `from` and `to` are the first and the last of its symbols in the view. */
export interface Hit {
  readonly pattern: Pattern;
  readonly from: number;
  readonly to: number;
}

/** A rule's match in a text. `span` is `[start, end)` in UTF-16 units. */
export interface Match {
  readonly rule: Rule;
  readonly term: string;
  readonly span: readonly [number, number];
  /** What was undone to read it; absent for what stands there as it is. */
  readonly disguises?: readonly string[];
}

export const MAX_MATCHES = 100;
/** Matches of one category and score that are weighed against each other: the first in the text. Far more than are reported. */
const WEIGHED = 1_000;

type Span = readonly [number, number];

/** Matches by category, of each score no more than are worth weighing: what follows takes bounded time. */
class Candidates {
  readonly byCategory = new Map<Category, Match[]>();
  readonly #counts = new Map<string, number>();

  add(rule: Rule, term: string, span: Span): void {
    const bucket = `${rule.score} ${rule.category}`;
    const count = this.#counts.get(bucket) ?? 0;
    if (count === WEIGHED) return;
    this.#counts.set(bucket, count + 1);
    const others = this.byCategory.get(rule.category);
    if (others) others.push({ rule, term, span });
    else this.byCategory.set(rule.category, [{ rule, term, span }]);
  }
}

/** From all hits of a scan to what is reported: innocent ones out, pairs put together, overlaps settled, at most 100. */
export function resolve(hits: readonly Hit[], view: View, compiled: Compiled, shielded: readonly Span[]): Match[] {
  const guilty = withoutShielded(hits, view, compiled, shielded);
  const matches = new Candidates();
  const sides = new Map<PairRule, Hit[]>();
  for (const hit of guilty) {
    const { role } = hit.pattern;
    if (role.kind === "term") matches.add(role.rule, role.rule.term, spanOf(hit, view));
    else if (role.kind === "side") {
      const others = sides.get(role.rule);
      if (others) others.push(hit);
      else sides.set(role.rule, [hit]);
    }
  }
  let words: Int32Array | undefined;
  for (const [rule, found] of sides) {
    if (!areBoth(found)) continue;
    words ??= wordNumbers(view, compiled);
    pair(rule, found, words, view, matches);
  }
  return settle(matches.byCategory);
}

function spanOf(hit: Hit, view: View): Span {
  return [view.starts[hit.from] ?? 0, view.ends[hit.to] ?? 0];
}

/** Drops hits that lie inside an innocent phrase, or inside a span in which nothing counts. */
function withoutShielded(hits: readonly Hit[], view: View, compiled: Compiled, spans: readonly Span[]): Hit[] {
  const shields = hits.filter((hit) => hit.pattern.role.kind === "shield");
  let first = 0;
  let span = 0;
  return hits.filter((hit) => {
    const { role } = hit.pattern;
    if (role.kind === "shield") return false;
    const [start, end] = spanOf(hit, view);
    while (span < spans.length && (spans[span]?.[1] ?? 0) < end) span++;
    if ((spans[span]?.[0] ?? Number.POSITIVE_INFINITY) <= start) return false;
    // Both are in the order of their ends: the shields that may cover this hit end at it or shortly after.
    while ((shields[first]?.to ?? Number.POSITIVE_INFINITY) < hit.to) first++;
    for (let i = first; i < shields.length; i++) {
      const shield = shields[i];
      if (!shield || shield.to - compiled.longestShield >= hit.from) break;
      if (shield.from > hit.from || shield.pattern.role.kind !== "shield") continue;
      const { exceptions } = shield.pattern.role;
      if (!exceptions || exceptions === role.rule.exceptions) return false;
    }
    return true;
  });
}

/** Whether there are hits of both sides of a pair. */
function areBoth([first, ...others]: readonly Hit[]): boolean {
  const side = first?.pattern.role.kind === "side" ? first.pattern.role.side : undefined;
  return others.some(({ pattern: { role } }) => role.kind === "side" && role.side !== side);
}

/** By symbol: how many words began at or before it. */
function wordNumbers(view: View, { alphabet }: Compiled): Int32Array {
  const numbers = new Int32Array(view.length);
  let words = 0;
  let inside = false;
  for (let i = 0; i < view.length; i++) {
    const kind = alphabet.kind[view.symbols[i] ?? 0];
    if (kind !== Kind.other && (!inside || kind === Kind.unspaced)) words++;
    inside = kind !== Kind.other;
    numbers[i] = words;
  }
  return numbers;
}

/** Adds a match for each meeting of the two sides: each hit with the nearest one of the other side before it. */
function pair(rule: PairRule, hits: readonly Hit[], words: Int32Array, view: View, into: Candidates): void {
  const last: [Hit | undefined, Hit | undefined] = [undefined, undefined];
  for (const hit of hits) {
    const { role } = hit.pattern;
    if (role.kind !== "side") continue;
    const other = last[1 - role.side];
    const apart = other ? (words[hit.from] ?? 0) - (words[other.to] ?? 0) - 1 : Number.POSITIVE_INFINITY;
    if (other?.pattern.role.kind === "side" && apart <= rule.within && other.to < hit.from) {
      const [start] = spanOf(other, view);
      const [, end] = spanOf(hit, view);
      const [one, two] = role.side === 1 ? [other.pattern.role, role] : [role, other.pattern.role];
      into.add(rule, `${one.term} + ${two.term}`, [start, end]);
    }
    last[role.side] = hit;
  }
}

/**
 * Settles overlaps within each category: the more severe match stays, of equals the longer one. Matches of different
 * categories do not compete. When there are too many, the most severe ones stay, and of every category at least one.
 */
function settle(byCategory: ReadonlyMap<Category, readonly Match[]>): Match[] {
  const best: Match[] = [];
  const rest: Match[] = [];
  for (const found of byCategory.values()) {
    const [worst, ...others] = withoutOverlaps(found.toSorted(bySeverity));
    if (worst) best.push(worst);
    rest.push(...others);
  }
  const kept = [...best, ...rest.sort(bySeverity)].slice(0, MAX_MATCHES);
  return kept.sort((a, b) => a.span[0] - b.span[0] || b.span[1] - a.span[1]);
}

function bySeverity(a: Match, b: Match): number {
  return b.rule.score - a.rule.score || b.span[1] - b.span[0] - (a.span[1] - a.span[0]) || a.span[0] - b.span[0];
}

/** Of matches in order of preference, those that overlap none before them; as many as could be reported. */
function withoutOverlaps(matches: readonly Match[]): Match[] {
  const kept: Match[] = [];
  for (const match of matches) {
    const [start, end] = match.span;
    if (kept.some(({ span }) => start < span[1] && span[0] < end)) continue;
    if (kept.push(match) === MAX_MATCHES) break;
  }
  return kept;
}
