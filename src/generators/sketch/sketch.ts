import { setTimeout as sleep } from "node:timers/promises";
import sharp, { type Sharp } from "sharp";
import type { z } from "zod";
import { SafelightError } from "../../contract/errors.ts";
import type { GeneratedImage, ImageGenerator, ImageRequest } from "../../contract/generator.ts";
import type { TestCard } from "../../contract/test-card.ts";
import { readTestSignals, type TestSignal } from "../../contract/test-signals.ts";
import { IconSet } from "./icons.ts";
import { iconsOfLexicon } from "./lexicon/lexicon.ts";
import type { SketchOptions } from "./options.ts";
import { mark } from "./paint/mark.ts";
import { drawPicture, iconsOfScenery } from "./picture.ts";
import { withProvenance } from "./png.ts";
import { hash } from "./random.ts";
import { readScene } from "./read.ts";
import type { Size } from "./strokes.ts";
import { inStyle } from "./style.ts";
import { drawTestCard } from "./test-card.ts";

const NOTICE =
  "Drawn by sketch, Safelight's built-in stand-in for development: no image model ran. Connect a real model under generators in safelight.yaml: docs/generators.md says how.";
const DELAY_STEP_MS = 100;
const PROBE: ImageRequest = {
  prompt: "a red boat on a lake",
  negativePrompt: "",
  width: 64,
  height: 64,
  images: [{ index: 0, seed: 1 }],
  attempt: 1,
};

/** A generator without a model: it draws what it knows of a prompt with vector art, the same for the same seed. */
export async function openSketch(_options: z.output<typeof SketchOptions>): Promise<ImageGenerator> {
  const icons = new IconSet(new Set([...iconsOfLexicon(), ...iconsOfScenery()]));
  const generate: ImageGenerator["generate"] = async (request, signal, onProgress) => {
    signal.throwIfAborted();
    const signals = readTestSignals(request.prompt);
    await obey(signals, signal, onProgress);
    const plain = withoutSignals(request.prompt, signals);
    const images: GeneratedImage[] = [];
    for (const image of request.images) {
      signal.throwIfAborted();
      images.push(await draw(request, plain, image, signals, icons));
      onProgress?.(images.length / request.images.length);
    }
    signal.throwIfAborted();
    return images;
  };
  return {
    id: "sketch",
    version: "1",
    notice: NOTICE,
    generate,
    async probe(signal) {
      await generate(PROBE, signal);
      return "drew a picture";
    },
  };
}

async function obey(
  signals: readonly TestSignal[],
  signal: AbortSignal,
  onProgress?: (fraction: number) => void,
): Promise<void> {
  for (const wish of signals) {
    if (wish.stage !== "generator") continue;
    if (wish.effect === "error")
      throw new SafelightError("provider_failed", "a test signal asked the generator to fail");
    for (let passed = 0; passed < wish.ms; passed += DELAY_STEP_MS) {
      onProgress?.((passed / wish.ms) * 0.9);
      await sleep(Math.min(DELAY_STEP_MS, wish.ms - passed), undefined, { signal }).catch(() =>
        signal.throwIfAborted(),
      );
    }
  }
}

type Place = ImageRequest["images"][number];

async function draw(
  request: ImageRequest,
  prompt: string,
  { index, seed }: Place,
  signals: readonly TestSignal[],
  icons: IconSet,
): Promise<GeneratedImage> {
  const { width, height } = request;
  const acting = signals.find(
    (wish) => wish.stage === "image" && request.attempt <= wish.attempts && (wish.index ?? index) === index,
  );
  if (acting?.stage === "image") {
    if (acting.effect === "withheld") return { kind: "withheld", reason: "a test signal asked for this" };
    const card: TestCard =
      acting.effect === "score" ? { kind: "score", category: acting.category, score: acting.score } : { kind: "error" };
    return encoded(sharp(Buffer.from(drawTestCard(card, width, height))), seed);
  }
  const chance = (seed ^ hash(prompt)) >>> 0;
  const scene = readScene(prompt, request.negativePrompt, chance);
  const size = { width, height };
  const picture = await drawPicture(scene, size, chance, icons);
  const label = mark(width, height);
  if (scene.style === undefined) return encoded(sharp(svg(size, picture + label)), seed);
  const styled = await inStyle(sharp(svg(size, picture)), scene.style, size, chance);
  const { data, info } = await styled.flatten().raw().toBuffer({ resolveWithObject: true });
  return encoded(sharp(data, { raw: info }).composite([{ input: svg(size, label) }]), seed);
}

function svg({ width, height }: Size, content: string): Buffer {
  return Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="${width}" height="${height}">${content}</svg>`,
  );
}

async function encoded(picture: Sharp, seed: number): Promise<GeneratedImage> {
  const png = await picture.flatten({ background: "#808080" }).removeAlpha().png({ compressionLevel: 4 }).toBuffer();
  return { kind: "image", mediaType: "image/png", bytes: withProvenance(png), seed };
}

function withoutSignals(prompt: string, signals: readonly TestSignal[]): string {
  let plain = "";
  let from = 0;
  for (const { span } of signals) {
    plain += `${prompt.slice(from, span[0])} `;
    from = span[1];
  }
  return plain + prompt.slice(from);
}
