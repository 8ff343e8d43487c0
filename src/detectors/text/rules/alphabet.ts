import { foldCodePoint, Kind, kindOf } from "./fold.ts";

/** What the automaton reads. A character of the lists has a symbol of its own; all the others share one by their {@link Kind}. */
export const Sign = { break: 0, space: 1, word: 2, unspaced: 3 } as const;

/** A text as symbols, each with the place in the text that it came from, `[start, end)` in UTF-16 units. */
export interface View {
  symbols: Uint16Array;
  starts: Int32Array;
  ends: Int32Array;
  length: number;
}

/** By kind: how a character that no term has is spelt. */
const UNLISTED = { [Kind.other]: Sign.break, [Kind.word]: Sign.word, [Kind.unspaced]: Sign.unspaced } as const;

const INVISIBLE = -1;
const MARK = -2;
const UNKNOWN = -3;

/** In {@link Alphabet.bytes}: no symbol. ASCII characters have the lowest ones, so that they fit. */
export const DROPPED = 255;

export class Alphabet {
  /** By symbol. */
  readonly kind: Uint8Array;
  /** By symbol: 1 when a word may begin right after it. */
  readonly opens: Uint8Array;
  readonly #codes = new Map<number, number>();
  /** By ASCII code: its symbol; negative: it is dropped. */
  readonly ascii = new Int32Array(128);
  /** The same in bytes; {@link DROPPED} for what is dropped. */
  readonly bytes: Uint8Array;
  /** Offsets into `#sequences` by code point, in pages of 256 made when first needed. */
  readonly #pages: (Int32Array | undefined)[] = new Array<Int32Array | undefined>(0x1100).fill(undefined);
  readonly #sequences: number[] = [];

  constructor(characters: ReadonlySet<number>) {
    const kinds: Kind[] = [Kind.other, Kind.other, Kind.word, Kind.unspaced];
    const opens = [1, 1, 0, 1];
    for (const code of [...characters].sort((a, b) => rank(a) - rank(b))) {
      if (code === 0x20) continue;
      const kind = kindOf(code);
      opens.push(kind === Kind.word ? 0 : 1);
      this.#codes.set(code, kinds.push(kind) - 1);
    }
    this.kind = Uint8Array.from(kinds);
    this.opens = Uint8Array.from(opens);
    for (let code = 0; code < 128; code++) this.ascii[code] = this.#only(code);
    this.bytes = Uint8Array.from(this.ascii, (symbol) => (symbol < 0 ? DROPPED : symbol));
  }

  /** Symbols of folded code points: how terms are spelt in the automaton. */
  spell(folded: readonly number[]): number[] {
    return folded.map((code) => (code === 0x20 ? Sign.space : (this.#codes.get(code) ?? UNLISTED[kindOf(code)])));
  }

  /** Folds a text and spells it, in one pass. `into` is reused; its arrays grow as needed. */
  read(text: string, into: View): View {
    const { length } = text;
    into.length = 0;
    if (into.symbols.length < length) grow(into, length);
    let { symbols, starts, ends } = into;
    const ascii = this.ascii;
    let n = 0;
    let last = -1;
    for (let i = 0; i < length; ) {
      const unit = text.charCodeAt(i);
      if (unit < 128) {
        const symbol = ascii[unit] ?? 0;
        const start = i++;
        if (symbol < 0 || (symbol === Sign.space && last === Sign.space)) continue;
        symbols[n] = symbol;
        starts[n] = start;
        ends[n++] = i;
        last = symbol;
        continue;
      }
      const code = text.codePointAt(i) ?? 0;
      const start = i;
      i += code > 0xffff ? 2 : 1;
      let at = this.#lookUp(code);
      if (at < 0) {
        if (at === MARK && n > 0) ends[n - 1] = i;
        continue;
      }
      const count = this.#sequences[at++] ?? 0;
      // Left to come: at most one symbol a unit, unless a character has more.
      if (n + count + (length - i) > symbols.length) {
        into.length = n;
        grow(into, (n + count + length - i) * 2);
        ({ symbols, starts, ends } = into);
      }
      for (let k = 0; k < count; k++) {
        const symbol = this.#sequences[at + k] ?? 0;
        if (symbol === Sign.space && last === Sign.space) continue;
        symbols[n] = symbol;
        starts[n] = start;
        ends[n++] = i;
        last = symbol;
      }
    }
    into.length = n;
    return into;
  }

  #lookUp(code: number): number {
    let page = this.#pages[code >> 8];
    if (!page) {
      page = new Int32Array(256).fill(UNKNOWN);
      this.#pages[code >> 8] = page;
    }
    const known = page[code & 255] ?? UNKNOWN;
    if (known !== UNKNOWN) return known;
    const folded = foldCodePoint(code);
    let at: number;
    if (folded === "invisible") at = INVISIBLE;
    else if (folded === "mark") at = MARK;
    else {
      const symbols = folded === "space" ? [Sign.space] : this.spell(folded);
      at = this.#sequences.push(symbols.length, ...symbols) - symbols.length - 1;
    }
    page[code & 255] = at;
    return at;
  }

  /** The symbol of an ASCII character, which never has more than one; negative when it is dropped. */
  #only(code: number): number {
    const folded = foldCodePoint(code);
    if (folded === "invisible" || folded === "mark") return INVISIBLE;
    return folded === "space" ? Sign.space : (this.spell(folded)[0] ?? Sign.break);
  }
}

/** Letters a to z first, so that with the signs they have the lowest symbols; then other ASCII characters. */
function rank(code: number): number {
  return code >= 0x61 && code <= 0x7a ? code - 0x100 : code;
}

export function emptyView(): View {
  return { symbols: new Uint16Array(0), starts: new Int32Array(0), ends: new Int32Array(0), length: 0 };
}

function grow(view: View, size: number): void {
  const symbols = new Uint16Array(size);
  const starts = new Int32Array(size);
  const ends = new Int32Array(size);
  symbols.set(view.symbols.subarray(0, view.length));
  starts.set(view.starts.subarray(0, view.length));
  ends.set(view.ends.subarray(0, view.length));
  view.symbols = symbols;
  view.starts = starts;
  view.ends = ends;
}
