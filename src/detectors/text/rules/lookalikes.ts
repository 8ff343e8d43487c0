import { CONFUSABLES } from "./data/lookalikes.generated.ts";

/**
 * Characters that a reader takes for a Latin letter, beside those of Unicode's table: `letter: characters`. A character
 * may stand for several letters, by its looks or by its sound. Upper and lower case differ, because their looks do.
 */
const OTHERS: Readonly<Record<string, string>> = {
  a: "аАαΑΔΛλɐᴀ∆ªʌᗩ卂⠁ᎪꓮⱯ@4",
  b: "бБвВьъЬЪβΒʙɓƀ乃ᗷ⠃ßᏼЂ68",
  c: "сСϲςᴄɔƈ匚ᑕ⠉¢©ⅽ(<",
  d: "дДԁδΔᴅɖɗɗᗪ⠙∂đⅾ",
  e: "еЕёЁэЭєЄзεΕξΞΣᴇǝɛɘ乇⠑€℮∑3",
  f: "фФғƒꜰɟ千ᖴ⠋φΦʃ",
  g: "гГдɢƃɠɡցᏀᎶ⠛9 6",
  h: "нНһҺхћђηΗʜɥɦհᕼ卄⠓ん#",
  i: "иИійіІїЇӏΙιɪᴉɨ丨⠊¡❗ⅰ1!|",
  j: "јЈᴊɾյᒍﾌ⠚ʝ",
  k: "кКқҝҟҡκΚᴋʞƙ⠅ҚҜ",
  l: "лЛӏΙλΛʟɫłʅլᒪㄥ丨⠇£1|!7",
  m: "мМΜμᴍɯɱ爪ᗰ⠍ⅿ๓",
  n: "пПиИйлЛнНηνΝπΠɴɲŋորռ几ᑎ⠝ก∩",
  o: "оОөӨοΟΘθσφΦωΩᴏøɵօㄖ⠕○◯⭕●◎ºᴑօ∅0",
  p: "рРпПρΡπᴘƥ卩ᑭ⠏þ",
  q: "ԛԚզգᑫɋʠ⠟9",
  r: "рРгГґяЯΓρʀɹɍ尺ᖇ⠗®ʁя",
  s: "ѕЅсСςσΣꜱʂƨᔕ丂⠎§∫ऽ$5",
  t: "тТτΤᴛʇƭŧեㄒ⠞†‡✝7+",
  u: "уУцЦиИйυμΥᴜʉʊսᑌㄩ⠥∪µ∐",
  v: "вВѵѴνυᴠʌʋᐯ⠧√∨",
  w: "шШщЩѡѠԝԜωΩᴡʍɯաⱳᗯ山⠺ฬ",
  x: "хХжЖχΧξ乂᙭⠭×✖❌✗✘ⅹ",
  y: "уУүҮұҰчЧыγΥυψΨʏʎƴㄚ⠽¥",
  z: "зЗζΖᴢƶȥ乙⠵ʐ2",
};

/** Letters as they stand on their heads. Plain letters among them count only next to one that is not plain. */
const FLIPPED: Readonly<Record<string, string>> = { u: "n", n: "u", p: "d", d: "p", b: "q", q: "b", m: "w", w: "m" };
const ON_ITS_HEAD = /[ɐɔǝɟƃɥᴉɾʞɯɹʇʌʍʎ]/u;

const LETTERS = new Map<number, string>();
function note(code: number, letter: string): void {
  const known = LETTERS.get(code) ?? "";
  if (!known.includes(letter)) LETTERS.set(code, known + letter);
}
for (const table of [CONFUSABLES, OTHERS]) {
  for (const [letter, chars] of Object.entries(table)) {
    for (const char of chars) if (char !== " ") note(char.codePointAt(0) ?? 0, letter);
  }
}
for (let i = 0; i < 26; i++) {
  const letter = String.fromCharCode(97 + i);
  note(0x1f1e6 + i, letter); // regional indicators
  note(0x1f150 + i, letter); // negative circled
  note(0x1f170 + i, letter); // negative squared
  note(0x249c + i, letter); // in parentheses
}

/** Latin letters that a character may be meant for, the likeliest first; empty for most. */
export function lettersLike(codePoint: number): string {
  return LETTERS.get(codePoint) ?? "";
}

export function isUpsideDown(text: string): boolean {
  return ON_ITS_HEAD.test(text);
}

export function flippedLetter(letter: string): string {
  return FLIPPED[letter] ?? "";
}

/** Several characters that draw one letter. */
export const DRAWN: readonly (readonly [string, string])[] = [
  ["\\/\\/", "w"],
  ["|\\/|", "m"],
  ["/\\/\\", "m"],
  ["|\\|", "n"],
  ["|_|", "u"],
  ["|-|", "h"],
  ["\\/", "v"],
  ["/\\", "a"],
  ["|<", "k"],
  ["|{", "k"],
  ["()", "o"],
  ["[]", "o"],
  ["|)", "d"],
  ["|>", "p"],
  ["|3", "b"],
  ["><", "x"],
  ["}{", "h"],
];

/** Letters of other alphabets by the Latin letter that is written for them in disguise. */
const OTHER_ALPHABETS: Readonly<Record<string, string>> = {
  a: "а",
  b: "вь",
  c: "с",
  e: "е",
  g: "д",
  h: "н",
  i: "і",
  k: "к",
  m: "м",
  n: "пи",
  o: "о",
  p: "р",
  r: "г",
  s: "ѕ",
  t: "т",
  u: "и",
  w: "ш",
  x: "х",
  y: "у",
  0: "о",
  3: "з",
  4: "ч",
  6: "б",
  "@": "а",
};

/** Cyrillic letters that a Latin letter, a digit or a sign may be meant for, inside a Cyrillic word. */
export function cyrillicLike(char: string): string {
  return OTHER_ALPHABETS[char.toLowerCase()] ?? "";
}
