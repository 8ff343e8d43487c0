import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import colourFields from "../../../../test/pictures/colour-fields.json" with { type: "json" };
import type { ImageDetector } from "../../../contract/detector.ts";
import { DEFAULT_LIMITS } from "../../../contract/limits.ts";
import { FindingSchema } from "../../../contract/report.ts";
import { decodeImage } from "../../../models/decode.ts";
import { openNsfw } from "./nsfw.ts";
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
  expect(nsfw.version).toMatch(/^1\.[0-9a-f]{12}$/);
  expect([...nsfw.categories].sort()).toEqual(["sexual", "suggestive"]);
});

test("every category has one finding with the label that weighs most", async () => {
  const findings = await inspect(await field("Porn").png().toBuffer());
  for (const finding of findings) FindingSchema.parse(finding);
  expect(findings).toEqual([
    { category: "sexual", score: expect.closeTo(0.974, 2), label: "Porn" },
    { category: "suggestive", score: expect.closeTo(0.001, 2), label: "Sexy" },
  ]);
  // Hentai 0.43 and Porn 0.14: together they are one category
  expect((await inspect(await field("Hentai").png().toBuffer()))[0]).toEqual({
    category: "sexual",
    score: expect.closeTo(0.57, 2),
    label: "Hentai",
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
    evidence: { region: { x: 0, y: 0, width: 1, height: 1, frame: 2 } },
  });
});

test("options are strict", () => {
  expect(NsfwOptions.safeParse({ treads: 1 }).success).toBe(false);
  expect(NsfwOptions.safeParse({ threads: 0 }).success).toBe(false);
});
