import { z } from "zod";
import { SafelightError } from "../../contract/errors.ts";
import type { GeneratedImage, ImageRequest } from "../../contract/generator.ts";
import { decodeBase64 } from "../../outbound/picture.ts";
import { GENERATOR } from "../../outbound/role.ts";
import type { Slot } from "../calls.ts";
import type { BedrockOptions } from "./options.ts";

const MOST_CHARACTERS = 10_000;
const RATIOS = ["1:1", "16:9", "21:9", "2:3", "3:2", "4:5", "5:4", "9:16", "9:21"] as const;
/** 0 asks for any seed, and one model takes none above this. */
const MOST_SEED = 4_294_967_294;

/**
 * Stable Image Core and Ultra, Stable Diffusion 3 and 3.5. They know shapes, not sizes: the picture has the nearest shape, and about
 * a million pixels.
 * @see https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-stability-diffusion.html
 */
export function stabilityBody(request: ImageRequest, [slot]: readonly Slot[], options: BedrockOptions): object {
  const { prompt, negativePrompt, width, height } = request;
  for (const [name, text] of Object.entries({ prompt, negative_prompt: negativePrompt })) {
    if (text.length > MOST_CHARACTERS)
      throw new SafelightError(
        "provider_rejected",
        `${name} has ${text.length} characters; the model takes at most ${MOST_CHARACTERS}`,
      );
  }
  return {
    prompt,
    ...(negativePrompt === "" ? {} : { negative_prompt: negativePrompt }),
    aspect_ratio: nearestRatio(width / height),
    seed: Math.min(MOST_SEED, slot?.seed || MOST_SEED),
    output_format: options.output_format ?? "png",
  };
}

function nearestRatio(wanted: number): string {
  const distance = (ratio: string) => {
    const [width = 1, height = 1] = ratio.split(":").map(Number);
    return Math.abs(Math.log(width / height / wanted));
  };
  return RATIOS.reduce((best, ratio) => (distance(ratio) < distance(best) ? ratio : best));
}

export const StabilityAnswer = z.object({
  images: z.array(z.string().nullable()).nullish(),
  finish_reasons: z.array(z.string().nullable()).nullish(),
});

/** `finish_reasons` holds null for a picture that is there, `Filter reason: …` for one that is withheld. */
export function readStability(
  { images, finish_reasons }: z.output<typeof StabilityAnswer>,
  slots: readonly Slot[],
  { output_format = "png" }: BedrockOptions,
): readonly GeneratedImage[] {
  const count = finish_reasons?.length ?? images?.length;
  if (count !== slots.length)
    throw new SafelightError(
      "provider_failed",
      `it was asked for ${slots.length} pictures and gave ${count ?? "none"}`,
    );
  if (images && images.length > count)
    throw new SafelightError("provider_failed", `it was asked for ${count} pictures and gave ${images.length}`);
  return slots.map(({ seed }, i): GeneratedImage => {
    const reason = finish_reasons?.[i];
    const filter = /^Filter reason: ([a-z ]{1,40})$/i.exec(reason ?? "")?.[1];
    if (filter !== undefined) return { kind: "withheld", reason: `Filter reason: ${filter}` };
    if (reason != null) throw new SafelightError("provider_failed", "the model did not finish one of the pictures");
    const text = images?.[i];
    if (text == null) throw new SafelightError("provider_failed", "one of the pictures is missing");
    const bytes = decodeBase64(GENERATOR, text);
    return { kind: "image", bytes, mediaType: `image/${output_format}`, seed };
  });
}
