import { z } from "zod";
import { SecretSchema } from "./secret.ts";
import { BaseUrlSchema } from "./url.ts";

/** The options that everything speaking to AWS has; spread into its own. */
export const AWS_OPTIONS = {
  region: z
    .string()
    .regex(/^[a-z]{2,}(?:-[a-z]+)+-\d+$/, { error: "must be the name of a region, such as eu-central-1" })
    .optional()
    .meta({ description: "AWS_REGION, or the region of the profile, when absent." }),
  endpoint: BaseUrlSchema.optional().meta({
    description:
      "Another address than the region's own: a private endpoint, or a server that speaks the same protocol.",
  }),
  profile: z.string().min(1).optional().meta({ description: "A profile of ~/.aws/config and ~/.aws/credentials." }),
  credentials: z
    .strictObject({
      access_key_id: SecretSchema,
      secret_access_key: SecretSchema,
      session_token: SecretSchema.optional(),
    })
    .optional()
    .meta({
      description:
        "When absent, wherever the AWS SDK looks: AWS_ACCESS_KEY_ID and the like, the profile, single sign-on, the role of the container or the machine.",
    }),
};
const AwsOptionsSchema = z.object(AWS_OPTIONS);
export type AwsOptions = z.output<typeof AwsOptionsSchema>;
