import { z } from "zod";
import { ActionSchema, StageSchema } from "./actions.ts";
import { CategorySchema } from "./categories.ts";
import { EvidenceSchema } from "./report.ts";

/**
 * Why an action was taken. A reason without a score says that a required check did not happen: `category` is then the
 * category nobody could judge, or null when a whole detector is missing.
 */
export const ReasonSchema = z.object({
  stage: StageSchema,
  category: CategorySchema.nullable(),
  score: z.number().nullable(),
  threshold: z.number().nullable(),
  /** `score - threshold`: how far beyond the limit. */
  margin: z.number().nullable(),
  action: ActionSchema,
  detector: z.string().nullable(),
  label: z.string().nullable(),
  evidence: EvidenceSchema.nullable(),
  message: z.string(),
});
export type Reason = z.infer<typeof ReasonSchema>;

/** The members of a reason that rests on no score. */
export const UNSCORED = {
  category: null,
  score: null,
  threshold: null,
  margin: null,
  detector: null,
  label: null,
  evidence: null,
} as const satisfies Partial<Reason>;

/** Which categories were looked at. `not_covered`: no detector that ran can score it. `unknown`: one could, and failed. */
export const CoverageSchema = z.object({
  category: CategorySchema,
  state: z.enum(["scored", "unknown", "not_covered"]),
  required: z.boolean(),
  /** The highest score by any detector, 0 when they found nothing, null when nobody could tell. */
  score: z.number().nullable(),
  detectors: z.array(z.string()),
});
export type Coverage = z.infer<typeof CoverageSchema>;

/** What follows from the reports under a policy. `reasons` has the strongest first. */
export const DecisionSchema = z.object({
  action: ActionSchema,
  reasons: z.array(ReasonSchema),
  coverage: z.array(CoverageSchema),
});
export type Decision = z.infer<typeof DecisionSchema>;
