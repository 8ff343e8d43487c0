import { z } from "zod";

export const NsfwOptions = z.strictObject({
  threads: z
    .int()
    .min(1)
    .max(64)
    .default(1)
    .meta({ description: "Threads that work on one picture together: a shorter wait, fewer pictures a second." }),
  sessions: z.int().min(1).max(64).optional().meta({
    description: "Pictures judged at once; one for each core, at most 4, when absent. Each takes about 70 MB.",
  }),
});
