/**
 * A text as the model reads it: lower case, compatibility forms unified (NFKC), each run of white space one space, a
 * space at both ends. Every unit knows where it came from, so that what the model saw can be shown in the original.
 */
export interface Reading {
  /** UTF-16 units; the first and the last are spaces. Only the first `length` count: the buffers are used again. */
  readonly units: Uint16Array;
  /** Of each unit, where in the original what it came from starts and ends (UTF-16, end-exclusive). */
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
  /** Of each unit, the number of the word that it belongs to; a space belongs to the word before it, the first to word 0. */
  readonly words: Uint32Array;
  readonly length: number;
  /** Of each word, its first unit and the one after its last. A sign that is no letter or digit is a word of its own. */
  readonly wordStarts: Uint32Array;
  readonly wordEnds: Uint32Array;
  readonly wordCount: number;
}

const SPACE = 0x20;
const LETTER = 1;
const SIGN = 2;
const BLANK = 3;
const IGNORED = 4;
const MARK = 5;

/** Zero-width joiner and variation selectors: they change how a sign looks, not what it is. */
const JOINERS = /\u200d|\ufe0e|\ufe0f/g;

/** What each UTF-16 unit is; 0: not looked up yet. Surrogates are signs here, and looked up as pairs. */
const KINDS = new Uint8Array(0x1_0000);

function lookUp(character: string): number {
  if (/^(?:\p{M}|\u200d)/u.test(character)) return MARK; // these belong to what stands before them
  if (/^[\s\p{Z}\p{Cc}]/u.test(character)) return BLANK;
  if (/^[\p{Cf}\u{e0000}-\u{e0fff}]/u.test(character)) return IGNORED;
  return /^[\p{L}\p{N}]/u.test(character) ? LETTER : SIGN;
}

function kindOf(unit: number): number {
  const known = KINDS[unit] ?? 0;
  if (known !== 0) return known;
  const kind = lookUp(String.fromCharCode(unit));
  KINDS[unit] = kind;
  return kind;
}

/** Holds the buffers: `read` gives the same object, filled anew, each time. */
export class Reader {
  #units = new Uint16Array(1_024);
  #starts = new Uint32Array(1_024);
  #ends = new Uint32Array(1_024);
  #words = new Uint32Array(1_024);
  #wordStarts = new Uint32Array(1_024);
  #wordEnds = new Uint32Array(1_024);
  #length = 0;
  #wordCount = 0;
  /** Whether the last word is made of letters and may grow. */
  #open = false;

  read(text: string): Reading {
    this.#length = 0;
    this.#wordCount = 0;
    this.#open = false;
    this.#push(SPACE, 0, 0);
    for (let at = 0; at < text.length; ) at = this.#step(text, at);
    if (this.#units[this.#length - 1] !== SPACE || this.#length === 1) this.#push(SPACE, text.length, text.length);
    return {
      units: this.#units,
      starts: this.#starts,
      ends: this.#ends,
      words: this.#words,
      length: this.#length,
      wordStarts: this.#wordStarts,
      wordEnds: this.#wordEnds,
      wordCount: this.#wordCount,
    };
  }

  /** Takes one character with the marks that follow it. @returns where the next one starts */
  #step(text: string, at: number): number {
    const unit = text.charCodeAt(at);
    if (unit < 0x80 && !(text.charCodeAt(at + 1) >= 0x300)) {
      const kind = kindOf(unit);
      if (kind === BLANK) this.#blank(at);
      else this.#take(unit >= 0x41 && unit <= 0x5a ? unit + 0x20 : unit, kind === LETTER, at, at + 1);
      return at + 1;
    }
    const first = text.codePointAt(at) ?? unit;
    let end = at + (first > 0xffff ? 2 : 1);
    const kind = first > 0xffff ? lookUp(text.slice(at, end)) : kindOf(unit);
    if (kind === BLANK) {
      this.#blank(at);
      return end;
    }
    if (kind === IGNORED) return end;
    while (end < text.length && text.charCodeAt(end) >= 0x300 && kindOf(text.charCodeAt(end)) === MARK) end += 1;
    const folded = text.slice(at, end).replace(JOINERS, "").normalize("NFKC").toLowerCase();
    const letter = kind === LETTER || (kind === MARK && this.#open);
    for (let i = 0; i < folded.length; i++) {
      const made = folded.charCodeAt(i);
      if (made === SPACE) this.#blank(at);
      else this.#take(made, letter, at, end, i > 0);
    }
    return end;
  }

  #blank(at: number): void {
    this.#open = false;
    if (this.#units[this.#length - 1] !== SPACE) this.#push(SPACE, at, at + 1);
  }

  /** @param continued whether the unit belongs to the same character as the one before it */
  #take(unit: number, letter: boolean, start: number, end: number, continued = false): void {
    const apostrophe = (unit === 0x27 || unit === 0x2019) && this.#open;
    const joins = (this.#open && (letter || apostrophe)) || (continued && this.#wordCount > 0);
    if (!joins) {
      this.#grow(this.#wordCount + 1);
      this.#wordStarts[this.#wordCount++] = this.#length;
    }
    if (!continued) this.#open = letter || apostrophe;
    this.#push(apostrophe ? 0x27 : unit, start, end);
    this.#wordEnds[this.#wordCount - 1] = this.#length;
  }

  #push(unit: number, start: number, end: number): void {
    this.#grow(this.#length + 1);
    this.#units[this.#length] = unit;
    this.#starts[this.#length] = start;
    this.#ends[this.#length] = end;
    this.#words[this.#length] = Math.max(0, this.#wordCount - 1);
    this.#length += 1;
  }

  #grow(needed: number): void {
    if (needed <= this.#units.length) return;
    const larger = <A extends Uint16Array | Uint32Array>(made: A, from: A): A => {
      made.set(from);
      return made;
    };
    const size = this.#units.length * 2;
    this.#units = larger(new Uint16Array(size), this.#units);
    this.#starts = larger(new Uint32Array(size), this.#starts);
    this.#ends = larger(new Uint32Array(size), this.#ends);
    this.#words = larger(new Uint32Array(size), this.#words);
    this.#wordStarts = larger(new Uint32Array(size), this.#wordStarts);
    this.#wordEnds = larger(new Uint32Array(size), this.#wordEnds);
  }
}
