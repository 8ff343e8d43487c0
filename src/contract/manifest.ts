import { z } from "zod";
import { ActionSchema } from "./actions.ts";
import { PolicyRefSchema } from "./generation.ts";
import { ScanLayoutSchema, ScanSummarySchema } from "./scan.ts";

const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);

/** A file that may be trained on, exactly as it was judged. */
export const KeptFileSchema = z.object({ key: z.string(), bytes: z.int().min(0), sha256: digest });
export type KeptFile = z.infer<typeof KeptFileSchema>;

/** A file that must not be there when training starts. */
export const RejectedFileSchema = z.object({ key: z.string(), sha256: digest.nullable(), action: ActionSchema });
export type RejectedFile = z.infer<typeof RejectedFileSchema>;

const ListSchema = z.object({
  count: z.int().min(0),
  /** Of the list's entries as they stand in the manifest, each followed by a line feed. */
  sha256: digest,
});

/** What is signed: everything that a manifest says, its lists of files by their digests. */
export const ManifestHeaderSchema = z.object({
  schema: z.literal("safelight.manifest/1"),
  scan: z.string(),
  source: z.string(),
  layout: ScanLayoutSchema,
  created_at: z.iso.datetime(),
  tool: z.object({ name: z.literal("safelight"), version: z.string() }),
  policy: PolicyRefSchema,
  /** `name=detector@version` of all that judged; a detector's version names its models. */
  detectors: z.object({ prompt: z.array(z.string()), image: z.array(z.string()) }),
  summary: ScanSummarySchema,
  /** Whether everything in the data set was judged. */
  complete: z.boolean(),
  kept: ListSchema,
  rejected: ListSchema,
});
export type ManifestHeader = z.infer<typeof ManifestHeaderSchema>;

/** Ed25519 (RFC 8032) over the UTF-8 bytes of the header as compact JSON, its members in the order of the file. */
export const ManifestSignatureSchema = z.object({
  algorithm: z.literal("Ed25519"),
  /** 32 bytes, base64. */
  public_key: z.base64(),
  /** 64 bytes, base64. */
  value: z.base64(),
});
export type ManifestSignature = z.infer<typeof ManifestSignatureSchema>;
