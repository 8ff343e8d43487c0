import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import colourFields from "../../../../test/pictures/colour-fields.json" with { type: "json" };
import cornerPatch from "../../../../test/pictures/corner-patch.json" with { type: "json" };
import type { ImageDetector } from "../../../contract/detector.ts";
import { DEFAULT_LIMITS } from "../../../contract/limits.ts";
import { FindingSchema } from "../../../contract/report.ts";
import { decodeImage } from "../../../models/decode.ts";
import { type Model, openModel } from "../../../models/session.ts";
import { moderationLabels } from "../rekognition/taxonomy.ts";
import { labelOf, MEANING_OF_CLASS, type NsfwClass } from "./classes.ts";
import { classify } from "./classify.ts";
import { openNsfw, PRECISE } from "./nsfw.ts";
import { NsfwOptions } from "./options.ts";

/** An abstract colour field that the model takes for the class named. */
function field(name: keyof typeof colourFields.fields) {
  return sharp(Buffer.from(colourFields.fields[name], "base64"), { raw: { width: 16, height: 16, channels: 3 } });
}

let nsfw: ImageDetector;
beforeAll(async () => {
  nsfw = await openNsfw(NsfwOptions.parse({}), { folder: "/", limits: DEFAULT_LIMITS });
});
afterAll(async () => {
  await nsfw.close?.();
});

const inspect = async (bytes: Uint8Array) =>
  nsfw.inspect(await decodeImage(bytes, DEFAULT_LIMITS), AbortSignal.timeout(20_000));

test("says what it is and what it can score, and no more", () => {
  expect(nsfw.id).toBe("nsfw");
  expect(nsfw.version).toMatch(/^3(?:\.[0-9a-f]{12}){2}$/);
  expect([...nsfw.categories].sort()).toEqual(["sexual", "suggestive"]);
});

test("every category has one finding with the label that weighs most", async () => {
  const findings = await inspect(await field("Porn").png().toBuffer());
  for (const finding of findings) FindingSchema.parse(finding);
  expect(findings).toEqual([
    {
      category: "sexual",
      score: expect.closeTo(0.974, 2),
      label: "Explicit/Explicit Nudity/Porn",
      evidence: { heat: expect.objectContaining({ columns: 7, rows: 7 }), region: expect.anything() },
    },
    {
      category: "suggestive",
      score: expect.closeTo(0.001, 2),
      label: "Non-Explicit Nudity of Intimate parts and Kissing/Non-Explicit Nudity/Sexy",
    },
  ]);
  // Hentai 0.43 and Porn 0.14: together they are one category
  expect((await inspect(await field("Hentai").png().toBuffer()))[0]).toMatchObject({
    category: "sexual",
    score: expect.closeTo(0.57, 2),
    label: "Explicit/Explicit Nudity/Hentai",
  });
  expect((await inspect(await field("Drawing").png().toBuffer()))[0]?.score).toBeLessThan(0.01);
});

test("of an animation the worst frame decides, and is named", async () => {
  const names = ["Drawing", "Drawing about half", "Porn", "Drawing"] as const;
  const strip = Buffer.concat(await Promise.all(names.map((name) => field(name).raw().toBuffer())));
  const animated = await sharp(strip, { raw: { width: 16, height: 64, channels: 3, pageHeight: 16 } })
    .webp({ lossless: true, delay: [90, 90, 90, 90] })
    .toBuffer();
  expect((await inspect(animated))[0]).toMatchObject({
    category: "sexual",
    score: expect.closeTo(0.974, 2),
    evidence: { heat: { columns: 7, rows: 7 }, region: { frame: 2 } },
  });
  // too little to be explained, but the frame is named
  expect((await inspect(animated))[1]?.evidence).toEqual({
    region: { x: 0, y: 0, width: 1, height: 1, frame: expect.any(Number) },
  });
});

