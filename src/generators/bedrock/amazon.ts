import { z } from "zod";
import { SafelightError } from "../../contract/errors.ts";
import type { GeneratedImage, ImageRequest } from "../../contract/generator.ts";
import { decodeBase64 } from "../../outbound/picture.ts";
import { GENERATOR } from "../../outbound/role.ts";
import type { Slot } from "../calls.ts";
import type { BedrockOptions, Family } from "./options.ts";

/** Of each model: characters of either prompt, and the greatest seed. */
const LIMITS = {
  "nova-canvas": { characters: 1_024, seed: 858_993_459 },
  "titan-image": { characters: 512, seed: 2_147_483_646 },
} as const satisfies Partial<Record<Family, object>>;
export type AmazonFamily = keyof typeof LIMITS;

const GUIDANCE = { least: 1.1, most: 10 };
const NOVA_SIDE = { least: 320, most: 4_096, step: 16 };

/**
 * Amazon Nova Canvas and Titan Image Generator.
 * @see https://docs.aws.amazon.com/nova/latest/userguide/image-gen-req-resp-structure.html
 * @throws SafelightError `provider_rejected` for what the model would refuse, naming the limit
 */
export function amazonBody(
  family: AmazonFamily,
  request: ImageRequest,
  slots: readonly Slot[],
  options: BedrockOptions,
): object {
  const { width, height, guidanceScale = options.guidance_scale } = request;
  const { characters, seed } = LIMITS[family];
  if (request.prompt.length > characters)
    throw rejected(`prompt has ${request.prompt.length} characters; ${family} takes at most ${characters}`);
  if (guidanceScale !== undefined && !(guidanceScale >= GUIDANCE.least && guidanceScale <= GUIDANCE.most))
    throw rejected(`guidance_scale is ${guidanceScale}; ${family} takes ${GUIDANCE.least} to ${GUIDANCE.most}`);
  if (family === "nova-canvas") checkSides({ width, height });
  const negativeText = wholeTerms(request.negativePrompt, characters);
  return {
    taskType: "TEXT_IMAGE",
    textToImageParams: { text: request.prompt, ...(negativeText === "" ? {} : { negativeText }) },
    imageGenerationConfig: {
      width,
      height,
      numberOfImages: slots.length,
      seed: (slots[0]?.seed ?? 0) % (seed + 1),
      ...(options.quality === undefined ? {} : { quality: options.quality }),
      ...(guidanceScale === undefined ? {} : { cfgScale: guidanceScale }),
    },
  };
}

function checkSides(sides: { readonly width: number; readonly height: number }): void {
  for (const [name, side] of Object.entries(sides)) {
    if (side < NOVA_SIDE.least || side > NOVA_SIDE.most || side % NOVA_SIDE.step !== 0)
      throw rejected(
        `${name} is ${side}; nova-canvas takes multiples of ${NOVA_SIDE.step} from ${NOVA_SIDE.least} to ${NOVA_SIDE.most}`,
      );
  }
}

function rejected(detail: string): SafelightError {
  return new SafelightError("provider_rejected", detail);
}

/** As many terms, from the first, as the model takes: what is kept out is judged in the picture all the same. */
function wholeTerms(negativePrompt: string, most: number): string {
  if (negativePrompt.length <= most) return negativePrompt;
  const end = negativePrompt.lastIndexOf(",", most);
  return end < 0 ? "" : negativePrompt.slice(0, end).trimEnd();
}

export const AmazonAnswer = z.object({ images: z.array(z.string().nullable()).nullish(), error: z.string().nullish() });

/**
 * Pictures that the filter held back are missing from the list, and `error` says so. Which ones they are it does not tell. An error
 * with all pictures there leaves open what is wrong with which of them.
 */
export function readAmazon(
  { images, error }: z.output<typeof AmazonAnswer>,
  slots: readonly Slot[],
): readonly GeneratedImage[] {
  const made = (images ?? []).filter((text) => text !== null);
  const held = slots.length - made.length;
  if (held === 0 && error != null)
    throw new SafelightError("provider_failed", "it gave all pictures, and an error with them");
  if (held < 0 || (held > 0 && !saysFiltered(error ?? "")))
    throw new SafelightError("provider_failed", `it was asked for ${slots.length} pictures and gave ${made.length}`);
  const seed = slots[0]?.seed;
  const pictures = made.map(
    (text): GeneratedImage => ({
      kind: "image",
      bytes: decodeBase64(GENERATOR, text),
      mediaType: "image/png",
      ...(seed === undefined ? {} : { seed }),
    }),
  );
  return [...pictures, ...slots.slice(made.length).map(() => FILTERED)];
}

export const FILTERED: GeneratedImage = { kind: "withheld", reason: "content_filtered" };

/** Whether words of the vendor say that its filter, and nothing else, is the reason. */
export function saysFiltered(message: string): boolean {
  return /content (?:filter|polic|moderation)|responsible ai/i.test(message);
}
