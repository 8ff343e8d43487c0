import { z } from "zod";
import { SecretSchema } from "../../../outbound/secret.ts";
import { BaseUrlSchema } from "../../../outbound/url.ts";
import { HARMFUL_ATTRIBUTES } from "./labels.ts";

export const PerspectiveOptions = z.strictObject({
  api_key: SecretSchema,
  url: BaseUrlSchema.default("https://commentanalyzer.googleapis.com").meta({
    description: "Of a compatible server, up to and without /v1alpha1.",
  }),
  attributes: z
    .array(z.enum(HARMFUL_ATTRIBUTES))
    .min(1)
    .default(["TOXICITY", "SEVERE_TOXICITY", "IDENTITY_ATTACK", "INSULT", "PROFANITY", "THREAT"])
    .meta({ description: "What is asked for. Not every attribute is there for every language." }),
  languages: z
    .array(z.string().regex(/^[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*$/, { error: "must be a language code, such as en" }))
    .min(1)
    .optional()
    .meta({ description: "Of the prompts. Perspective guesses when absent, and fails where it cannot." }),
});
export type PerspectiveOptions = z.output<typeof PerspectiveOptions>;
