import { readFileSync } from "node:fs";
import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ImageDetector } from "../../../src/contract/detector.ts";
import { DEFAULT_LIMITS } from "../../../src/contract/limits.ts";
import { FindingSchema } from "../../../src/contract/report.ts";
import { openClip } from "../../../src/detectors/image/clip/clip.ts";
import { ClipOptions } from "../../../src/detectors/image/clip/options.ts";
import { decodeImage } from "../../../src/models/decode.ts";
import { addModel } from "../../../src/models/installed/add.ts";
import { digestOf, pinOf } from "../../../src/models/installed/pinned.ts";
import { installedIn } from "../../../src/models/installed/record.ts";
import { tinyClip, type Variations, writeTinyClip } from "./tiny-clip.ts";

const COLOURS = {
  "custom:reddish": { prompts: ["red", "a red thing"], against: ["blue", "green"] },
  "custom:blue": ["blue"],
} as const;

let place: string;
let data: string;
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "safelight-clip-"));
  data = join(place, "data");
  await install("tiny", {});
});
afterAll(async () => {
  await rm(place, { recursive: true });
});

async function install(id: string, variations: Variations) {
  const source = join(place, `source-${id}`);
  await writeTinyClip(source, variations);
  const sha256 = await listing(source);
  const signal = AbortSignal.timeout(30_000);
  return addModel({ source, cwd: "/", sha256, id, data, signal, attempt: async () => {} });
}

async function listing(folder: string): Promise<string> {
  const names = Object.keys(tinyClip());
  return digestOf(
    Object.fromEntries(await Promise.all(names.map(async (name) => [name, await pinOf(join(folder, name))]))),
  );
}

const open = (options: object, folder = place) =>
  openClip(ClipOptions.parse({ model: "tiny", concepts: COLOURS, ...options }), {
    folder,
    limits: DEFAULT_LIMITS,
    data,
  });

const inspect = async (clip: ImageDetector, bytes: Uint8Array) =>
  clip.inspect(await decodeImage(bytes, DEFAULT_LIMITS), AbortSignal.timeout(20_000));

const plain = (background: string, width = 96, height = 64) =>
  sharp({ create: { width, height, channels: 3, background } });

async function using<T>(options: object, use: (clip: ImageDetector) => Promise<T>, folder = place): Promise<T> {
  const clip = await open(options, folder);
  try {
    return await use(clip);
  } finally {
    await clip.close?.();
  }
}

const invalid = (detail: RegExp) =>
  expect.objectContaining({ code: "config_invalid", detail: expect.stringMatching(detail) });

describe("concepts in words", () => {
  test("score the pictures that show them, each by itself, and name the nearest words", async () => {
    await using({ explain_from: 1 }, async (clip) => {
      expect(clip.id).toBe("clip");
      expect(clip.categories).toEqual(["custom:reddish", "custom:blue"]);
      const scores = async (colour: string) => {
        const findings = await inspect(clip, await plain(colour).png().toBuffer());
        for (const finding of findings) FindingSchema.parse(finding);
        return findings;
      };
      expect(await scores("#d02020")).toEqual([
        { category: "custom:reddish", score: expect.closeTo(1, 2), label: expect.stringContaining("red") },
        { category: "custom:blue", score: expect.closeTo(0, 2), label: "blue" },
      ]);
      expect((await scores("#2020d0")).map(({ score }) => Math.round(score))).toEqual([0, 1]);
      for (const grey of ["#000000", "#808080", "#ffffff"]) {
        expect((await scores(grey)).map(({ score }) => Math.round(score))).toEqual([0, 0]);
      }
    });
  });

  test("what speaks against a concept lowers its score", async () => {
    const purple = await plain("#a02080").png().toBuffer();
    const score = (against: readonly string[]) =>
      using({ concepts: { "custom:red": { prompts: ["red"], against } }, explain_from: 1 }, async (clip) => {
        const [finding] = await inspect(clip, purple);
        return finding?.score ?? Number.NaN;
      });
    expect(await score(["red blue"])).toBeLessThan((await score(["green"])) - 0.3);
  });

  test("calibration turns log odds into the score", async () => {
    const red = await plain("#d02020").png().toBuffer();
    const score = (calibration: object) =>
      using({ concepts: { "custom:red": ["red"] }, calibration, explain_from: 1 }, async (clip) => {
        const [finding] = await inspect(clip, red);
        return finding?.score ?? Number.NaN;
      });
    const asItIs = await score({});
    expect(await score({ "custom:red": { slope: 1, offset: 0 } })).toBe(asItIs);
    expect(await score({ "custom:red": { slope: 1, offset: -100 } })).toBeLessThan(0.01);
  });

  test("of an animation the worst frame decides, and is named", async () => {
    const frames = ["#808080", "#909090", "#d02020", "#808080"];
    const strip = Buffer.concat(
      await Promise.all(frames.map((colour) => plain(colour, 16, 16).removeAlpha().raw().toBuffer())),
    );
    const animated = await sharp(strip, { raw: { width: 16, height: 64, channels: 3, pageHeight: 16 } })
      .webp({ lossless: true, delay: [90, 90, 90, 90] })
      .toBuffer();
    await using({}, async (clip) => {
      const [red] = await inspect(clip, animated);
      expect(red).toMatchObject({ score: expect.closeTo(1, 2), evidence: { region: { frame: 2 } } });
    });
  });
});

