import { z } from "zod";
import { BaseUrlSchema } from "./url.ts";

/** `s3://bucket/prefix` */
export const S3FolderSchema = z
  .string()
  .regex(/^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?:\/[^\s]*)?$/, { error: "must be s3://bucket/prefix" });

export const S3EndpointSchema = BaseUrlSchema.optional().meta({
  description: "Another address for S3 than the region's own.",
});
