import { z } from "zod";
import { AWS_OPTIONS } from "../../../outbound/aws-options.ts";
import { S3EndpointSchema, S3FolderSchema } from "../../../outbound/s3-options.ts";

export const RekognitionOptions = z.strictObject({
  ...AWS_OPTIONS,
  min_confidence: z.number().min(0).max(100).default(20).meta({
    description: "Percent. What the service is less sure of scores 0: not above the lowest threshold of a policy.",
  }),
  project_version: z
    .string()
    .max(2048)
    .regex(/^arn:aws[a-z-]*:rekognition:[a-z0-9-]+:\d{12}:project\/[a-zA-Z0-9_.-]+\/version\/[a-zA-Z0-9_.-]+\/\d+$/, {
      error: "must be the ARN of a project version",
    })
    .optional()
    .meta({ description: "A custom moderation adapter." }),
  s3_input: S3FolderSchema.optional().meta({
    description:
      "Pictures go through this folder in S3, up to 15 MB and as they are, and are removed afterwards. In the request itself when absent.",
  }),
  s3_endpoint: S3EndpointSchema,
});
export type RekognitionOptions = z.output<typeof RekognitionOptions>;
