import { z } from "zod";
import { CategorySchema } from "../../../contract/categories.ts";
import { AWS_OPTIONS } from "../../../outbound/aws-options.ts";

export const ComprehendOptions = z.strictObject({
  ...AWS_OPTIONS,
  endpoint_arn: z
    .string()
    .max(256)
    .regex(/^arn:aws[a-z-]*:comprehend:[a-z0-9-]+:(?:\d{12}|aws):document-classifier-endpoint\/[a-zA-Z0-9-]+$/, {
      error: "must be the ARN of a document classifier's endpoint",
    })
    .optional()
    .meta({
      description: "The endpoint of a custom classifier (ClassifyDocument). DetectToxicContent is asked when absent.",
    }),
  classes: z.record(z.string().min(1), CategorySchema.nullable()).optional().meta({
    description:
      "For a custom classifier: every class that it knows, with its category; null for a class that is no harm.",
  }),
});
export type ComprehendOptions = z.output<typeof ComprehendOptions>;
