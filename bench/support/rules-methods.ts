/** Ways to disguise a word: what the benchmark and the tests of the `rules` detector put words through. */

const LEET: Readonly<Record<string, string>> = {
  a: "4",
  b: "8",
  e: "3",
  g: "9",
  i: "1",
  o: "0",
  s: "5",
  t: "7",
  z: "2",
};
const SIGNS: Readonly<Record<string, string>> = { a: "@", c: "(", e: "€", i: "!", l: "|", s: "$", t: "+" };
const CYRILLIC: Readonly<Record<string, string>> = {
  a: "а",
  c: "с",
  e: "е",
  i: "і",
  j: "ј",
  k: "к",
  m: "м",
  o: "о",
  p: "р",
  s: "ѕ",
  t: "т",
  x: "х",
  y: "у",
};
const GREEK: Readonly<Record<string, string>> = {
  a: "α",
  b: "β",
  e: "ε",
  i: "ι",
  k: "κ",
  n: "η",
  o: "ο",
  p: "ρ",
  t: "τ",
  u: "υ",
  v: "ν",
  x: "χ",
  y: "γ",
};
const SMALL_CAPITALS: Readonly<Record<string, string>> = Object.fromEntries(
  [..."abcdefghijklmnoprstuvwyz"].map((letter, i) => [letter, [..."ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ"][i] ?? letter]),
);
const UPSIDE_DOWN: Readonly<Record<string, string>> = Object.fromEntries(
  [..."abcdefghijklmnopqrstuvwxyz"].map((letter, i) => [letter, [..."ɐqɔpǝɟƃɥᴉɾʞlɯuodbɹsʇnʌʍxʎz"][i] ?? letter]),
);

const swap = (table: Readonly<Record<string, string>>) => (word: string) =>
  [...word].map((char) => table[char] ?? char).join("");
const shift = (first: number) => (word: string) =>
  word.replace(/[a-z]/g, (letter) => String.fromCodePoint(first + letter.charCodeAt(0) - 97));
const between = (sign: string) => (word: string) => [...word].join(sign);
const after = (sign: string) => (word: string) => [...word].map((char) => (char === " " ? char : char + sign)).join("");
const mostly = (change: (letter: string) => string) => (word: string) =>
  [...word].map((char, i) => (i % 2 === 1 ? change(char) : char)).join("");

/** Index of the last letter before which `test` holds for no earlier one but the first letter; -1 when there is none. */
const vowelAt = (word: string) => word.slice(1).search(/[aeiou]/) + 1;

export const METHODS = {
  plain: (word) => word,
  "upper case": (word) => word.toUpperCase(),
  "inside a word": (word) => `zq${word}qz`,
  "suffix -s": (word) => `${word}s`,
  "leet digits": swap(LEET),
  "leet signs": swap(SIGNS),
  "Cyrillic look-alikes": swap(CYRILLIC),
  "Greek look-alikes": swap(GREEK),
  fullwidth: shift(0xff41),
  "mathematical bold": shift(0x1d41a),
  "circled letters": shift(0x24d0),
  "zero-width space": between("\u200b"),
  "soft hyphen": between("\u00ad"),
  "variation selector": after("\ufe0f"),
  "tag characters": after("\u{e0020}"),
  "combining acute": (word) => word.replace(/[aeiou]/g, "$&\u0301").normalize("NFC"),
  "strike-through": after("\u0336"),
  dots: between("."),
  hyphens: between("-"),
  spaces: between(" "),
  "one space in the middle": (word) =>
    `${word.slice(0, Math.ceil(word.length / 2))} ${word.slice(Math.ceil(word.length / 2))}`,
  "every letter thrice": (word) => word.replace(/[a-z]/g, "$&$&$&"),
  "one vowel four times": (word) => word.replace(/[aeiou]/, "$&$&$&$&"),
  "asterisk mask": (word) =>
    vowelAt(word) > 0 ? `${word.slice(0, vowelAt(word))}*${word.slice(vowelAt(word) + 1)}` : word,
  "later vowel dropped": (word) =>
    vowelAt(word) > 0 ? word.slice(0, vowelAt(word)) + word.slice(vowelAt(word) + 1) : word,
  "two letters swapped": (word) => {
    const middle = Math.max(1, Math.floor(word.length / 2) - 1);
    return word.slice(0, middle) + (word[middle + 1] ?? "") + (word[middle] ?? "") + word.slice(middle + 2);
  },
  reversed: (word) => [...word].reverse().join(""),
} as const satisfies Readonly<Record<string, (word: string) => string>>;

/** More, which the filters on npm are not measured with. */
export const MORE_METHODS = {
  "some leet": mostly(swap({ ...LEET, s: "$" })),
  "small capitals": swap(SMALL_CAPITALS),
  "regional indicators": (word) => [...shift(0x1f1e6)(word)].join("\u200b"),
  "squared letters": shift(0x1f170),
  "upside down": (word) => [...swap(UPSIDE_DOWN)(word)].reverse().join(""),
  underscores: between("_"),
  slashes: between("/"),
  emoji: between("🔥"),
  "line breaks": between("\n"),
  "stacked marks": after("\u0316\u0301\u0334"),
  "masked twice": (word) => word.replace(/(?<=.)[aeiou]/g, "#"),
  "no vowels": (word) => word.replace(/(?<=.)[aeiou]/g, ""),
  "leet and dots": (word) => between(".")(mostly(swap(LEET))(word)),
  "look-alikes and thrice": (word) => mostly(swap(CYRILLIC))(word).replace(/[aeiou]/g, "$&$&$&"),
  "zero-width and leet": (word) => between("\u200d")(mostly(swap(LEET))(word)),
  "reversed and leet": (word) => [...mostly(swap(LEET))(word)].reverse().join(""),
  "hyphens in capitals": (word) => between("-")(word).toUpperCase(),
  "letters in parentheses": shift(0x249c),
  "each in parentheses": (word) => word.replace(/[a-z]/g, "($&)"),
  "commas and blanks": between(", "),
  "right-to-left override": (word) => `\u202e${[...word].reverse().join("")}\u202c`,
  "emoji mask": (word) => `${word.slice(0, 1)}😈${word.slice(2)}`,
  "first letter masked": (word) => `*${word.slice(1)}`,
  "first two swapped": (word) => word.slice(1, 2) + word.slice(0, 1) + word.slice(2),
  "ph for f": (word) => word.replaceAll("f", "ph"),
  "z for s": (word) => word.replaceAll("s", "z"),
  "v for u": (word) => word.replaceAll("u", "v"),
  "vv for w": (word) => word.replaceAll("w", "vv"),
  "rn for m": (word) => word.replaceAll("m", "rn"),
} as const satisfies Readonly<Record<string, (word: string) => string>>;
