/**
 * Text in pictures: how many of the words that are drawn into pictures become findings, what is read where there are none, and
 * what it costs.
 *
 *   node bench/text-in-image.ts [--pictures FOLDER] [--json]     FOLDER: photographs of your own that hold no text
 */
import { parseArgs } from "node:util";
import sharp from "sharp";
import type { DecodedImage, ImageDetector, TextDetector } from "../src/contract/detector.ts";
import { DEFAULT_LIMITS } from "../src/contract/limits.ts";
import type { Finding } from "../src/contract/report.ts";
import { TextInImageOptions } from "../src/detectors/image/text-in-image/options.ts";
import { openReader } from "../src/detectors/image/text-in-image/reader.ts";
import { openTextInImage } from "../src/detectors/image/text-in-image/text-in-image.ts";
import { TEXT_DETECTORS } from "../src/detectors/table.ts";
import { RulesOptions } from "../src/detectors/text/rules/options.ts";
import { openRules } from "../src/detectors/text/rules/rules.ts";
import { decodeImage } from "../src/models/decode.ts";
import { FONTS, type FontName, type Lettering, lettered } from "../test/detectors/text-in-image-pictures.ts";
import { quantile, report, round } from "./support/harness.ts";
import { GROUNDS, lines, scene, WORDS, withoutText } from "./support/text-pictures.ts";

const SIDES = [512, 1024] as const;
const SIZES = [8, 10, 12, 16, 24, 48, 96] as const;
const TEXTS_PER_CELL = 8;
const HARD_SIZE = 28;
const HARD_TEXTS = 20;
const SCENES = 80;
/** Scenes that take turns, and how often one is judged. */
const DIFFERENT = 10;
const ITERATIONS = 50;
/** What counts as a finding in a picture without text: what the default policy warns of, or more. */
const WARNED = 0.5;

const { values } = parseArgs({ options: { pictures: { type: "string" }, json: { type: "boolean" } } });
const forever = new AbortController().signal;
const context = { folder: "/", limits: DEFAULT_LIMITS };
const decoded = (bytes: Uint8Array) => decodeImage(bytes, DEFAULT_LIMITS);

interface Seen {
  /** In reading order; empty where nothing was. */
  readonly text: string;
  readonly findings: readonly Finding[];
}

interface Eyes {
  look(image: DecodedImage): Promise<Seen>;
  close(): Promise<void>;
}

/** The detector itself, with a judge beside the others that notes what they are given. */
async function openEyes(judges: Readonly<Record<string, TextDetector>>): Promise<Eyes> {
  let heard: string[] = [];
  const witness: TextDetector = {
    id: "witness",
    version: "1",
    categories: [],
    inspect: async ({ text }) => {
      heard.push(text);
      return [];
    },
  };
  const opened = new Map(Object.entries({ ...judges, witness }));
  const detector: ImageDetector = await openTextInImage(TextInImageOptions.parse({}), {
    ...context,
    textDetectors: async () => opened,
  });
  return {
    async look(image) {
      heard = [];
      const findings = await detector.inspect(image, forever);
      return { text: heard.join("\n"), findings };
    },
    async close() {
      await detector.close?.();
      for (const judge of Object.values(judges)) await judge.close?.();
    },
  };
}

class Tally {
  #words = 0;
  #found = 0;
  #read = 0;

  add(words: readonly string[], { text, findings }: Seen): void {
    const said = new Set(text.toLowerCase().split(/\s+/));
    const labels = new Set(findings.map(({ label }) => label));
    for (const word of words) {
      this.#words++;
      if (labels.has(`judge: custom/${word}`)) this.#found++;
      if (said.has(word)) this.#read++;
    }
  }

