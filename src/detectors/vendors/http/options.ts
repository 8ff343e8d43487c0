import { z } from "zod";
import { CategorySchema } from "../../../contract/categories.ts";
import { SecretSchema } from "../../../outbound/secret.ts";
import { AddressSchema } from "../../../outbound/url.ts";

/** The same for texts and pictures: one entry of the configuration can serve both stages. */
export const HttpOptions = z.strictObject({
  url: AddressSchema.meta({ description: "Where the service is asked." }),
  format: z.enum(["safelight", "litellm"]).default("safelight").meta({
    description: "What it speaks: the contract in docs/detectors/http.md, or LiteLLM's generic guardrail API.",
  }),
  categories: z
    .array(CategorySchema)
    .min(1)
    .meta({ description: "What it looks for. A policy that requires a category counts on this list." }),
  api_key: SecretSchema.optional(),
  api_key_header: z
    .string()
    .regex(/^[A-Za-z0-9-]{1,64}$/, { error: "must be the name of an HTTP header" })
    .optional()
    .meta({
      description: "Where the key goes: Authorization, as a bearer token, when absent; x-api-key with format: litellm.",
    }),
});
export type HttpOptions = z.output<typeof HttpOptions>;
