import { z } from "zod";
import { SecretSchema } from "../../../outbound/secret.ts";
import { BaseUrlSchema } from "../../../outbound/url.ts";

const header = z
  .string()
  .regex(/^[\w.-]{1,100}$/, { error: "must be an id of letters, digits, dot, dash and underscore" })
  .optional();

const OPENAI = "https://api.openai.com/v1";

/** The same for texts and pictures: one entry of the configuration serves both stages. */
export const OpenAiOptions = z
  .strictObject({
    api_key: SecretSchema.optional().meta({ description: "Only a compatible server may do without." }),
    url: BaseUrlSchema.default(OPENAI).meta({ description: "Of a compatible server, up to and without /moderations." }),
    model: z.string().min(1).max(100).default("omni-moderation-latest").meta({
      description: "A dated name such as omni-moderation-2024-09-26 keeps the scores from changing.",
    }),
    organization: header.meta({ description: "For keys that belong to several." }),
    project: header,
  })
  .refine(({ api_key, url }) => api_key !== undefined || url !== OPENAI, {
    path: ["api_key"],
    error: "is needed for OpenAI; only a compatible server may do without",
  });
export type OpenAiOptions = z.output<typeof OpenAiOptions>;
