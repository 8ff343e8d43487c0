import { lettersLike } from "./lookalikes.ts";

/** What a character is to somebody who looks for disguised words. */
export const Class = { blank: 0, consonant: 1, vowel: 2, digit: 3, sign: 4, mask: 5, mark: 6 } as const;

/** By ASCII code. */
export const CLASSES = Uint8Array.from({ length: 128 }, (_, code) => {
  const char = String.fromCharCode(code);
  if (code <= 0x20) return Class.blank;
  if (/[aeiou]/i.test(char)) return Class.vowel;
  if (/[a-z]/i.test(char)) return Class.consonant;
  if (/\d/.test(char)) return Class.digit;
  if (/[@$!|+(<\\]/.test(char)) return Class.sign;
  return /[*#%^&~?]/.test(char) ? Class.mask : Class.mark;
});

/** The class of a character beyond ASCII; more than 255 when it may stand for a letter of another alphabet. */
export function beyondAscii(text: string, at: number, unit: number): number {
  if (unit >= 0xdc00 && unit < 0xe000) return Class.mark;
  const code = text.codePointAt(at) ?? unit;
  if (lettersLike(code) !== "") return 0x100 | Class.consonant;
  if (unit === 0xa0 || unit === 0x3000 || (unit >= 0x2000 && unit <= 0x200a) || unit === 0x2028 || unit === 0x2029)
    return Class.blank;
  return isLetterOrMark(unit, code) ? Class.vowel : Class.mark;
}

const LETTER_OR_MARK = /[\p{L}\p{M}\p{N}\p{Cf}]/u;
function isLetterOrMark(unit: number, code: number): boolean {
  return unit < 0x250 ? unit > 0xbf || unit === 0xad : LETTER_OR_MARK.test(String.fromCodePoint(code));
}
