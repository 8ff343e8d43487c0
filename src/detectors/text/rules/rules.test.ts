import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { DEFAULT_LIMITS } from "../../../contract/limits.ts";
import { FindingSchema } from "../../../contract/report.ts";
import { foldKey } from "./fold.ts";
import { inflect } from "./inflect.ts";
import { loadList, shippedLists } from "./list.ts";
import { RulesOptions } from "./options.ts";
import { openRules } from "./rules.ts";

const context = { folder: "/", limits: DEFAULT_LIMITS };
const open = (options: unknown = {}) => openRules(RulesOptions.parse(options), context);
const shipped = await open();
const { signal } = new AbortController();
const inspect = async (text: string, detector = shipped) => [...(await detector.inspect({ text }, signal))];
const worst = async (text: string) => Math.max(0, ...(await inspect(text)).map((finding) => finding.score));

const fruit = { category: "custom:fruit", severity: "moderate", terms: ["quince", "blood plum"] };

describe("options", () => {
  test("terms of one's own, with their evidence", async () => {
    const detector = await open({ lists: [], add: [fruit] });
    const [finding, ...others] = await inspect("a Ｑｕｉｎｃｅ tree", detector);
    expect(others).toEqual([]);
    expect(FindingSchema.parse(finding)).toEqual({
      category: "custom:fruit",
      score: 0.75,
      label: "custom/quince",
      evidence: { span: [2, 8], term: "quince", list: "custom", disguises: ["styled_letters"] },
    });
    expect(detector.categories).toEqual(["custom:fruit"]);
  });

  test("`allow` shields, `off` switches a term of a list off", async () => {
    const add = [fruit];
    expect(await inspect("quince jam, quince", await open({ lists: [], add, allow: ["quince jam"] }))).toHaveLength(1);
    expect((await inspect("a pistol")).length).toBe(1);
    expect(await inspect("a pistol, pistols", await open({ off: ["Pistol"] }))).toEqual([]);
    await expect(open({ off: ["marmalade"] })).rejects.toThrow(/off: no list that is in use has "marmalade"/);
  });

  test("the version changes with the lists and the options, and with nothing else", async () => {
    expect((await open()).version).toBe(shipped.version);
    expect((await open({ allow: ["pistol"] })).version).not.toBe(shipped.version);
    expect((await open({ lists: [] })).version).not.toBe(shipped.version);
  });

  test("a built-in category with a handful of terms is not declared as covered", async () => {
    const detector = await open({ lists: [], add: [{ ...fruit, category: "gambling" }] });
    expect(detector.categories).toEqual([]);
    expect(shipped.categories).toEqual(
      expect.arrayContaining([
        "sexual",
        "sexual_minors",
        "violence",
        "gore",
        "hate",
        "self_harm",
        "drugs",
        "weapons",
        "extremism",
        "profanity",
        "illegal_activity",
        "shocking",
      ]),
    );
  });
});

test("a test signal's own words are not the prompt's", async () => {
  expect(await inspect("a boat safelight-test:image:gore:0.9 safelight-test:prompt:violence:0.5")).toEqual([]);
  expect(await inspect("a boat safelight-test:image:gore:0.9 and gore")).toHaveLength(1);
  expect(await inspect("gore:0.9")).toHaveLength(1);
});

const TRAPS = [
  "Scunthorpe United",
  "a photo of sks dog",
  "a cocktail on the bar",
  "Essex in spring",
  "my therapist's office",
  "a cockatoo and a cockatiel",
  "cumulus clouds",
  "Moby Dick, the white whale",
  "a blue tit on a branch",
  "two great tits at the feeder",
  "Charles Dickens",
  "shiitake mushrooms",
  "an analysis of data",
  "Assassin's Creed cosplay",
  "a class on glass",
  "grilled chicken breast",
  "a breast cancer ribbon",
  "shot from a camera on 35mm",
  "blood orange slices",
  "a Renaissance battle scene",
  "Michelangelo's David in marble",
  "killer whale breaching",
  "killing time at the station",
  "nude-coloured dress",
  "the Sussex coast",
  "Middlesex University",
  "Penistone, South Yorkshire",
  "a butterfly and a butter knife",
  "assorted fruit",
  "a title page",
  "a dickcissel in the grass",
  "pussy willow catkins",
  "rapeseed field",
  "grape vine",
  "Hancock Tower",
  "a peacock",
  "shuttlecock",
  "Bloody Mary with celery",
  "water gun fight",
  "bullet train at Kyoto",
  "photobombing penguin",
  "magna cum laude",
  "a Maine coon cat",
  "4k, f/1.8, c4d render",
  "raccoon",
  "mass production",
  "the Netherlands dyke march",
  "sextant and sextet",
  "a therapist and the rapids",
  "snatching a ball",
  "an espresso cup",
  "children playing in a park",
  "a mother breastfeeding her baby",
  "newborn baby sleeping, soft light",
  "teenage mutant ninja turtles",
  "a 12 year old oak tree",
  "girl with a pearl earring",
  "the birth of Venus",
  "canal in Amsterdam",
  "Arsenal stadium",
  "basement",
  "a document",
  "cucumber",
  "scrap metal",
  "skyscraper",
  "Saturday morning",
  "hello kitty",
  "head shot portrait",
  "a Buddhist swastika temple",
  "crude oil",
  "headphones",
  "sniper elite is a game",
  "Derek Gores collage",
  "weather cock on a steeple",
];