test.each([
  ["behind nothing but transparency", () => 0],
  ["as a cut-out", (i: number) => (i % 224 < 200 ? 255 : 0)],
] as const)("a harmless look settles nothing for the others: %s", async (_name, alpha) => {
  const rgba = await field("Porn").resize(224, 224).ensureAlpha().raw().toBuffer();
  for (let i = 0; i < 224 * 224; i++) rgba[i * 4 + 3] = alpha(i);
  const png = await sharp(rgba, { raw: { width: 224, height: 224, channels: 4 } })
    .png()
    .toBuffer();
  const [settled] = await inspect(png);
  const careful = await openNsfw(NsfwOptions.parse({ settle_below: 0 }), { folder: "/", limits: DEFAULT_LIMITS });
  try {
    const [precise] = await careful.inspect(await decodeImage(png, DEFAULT_LIMITS), AbortSignal.timeout(20_000));
    expect(precise?.score).toBeGreaterThan(0.5);
    expect(settled?.score).toBeCloseTo(precise?.score ?? Number.NaN, 5);
  } finally {
    await careful.close?.();
  }
});

const corners = [
  { corner: "top left", left: 0, top: 0 },
  { corner: "bottom left", left: 0, top: 128 },
  { corner: "bottom right", left: 128, top: 128 },
];
test.each(corners)("what is in the $corner corner is found there, and explained by the map", async ({ left, top }) => {
  const patch = await sharp(Buffer.from(cornerPatch.patch, "base64"), { raw: { width: 16, height: 16, channels: 3 } })
    .resize(96, 96, { kernel: "nearest" })
    .png()
    .toBuffer();
  const picture = sharp({ create: { width: 224, height: 224, channels: 3, background: "#808080" } });
  const [sexual] = await inspect(
    await picture
      .composite([{ input: patch, left, top }])
      .png()
      .toBuffer(),
  );
  expect(sexual?.score).toBeGreaterThan(0.8);
  const { region, heat } = sexual?.evidence ?? {};
  if (!region || !heat) throw new Error("the finding has no place");
  const covered = (from: number, length: number, at: number) =>
    Math.max(0, Math.min(from + length, (at + 96) / 224) - Math.max(from, at / 224));
  const inside = covered(region.x, region.width, left) * covered(region.y, region.height, top);
  expect(inside / (region.width * region.height)).toBeGreaterThan(0.5); // most of the region is patch
  expect(inside / (96 / 224) ** 2).toBeGreaterThan(0.6); // and most of the patch is in it
  expect(region.width * region.height).toBeLessThan(0.4);
  const hottest = heat.values.indexOf(1);
  const [x, y] = [((hottest % 7) + 0.5) * 32, (Math.floor(hottest / 7) + 0.5) * 32];
  expect(x > left && x < left + 96 && y > top && y < top + 96, `the hottest cell, around ${x}, ${y}`).toBe(true);
});

test("a harmless picture is not explained", async () => {
  for (const { evidence } of await inspect(await field("Drawing").png().toBuffer())) expect(evidence).toBeUndefined();
});

test("the map is the whole reasoning: the softmax of its mean over the cells is the probabilities", async () => {
  const model: Model = await openModel(PRECISE, { sessions: 1, threads: 1 });
  try {
    for (const name of ["Porn", "Hentai", "Drawing"] as const) {
      const image = await decodeImage(await field(name).png().toBuffer(), DEFAULT_LIMITS);
      const [frame] = await classify(model, image);
      const logits = [...(frame?.activations ?? [])].map(
        ([, cells]) => cells.reduce((a, b) => a + b, 0) / cells.length,
      );
      const sum = logits.reduce((total, logit) => total + Math.exp(logit), 0);
      const probabilities = [...(frame?.probabilities.values() ?? [])];
      expect(probabilities).toHaveLength(5);
      for (const [k, probability] of probabilities.entries()) {
        expect(Math.exp(logits[k] ?? Number.NaN) / sum).toBeCloseTo(probability, 4);
      }
    }
  } finally {
    await model.close();
  }
});

test("labels are paths of Rekognition's taxonomy, with the class below them", () => {
  for (const name of Object.keys(MEANING_OF_CLASS) as NsfwClass[]) {
    const meaning = MEANING_OF_CLASS[name];
    if (meaning === null) continue;
    const listed = moderationLabels([{ category: meaning.category, score: 0.9, label: labelOf(name) }]);
    const path = listed.toSorted((a, b) => a.TaxonomyLevel - b.TaxonomyLevel).map((label) => label.Name);
    expect(labelOf(name)).toBe([...path, name].join("/"));
  }
});

test("options are strict", () => {
  expect(NsfwOptions.safeParse({ treads: 1 }).success).toBe(false);
  expect(NsfwOptions.safeParse({ threads: 0 }).success).toBe(false);
  expect(NsfwOptions.safeParse({ settle_below: 0.3 }).success).toBe(false); // would settle what is explained
});
