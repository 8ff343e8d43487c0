import { z } from "zod";
import { CategorySchema } from "./categories.ts";
import { ErrorCodeSchema, VendorFaultSchema } from "./errors.ts";

/** A rectangle of the picture, as fractions of its width and height: `x`, `y` is the top left corner. */
export const RegionSchema = z.object({
  x: z.number().min(0).max(1),
  y: z.number().min(0).max(1),
  width: z.number().min(0).max(1),
  height: z.number().min(0).max(1),
  frame: z.int().min(0).optional(),
});
export type Region = z.infer<typeof RegionSchema>;

/**
 * Where in the picture the evidence lies: `rows × columns` cells that cover it without gaps, row by row from the top left, each
 * from 0 to 1, where 1 is the cell that speaks most for the finding. Coarse on purpose: it explains, and says where to blur.
 */
export const HeatSchema = z
  .object({
    columns: z.int().min(1).max(64),
    rows: z.int().min(1).max(64),
    values: z.array(z.number().min(0).max(1)),
  })
  .refine(({ columns, rows, values }) => values.length === columns * rows, {
    error: "must have rows × columns values",
    path: ["values"],
  });
export type Heat = z.infer<typeof HeatSchema>;

/**
 * Where and why. `heat` belongs to the frame that `region` names, or else to the first. `span` is `[start, end)` in UTF-16 units of
 * the original text; `disguises` names what was undone. `distance`: the bits in which the picture's PDQ hash differs from a listed one.
 */
export const EvidenceSchema = z.object({
  span: z.tuple([z.int().min(0), z.int().min(0)]).optional(),
  region: RegionSchema.optional(),
  heat: HeatSchema.optional(),
  term: z.string().optional(),
  list: z.string().optional(),
  disguises: z.array(z.string()).optional(),
  distance: z.int().min(0).max(256).optional(),
});
export type Evidence = z.infer<typeof EvidenceSchema>;

/** One thing that a detector saw. `score` is in [0, 1], higher is worse; `label` is the detector's or vendor's own name for it. */
export const FindingSchema = z.object({
  category: CategorySchema,
  score: z.number().min(0).max(1),
  label: z.string().optional(),
  evidence: EvidenceSchema.optional(),
});
export type Finding = z.infer<typeof FindingSchema>;

const ran = {
  /** The detector's stable id, and the version of its code, model or lists that looked. */
  detector: z.string(),
  version: z.string(),
  /** What it can score. A category in this list without a finding scored 0. */
  categories: z.array(CategorySchema),
  duration_ms: z.number().min(0),
  /** What a vendor bills for it, in the vendor's units; absent where nobody does. */
  units: z.number().min(0).optional(),
  /** The same detector looked at the same picture for another request, a short while ago or at this moment; it did not look again. */
  cached: z.boolean().optional(),
};

/** What came of running one detector once. `unknown` is never safe: the policy says what it means. */
export const ReportSchema = z.discriminatedUnion("state", [
  z.object({ ...ran, state: z.literal("scored"), findings: z.array(FindingSchema) }),
  z.object({
    ...ran,
    state: z.literal("unknown"),
    because: ErrorCodeSchema,
    detail: z.string(),
    vendor: VendorFaultSchema.optional(),
  }),
]);
export type Report = z.infer<typeof ReportSchema>;
