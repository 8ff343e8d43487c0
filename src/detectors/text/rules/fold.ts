/**
 * Folding: what is the same letter to a reader becomes the same letter to the matcher. Code point by code point, so that
 * it is a table look-up and every folded letter knows where it came from.
 */

/** How a folded character counts at the edges of words. */
export const Kind = {
  /** Punctuation, symbols, blanks. */
  other: 0,
  /** A letter or digit of a script that puts spaces between words. */
  word: 1,
  /** A letter of a script that does not: every place between two of them may be a word's edge. */
  unspaced: 2,
} as const;
export type Kind = (typeof Kind)[keyof typeof Kind];

const UNSPACED =
  /[\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}\p{scx=Bopomofo}\p{scx=Thai}\p{scx=Lao}\p{scx=Khmer}\p{scx=Myanmar}]/u;
const WORD = /[\p{L}\p{N}\p{M}]/u;

export function kindOf(codePoint: number): Kind {
  if (codePoint < 0x80) return isAsciiWord(codePoint) ? Kind.word : Kind.other;
  const char = String.fromCodePoint(codePoint);
  if (!WORD.test(char)) return Kind.other;
  return UNSPACED.test(char) ? Kind.unspaced : Kind.word;
}

function isAsciiWord(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || (code >= 0x30 && code <= 0x39);
}

/** What one code point folds to. */
export type Folded =
  /** Nothing, and no reader sees it: soft hyphen, zero-width, bidi control, variation selector, tag. */
  | "invisible"
  /** Nothing, but it belongs to the letter before it: a combining accent. */
  | "mark"
  /** Blank, hyphen or underscore: what may stand between the words of a phrase. */
  | "space"
  /** One or more folded characters. */
  | readonly number[];

const SPACE = /[\p{White_Space}\u0085_\-\u2010\u2011\u2012\ufe63\uff0d\uff3f\u203f]/u;
const INVISIBLE = /[\p{Default_Ignorable_Code_Point}\p{Cf}\p{Cc}]/u;
/** Marks that decorate, the Hindi nukta among them. Marks that spell vowels (Indic, Thai) or voice kana are letters here. */
const DECORATION =
  /^(?![\u3099\u309a])(?:(?=[\p{Mn}\p{Me}])[\p{sc=Inherited}\p{sc=Latin}\p{sc=Greek}\p{sc=Cyrillic}\p{sc=Arabic}\p{sc=Hebrew}]|\u0640|\u093c)$/u;
/** Letters that Unicode does not decompose, though readers take them for these. */
const SAME: Readonly<Record<string, string>> = {
  ß: "ss",
  æ: "ae",
  œ: "oe",
  ø: "o",
  đ: "d",
  ð: "d",
  ħ: "h",
  ı: "i",
  ł: "l",
  ŀ: "l",
  ŋ: "n",
  þ: "th",
  ŧ: "t",
  ſ: "s",
  ς: "σ",
  ə: "e",
  ɑ: "a",
  ɡ: "g",
  // Letters that Arabic keyboards and writers mix, and two ways to write a nasal vowel in Hindi.
  ة: "ه",
  ى: "ي",
  ی: "ي",
  ک: "ك",
  "\u0901": "\u0902",
};
/** Trade marks decompose into letters that would stick to the word before them. */
const NOT_DECOMPOSED = new Set([0x2120, 0x2122]);
/** Longer decompositions (whole Arabic phrases in one character) are not worth following. */
const LONGEST = 8;

export function foldCodePoint(codePoint: number): Folded {
  const char = String.fromCodePoint(codePoint);
  if (SPACE.test(char)) return "space";
  if (INVISIBLE.test(char)) return "invisible";
  if (DECORATION.test(char)) return "mark";
  if (/[\u2018\u2019\u02bc\uff07]/.test(char)) return [0x27];
  if (NOT_DECOMPOSED.has(codePoint)) return [codePoint];
  const folded: number[] = [];
  for (const part of char.normalize("NFKD").toLowerCase().normalize("NFKD")) {
    if (DECORATION.test(part)) continue;
    for (const letter of SAME[part] ?? part) folded.push(letter.codePointAt(0) ?? 0);
  }
  return folded.length === 0 || folded.length > LONGEST ? [codePoint] : folded;
}

const BLANK = 0x20;
/** By ASCII code: what it folds to, as one code; 0 when it is dropped. */
const ASCII = Uint8Array.from({ length: 128 }, (_, code) => {
  const folded = foldCodePoint(code);
  return typeof folded !== "string" ? (folded[0] ?? 0) : folded === "space" ? BLANK : 0;
});

/** A whole text folded to code points: how terms are folded. Runs of blanks are one blank, none at the ends. */
export function foldText(text: string): number[] {
  const out: number[] = [];
  let last = BLANK;
  const put = (code: number) => {
    if (code !== BLANK || last !== BLANK) out.push(code);
    last = code;
  };
  for (let i = 0; i < text.length; i++) {
    const code = text.codePointAt(i) ?? 0;
    if (code < 128) {
      const folded = ASCII[code] ?? 0;
      if (folded !== 0) put(folded);
      continue;
    }
    if (code > 0xffff) i++;
    const folded = foldCodePoint(code);
    if (folded === "space") put(BLANK);
    else if (typeof folded !== "string") for (const letter of folded) put(letter);
  }
  if (out.at(-1) === BLANK) out.pop();
  return out;
}

/** The folded text as a string: two texts with the same key are the same to the matcher. */
export function foldKey(text: string): string {
  return String.fromCodePoint(...foldText(text));
}
