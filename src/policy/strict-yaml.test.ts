import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { SafelightError } from "../contract/errors.ts";
import { valueOfLongLists } from "./long-lists.ts";
import { PolicySchema } from "./schema.ts";
import { nearest, parseStrictYaml } from "./strict-yaml.ts";

function complaints(text: string, schema: z.ZodType = PolicySchema): readonly string[] {
  try {
    parseStrictYaml(text, "my.yaml", schema);
  } catch (error) {
    if (error instanceof SafelightError && error.code === "config_invalid") return error.detail.split("\n");
    throw error;
  }
  throw new Error("was accepted");
}

const HEAD = "schema: safelight.policy/1\nname: mine\nversion: '1'\n";
const IMAGE = "image: {detectors: {}, categories: {}}\n";

describe("a policy with a mistake", () => {
  test("a misspelt key gives file, line, column, key and the nearest valid key", () => {
    expect(complaints(`${HEAD}${IMAGE}prompt:\n  detectors: {}\n  categories: {}\n  on_unknwon: block\n`)).toEqual([
      'my.yaml:8:3: prompt.on_unknwon: unknown key; did you mean "on_unknown"?',
    ]);
  });

  test("a misspelt required key is told once, not also as missing", () => {
    expect(complaints(`${HEAD}${IMAGE}prompt:\n  detectrs: {}\n  categories: {}\n`)).toEqual([
      'my.yaml:6:3: prompt.detectrs: unknown key; did you mean "detectors"?',
    ]);
  });

  test("a key that resembles nothing gets the list of keys", () => {
    const found = complaints(`${HEAD}${IMAGE}prompt: {detectors: {}, categories: {violence: {zzz: 1}}}\n`);
    expect(found).toEqual([
      "my.yaml:5:49: prompt.categories.violence.zzz: unknown key; the keys here are warn, review, block",
    ]);
  });

  test("a misspelt category, as key and as value, gives the nearest category", () => {
    const found = complaints(
      `${HEAD}${IMAGE}prompt:\n  detectors: {}\n  require: [violnce]\n  categories:\n    sexaul: {block: 0.5}\n`,
    );
    expect(found).toHaveLength(2);
    expect(found[0]).toMatch(/^my\.yaml:7:13: prompt\.require\[0\]: .*\(found "violnce"\); did you mean "violence"\?$/);
    expect(found[1]).toMatch(/^my\.yaml:9:5: prompt\.categories\.sexaul: must .*; did you mean "sexual"\?$/);
  });

  test("a wrong value is shown, with the rule and the nearest valid value", () => {
    const found = complaints(
      `${HEAD}prompt: {detectors: {}, categories: {violence: {block: 1.5}}, on_unknown: blok}\nimage: 3\n`,
    );
    expect(found).toEqual([
      "my.yaml:4:56: prompt.categories.violence.block: must be at most 1 (found 1.5)",
      'my.yaml:4:75: prompt.on_unknown: must be warn, review or block (found "blok"); did you mean "block"?',
      "my.yaml:5:8: image: must be a map of keys and values (found 3)",
    ]);
  });

  test("a missing key is told at the place where it should be", () => {
    expect(complaints(`${HEAD}${IMAGE}prompt:\n  categories: {}\n`)).toEqual([
      "my.yaml:6:3: prompt.detectors: is missing",
    ]);
  });

  test("an empty file is told so", () => {
    expect(complaints("# nothing\n")).toEqual(["my.yaml:1:1: must be a map of keys and values (found nothing)"]);
  });
});

describe("unions by kind", () => {
  const kinds = z.record(
    z.string(),
    z.discriminatedUnion("kind", [
      z.strictObject({ kind: z.literal("sketch") }),
      z.strictObject({ kind: z.literal("sagemaker"), endpoint: z.string() }),
    ]),
  );

  test("a misspelt kind gives the nearest kind, a misspelt option the nearest of that kind", () => {
    expect(complaints("a: {kind: skecth}\nb: {kind: sagemaker, endpiont: x}\nc: {}\n", kinds)).toEqual([
      'my.yaml:1:11: a.kind: must be sketch or sagemaker (found "skecth"); did you mean "sketch"?',
      'my.yaml:2:22: b.endpiont: unknown key; did you mean "endpoint"?',
      "my.yaml:3:4: c.kind: is missing; must be sketch or sagemaker",
    ]);
  });
});

