import sharp, { type Sharp } from "sharp";
import { beforeAll, describe, expect, test } from "vitest";
import { BUILT_IN_CATEGORIES, type Category } from "../../../contract/categories.ts";
import type { DecodedImage, ImageDetector } from "../../../contract/detector.ts";
import type { ImageGenerator } from "../../../contract/generator.ts";
import { openSketch } from "../../../generators/sketch/sketch.ts";
import { RgbFrame } from "../../../models/frame.ts";
import { openTestCard } from "./test-card.ts";

let sketch: ImageGenerator;
let detector: ImageDetector;
beforeAll(async () => {
  sketch = await openSketch({});
  detector = await openTestCard();
});

const never = new AbortController().signal;

async function picture(prompt: string, width = 512, height = 512, seed = 1): Promise<Uint8Array> {
  const images = [{ index: 0, seed }];
  const [made] = await sketch.generate({ prompt, negativePrompt: "", width, height, images, attempt: 1 }, never);
  if (made?.kind !== "image") throw new Error("there is no picture");
  return made.bytes;
}

async function decoded(bytes: Uint8Array): Promise<DecodedImage> {
  const { data, info } = await sharp(bytes).flatten().toColourspace("srgb").raw().toBuffer({ resolveWithObject: true });
  const { width, height } = info;
  const frame = new RgbFrame(0, width, height, data);
  return { digest: "sha256:0", bytes, mediaType: "image/png", width, height, frameCount: 1, frames: [frame] };
}

async function look(bytes: Uint8Array) {
  return detector.inspect(await decoded(bytes), never);
}

describe("the test card", () => {
  test.each(BUILT_IN_CATEGORIES)("reports %s with exactly its score", async (category) => {
    expect(await look(await picture(`safelight-test:image:${category}:0.8731`))).toEqual([
      { category, score: 0.8731, label: "test-card", evidence: { region: { x: 0, y: 0, width: 1, height: 1 } } },
    ]);
  });

  test("covers no category: whatever is required must be looked at by something else", () => {
    expect(detector.categories).toEqual([]);
  });

  test("reports a category of one's own, even the longest", async () => {
    for (const name of ["m", "our-mascot.v2_x", "z".repeat(64)]) {
      const [finding] = await look(await picture(`a cat safelight-test:image:custom:${name}:0.25`));
      expect(finding).toMatchObject({ category: `custom:${name}`, score: 0.25 });
    }
  });

  test("fails where the card asks for it", async () => {
    const card = await picture("safelight-test:image:error");
    await expect(look(card)).rejects.toMatchObject({ code: "detector_failed" });
  });

  test("is found in pictures of every shape", async () => {
    for (const [width, height] of [
      [64, 64],
      [64, 512],
      [1024, 64],
      [2048, 512],
      [320, 1000],
    ] as const) {
      const [finding] = await look(await picture("safelight-test:image:gore:0.7", width, height));
      expect(finding, `${width} × ${height}`).toMatchObject({ category: "gore", score: 0.7 });
    }
  });

  const changes: Readonly<Record<string, (image: Sharp) => Sharp>> = {
    "JPEG of quality 60": (image) => image.jpeg({ quality: 60 }),
    "WebP of quality 60": (image) => image.webp({ quality: 60 }),
    "AVIF of quality 50": (image) => image.avif({ quality: 50, effort: 0 }),
    "a quarter of its size": (image) => image.resize(128, 128),
    "a quarter of its size, as JPEG": (image) => image.resize(128, 128).jpeg({ quality: 60 }),
    "four times its size": (image) => image.resize(2048, 2048),
    stretched: (image) => image.resize(700, 180, { fit: "fill" }),
    "enlarged by neighbours": (image) => image.resize(777, 999, { fit: "fill", kernel: "nearest" }),
    noise: (image) =>
      image.composite([{ input: noise(512, 3), raw: { width: 512, height: 512, channels: 3 }, blend: "soft-light" }]),
    grey: (image) => image.greyscale().toColourspace("srgb"),
    "slightly blurred and darker": (image) => image.blur(1.5).linear(0.7, 10),
  };
  test.each(Object.entries(changes))("is still read after: %s", async (_name, change) => {
    for (const category of ["self_harm", "custom:brand-safety-check-24ch"] satisfies Category[]) {
      const card = await picture(`safelight-test:image:${category}:0.62`);
      const [finding] = await look(await change(sharp(card)).toBuffer());
      expect(finding).toMatchObject({ category, score: 0.62 });
    }
  });
});

describe("other pictures", () => {
  test("two hundred scenes of sketch are no test cards", async () => {
    const prompts = [
      "a cat",
      "a city at night, neon",
      "pixel art castle",
      "a chess board on a table",
      "mosaic of a fish",
      "black and white photo of zebras",
      "xyzzy",
      "ink drawing of a forest",
    ];
    for (let seed = 0; seed < 200; seed++) {
      const prompt = prompts[seed % prompts.length] ?? "";
      expect(await look(await picture(prompt, 128, 128, seed)), `${prompt} ${seed}`).toEqual([]);
    }
  });

  test("noise, flat colours and checkerboards are no test cards", async () => {
    const pictures = [
      ...Array.from({ length: 60 }, (_, seed) => noise(96, seed)),
      ...[0, 127, 255].map((value) => Buffer.alloc(96 * 96 * 3, value)),
      ...[3, 4, 8].map((size) =>
        Buffer.from(
          Array.from({ length: 96 * 96 * 3 }, (_, i) => {
            const at = Math.floor(i / 3);
            return (Math.floor((at % 96) / size) + Math.floor(at / 96 / size)) % 2 === 0 ? 255 : 0;
          }),
        ),
      ),
    ];
    for (const rgb of pictures) {
      const png = await sharp(rgb, { raw: { width: 96, height: 96, channels: 3 } })
        .png()
        .toBuffer();
      expect(await look(png)).toEqual([]);
    }
  });

  test("cost far less than a millisecond", async () => {
    const image = await decoded(await picture("a cat on a beach"));
    for (let i = 0; i < 200; i++) await detector.inspect(image, never);
    const start = performance.now();
    for (let i = 0; i < 500; i++) await detector.inspect(image, never);
    expect((performance.now() - start) / 500).toBeLessThan(0.5);
  });
});

function noise(side: number, seed: number): Buffer {
  let state = seed + 1;
  return Buffer.from(
    Array.from({ length: side * side * 3 }, () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state >>> 24;
    }),
  );
}
