import { z } from "zod";
import { SecretSchema } from "../../outbound/secret.ts";
import { BaseUrlSchema } from "../../outbound/url.ts";

export const A1111Options = z.strictObject({
  url: BaseUrlSchema.meta({ description: "Where the web UI listens with --api, for instance http://127.0.0.1:7860." }),
  auth: SecretSchema.optional().meta({
    description: "The environment variable that holds user:password, for a server started with --api-auth.",
  }),
  model: z.string().min(1).optional().meta({
    description: "Title of a checkpoint, as the server lists it; the one that is loaded when absent.",
  }),
  sampler: z.string().min(1).optional(),
  scheduler: z.string().min(1).optional(),
  steps: z.int().min(1).max(150).default(20),
  guidance_scale: z.number().min(1).max(50).default(7),
});
export type A1111Options = z.output<typeof A1111Options>;