const ART = [
  "a nude sculpture by Rodin",
  "female nude, charcoal study",
  "a naked saint in a baroque altar",
  "pistol prop on a table",
  "a bloody battlefield painting",
  "the assassin in the shadows",
  "Judith, blood on canvas",
];

describe("the shipped lists", () => {
  test("do not trip over innocent words and phrases", async () => {
    const tripped: string[] = [];
    for (const text of TRAPS) if ((await inspect(text)).length > 0) tripped.push(text);
    expect(tripped).toEqual([]);
  });

  test("take art for no more than mild", async () => {
    const tripped: string[] = [];
    for (const text of ART) if ((await worst(text)) > 0.5) tripped.push(text);
    expect(tripped).toEqual([]);
  });

  test("a child near a sexual word is always severe", async () => {
    for (const text of ["a nude 12 year old", "naked, very young girl", "schoolgirl in a lewd pose"]) {
      const minors = (await inspect(text)).filter((finding) => finding.category === "sexual_minors");
      expect(minors.map((finding) => finding.score)).toEqual([1]);
    }
  });

  test("every term is found in a sentence, in its category and at its severity or above", async () => {
    const missed: string[] = [];
    for (const name of await shippedLists()) {
      for (const rule of (await loadList(name, "/")).rules) {
        if (rule.kind !== "term") continue;
        const findings = await inspect(`Here: ${rule.term.toUpperCase()}.`);
        if (!findings.some((one) => one.category === rule.category && one.score >= rule.score)) missed.push(rule.term);
      }
    }
    expect(missed).toEqual([]);
  });

  test("every exception holds a term that it can excuse", async () => {
    for (const name of await shippedLists()) {
      const { rules } = await loadList(name, "/");
      const byExceptions = Map.groupBy(rules, (rule) => rule.exceptions);
      for (const [exceptions, group] of byExceptions) {
        if (exceptions.length === 0) continue;
        const forms = new Set(
          group.flatMap((rule) =>
            (rule.kind === "term" ? [rule.term] : [...rule.any, ...rule.with]).flatMap((term) =>
              inflect(term, rule.match, rule.language).map(foldKey),
            ),
          ),
        );
        const idle = exceptions.filter((phrase) =>
          inflect(phrase, "word", "en").every((form) => !holds(foldKey(form), forms)),
        );
        expect(idle, `${name}: exceptions that can excuse nothing`).toEqual([]);
      }
    }
  });
});

function holds(phrase: string, terms: ReadonlySet<string>): boolean {
  if (/[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}]/u.test(phrase))
    return [...terms].some((term) => phrase.includes(term));
  const words = phrase.split(/[ .']/);
  for (let i = 0; i < words.length; i++) {
    for (let j = i + 1; j <= words.length; j++) if (terms.has(words.slice(i, j).join(" "))) return true;
  }
  return terms.has(phrase);
}

const data = path.resolve(import.meta.dirname, "../../../..", process.env["SAFELIGHT_SHARED_DATA"] ?? "../shared/data");
const dev = path.join(data, "prompts/dev.jsonl");

describe.skipIf(!existsSync(dev))(
  `on ${dev} (skipped where it is absent; SAFELIGHT_SHARED_DATA names another folder)`,
  () => {
    const SOURCES = /^(?:coco-captions|diffusiondb-imagereward|t2i-compbench|tifa|esd-art-imagenet|dsg-1k|geneval)$/;
    test("few benign image prompts are flagged: at most 1.5 % at 0.5, 0.3 % at 0.75", async () => {
      const scores: number[] = [];
      for (const line of readFileSync(dev, "utf8").trim().split("\n")) {
        const row = JSON.parse(line) as { text: string; source: string; labels: { unsafe: number } };
        if (row.labels.unsafe === 0 && SOURCES.test(row.source)) scores.push(await worst(row.text));
      }
      const share = (least: number) => scores.filter((score) => score >= least).length / scores.length;
      expect(scores.length).toBeGreaterThan(3_000);
      expect(share(0.5)).toBeLessThanOrEqual(0.015);
      expect(share(0.75)).toBeLessThanOrEqual(0.003);
    });
  },
);
