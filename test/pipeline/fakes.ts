import { setTimeout as sleep } from "node:timers/promises";
import type { Category } from "../../src/contract/categories.ts";
import type { DecodedImage, Detector, Prompt } from "../../src/contract/detector.ts";
import { SafelightError } from "../../src/contract/errors.ts";
import type { GenerationEvent, GenerationRequest } from "../../src/contract/generation.ts";
import type { GeneratedImage, ImageGenerator, ImageRequest } from "../../src/contract/generator.ts";
import type { Finding } from "../../src/contract/report.ts";
import { RgbFrame } from "../../src/models/frame.ts";
import type { StageDetector } from "../../src/pipeline/detect.ts";
import { sha256 } from "../../src/pipeline/digest.ts";
import { type GenerationResult, moderate } from "../../src/pipeline/generation.ts";
import type { Imaging, Parts } from "../../src/pipeline/parts.ts";
import { policyDigest } from "../../src/policy/digest.ts";
import { type Policy, PolicySchema } from "../../src/policy/schema.ts";

type Inspect<Input> = (input: Input, signal: AbortSignal) => Finding[] | Promise<Finding[]>;

export function detector<Input>(
  name: string,
  inspect: Inspect<Input> = () => [],
  options: { categories?: Category[]; budgetMs?: number; overlap?: boolean } = {},
): StageDetector<Input> {
  const made: Detector<Input> = {
    id: name,
    version: "1",
    categories: options.categories ?? ["sexual", "violence"],
    inspect: async (input, signal) => inspect(input, signal),
  };
  return { name, detector: made, budgetMs: options.budgetMs ?? 1_000, overlap: options.overlap ?? false };
}

export const found = (category: Category, score: number): Finding[] => [{ category, score }];

/** Waits, and rejects when the signal is aborted. */
export const elapse = (ms: number, signal: AbortSignal) => sleep(ms, undefined, { signal });

/** A picture's bytes say what it is: its seed, and the score that the fake detector shall give it. */
export function picture(seed: number, score = 0): GeneratedImage {
  return { kind: "image", bytes: Buffer.from(JSON.stringify({ seed, score })), mediaType: "image/png" };
}

export const scoreOf = (image: DecodedImage): number => JSON.parse(Buffer.from(image.bytes).toString()).score;

export function generator(
  generate: (request: ImageRequest, signal: AbortSignal) => GeneratedImage[] | Promise<GeneratedImage[]> = (request) =>
    request.images.map(({ seed }) => picture(seed)),
): ImageGenerator & { readonly requests: ImageRequest[]; readonly aborted: () => boolean } {
  const requests: ImageRequest[] = [];
  let aborted = false;
  return {
    id: "fake",
    version: "1",
    requests,
    aborted: () => aborted,
    generate: async (request, signal) => {
      requests.push(request);
      signal.addEventListener("abort", () => {
        aborted = true;
      });
      return generate(request, signal);
    },
  };
}

export const imaging: Imaging & { decoded: number } = {
  decoded: 0,
  recognise: async (bytes) => {
    if (bytes.length === 0) throw new SafelightError("image_unreadable", "it has no bytes");
    const mediaType = "image/png";
    return { digest: sha256(bytes), bytes, mediaType, width: 8, height: 8, frameCount: 1, frames: [] };
  },
  decode: async (bytes) => {
    imaging.decoded++;
    const frame = new RgbFrame(0, 8, 8, new Uint8Array(192));
    return { ...(await imaging.recognise(bytes)), frames: [frame] };
  },
  blur: async () => ({ bytes: Buffer.from("blurred"), mediaType: "image/jpeg" }),
  release: (image) => ({ bytes: image.bytes, mediaType: image.mediaType }),
  strip: async (image) => ({ bytes: image.bytes, mediaType: image.mediaType }),
};

type PolicyInput = Parameters<typeof PolicySchema.parse>[0];

export function policy(change: { prompt?: object; image?: object; [key: string]: unknown } = {}): Policy {
  const { prompt, image, ...rest } = change;
  const file = PolicySchema.parse({
    schema: "safelight.policy/1",
    name: "test",
    version: "1",
    prompt: { detectors: { words: {} }, categories: { sexual: { warn: 0.5, review: 0.8, block: 0.9 } }, ...prompt },
    image: {
      detectors: { eyes: {} },
      categories: { sexual: { warn: 0.2, blur: 0.5, review: 0.8, block: 0.9 } },
      ...image,
    },
    ...rest,
  } satisfies PolicyInput);
  return { ...file, digest: policyDigest(file) };
}

export function parts(
  change: Partial<Omit<Parts, "generator">> & { generator?: ImageGenerator; timeoutMs?: number } = {},
): Parts {
  const { generator: made, timeoutMs, ...rest } = change;
  return {
    policy: policy(),
    promptDetectors: [detector<Prompt>("words")],
    imageDetectors: [detector<DecodedImage>("eyes", (image) => found("sexual", scoreOf(image)))],
    imaging,
    ...rest,
    generator: {
      name: "fake",
      generator: made ?? generator(),
      timeoutMs: timeoutMs ?? 5_000,
      price: { perImage: 0.01, bySize: {}, currency: "USD" },
    },
  };
}

export function request(change: Partial<GenerationRequest> = {}): GenerationRequest {
  return { prompt: "a castle", negative_prompt: "", width: 64, height: 64, n: 1, b64: true, ...change };
}

const identity = { id: "gen_test", createdAt: new Date("2026-01-01T00:00:00Z"), seed: 100 };

/** Runs a generation to its end. */
export async function run(
  made: Parts,
  asked: GenerationRequest = request(),
  signal: AbortSignal = new AbortController().signal,
): Promise<GenerationResult & { events: GenerationEvent[] }> {
  const generation = moderate(asked, identity, made, signal);
  const events: GenerationEvent[] = [];
  for await (const event of generation) events.push(event);
  return { ...(await generation.result), events };
}

export function start(
  made: Parts,
  asked: GenerationRequest = request(),
  signal: AbortSignal = new AbortController().signal,
) {
  return moderate(asked, identity, made, signal);
}
