import { type Alphabet, Sign } from "./alphabet.ts";
import { foldCodePoint, Kind, kindOf } from "./fold.ts";
import { cyrillicLike, DRAWN, flippedLetter, isUpsideDown, lettersLike } from "./lookalikes.ts";

/** What was done to read a character, as bits: a way of reading may need several. */
export const Trick = {
  digit: 1,
  sign: 2,
  lookalike: 4,
  flipped: 8,
  masked: 16,
  repeated: 32,
  /** The gap before it was taken for nothing. */
  gap: 64,
  /** The sign itself was taken for nothing. */
  skipped: 128,
  /** The gap before it was taken for a vowel. */
  hole: 256,
  /** The blank of a phrase before it is not there. */
  joined: 512,
} as const;

/** One way to read a cell. */
export interface Choice {
  readonly symbols: readonly number[];
  readonly trick: number;
  /** The letter it is read as; empty for the character itself. */
  readonly letter: string;
}

/** What there is to know of a character, wherever it stands. */
interface Character {
  /** All that it may be read as, the plainest first. */
  readonly choices: readonly Choice[];
  /** Stands for any letter. */
  readonly mask: boolean;
  /** May also be there only to keep letters apart. */
  readonly skip: boolean;
  /** Folded, to find repetitions; 0 for what is not repeated. */
  readonly key: number;
  readonly kind: Kind;
}

/** One character that may be a letter. `[start, end)` are UTF-16 units of the text. */
export interface Cell extends Character {
  readonly start: number;
  end: number;
  /** What stands between the cell before and this one; empty when nothing does. */
  readonly gap: string;
}

/** Signs that stand for a letter that is left out. */
const MASK = /[*#%^&?~•·✱＊♥♡★☆█■▪●○◯×]/u;
const EMOJI = /\p{Emoji_Presentation}/u;
/** Signs that may also keep letters apart. */
const KEEPS_APART = /[!|+@#$*~^&%?•·]/;
const [OPENING, CLOSING] = [0x28, 0x29];
/** Characters beyond ASCII that are remembered. */
const REMEMBERED = 4_096;

type Read = Character | "invisible" | "mark" | "gap";

/** Reads texts as cells: letters, and whatever may stand for one. */
export class Lattice {
  readonly #alphabet: Alphabet;
  readonly #ascii: readonly Read[];
  readonly #others = new Map<number, Read>();

  constructor(alphabet: Alphabet) {
    this.#alphabet = alphabet;
    this.#ascii = Array.from({ length: 128 }, (_, code) => this.#read(code));
  }

  /** The cells of `text` from `from` to `to`. */
  cells(text: string, from: number, to: number): Cell[] {
    const slice = text.slice(from, to);
    const flipped = isUpsideDown(slice);
    const cyrillic = /\p{sc=Cyrillic}/u.test(slice);
    const cells: Cell[] = [];
    let gap = "";
    for (let i = from; i < to; ) {
      const unit = text.charCodeAt(i);
      if (unit === OPENING && text.charCodeAt(i + 2) === CLOSING) {
        gap += "("; // around one letter it is no letter itself
        i++;
        continue;
      }
      const drawn = DRAWN_FROM.has(unit) ? DRAWN.find(([shape]) => text.startsWith(shape, i)) : undefined;
      if (drawn) {
        const [shape, letter] = drawn;
        cells.push({ ...this.#drawn(letter), start: i, end: i + shape.length, gap });
        gap = "";
        i += shape.length;
        continue;
      }
      const code = unit < 0xd800 ? unit : (text.codePointAt(i) ?? unit);
      const start = i;
      i += code > 0xffff ? 2 : 1;
      const read = this.#at(code);
      if (read === "gap") gap += text.slice(start, i);
      else if (read === "mark") {
        const last = cells.at(-1);
        if (gap === "" && last) last.end = i;
      } else if (read !== "invisible") {
        const choices = flipped || cyrillic ? this.#more(code, read.choices, flipped, cyrillic) : read.choices;
        const { mask, skip, key, kind } = read;
        cells.push({ choices, mask, skip, key, kind, start, end: i, gap });
        gap = "";
      }
    }
    return cells;
  }

  /** The symbols that a mask may stand for. */
  wildcards(letters: string): readonly number[] {
    return [...letters].flatMap((letter) => this.#spell(letter)).filter((symbol) => symbol > Sign.unspaced);
  }

  #at(code: number): Read {
    const known = code < 128 ? this.#ascii[code] : this.#others.get(code);
    if (known) return known;
    const read = this.#read(code);
    if (this.#others.size >= REMEMBERED) this.#others.clear();
    this.#others.set(code, read);
    return read;
  }

  #read(code: number): Read {
    const folded = foldCodePoint(code);
    if (folded === "invisible" || folded === "mark") return folded;
    const char = String.fromCodePoint(code);
    const letters = lettersLike(code);
    const kind = folded === "space" ? Kind.other : kindOf(folded[0] ?? 0);
    const isMask = kind === Kind.other && (MASK.test(char) || (letters === "" && EMOJI.test(char)));
    if (kind === Kind.other && letters === "" && !isMask) return "gap";
    const choices: Choice[] = [];
    if (kind !== Kind.other && folded !== "space") {
      choices.push({ symbols: this.#alphabet.spell(folded), trick: 0, letter: "" });
    }
    const trick = code > 127 ? Trick.lookalike : kind === Kind.other ? Trick.sign : Trick.digit;
    for (const letter of letters) choices.push({ symbols: this.#spell(letter), trick, letter });
    const skip = kind === Kind.other && (code > 127 || KEEPS_APART.test(char));
    return { choices, mask: isMask, skip, key: folded === "space" ? 0 : (folded[0] ?? 0), kind };
  }

  /** What a character may be besides, in upside-down writing and in a Cyrillic word. */
  #more(code: number, choices: readonly Choice[], flipped: boolean, cyrillic: boolean): Choice[] {
    const char = String.fromCodePoint(code);
    const more = [...choices];
    const turned = flipped ? flippedLetter(char) : "";
    if (turned) more.push({ symbols: this.#spell(turned), trick: Trick.flipped, letter: turned });
    const trick = /\d/.test(char) ? Trick.digit : char === "@" ? Trick.sign : Trick.lookalike;
    for (const letter of cyrillic ? cyrillicLike(char) : "") more.push({ symbols: this.#spell(letter), trick, letter });
    return more;
  }

  #drawn(letter: string): Character {
    const choices = [{ symbols: this.#spell(letter), trick: Trick.sign, letter }];
    return { choices, mask: false, skip: false, key: 0, kind: Kind.other };
  }

  #spell(letter: string): readonly number[] {
    return this.#alphabet.spell([letter.codePointAt(0) ?? 0]);
  }
}

/** First characters of drawn letters: `\ | / ( > [ }`. */
const DRAWN_FROM = new Set(DRAWN.map(([shape]) => shape.charCodeAt(0)));

/** The cells from the last to the first, each with the gap that follows it: how a reversed word is read. */
export function reversed(cells: readonly Cell[]): Cell[] {
  return cells.map((cell, i) => ({ ...cell, gap: cells[i + 1]?.gap ?? "" })).reverse();
}
