import { z } from "zod";

/** What a diffusers container of JumpStart reads: anything else is refused there. */
export const JumpStartJob = z.strictObject({
  prompt: z.string(),
  negative_prompt: z.string().min(1).optional(),
  width: z.int().multipleOf(8),
  height: z.int().multipleOf(8),
  num_images_per_prompt: z.int().min(1),
  num_inference_steps: z.int().min(1).optional(),
  guidance_scale: z.number().optional(),
  seed: z.int().min(0),
});

/** What Stability's containers read. */
export const SgmJob = z.strictObject({
  text_prompts: z.array(z.strictObject({ text: z.string(), weight: z.number().optional() })).min(1),
  width: z.int().min(128),
  height: z.int().min(128),
  samples: z.int().min(2).optional(),
  seed: z.int().min(0),
  steps: z.int().min(1).optional(),
  cfg_scale: z.number().min(0).optional(),
  sampler: z.string().optional(),
});
