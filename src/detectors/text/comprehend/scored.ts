import { z } from "zod";

/** A name with its score: 0 to 1 in single precision, which may be a little more than 1. */
export const ScoredSchema = z.object({
  Name: z.string(),
  Score: z
    .number()
    .min(0)
    .max(1.000_001)
    .transform((score) => Math.min(1, score)),
});
