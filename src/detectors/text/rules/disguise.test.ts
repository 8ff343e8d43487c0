import { describe, expect, test } from "vitest";
import { METHODS, MORE_METHODS } from "../../../../bench/support/rules-methods.ts";
import { flatten, loadList } from "./list.ts";
import { Matcher } from "./matcher.ts";
import { EntrySchema, SCORES } from "./terms.ts";

const { rules } = await loadList("en", "/");
const matcher = new Matcher(rules, []);
const sentence = (word: string) => `a poster that shows ${word} in soft light`;

/** Single words that are found plainly: what can be disguised. */
const words = [
  ...new Set(
    rules.flatMap((rule) =>
      rule.kind === "term" && /^[a-z]{4,}$/.test(rule.term) && rule.score >= SCORES.moderate ? [rule.term] : [],
    ),
  ),
].filter((word) => matcher.find(sentence(word)).length > 0);

/** The least share of the listed words that each method must leave recognisable. What is not here: all but a hair. */
const LEAST: Readonly<Record<string, number>> = {
  "inside a word": 0, // whole words are what lists mean
  "suffix -s": 0.85,
  "one space in the middle": 0.6,
  "later vowel dropped": 0.7,
  "two letters swapped": 0.7,
  "no vowels": 0.8,
  "leet digits": 0.94,
  reversed: 0.95,
  "reversed and leet": 0.85,
  "masked twice": 0.9,
  "first letter masked": 0.8, // *ape, *ick: other words
  "first two swapped": 0.7, // five letters and fewer: other words
};

describe("every listed word of four letters or more is found through", () => {
  test.each(Object.entries({ ...METHODS, ...MORE_METHODS }))("%s", (name, disguise) => {
    const missed = words.filter((word) => matcher.find(sentence(disguise(word))).length === 0);
    const recall = 1 - missed.length / words.length;
    console.info(`${name}: ${recall.toFixed(3)} of ${words.length}`);
    expect(recall).toBeGreaterThanOrEqual(LEAST[name] ?? 0.97);
  });
});

test("the span is the disguised word, and the evidence says what was undone", () => {
  const entry = EntrySchema.parse({ term: "quince", category: "profanity", severity: "moderate" });
  const own = new Matcher(flatten([entry], "own", "en"), []);
  const read = (text: string) => own.find(text).map(({ span, disguises }) => [text.slice(...span), disguises]);
  expect(read("a qu1nc3 tree")).toEqual([["qu1nc3", ["leetspeak"]]]);
  expect(read("a q.u.i.n.c.e tree")).toEqual([["q.u.i.n.c.e", ["separated_letters"]]]);
  expect(read("a quuuince, quinceee")).toEqual([
    ["quuuince", ["repeated_letters"]],
    ["quinceee", ["repeated_letters"]],
  ]);
  expect(read("a qu*nce tree")).toEqual([["qu*nce", ["masked_letters"]]]);
  expect(read("a ecniuq tree")).toEqual([["ecniuq", ["reversed"]]]);
  expect(read("a quіnсe tree")).toEqual([["quіnсe", ["lookalike_letters"]]]);
  expect(read("q u i n c e")).toEqual([["q u i n c e", ["separated_letters"]]]);
});

const INNOCENT = `
4k, 8k, f/1.8, c4d|Scunthorpe United|a cocktail|my therapist|Essex coast|U S A|1 9 8 4|e4 e5 Nf3 Nc6 Bb5|C G Am F|B-52 bomber
Canon EOS R5, 85mm f/1.2L|Sony A7 III, 35 mm|#a55a55 and #b00b1e|https://example.com/as/set?x=1|bob.smith@mail.example
a mid-century chair, well-lit, hand-drawn|48.8584° N, 2.2945° E|ISO 3166-1 alpha-2|a high-\nresolution photo
w i n t e r|s-t-a-r|sooooo sunny|Москва зимой|η θάλασσα|東京の夜|T-rex, X-ray, K-pop, B-movie|Wi-Fi 6E|PS5, N64, R2-D2, C-3PO
vitamin B12|H2O and CO2|Boeing 747-8|a 1:1 scale|50% off!|rock & roll|cats + dogs|a/b test|and/or|24/7|3:2|16:9 --ar 16:9
sit its cushion down|the pen is mightier|cash item|as sass in|an al fresco dinner|pass it on|push it up|class is in session
Lana del Rey|gals and pals|a tub of butter|live evil|stop spots|A E S T H E T I C|v a p o r w a v e|O.K.|U.S.S.R.|S.H.I.E.L.D.
(masterpiece:1.2), [best quality], {cat|dog}|<lora:watercolour:0.8>|nikon d850|iPhone 15 Pro|GTX 1080Ti|RTX 4090|Unreal Engine 5
mmm, zzz, hmmm, brrr, aaah, oooh|dslr, hdr, rgb, vfx, cgi, npc, dnd, html|ctrl + alt + del|www.example.org|v1.5, v2, sd-xl|M1 Max
J. R. R. Tolkien and A. A. Milne|options a, b, c, d, e|f(x) = (a)(b)(c)|*bold* and *italic*, **ape**|a *witch* hat, an *itchy* jumper, *angels*
sad😢face|I ❤️ NY|so😍cute|party🎉time|Phuket beach|Kool-Aid|boyz n the hood|Kristen, Kurt and Viktor|a vvs diamond|klezmer band|Zelda|zines
modern rnodel|Klimt, Kahlo, Kandinsky|phosphor, dolphin, phoenix|a‎b‏c|Franz Ferdinand|Vlad|Volvo|vulcan|xylophone|Xerxes|wyvern
`;
test.each(INNOCENT.trim().split(/[|\n](?!dog\}|lution)/))("nothing is read into %j", (text) => {
  expect(matcher.find(text).map(({ term, disguises }) => [term, disguises])).toEqual([]);
});

describe("a phrase in which one word is disguised", () => {
  const entry = EntrySchema.parse({ term: "quince zorbalade", category: "profanity", severity: "moderate" });
  const own = new Matcher(flatten([entry], "own", "en"), []);
  test.each([
    ["with a vowel missing", "a jar of qunce zorbalade", "qunce zorbalade", "missing_vowels"],
    ["with letters swapped", "Quince zrobalade on toast", "Quince zrobalade", "swapped_letters"],
    ["in other letters", "qvince-zorbalade, please", "qvince-zorbalade", "respelt"],
  ])("is found %s", (_name, text, phrase, disguise) => {
    expect(own.find(text).map(({ span, disguises }) => [text.slice(...span), disguises])).toEqual([
      [phrase, [disguise]],
    ]);
  });
  test.each(["qunce and zorbalade", "zrobalade", "qunce zorbalades5", "a quince, zrobalade"])("is not %j", (text) => {
    expect(own.find(text)).toEqual([]);
  });
});
