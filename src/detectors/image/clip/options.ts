import { z } from "zod";
import { CategorySchema } from "../../../contract/categories.ts";
import { CONCEPT_CATEGORIES } from "./concepts.ts";

const phrase = z.string().trim().min(1).max(300);
const phrases = z.array(phrase).min(1).max(64);

const ConceptSchema = z.union([
  phrases,
  z.strictObject({
    prompts: phrases.meta({ description: "What the pictures show, each in a few words." }),
    against: phrases.optional().meta({ description: "What is near to it and harmless." }),
  }),
]);

const CalibrationSchema = z.strictObject({
  slope: z.number().gt(0).max(100),
  offset: z.number().min(-100).max(100),
});

const count = (description: string) => z.int().min(1).max(64).optional().meta({ description });

export const ClipOptions = z.strictObject({
  model: z.string().min(1).meta({
    description: "The id of a model that `safelight models add` has installed, or a folder (with a slash in its name).",
  }),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/, { error: "must be 64 hexadecimal digits" })
    .optional()
    .meta({ description: "Of a folder that was not installed: of the listing of its files." }),
  categories: z.array(z.enum(CONCEPT_CATEGORIES)).default([]).meta({
    description:
      "Those of the concepts that ship which are scored, and declared as covered. Name what you have measured.",
  }),
  concepts: z.partialRecord(CategorySchema, ConceptSchema).default({}).meta({
    description: "Concepts of your own; one for a category that ships takes its place.",
  }),
  calibration: z.partialRecord(CategorySchema, CalibrationSchema).default({}).meta({
    description: "By category: what `safelight models calibrate` has measured. Slope 1 and offset 0 when absent.",
  }),
  logit_scale: z.number().min(1).max(1_000).default(100).meta({
    description: "What the model was trained to multiply similarities with.",
  }),
  explain_from: z.number().min(0).max(1).default(0.5).meta({
    description: "Findings from this score on say where in the picture. That costs sixteen more looks.",
  }),
  threads: count(
    "Threads that work on one picture together. When absent, one for each core, at most 4, while one picture is judged, and each session's share while there are many.",
  ),
  sessions: count("Pictures judged at once. As many as the cores can feed, at most 4, when absent."),
});
export type ClipOptions = z.output<typeof ClipOptions>;
