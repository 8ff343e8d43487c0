import { mkdirSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { World } from "./world.ts";

let world: World;
beforeEach(() => {
  world = new World();
  mkdirSync(world.path("lists"));
});
afterEach(() => world.remove());

const HEAD = "schema: safelight.terms/1\nname: ours\nlanguage: en\nlicence: CC0-1.0\nsource: us\nterms:\n";
const LIST = `${HEAD}  - category: gore
    severity: mild
    terms: |
      quince, medlar
      Quince, water
`;
const DUPLICATE = 'lists/ours.yaml:11:7: duplicate: "Quince" is there twice: line 10 has it too (gore, mild)';
const FREQUENT = 'lists/ours.yaml:11:15: dangerous: "water" is one of the most frequent words of English';

const policy = (rules: string, image = "test-card: {}", require = "[]", limits = "{}") => `
schema: safelight.policy/1
name: default
version: "1"
prompt:
  detectors:
    rules: {options: ${rules}}
  categories: {}
image:
  detectors: {${image}}
  require: ${require}
  categories: ${limits}
`;

describe("a word list", () => {
  test("that is good", async () => {
    world.write("lists/ours.yaml", `${HEAD}  - { term: quince, category: gore, severity: mild }\n`);
    const ended = await world.run(["policy", "check", "--strict", "lists/ours.yaml"]);
    expect(ended).toEqual({ status: 0, out: "ok  lists/ours.yaml: ours en, 1 term\n", err: "" });
  });

  test("with warnings: 0, and 1 with --strict", async () => {
    world.write("lists/ours.yaml", LIST);
    const out = `ok  lists/ours.yaml: ours en, 4 terms\nwarning  ${DUPLICATE}\nwarning  ${FREQUENT}\n`;
    expect(await world.run(["policy", "check", "lists/ours.yaml"])).toEqual({ status: 0, out, err: "" });
    expect(await world.run(["policy", "check", "lists/ours.yaml", "--strict"])).toEqual({ status: 1, out, err: "" });
  });

  test("as JSON", async () => {
    world.write("lists/ours.yaml", LIST);
    const { out } = await world.run(["policy", "check", "lists/ours.yaml", "--json"]);
    expect(JSON.parse(out)).toMatchObject({
      file: "lists/ours.yaml",
      ok: true,
      name: "ours",
      warnings: [
        { kind: "duplicate", file: "lists/ours.yaml", line: 11, column: 7, term: "Quince" },
        { kind: "dangerous", file: "lists/ours.yaml", line: 11, column: 15, term: "water" },
      ],
    });
  });

  test("that is not valid: 2", async () => {
    world.write("lists/ours.yaml", LIST.replace("severity: mild", "severity: mlid"));
    const { status, err } = await world.run(["policy", "check", "lists/ours.yaml", "--strict"]);
    expect(status).toBe(2);
    expect(err).toMatch(/^lists\/ours\.yaml:8:15: terms\[0\]\.severity: .*did you mean "mild"\?\n$/);
  });

  test("is compared with the others that are given", async () => {
    world.write("lists/ours.yaml", `${HEAD}  - { term: quince, category: gore, severity: mild }\n`);
    world.write(
      "lists/theirs.yaml",
      `${HEAD}  - { term: quinces, category: hate, severity: mild }
  - { term: quince, category: hate, severity: mild }\n`,
    );
    const { out } = await world.run(["policy", "check", "lists/ours.yaml", "lists/theirs.yaml"]);
    expect(out).toContain('lists/theirs.yaml:8:13: duplicate: "quince" is there twice: lists/ours.yaml:7 has it too');
  });
});

describe("a policy", () => {
  test("is told of its lists, its allow list and its own terms", async () => {
    world.write("lists/ours.yaml", LIST);
    world.write(
      "policies/default.yaml",
      policy(
        "{lists: [../lists/ours.yaml], allow: [medlar, medlars], off: [water], add: [{term: is, category: hate, severity: mild}]}",
      ),
    );
    const { status, out } = await world.run(["policy", "check"]);
    expect(status).toBe(0);
    expect(out).toContain(`warning  ${DUPLICATE}\n`);
    expect(out).not.toContain("water");
    expect(out).toContain('lists/ours.yaml:10:15: unreachable: "medlar" can never be found: the allow list');
    expect(out).toMatch(/policies\/default\.yaml:7:\d+: dangerous: "is" has only two letters/);
  });

  test("is told of required categories that nobody covers", async () => {
    world.write("nsfw.yaml", policy("{lists: [en]}", "nsfw: {}", "[sexual, gore]"));
    const { status, out } = await world.run(["policy", "check", "nsfw.yaml", "--strict"]);
    expect(status).toBe(1);
    expect(out).toContain(
      "nsfw.yaml:11:21: not_covered: no detector of this stage covers gore: every picture gets on_unknown (block)",
    );
    expect(out).not.toContain("covers sexual");
  });

  test("is told of limits for categories that nobody covers, once for the stage", async () => {
    const limits = "{sexual: {blur: 0.5}, weapons: {warn: 0.5}, gore: {block: 0.5}, drugs: {warn: 0.5}}";
    world.write("nsfw.yaml", policy("{lists: []}", "nsfw: {}", "[gore]", limits));
    const { out } = await world.run(["policy", "check", "nsfw.yaml"]);
    expect(out).toContain(
      "nsfw.yaml:12:37: not_covered: no detector of this stage covers weapons, drugs: nobody looks for that",
    );
    expect(out.match(/not_covered/g)).toHaveLength(2); // the other one is about gore, which is required
  });

  test("with a list that is not valid, or not there: 2", async () => {
    world.write("lists/ours.yaml", LIST.replace("severity: mild", "severity: mlid"));
    world.write("one.yaml", policy("{lists: [./lists/ours.yaml]}"));
    world.write("two.yaml", policy("{lists: [theirs]}"));
    const { status, err } = await world.run(["policy", "check", "one.yaml", "two.yaml"]);
    expect(status).toBe(2);
    expect(err).toContain("lists/ours.yaml:8:15: terms[0].severity");
    expect(err).toContain('there is no readable list "theirs"; shipped lists: ');
  });
});

test("the terms of a detector in safelight.yaml are told where the policy uses it", async () => {
  world.write(
    "safelight.yaml",
    "policies: [policies]\ndetectors:\n  rules: {kind: rules, lists: [], add: [{term: is, category: hate, severity: mild}]}\n",
  );
  world.write("policies/default.yaml", policy("{allow: []}"));
  const { out } = await world.run(["policy", "check"]);
  expect(out).toMatch(/policies\/default\.yaml:7:\d+: dangerous: "is" has only two letters/);
});