  get words(): number {
    return this.#words;
  }
  /** Percent of the words that became findings, and that were read letter by letter. */
  get found(): number {
    return round((100 * this.#found) / this.#words, 1);
  }
  get read(): number {
    return round((100 * this.#read) / this.#words, 1);
  }
}

const pair = (i: number) => [WORDS[(2 * i) % WORDS.length] ?? "", WORDS[(2 * i + 1) % WORDS.length] ?? ""] as const;

async function bySizeAndFont(eyes: Eyes): Promise<readonly object[]> {
  const rows: object[] = [];
  let text = 0;
  for (const side of SIDES) {
    for (const size of SIZES) {
      const all = new Tally();
      const fonts = {} as Record<FontName, number>;
      for (const font of FONTS) {
        const cell = new Tally();
        for (let i = 0; i < TEXTS_PER_CELL; i++) {
          const words = pair(text++);
          const ground = GROUNDS[i % GROUNDS.length] ?? GROUNDS[0];
          if (!ground) throw new Error("there is no ground");
          const { colour, outline, on } = ground;
          const look = lines(words, side, size, font).map((line) => ({
            ...line,
            colour,
            ...(outline ? { outline } : {}),
          }));
          const picture = await lettered(look, { width: side, height: side, on: await on(i, side) });
          const seen = await eyes.look(await decoded(picture));
          cell.add(words, seen);
          all.add(words, seen);
        }
        fonts[font] = cell.found;
      }
      rows.push({ picture: side, letters: size, words: all.words, ...fonts, found: all.found, read: all.read });
    }
  }
  return rows;
}

interface Way extends Partial<Lettering> {
  readonly on?: string;
  /** Of a JPEG. */
  readonly quality?: number;
  write?(word: string): string;
  /** One letter below the other. */
  readonly stacked?: true;
}

/** Ways to make words hard to read, on one ground, in one size. */
const HARD: Readonly<Record<string, Way>> = {
  plain: {},
  "20 of 255 darker than the ground": { colour: "#8c8c8c", on: "#a0a0a0" },
  "10 of 255 darker than the ground": { colour: "#969696", on: "#a0a0a0" },
  "another colour, as bright": { colour: "#c03030", on: "#5f7f2f" },
  "JPEG, quality 20": { quality: 20 },
  "turned by 5°": { turned: 5 },
  "turned by 10°": { turned: 10 },
  "turned by 20°": { turned: 20 },
  "turned by 30°": { turned: 30 },
  "turned by 45°": { turned: 45 },
  "turned by 90°": { turned: 90 },
  "turned by 180°": { turned: 180 },
  capitals: { write: (word) => word.toUpperCase() },
  "digits for letters": { write: (word) => word.replaceAll("a", "4").replaceAll("e", "3").replaceAll("o", "0") },
  "blanks between the letters": { write: (word) => [...word].join(" ") },
  "dots between the letters": { write: (word) => [...word].join(".") },
  "one letter below the other": { stacked: true },
};

async function hardOnes(eyes: Eyes): Promise<readonly object[]> {
  const rows: object[] = [];
  for (const [way, { on = "#e8e4da", quality, write, stacked, ...look }] of Object.entries(HARD)) {
    const tally = new Tally();
    for (let i = 0; i < HARD_TEXTS; i++) {
      const word = WORDS[i % WORDS.length] ?? "";
      const { turned = 0 } = look;
      const [x, y] = turned === 180 ? [420, 200] : turned > 30 ? [200, 120] : [90, 200];
      const texts = stacked ? [...word] : [write?.(word) ?? word];
      const written = texts.map((text, row): Lettering => {
        return { text, x, y: y + row * HARD_SIZE, size: HARD_SIZE, font: FONTS[i % 2] ?? "sans", ...look };
      });
      const drawn = await lettered(written, { on });
      const bytes = quality ? await sharp(drawn).jpeg({ quality }).toBuffer() : drawn;
      tally.add([word], await eyes.look(await decoded(bytes)));
    }
    rows.push({ words: way, found: tally.found, read: tally.read });
  }
  return rows;
}

async function falseAlarms(eyes: Eyes): Promise<readonly object[]> {
  const sets = new Map<
    string,
    { pictures: number; recogniser_ran: number; read: number; unsafe: number; what: string[] }
  >();
  const reader = await openReader({ max_lines: 200 });
  for (const { set, bytes } of await withoutText(SCENES, values.pictures)) {
    const tally = sets.get(set) ?? { pictures: 0, recogniser_ran: 0, read: 0, unsafe: 0, what: [] };
    sets.set(set, tally);
    const image = await decoded(bytes);
    const [frame] = image.frames;
    const { text, findings } = await eyes.look(image);
    tally.pictures++;
    if (frame && (await reader.read(frame, forever)).length > 0) tally.recogniser_ran++;
    if (text !== "") tally.what.push(text.replaceAll("\n", " ").slice(0, 12));
    tally.read += text === "" ? 0 : 1;
    tally.unsafe += findings.some(({ score }) => score >= WARNED) ? 1 : 0;
  }
  await reader.close();
  return [...sets].map(([set, { what, ...tally }]) => ({ set, ...tally, what: what.slice(0, 6).join(" | ") }));
}

interface Cost {
  readonly cpu: number;
  readonly wall: number;
}

async function cost(work: () => Promise<unknown>): Promise<Cost> {
  const [cpu, start] = [process.cpuUsage(), performance.now()];
  await work();
  const { user, system } = process.cpuUsage(cpu);
  return { cpu: (user + system) / 1_000, wall: performance.now() - start };
}

async function speed(eyes: Eyes): Promise<readonly object[]> {
  const rows: object[] = [];
  for (const side of SIDES) {
    for (const count of [0, 1, 10]) {
      const size = Math.round(side / 24);
      const look = Array.from({ length: count }, (_, i) => {
        const place = { x: side * 0.05, y: (i + 1.2) * size * 2 };
        const text = `${pair(i).join(" ")} ${pair(i + 5).join(" ")}`;
        return { text, ...place, size, colour: "#ffffff", outline: "#000000" };
      });
      const pictures: Buffer[] = [];
      for (let i = 0; i < DIFFERENT; i++) {
        pictures.push(await lettered(look, { width: side, height: side, on: await scene(i, side) }));
      }
      const costs: Cost[] = [];
      for (let i = -DIFFERENT; i < ITERATIONS; i++) {
        const image = await decoded(pictures.at(i % DIFFERENT) ?? new Uint8Array());
        const spent = await cost(async () => {
          const { text } = await eyes.look(image);
          if (text.split("\n").length < count) throw new Error(`${count} lines, and read ${JSON.stringify(text)}`);
        });
        if (i >= 0) costs.push(spent);
      }
      const sorted = (what: keyof Cost) => costs.map((each) => each[what]).sort((a, b) => a - b);
      const [cpu, wall] = [sorted("cpu"), sorted("wall")];
      rows.push({
        picture: side,
        lines: count,
        cpu_p50_ms: round(quantile(cpu, 0.5), 1),
        cpu_p95_ms: round(quantile(cpu, 0.95), 1),
        wall_p50_ms: round(quantile(wall, 0.5), 1),
        wall_p95_ms: round(quantile(wall, 0.95), 1),
      });
    }
  }
  return rows;
}

const terms = { terms: WORDS, category: "profanity", severity: "severe" };
const judge = await openRules(RulesOptions.parse({ lists: [], add: [terms] }), context);
const eyes = await openEyes({ judge });
report(
  "text-in-image: percent of words that become findings, by letter size in pixels and font",
  await bySizeAndFont(eyes),
);
report(`text-in-image: percent of words of ${HARD_SIZE} pixels, made hard to read`, await hardOnes(eyes));
report("text-in-image: milliseconds from the decoded picture to the judged words", await speed(eyes), {
  rss_mib: Math.round(process.memoryUsage.rss() / 2 ** 20),
});
await eyes.close();
const { rules, classifier } = TEXT_DETECTORS;
const shipped = await openEyes({
  rules: await rules.open(rules.options.parse({}), context),
  classifier: await classifier.open(classifier.options.parse({}), context),
});
report("text-in-image: pictures without text, judged by rules and classifier", await falseAlarms(shipped));
await shipped.close();
