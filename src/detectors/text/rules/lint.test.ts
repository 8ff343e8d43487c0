import { describe, expect, test } from "vitest";
import { readYaml, validateYaml } from "../../../policy/strict-yaml.ts";
import { lintTerms, placedTerms } from "./lint.ts";
import { ListSchema } from "./terms.ts";

/** The first term is on line 7. */
function list(terms: string, { name = "ours", language = "en" } = {}) {
  const text = `schema: safelight.terms/1\nname: ${name}\nlanguage: ${language}\nlicence: CC0-1.0\nsource: us\nterms:${terms}`;
  const yaml = readYaml(text, `${name}.yaml`);
  const file = validateYaml(yaml, ListSchema);
  return placedTerms(yaml, text, ["terms"], file.terms, file);
}

function lint(terms: string, allow: readonly string[] = [], language = "en") {
  return shown(lintTerms(list(terms, { language }), allow));
}

function shown(warnings: ReturnType<typeof lintTerms>) {
  return warnings.map(
    ({ kind, file, line, column, term, message }) => `${file}:${line}:${column} ${kind} ${term} ${message}`,
  );
}

const group = (terms: string, rest = "") => `\n  - { category: gore, severity: severe, terms: ${terms}${rest} }`;

describe("places", () => {
  test("in every way to write terms", () => {
    const placed = list(`
  - term: quince
    category: gore
    severity: mild
  - category: gore
    severity: mild
    terms:
      - medlar
      - { term: loquat, severity: severe }
  - category: gore
    severity: mild
    terms: |
      rowan, # sloe, and not this

      (red|black) currant, damson
  - { category: gore, severity: mild, terms: "rosehip, elder" }
  - { category: gore, severity: mild, pairs: { any: [fig], with: [kiwi] } }
`);
    expect(placed.map(({ rule, place }) => [rule.term, place().line, place().column])).toEqual([
      ["quince", 7, 11],
      ["medlar", 13, 9],
      ["loquat", 14, 9],
      ["rowan", 18, 7],
      ["red currant", 20, 7],
      ["black currant", 20, 7],
      ["damson", 20, 28],
      ["rosehip", 21, 46],
      ["elder", 21, 46],
    ]);
  });
});

describe("duplicates", () => {
  test("are the same to the matcher", () => {
    expect(lint(group("[quince jam, medlar, Quince-Jam]"))).toEqual([
      "ours.yaml:7:69 duplicate Quince-Jam is there twice: line 7 has it too (gore, severe)",
    ]);
  });

  test("with other accents are others, where the language writes them", () => {
    expect(lint(group("[nispero, níspero, ñame, name tag, name]"), [], "es")).toHaveLength(2); // níspero; "name" is frequent
    expect(lint(group("[pâte brisée, pâté brisée]"), [], "fr")).toEqual([]);
    expect(lint(group("[pâte brisée, pâté brisée]"))).toHaveLength(1);
  });

  test("in two categories", () => {
    expect(lint(`${group("[quince]")}\n  - { term: quince, category: hate, severity: mild }`)).toEqual([
      "ours.yaml:8:13 duplicate quince is there twice: line 7 has it too (gore, severe)",
    ]);
  });

  test("in two lists, unless both say the same of it", () => {
    const one = list(group("[quince, medlar]"), { name: "one" });
    const two = list(`${group("[quince]")}\n  - { term: medlar, category: hate, severity: mild }`, { name: "two" });
    expect(shown(lintTerms([...one, ...two]))).toEqual([
      "two.yaml:8:13 duplicate medlar is there twice: one.yaml:7 has it too (gore, severe)",
    ]);
  });
});

describe("unreachable", () => {
  test("when its own exceptions take all forms of it", () => {
    expect(lint(group("[quince, medlar]", ", exceptions: [quince, medlar tree]"))).toEqual([
      "ours.yaml:7:49 unreachable quince can never be found: its own exceptions hold all of it",
    ]);
    expect(lint(group("[wallop]", ", match: verb, exceptions: [wallop]"))).toEqual([]); // walloping is still found
  });

  test("when the allow list does", () => {
    expect(lint(group("[quince jam]"), ["Quince-jam"])).toEqual([
      "ours.yaml:7:49 unreachable quince jam can never be found: the allow list of the policy holds all of it",
    ]);
    expect(lint(group("[quince]"), ["quince jam"])).toEqual([]);
    expect(lint(group("[quince]", ", match: substring"), ["quince"])).toEqual([]); // still found in "quinces"
  });

  test("when a more severe twin takes all of it", () => {
    const mild = (rest = "") => `\n  - { term: quince, category: gore, severity: mild${rest} }`;
    expect(lint(mild() + group("[quince]"))).toEqual([
      "ours.yaml:7:13 unreachable quince can never be found: line 8 has it too, and more severe (gore, severe)",
    ]);
    expect(lint(mild() + group("[quince]", ", exceptions: quince jam"))).toEqual([]); // mild in "quince jam"
    expect(lint(mild() + group("[quince]", ", match: exact"))).toEqual([]); // mild in the plural
    expect(lint(mild(", exceptions: quince jam") + group("[quince]", ", exceptions: quince jam"))).toHaveLength(1);
  });
});

describe("dangerous", () => {
  test.each([
    ["[q]", "has only one letter"],
    ["[q-z]", "has only two letters"],
    ["[Water]", "is one of the most frequent words of English"],
    ["[thi]", 'also stands for "this", one of the most frequent words of English'],
    ["[walk], match: verb", "is one of the most frequent words of English"],
    ["[quin], match: substring", "is looked for inside other words, and has only 4 letters"],
    ["[garde], match: substring", 'is a part of the word "garden"'],
    ["[garde], match: substring, exceptions: [garden]", undefined],
    ["[quincejam], match: substring", undefined],
    ["[quin]", undefined],
    ["[🍐]", undefined],
    ["[木瓜], match: substring", undefined],
  ])("%s", (terms, message) => {
    const warnings = lintTerms(list(group(terms)));
    expect(warnings.map((warning) => [warning.kind, warning.message])).toEqual(message ? [["dangerous", message]] : []);
  });

  test("no side of a pair is: the other must be there too", () => {
    expect(lint("\n  - { category: gore, severity: mild, pairs: { any: [water], with: [a] } }")).toEqual([]);
  });
});