describe("text that is not good YAML", () => {
  const anything = z.unknown();

  const bomb = ["ab", "bc", "cd", "de"].map(([from, to]) => `${to}: &${to} [${Array(10).fill(`*${from}`)}]\n`).join("");

  test.each([
    ["a key that is there twice", "a: 1\na: 2\n", 'my.yaml:2:1: the key "a" is there twice'],
    ["an open bracket", "a: [1\nb: 2\n", "my.yaml:2:1: is not valid YAML: Flow sequence"],
    ["an unknown tag", "a: !secret x\n", "my.yaml:1:4: is not valid YAML: Unresolved tag"],
    ["an alias of nothing", "a: *nowhere\n", "my.yaml: Unresolved alias"],
    ["an alias of itself", "a: &a [*a]\n", "my.yaml: an alias (*) refers to what it stands in"],
    ["two documents", "a: 1\n---\nb: 2\n", "my.yaml:2:1: is not valid YAML: Source contains multiple documents"],
    ["fifty thousand brackets", "[".repeat(50_000), "my.yaml: is nested too deeply"],
    ["a bomb of aliases", `a: &a [x,x,x,x,x,x,x,x,x,x]\n${bomb}`, "my.yaml: Excessive alias count"],
  ])("%s is refused", (_what, text, expected) => {
    expect(complaints(text, anything)[0]).toContain(expected);
  });

  test("__proto__ is an unknown key like any other", () => {
    expect(complaints("__proto__: {admin: true}\n", z.strictObject({ port: z.int().optional() }))).toEqual([
      "my.yaml:1:1: __proto__: unknown key; the keys here are port",
    ]);
  });
});

describe("long lists", () => {
  const list = z.strictObject({ terms: z.array(z.string()) });
  const words = Array.from({ length: 20_000 }, (_, i) => `forbidden ${i.toString(36)} word`);

  test("20,000 terms are read as the parser itself reads them", () => {
    const text = `# words\nterms:\n${words.map((word) => `  - ${word}\n`).join("")}  - "123"\n`;
    expect(parseStrictYaml(text, "my.yaml", list).terms).toEqual([...words, "123"]);
    expect(valueOfLongLists(text)).toBeDefined();
  });

  test("a mistake after 20,000 terms has the right line", () => {
    const text = `terms:\n${words.map((word) => `  - ${word}\n`).join("")}  - 123\n`;
    expect(complaints(text, list)).toEqual(["my.yaml:20002:5: terms[20000]: must be text (found 123)"]);
  });

  test("lines that only look like a list are left to the parser", () => {
    const run = Array.from({ length: 80 }, () => "  - word\n").join("");
    for (const text of [`a: |\n${run}`, `a: "\n${run}  "\n`, `a: b\n${run}`, `a:\n${run}    and on\n`]) {
      expect(valueOfLongLists(text)).toBeUndefined();
      expect(parseStrictYaml(text, "my.yaml", z.unknown())).toEqual(parse(text));
    }
  });

  test("never differs from the parser", () => {
    const line = fc.constantFrom(
      "- word",
      "- two words",
      '- "quoted # text"',
      "- null",
      "- 9mm",
      "- a: b",
      "  - in",
      "x: y",
      "",
      "# c",
    );
    const chunk = fc.tuple(line, fc.constantFrom("", "  "), fc.integer({ min: 1, max: 90 }));
    fc.assert(
      fc.property(fc.array(chunk, { maxLength: 5 }), (chunks) => {
        const text = chunks.map(([entry, indent, times]) => `${indent}${entry}\n`.repeat(times)).join("");
        const quick = valueOfLongLists(text);
        if (quick) expect(quick.value).toEqual(parse(text));
      }),
      { numRuns: 300 },
    );
  });
});

describe("nearest", () => {
  test.each([
    ["tresholds", "thresholds"],
    ["maxRetries", "max_retries"],
    ["prot", "port"],
    ["warn-at", undefined],
    ["", undefined],
  ])("of %j is %j", (word, expected) => {
    expect(nearest(word, ["thresholds", "max_retries", "port", "host"])).toBe(expected);
  });
});
