import { z } from "zod";

const count = (description: string) => z.int().min(1).max(64).optional().meta({ description });

export const NsfwOptions = z.strictObject({
  threads: count(
    "Threads that work on one picture together: more of them shorten the wait for one, sessions serve more at once. 2, or 1 on a single core, when absent.",
  ),
  sessions: count(
    "Pictures judged at once. As many as the cores can feed, at most 4, when absent. Each takes about 70 MB.",
  ),
});
