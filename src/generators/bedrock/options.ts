import { z } from "zod";
import { AWS_OPTIONS } from "../../outbound/aws-options.ts";

export const BedrockOptions = z.strictObject({
  ...AWS_OPTIONS,
  model: z
    .string()
    .max(2048)
    .regex(/^[a-zA-Z0-9-]{1,63}[.:][a-zA-Z0-9.:/_-]+$/, {
      error: "must be the id or the ARN of a model or of an inference profile",
    })
    .meta({
      description: "Such as stability.sd3-5-large-v1:0, amazon.nova-canvas-v1:0, or the ARN of an inference profile.",
    }),
  family: z.enum(["stability", "nova-canvas", "titan-image"]).optional().meta({
    description: "Whose request the model reads. Needed only where the id does not tell.",
  }),
  quality: z.enum(["standard", "premium"]).optional().meta({ description: "nova-canvas and titan-image only." }),
  output_format: z.enum(["png", "jpeg"]).optional().meta({ description: "stability only; png when absent." }),
  pictures_per_call: z.int().min(1).max(5).default(1).meta({
    description:
      "Pictures made together, by nova-canvas and titan-image. Those of one call share its seed, so that only 1 lets each be made again.",
  }),
  concurrent_calls: z.int().min(1).max(16).default(2).meta({
    description: "Calls for one request at the same time. The account's quota is a few calls a minute for some models.",
  }),
  guidance_scale: z.number().min(1.1).max(10).optional().meta({
    description: "nova-canvas and titan-image only; the model's own when absent.",
  }),
});
export type BedrockOptions = z.output<typeof BedrockOptions>;
export type Family = NonNullable<BedrockOptions["family"]>;
