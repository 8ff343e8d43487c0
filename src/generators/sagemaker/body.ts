import type { ImageRequest } from "../../contract/generator.ts";
import type { Slot } from "../calls.ts";
import type { SageMakerOptions } from "./options.ts";

/** The request of one call, as the container reads it. All pictures of a call come from its first slot's seed. */
export function bodyOf(request: ImageRequest, slots: readonly Slot[], options: SageMakerOptions): Uint8Array {
  const body = options.payload === "sgm" ? sgmBody(request, slots, options) : jumpStartBody(request, slots, options);
  return Buffer.from(JSON.stringify(body));
}

/** Of the diffusers containers of JumpStart, `model-txt2img-*`. */
function jumpStartBody(request: ImageRequest, slots: readonly Slot[], options: SageMakerOptions): object {
  const { steps = options.steps, guidanceScale = options.guidance_scale } = request;
  return {
    prompt: request.prompt,
    ...(request.negativePrompt === "" ? {} : { negative_prompt: request.negativePrompt }),
    width: request.width,
    height: request.height,
    num_images_per_prompt: slots.length,
    seed: slots[0]?.seed,
    ...(steps === undefined ? {} : { num_inference_steps: steps }),
    ...(guidanceScale === undefined ? {} : { guidance_scale: guidanceScale }),
  };
}

/** Of Stability's containers, `model-imagegeneration-*` and those of the Marketplace. What is to be kept out has a negative weight. */
function sgmBody(request: ImageRequest, slots: readonly Slot[], options: SageMakerOptions): object {
  const { steps = options.steps, guidanceScale = options.guidance_scale } = request;
  return {
    text_prompts: [
      { text: request.prompt },
      ...(request.negativePrompt === "" ? [] : [{ text: request.negativePrompt, weight: -1 }]),
    ],
    width: request.width,
    height: request.height,
    ...(slots.length === 1 ? {} : { samples: slots.length }),
    seed: slots[0]?.seed,
    ...(steps === undefined ? {} : { steps }),
    ...(guidanceScale === undefined ? {} : { cfg_scale: guidanceScale }),
    ...(options.sampler === undefined ? {} : { sampler: options.sampler }),
  };
}
