import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { inflect } from "./inflect.ts";
import { expand, loadList, shippedLists } from "./list.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "safelight-lists-"));
});
afterAll(() => rm(folder, { recursive: true }));

const HEAD = "schema: safelight.terms/1\nname: ours\nlanguage: en\nlicence: CC0-1.0\nsource: the test\n";

async function load(terms: string) {
  await writeFile(path.join(folder, "ours.yaml"), `${HEAD}terms:\n${terms}`);
  return (await loadList("./ours.yaml", folder)).rules;
}

describe("a list file", () => {
  test("has single terms, groups with their own members, texts of terms, and pairs", async () => {
    const rules = await load(`
  - { term: apple, category: gore, severity: mild, note: why }
  - category: weapons
    severity: severe
    exceptions: pear tree
    terms:
      - pear
      - { term: quince, severity: moderate, match: exact, exceptions: [quince jam] }
  - category: hate
    severity: mild
    terms: |
      plum, sloe   # a comment
      (red|black) currant
  - category: drugs
    severity: mild
    pairs: { any: [fig, date], with: kiwi, within: 3 }
`);
    expect(
      rules.map((rule) => (rule.kind === "term" ? [rule.term, rule.category, rule.score] : [rule.any, rule.with])),
    ).toEqual([
      ["apple", "gore", 0.5],
      ["pear", "weapons", 1],
      ["quince", "weapons", 0.75],
      ["plum", "hate", 0.5],
      ["sloe", "hate", 0.5],
      ["red currant", "hate", 0.5],
      ["black currant", "hate", 0.5],
      [["fig", "date"], ["kiwi"]],
    ]);
    expect(rules[2]).toMatchObject({ match: "exact", exceptions: ["pear tree", "quince jam"], language: "en" });
  });

  test.each([
    ["an unknown key", "  - { term: apple, category: gore, sevrity: mild }\n", /ours\.yaml:7:\d+.*sevrity.*severity/s],
    ["an unknown category", "  - { term: apple, category: gory, severity: mild }\n", /ours\.yaml:7:\d+.*category/s],
    [
      "two of term, terms and pairs",
      "  - { term: a, terms: [b], category: gore, severity: mild }\n",
      /ours\.yaml:7.*exactly one/s,
    ],
    ["a term without a letter", "  - { term: '  ', category: gore, severity: mild }\n", /ours\.yaml:7.*term.*word/s],
    ["no terms", "  - { terms: [], category: gore, severity: mild }\n", /ours\.yaml:7.*terms.*at least one/s],
    ["broken YAML", "  - { term: a, category: [gore\n", /ours\.yaml:/],
  ])("with %s names the file, the line and the key", async (_, terms, message) => {
    await expect(load(terms)).rejects.toMatchObject({ code: "config_invalid", detail: expect.stringMatching(message) });
  });

  test("that does not exist names the shipped ones", async () => {
    await expect(loadList("klingon", folder)).rejects.toThrow(/"klingon"; shipped lists: .*en/);
    await expect(loadList("./none.yaml", folder)).rejects.toThrow(/none\.yaml/);
  });

  test("that ships can be loaded", async () => {
    const names = await shippedLists();
    expect(names).toContain("en");
    for (const name of names) expect((await loadList(name, folder)).name).toBe(name);
  });
});

test.each([
  ["a (b|c) (d|)", ["a b d", "a b", "a c d", "a c"]],
  ["(9..11) years", ["9 years", "10 years", "11 years"]],
  ["plain", ["plain"]],
])("%j stands for %j", (term, expanded) => {
  expect(expand(term)).toEqual(expanded);
});

test.each([
  ["cat", "word", "en", ["cat", "cats"]],
  ["fox", "word", "en", ["fox", "foxes"]],
  ["daisy", "word", "en", ["daisy", "daisies"]],
  ["class", "word", "en", ["class", "classes"]],
  ["cats", "word", "en", ["cats"]],
  ["swordsman", "word", "en", ["swordsman", "swordsmen"]],
  ["hop", "verb", "en", ["hop", "hops", "hopped", "hopping"]],
  ["bake", "verb", "en", ["bake", "bakes", "baked", "baking"]],
  ["tie", "verb", "en", ["tie", "ties", "tied", "tying"]],
  ["carry", "verb", "en", ["carry", "carries", "carried", "carrying"]],
  ["carry", "exact", "en", ["carry"]],
  ["flor", "word", "es", ["flor", "flores"]],
  ["luz", "word", "es", ["luz", "luces"]],
  ["fleur", "word", "fr", ["fleur", "fleurs"]],
  ["Blume", "word", "de", ["Blume"]],
  ["猫", "word", "en", ["猫"]],
] as const)("the forms of %s (%s, %s) are %j", (term, match, language, forms) => {
  expect(inflect(term, match, language)).toEqual(forms);
});