describe("where in the picture", () => {
  test("a finding from explain_from on has a heat map and a region around what it is about", async () => {
    const patch = await plain("#ff0000", 100, 50).png().toBuffer();
    const picture = await plain("#808080", 400, 200)
      .composite([{ input: patch, left: 0, top: 150 }])
      .png()
      .toBuffer();
    await using({ explain_from: 0.5 }, async (clip) => {
      const [red, blue] = await inspect(clip, picture);
      expect(red?.score).toBeGreaterThan(0.5);
      expect(red?.evidence?.region).toEqual({ x: 0, y: 0.75, width: 0.25, height: 0.25 });
      const { heat } = FindingSchema.parse(red).evidence ?? {};
      expect(heat).toMatchObject({ columns: 4, rows: 4 });
      expect(heat?.values.indexOf(1)).toBe(12);
      expect(blue).not.toHaveProperty("evidence");
    });
    const calibration = { "custom:reddish": { slope: 0.05, offset: 0 } };
    await using({ explain_from: 0.99, calibration }, async (clip) => {
      expect((await inspect(clip, picture))[0]).not.toHaveProperty("evidence");
    });
  });
});

describe("the model", () => {
  test.each<Variations>([{}, { mask: true }, { single: true }])("with %j gives the same scores", async (variations) => {
    const id = `v${Object.keys(variations).join("")}`;
    await install(id, variations);
    const red = await plain("#c03030").png().toBuffer();
    await using({ model: id }, async (clip) => {
      const [finding] = await inspect(clip, red);
      expect(finding?.score).toBeCloseTo(1, 2);
      expect(finding?.label).toContain("red");
    });
  });

  test("an id that is not installed is told with those that are", async () => {
    await expect(open({ model: "tinny" })).rejects.toEqual(invalid(/no model "tinny" installed; there are: tiny/));
  });

  test("a file that is another than when it was installed is never opened", async () => {
    await install("changed", {});
    const vision = join(installedIn(data), "changed", "onnx/vision_model_quantized.onnx");
    await appendFile(vision, "x");
    await expect(open({ model: "changed" })).rejects.toEqual(invalid(/vision_model_quantized.onnx is not the file/));
    await rm(vision);
    await expect(open({ model: "changed" })).rejects.toEqual(invalid(/vision_model_quantized.onnx cannot be read/));
  });

  test("a folder needs its hash in the options, and is told it", async () => {
    const folder = join(place, "loose");
    await writeTinyClip(folder);
    const sha256 = await listing(folder);
    const here = { model: "./loose" };
    await expect(open(here)).rejects.toEqual(invalid(new RegExp(`model loose is not pinned: set sha256: ${sha256}`)));
    await expect(open({ ...here, sha256: "0".repeat(64) })).rejects.toEqual(invalid(/and not the one in the options/));
    await using({ ...here, sha256 }, async (clip) => {
      expect((await inspect(clip, await plain("red").png().toBuffer()))[0]?.score).toBeGreaterThan(0.9);
    });
    expect((await readdir(folder)).sort()).toEqual([
      "config.json",
      "onnx",
      "preprocessor_config.json",
      "tokenizer.json",
    ]);
    await rm(join(folder, "onnx/text_model_quantized.onnx"));
    await expect(open({ ...here, sha256 })).rejects.toEqual(
      invalid(/model loose: .*needs onnx\/vision_model_quantized/),
    );
  });

  test("a tower that is no ONNX file, a tokenizer and settings that are none are each named", async () => {
    const cases = {
      "onnx/vision_model_quantized.onnx": /model \w+ cannot be opened/,
      "onnx/text_model_quantized.onnx": /model \w+ cannot be opened/,
      "tokenizer.json": /tokenizer.json cannot be opened/,
      "preprocessor_config.json": /preprocessor_config.json: size:/,
      "config.json": /config.json is not JSON/,
    };
    for (const [name, message] of Object.entries(cases)) {
      const folder = join(place, `broken${Object.keys(cases).indexOf(name)}`);
      await writeTinyClip(folder);
      await writeFile(join(folder, name), name === "config.json" ? "no" : "{}");
      const options = { model: `./${basename(folder)}`, sha256: await listing(folder) };
      await expect(open(options), name).rejects.toEqual(invalid(message));
    }
  });

  test("a concept that is longer than the model reads is refused, not cut off", async () => {
    const long = Array.from({ length: 75 }, () => "red").join(" ");
    await expect(open({ concepts: { "custom:long": [long] } })).rejects.toEqual(
      invalid(/a concept has \d+ tokens, and model tiny reads 77 at most: "a photo of red red/),
    );
  });
});

describe("what the text tower made of the concepts", () => {
  test("is remembered beside an installed model, and made again when it is damaged", async () => {
    await install("kept", {});
    const red = await plain("#d02020").png().toBuffer();
    const look = () => using({ model: "kept" }, async (clip) => [clip.version, await inspect(clip, red)]);
    const first = await look();
    const remembered = join(installedIn(data), "kept", "text-vectors.json");
    const text = join(dirname(remembered), "onnx/text_model_quantized.onnx");
    const tower = await readFile(text);
    await rm(text); // it is not needed now
    expect(await look()).toEqual(first);
    const damaged = readFileSync(remembered, "utf8").replace(/"red":"..../, '"red":"AAAA');
    expect(damaged).not.toBe(readFileSync(remembered, "utf8"));
    await writeFile(remembered, damaged);
    await expect(look()).rejects.toEqual(invalid(/text_model_quantized.onnx cannot be read/));
    await writeFile(text, tower);
    expect(await look()).toEqual(first);
  });

  test("the version changes with whatever changes the scores", async () => {
    const versions = new Set<string>();
    const variants = [
      {},
      { concepts: { ...COLOURS, "custom:blue": ["blue sky"] } },
      { calibration: { "custom:blue": { slope: 2, offset: 0 } } },
      { logit_scale: 50 },
    ];
    for (const options of variants) await using(options, async ({ version }) => versions.add(version));
    expect(versions.size).toBe(variants.length);
    for (const version of versions) expect(version).toMatch(/^1\.[0-9a-f]{12}\.[0-9a-f]{12}$/);
  });
});

describe("options", () => {
  test("are strict, and say which categories there are", () => {
    const bad = [
      {},
      { model: "m", treads: 1 },
      { model: "m", categories: ["weapon"] },
      { model: "m", concepts: { mascot: ["a fox"] } },
      { model: "m", concepts: { "custom:a": [] } },
      { model: "m", concepts: { "custom:a": { prompts: ["a"], angainst: ["b"] } } },
      { model: "m", calibration: { weapons: { slope: 0, offset: 0 } } },
    ];
    for (const options of bad) expect(ClipOptions.safeParse(options).success, JSON.stringify(options)).toBe(false);
    expect(ClipOptions.safeParse({ model: "m", categories: ["weapons", "alcohol"] }).success).toBe(true);
  });

  test("that look for nothing, or calibrate what is not looked for, do not open", async () => {
    await expect(open({ concepts: {} })).rejects.toEqual(invalid(/name categories or concepts/));
    await expect(open({ calibration: { weapons: { slope: 1, offset: 0 } } })).rejects.toEqual(
      invalid(/calibration of weapons, which is not looked for/),
    );
  });
});
