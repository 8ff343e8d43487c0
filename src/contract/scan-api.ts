import { z } from "zod";
import { ScanItemSchema, ScanLayoutSchema, ScanSchema } from "./scan.ts";

/** Starts a scan. */
export const ScanRequestSchema = z.strictObject({
  /** A folder, absolute or relative to one that the server may scan, or `s3://bucket/prefix`. */
  source: z.string().min(1).max(4_096),
  /** `dataset` when absent. */
  policy: z.string().optional(),
  /** As the files say when absent. */
  layout: ScanLayoutSchema.optional(),
  /** Pixels that the shorter side of a picture must have. */
  min_side: z.int().min(0).max(100_000).default(256),
});
export type ScanRequest = z.output<typeof ScanRequestSchema>;

/** Files that a finished scan has written, by name. */
export const SCAN_FILES = {
  "report.html": "text/html; charset=utf-8",
  "manifest.json": "application/json",
  "results.jsonl": "application/jsonl",
  "results.csv": "text/csv; charset=utf-8",
  "problems.jsonl": "application/jsonl",
  "copies.jsonl": "application/jsonl",
  "media-analysis.jsonl": "application/jsonl",
  "media-analysis-summary.json": "application/json",
} as const;
export type ScanFile = keyof typeof SCAN_FILES;
export const ScanFileSchema = z.enum(Object.keys(SCAN_FILES) as ScanFile[]);

/** A scan as it stands now. */
export const ScanAnswerSchema = ScanSchema.extend({
  /** `idle`: nobody works on it here; one that is not finished can be resumed. */
  activity: z.enum(["running", "queued", "idle"]),
  /** Files found so far, while they are listed. */
  listed: z.int().min(0).nullable(),
  /** Pictures a second over the last while, and what is left at that rate; null where nothing runs. */
  rate: z.number().min(0).nullable(),
  seconds_left: z.number().min(0).nullable(),
  /** Files that can be fetched. */
  files: z.array(ScanFileSchema),
  /** Whether what was rejected lies in quarantine. */
  quarantined: z.boolean(),
});
export type ScanAnswer = z.infer<typeof ScanAnswerSchema>;

/** Where scans may be started. */
export const ScanPlacesSchema = z.object({
  sources: z.array(z.string()),
  /** Whether rejected pictures can be moved away. */
  quarantine: z.boolean(),
});
export type ScanPlaces = z.infer<typeof ScanPlacesSchema>;

export const ScanPageSchema = z.object({
  scans: z.array(ScanAnswerSchema),
  /** Where to read on; null at the end. */
  next: z.string().nullable(),
  places: ScanPlacesSchema,
});
export type ScanPage = z.infer<typeof ScanPageSchema>;
export const ScanItemPageSchema = z.object({ items: z.array(ScanItemSchema), next: z.string().nullable() });

/** What was done to a data set. */
export const ScanConsequencesSchema = z.object({
  /** Files that have left, or come back. */
  files: z.int().min(0),
  /** Metadata files and archives from which what left was taken out. */
  rewritten: z.int().min(0),
  stayed: z.array(z.object({ key: z.string(), detail: z.string() })),
});
export type ScanConsequences = z.infer<typeof ScanConsequencesSchema>;
