import { z } from "zod";

const count = (description: string) => z.int().min(1).max(64).optional().meta({ description });

export const NsfwOptions = z.strictObject({
  threads: count(
    "Threads that work on one picture together: more of them shorten the wait for one, sessions serve more at once. 2, or 1 on a single core, when absent.",
  ),
  sessions: count(
    "Pictures judged at once. As many as the cores can feed, at most 4, when absent. Each takes about 110 MB.",
  ),
  settle_below: z.number().min(0).max(0.2).default(0.05).meta({
    description:
      "A picture for which the quick int8 model gives less than this to all unsafe classes together is done; the others are judged by the precise model. 0 puts every picture to the precise one.",
  }),
});
