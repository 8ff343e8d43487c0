import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { foldKey } from "./fold.ts";
import { flatten, type Rule } from "./list.ts";
import { Matcher } from "./matcher.ts";
import { MAX_MATCHES } from "./resolve.ts";
import { EntrySchema } from "./terms.ts";

// Harmless words stand in for forbidden ones.
function rules(...entries: unknown[]): Rule[] {
  return flatten(
    entries.map((entry) => EntrySchema.parse({ category: "profanity", severity: "moderate", ...Object(entry) })),
    "list",
    "en",
  );
}

function found(text: string, entries: unknown[], allow: string[] = []) {
  return new Matcher(rules(...entries), allow).find(text).map(({ term, span }) => [term, text.slice(...span)]);
}

const zorb = { terms: ["zorb", "grue walk"] };

describe("whole words", () => {
  test.each([
    ["a zorb.", ["zorb"]],
    ["ZORBS and the Zorb's", ["ZORBS", "Zorb"]],
    ["zorbing azorb zorbx 4zorb", []],
    ["(zorb:1.3), [zorb] {zorb|x} zorb_zorb", ["zorb", "zorb", "zorb", "zorb", "zorb"]],
    ["grue  walk, grue-walk, grue\n\twalk, grue_walks", ["grue  walk", "grue-walk", "grue\n\twalk", "grue_walks"]],
    ["grue, walk; grue. walk", []],
    ["ｚｏｒｂ 𝐳𝐨𝐫𝐛 Ⓩⓞⓡⓑ", ["ｚｏｒｂ", "𝐳𝐨𝐫𝐛", "Ⓩⓞⓡⓑ"]],
    [
      "z\u00ado\u200brb zo\u0301rb zörb z\u0336o\u0336r\u0336b\u0336",
      ["z\u00ado\u200brb", "zo\u0301rb", "zörb", "z\u0336o\u0336r\u0336b\u0336"],
    ],
    ["🎈zorb🎈", ["zorb"]],
    ["日本zorb語", ["zorb"]],
    ["zorb™", ["zorb"]],
    ["\ud800zorb\udc00", ["zorb"]],
  ])("in %j", (text, spans) => {
    expect(found(text, [zorb]).map(([, slice]) => slice)).toEqual(spans);
  });

  test("verbs have their regular forms, `exact` has none, `substring` is found inside words", () => {
    const verbs = "zab zabs zabbed zabbing zaber";
    expect(found(verbs, [{ term: "zab", match: "verb" }])).toHaveLength(4);
    expect(found(verbs, [{ term: "zab", match: "exact" }])).toEqual([["zab", "zab"]]);
    expect(found("xxzabxx", [{ term: "zab", match: "substring" }])).toEqual([["zab", "zab"]]);
  });

  test("scripts without spaces match inside a run of letters, spaced ones do not", () => {
    expect(found("とても猫舌です", [{ term: "猫舌" }])).toEqual([["猫舌", "猫舌"]]);
    expect(found("คนแมวดำ", [{ term: "แมว" }])).toEqual([["แมว", "แมว"]]);
    expect(found("ガラス", [{ term: "カラ" }])).toEqual([]);
    expect(found("перекот кот", [{ term: "кот" }])).toEqual([["кот", "кот"]]);
    expect(found("بيت بيتنا", [{ term: "بيت" }])).toEqual([["بيت", "بيت"]]);
    expect(found("🦆 quack", [{ term: "🦆" }])).toEqual([["🦆", "🦆"]]);
  });

  test("hundreds of characters beyond ASCII share columns and stay distinct", () => {
    const terms = Array.from({ length: 300 }, (_, i) => String.fromCodePoint(0x4e00 + i * 7, 0x5e00 + i * 3));
    const cyrillic = ["жаба", "ёжик", "щука"];
    const matcher = new Matcher(rules({ terms: [...terms, ...cyrillic] }), []);
    for (const term of [...terms, ...cyrillic]) {
      expect(
        matcher.find(`文${term}文`.replace(/文(?=\p{sc=Cyrl})|(?<=\p{sc=Cyrl})文/gu, " ")).map((m) => m.term),
      ).toContain(term);
    }
    expect(matcher.find("хжаба жабах")).toEqual([]);
  });

  test("an accent that the term's language writes tells words apart; a foreign one is decoration", () => {
    const spanish = (term: string) => ({ term, language: "es" });
    expect(found("mañana manana", [spanish("manana")])).toEqual([["manana", "manana"]]);
    expect(found("balón balon bálon", [spanish("balón")])).toEqual([
      ["balón", "balón"],
      ["balón", "balon"],
    ]);
    expect(found("caña cana", [spanish("caña")])).toEqual([["caña", "caña"]]);
    expect(found("z̈orb", [zorb])).toHaveLength(1);
  });
});

describe("innocence", () => {
  const breasted = { term: "zorb", exceptions: ["garden zorb", "zorb (cup|plate)"] };
  test("an exception excuses the term inside it, and only there", () => {
    expect(found("garden zorbs, a zorb-cup, zorb", [breasted])).toEqual([["zorb", "zorb"]]);
    expect(found("garden, zorb", [breasted])).toHaveLength(1);
  });
  test("an exception of one term excuses no other", () => {
    expect(found("garden zorb", [breasted, { term: "garden" }])).toEqual([["garden", "garden"]]);
  });
  test("an allowed phrase excuses everything inside it", () => {
    expect(found("my garden zorb and zorb", [{ terms: ["zorb", "garden"] }], ["garden zorb"])).toEqual([
      ["zorb", "zorb"],
    ]);
    expect(found("zorb", [zorb], ["zorb"])).toEqual([]);
  });
  test("a thousand excused matches do not hide one that is not", () => {
    const text = `${"garden zorb ".repeat(3_000)}zorb`;
    expect(found(text, [breasted])).toEqual([["zorb", "zorb"]]);
  });
});

