import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ImageDetector } from "../src/contract/detector.ts";
import { DEFAULT_LIMITS } from "../src/contract/limits.ts";
import { openNsfw } from "../src/detectors/image/nsfw/nsfw.ts";
import { NsfwOptions } from "../src/detectors/image/nsfw/options.ts";
import { decodeImage } from "../src/models/decode.ts";
import colourFields from "./pictures/colour-fields.json" with { type: "json" };
import cornerPatch from "./pictures/corner-patch.json" with { type: "json" };
import { variedPictures } from "./pictures/varied.ts";

let cascade: ImageDetector;
let precise: ImageDetector;
beforeAll(async () => {
  const context = { folder: "/", limits: DEFAULT_LIMITS };
  cascade = await openNsfw(NsfwOptions.parse({ sessions: 1 }), context);
  precise = await openNsfw(NsfwOptions.parse({ sessions: 1, settle_below: 0 }), context);
});
afterAll(async () => {
  await Promise.all([cascade.close?.(), precise.close?.()]);
});

/** The patch in every place of a coarse grid, on greys from dark to light: from plainly harmless to plainly not. */
async function patched(): Promise<readonly Uint8Array[]> {
  const raw = { width: 16, height: 16, channels: 3 } as const;
  const input = await sharp(Buffer.from(cornerPatch.patch, "base64"), { raw })
    .resize(96, 96, { kernel: "nearest" })
    .png()
    .toBuffer();
  const places = [0, 64, 128].flatMap((left) => [0, 64, 128].map((top) => ({ left, top })));
  return Promise.all(
    ["#303030", "#808080", "#c0c0c0"].flatMap((background) =>
      places.map((place) =>
        sharp({ create: { width: 224, height: 224, channels: 3, background } })
          .composite([{ input, ...place }])
          .png()
          .toBuffer(),
      ),
    ),
  );
}

test("what the quick model settles is harmless to the precise one, which answers for everything else", async () => {
  const pictures = [...(await patched()), ...(await variedPictures()).map(({ bytes }) => bytes)];
  let settled = 0;
  let unsafe = 0;
  for (const bytes of pictures) {
    const image = await decodeImage(bytes, DEFAULT_LIMITS);
    const ours = await cascade.inspect(image, AbortSignal.timeout(20_000));
    const theirs = await precise.inspect(image, AbortSignal.timeout(20_000));
    const most = Math.max(...theirs.map(({ score }) => score));
    if (most >= 0.2) unsafe += 1;
    const same = ours.every(({ score }, i) => score === theirs[i]?.score);
    if (same) {
      expect(ours).toEqual(theirs);
      continue;
    }
    settled += 1;
    expect(ours.reduce((sum, { score }) => sum + score, 0)).toBeLessThan(0.05);
    expect(most).toBeLessThan(0.2);
    expect(ours.map(({ category }) => category)).toEqual(theirs.map(({ category }) => category));
  }
  console.info(`${pictures.length} pictures: ${settled} settled by the quick model, ${unsafe} of 0.2 and more`);
  expect(settled).toBeGreaterThan(20);
  expect(unsafe).toBeGreaterThan(15);
}, 120_000);

test("frames of an animation are settled one by one, and the worst still decides", async () => {
  const still = (colour: string) =>
    sharp({ create: { width: 96, height: 96, channels: 3, background: colour } })
      .raw()
      .toBuffer();
  const porn = sharp(Buffer.from(colourFields.fields.Porn, "base64"), { raw: { width: 16, height: 16, channels: 3 } });
  const strip = Buffer.concat([
    await still("#4060a0"),
    await porn.resize(96, 96).raw().toBuffer(),
    await still("#e0e0e0"),
  ]);
  const animated = await sharp(strip, { raw: { width: 96, height: 288, channels: 3, pageHeight: 96 } })
    .webp({ lossless: true, delay: [90, 90, 90] })
    .toBuffer();
  const image = await decodeImage(animated, DEFAULT_LIMITS);
  const [ours] = await cascade.inspect(image, AbortSignal.timeout(20_000));
  const [theirs] = await precise.inspect(image, AbortSignal.timeout(20_000));
  expect(theirs?.score).toBeGreaterThan(0.2);
  expect(theirs?.evidence?.region?.frame).toBe(1);
  expect(ours?.score).toBeCloseTo(theirs?.score ?? Number.NaN, 4);
  expect(ours?.evidence?.region?.frame).toBe(1);
});
