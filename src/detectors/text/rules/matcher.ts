import { emptyView, type View } from "./alphabet.ts";
import { FAR, NOTE_BITS, Note, OPEN, ROW, ROW_BITS } from "./automaton.ts";
import { type Compiled, compile } from "./compile.ts";
import { Kind } from "./fold.ts";
import type { Rule } from "./list.ts";
import { CLEAR, look, type Sight } from "./look.ts";
import { type Reading, Undisguiser } from "./reading.ts";
import { type Hit, type Match, resolve } from "./resolve.ts";
import { NOTHING, type Suspects } from "./suspects.ts";

/** Views of longer texts are not kept for the next one. */
const KEPT = 16_384;

type Spans = (text: string) => readonly (readonly [number, number])[];
const NO_SPANS: Spans = () => [];

/** Finds the terms of many lists, plainly written or disguised. */
export class Matcher {
  readonly #compiled: Compiled;
  readonly #undisguiser: Undisguiser;
  #view: View = emptyView();

  constructor(rules: readonly Rule[], allow: readonly string[]) {
    this.#compiled = compile(rules, allow);
    this.#undisguiser = new Undisguiser(this.#compiled);
  }

  /**
   * @param shielded spans of the text in which nothing counts; asked for only when there is something to shield
   * @returns at most {@link MAX_MATCHES}, in the order of the text
   */
  find(text: string, shielded: Spans = NO_SPANS): Match[] {
    const sight = look(this.#compiled, text);
    const suspects = this.#undisguiser.suspects(text);
    return sight === CLEAR && suspects === NOTHING ? [] : this.#find(text, sight, suspects, shielded);
  }

  #find(text: string, sight: Sight, suspects: Suspects, shielded: Spans): Match[] {
    let plain: readonly Match[] | undefined;
    const plainly = () => {
      plain ??= sight.mayMatch ? this.#plain(text, shielded) : [];
      return plain;
    };
    const reading = this.#undisguiser.read(text, sight, suspects, shielded, plainly);
    if (!reading) return [...plainly()];
    const { map, undone } = reading;
    return this.#plain(reading.text, shielded).map((match): Match => {
      const span = [map[match.span[0]] ?? 0, map[match.span[1]] ?? text.length] as const;
      const under = undone.filter(({ start, end }) => start < span[1] && span[0] < end);
      return { ...match, span, disguises: [...new Set(under.flatMap(({ disguises }) => disguises))] };
    });
  }

  /** The most plausible plain reading; undefined when that is the text itself. */
  undisguise(text: string): Reading | undefined {
    const sight = look(this.#compiled, text);
    const suspects = this.#undisguiser.suspects(text);
    if (sight === CLEAR && suspects === NOTHING) return undefined;
    return this.#undisguiser.read(text, sight, suspects, NO_SPANS, () =>
      sight.mayMatch ? this.#plain(text, NO_SPANS) : [],
    );
  }

  #plain(text: string, shielded: Spans): Match[] {
    const view = this.#compiled.alphabet.read(text, text.length > KEPT ? emptyView() : this.#view);
    const hits = scan(this.#compiled, view, text);
    return hits.length === 0 ? [] : resolve(hits, view, this.#compiled, shielded(text));
  }
}

/** Every pattern in a view, in the order of their ends. Time is linear in the view's length. */
function scan({ automaton, alphabet, patterns }: Compiled, view: View, text: string): Hit[] {
  const { table, dense, notes, first, more, shorter } = automaton;
  const { symbols, length } = view;
  const hits: Hit[] = [];
  let state = OPEN;
  for (let i = 0; i < length; i++) {
    const symbol = symbols[i] ?? 0;
    const entry = state < dense && symbol < ROW ? (table[(state << ROW_BITS) + symbol] ?? FAR) : FAR;
    state = entry === FAR ? automaton.step(state, symbol) : entry >> NOTE_BITS;
    if (notes[state] === Note.none) continue;
    const closes = i + 1 === length || alphabet.kind[symbols[i + 1] ?? 0] !== Kind.word;
    for (let at = state; at >= 0; at = shorter[at] ?? -1) {
      for (let p = first[at] ?? -1; p >= 0; p = more[p] ?? -1) {
        const pattern = patterns[p];
        if (!pattern || (pattern.closed && !closes)) continue;
        const from = i - pattern.symbols.length + 1;
        if (pattern.accents && !pattern.accents(text.slice(view.starts[from], view.ends[i]))) continue;
        hits.push({ pattern, from, to: i });
      }
    }
  }
  return hits;
}
