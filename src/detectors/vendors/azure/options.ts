import { z } from "zod";
import { CategorySchema } from "../../../contract/categories.ts";
import { SecretSchema } from "../../../outbound/secret.ts";
import { BaseUrlSchema } from "../../../outbound/url.ts";

/** The same for texts and pictures: one entry of the configuration serves both stages. */
export const AzureOptions = z.strictObject({
  endpoint: BaseUrlSchema.meta({ description: "Of the resource, such as https://<name>.cognitiveservices.azure.com" }),
  api_key: SecretSchema,
  api_version: z
    .string()
    .regex(/^\d{4}-\d{2}-\d{2}(?:-preview)?$/, { error: "must be a date, such as 2023-10-01" })
    .default("2023-10-01"),
  blocklists: z
    .record(
      z.string().regex(/^[0-9A-Za-z._~-]{1,64}$/, { error: "must be the name of a blocklist of the resource" }),
      CategorySchema,
    )
    .default({})
    .meta({
      description: "Blocklists of the resource to hold texts against, and the category of what each finds.",
    }),
});
export type AzureOptions = z.output<typeof AzureOptions>;