describe("pairs", () => {
  const pair = { pairs: { any: ["apple", "green pear"], with: ["knife"], within: 2 } };
  test.each([
    ["an apple with a knife", "apple with a knife"],
    ["knife, apples", "knife, apples"],
    ["green-pear knife", "green-pear knife"],
    ["an apple and then a knife", undefined],
    ["apple apple", undefined],
    ["knife", undefined],
  ])("in %j: %j", (text, span) => {
    expect(found(text, [pair]).map(([, slice]) => slice)).toEqual(span ? [span] : []);
  });
  test("names both words, the `any` side first", () => {
    expect(found("knife near apples", [pair])[0]?.[0]).toBe("apple + knife");
  });
  test("an exception takes one side out", () => {
    expect(found("apple pie knife", [{ ...pair, exceptions: "apple pie" }])).toEqual([]);
  });
});

describe("overlaps", () => {
  test("the more severe match stays, of equals the longer; other categories do not compete", () => {
    expect(found("red zorb", [{ terms: ["zorb", "red zorb"] }])).toEqual([["red zorb", "red zorb"]]);
    expect(found("red zorb", [{ term: "zorb", severity: "severe" }, { term: "red zorb" }])).toEqual([["zorb", "zorb"]]);
    expect(found("red zorb", [{ term: "zorb", category: "hate" }, { term: "red zorb" }])).toHaveLength(2);
  });
  test("of too many, the most severe stay and every category is there", () => {
    const entries = [
      { term: "zorb", severity: "mild" },
      { term: "grue", severity: "severe" },
      { term: "blick", severity: "mild", category: "hate" },
    ];
    const terms = found(`${"zorb ".repeat(5_000)} blick ${"grue ".repeat(5_000)}`, entries).map(([term]) => term);
    expect(terms).toHaveLength(MAX_MATCHES);
    expect(terms.filter((term) => term === "blick")).toHaveLength(1);
    expect(terms.filter((term) => term === "grue")).toHaveLength(MAX_MATCHES - 1);
  });
});

describe("on any text", () => {
  const words = ["zorb", "grue walk", "ñandú", "猫舌", "кот", "🦆", "straße"];
  const matcher = new Matcher(rules({ terms: words }), []);
  const keys = new Set(words.flatMap((word) => [foldKey(word), foldKey(`${word}s`)]));
  const piece = fc.oneof(
    fc.constantFrom(...words, " ", "-", "\u200b", "\u0301", "ﬀ", "ﷺ", "s", "'"),
    fc.string({ unit: "binary" }),
    fc.string({ unit: "grapheme" }),
    fc.constantFrom("\ud800", "\udfff"),
  );
  const text = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(""));

  test("every span slices to text, which folds to its term where nothing was undone", () => {
    fc.assert(
      fc.property(text, (value) => {
        for (const { span, disguises } of matcher.find(value)) {
          expect(span[0]).toBeLessThan(span[1]);
          if (disguises) continue;
          expect(keys).toContain(foldKey(value.slice(...span)));
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test("a term between blanks is found, whatever stands around", () => {
    fc.assert(
      fc.property(text, fc.constantFrom(...words), text, (before, word, after) => {
        const spans = matcher.find(`${before}. ${word} .${after}`).map((match) => match.span.join());
        const start = before.length + 2;
        expect(spans).toContain(`${start},${start + word.length}`);
      }),
    );
  });

  test("case and width change nothing but the offsets", () => {
    const wide = (value: string) => value.replace(/[!-~]/g, (char) => String.fromCharCode(char.charCodeAt(0) + 0xfee0));
    fc.assert(
      fc.property(fc.array(fc.constantFrom("zorb", "grue walk", " ", ",", "x", "zorbs"), { maxLength: 9 }), (parts) => {
        const plain = parts.join("");
        const terms = (value: string) => matcher.find(value).map((match) => match.term);
        expect(terms(plain.toUpperCase())).toEqual(terms(plain));
        expect(terms(wide(plain))).toEqual(terms(plain));
      }),
    );
  });

  test("time grows with the length, not with its square", () => {
    const hostile = ["zorb ", "grue grue-", "a", " ", "e\u0301\u0302", "ﷺ", "garden zorb ", "\ud800", "apple knife "];
    const entries = rules(
      zorb,
      { terms: "grue, garden, aaaaaaaaab", match: "substring", exceptions: "garden zorb" },
      { pairs: { any: "apple", with: "knife" } },
    );
    const slow = new Matcher(entries, ["allowed zorb"]);
    const time = (value: string) => {
      let best = Number.POSITIVE_INFINITY;
      for (let i = 0; i < 5; i++) {
        const start = performance.now();
        slow.find(value);
        best = Math.min(best, performance.now() - start);
      }
      return best;
    };
    for (const unit of hostile) {
      const small = unit.repeat(Math.ceil(20_000 / unit.length));
      // Sixteen times the text; a quadratic matcher would take 256 times as long.
      expect(time(small.repeat(16)), unit).toBeLessThan(100 * Math.max(0.5, time(small)));
    }
  });
});
