import { z } from "zod";
import { SecretSchema } from "../../outbound/secret.ts";
import { AddressSchema } from "../../outbound/url.ts";

const ROUTER = "https://router.huggingface.co/hf-inference/models";

export const HuggingfaceOptions = z
  .strictObject({
    model: z
      .string()
      .regex(/^\w[\w.-]*(?:\/\w[\w.-]*)?$/, { error: "must be the name of a model, such as owner/name" })
      .optional()
      .meta({ description: "A text-to-image model that Hugging Face's own inference serves." }),
    url: AddressSchema.optional().meta({
      description: "The address of an endpoint of your own, used instead of a model at Hugging Face's router.",
    }),
    token: SecretSchema.optional().meta({ description: "The environment variable that holds the access token." }),
    steps: z.int().min(1).max(500).optional().meta({ description: "The model's own number when absent." }),
    guidance_scale: z.number().min(0).max(50).optional().meta({ description: "The model's own when absent." }),
    concurrent_calls: z
      .int()
      .min(1)
      .max(16)
      .default(2)
      .meta({ description: "Calls at a time: each makes one picture." }),
  })
  .superRefine(({ model, url, token }, context) => {
    const wrong = (message: string, ...path: string[]) => context.addIssue({ code: "custom", path, message });
    if (model === undefined && url === undefined) wrong("must have either model or url");
    if (model !== undefined && url !== undefined) wrong("cannot be given together with url", "model");
    if (url === undefined && token === undefined) wrong("is needed to use Hugging Face's router", "token");
  });
export type HuggingfaceOptions = z.output<typeof HuggingfaceOptions>;

/** Where pictures are asked for. */
export function addressOf({ model, url }: HuggingfaceOptions): URL {
  return new URL(url ?? `${ROUTER}/${model}`);
}
