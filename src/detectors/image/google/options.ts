import { z } from "zod";
import { SecretSchema } from "../../../outbound/secret.ts";
import { BaseUrlSchema } from "../../../outbound/url.ts";

export const GoogleOptions = z
  .strictObject({
    api_key: SecretSchema.optional(),
    access_token: SecretSchema.optional().meta({
      description: "An OAuth token in place of a key. It is read once, and most last an hour.",
    }),
    project: z
      .string()
      .regex(/^[a-z0-9.:-]{1,100}$/, { error: "must be the id of a Google Cloud project" })
      .optional()
      .meta({ description: "Which project is billed; needed with a location." }),
    location: z
      .enum(["eu", "us"])
      .optional()
      .meta({ description: "Where pictures are looked at. Anywhere when absent." }),
    url: BaseUrlSchema.optional().meta({
      description: "In place of https://vision.googleapis.com, or of the location's own.",
    }),
  })
  .superRefine(({ api_key, access_token, location, project }, context) => {
    if ((api_key === undefined) === (access_token === undefined))
      context.addIssue({ code: "custom", message: "needs either api_key or access_token", path: ["api_key"] });
    if (location !== undefined && project === undefined)
      context.addIssue({ code: "custom", message: "is needed with a location", path: ["project"] });
  });
export type GoogleOptions = z.output<typeof GoogleOptions>;
