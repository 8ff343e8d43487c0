import { z } from "zod";

const probability = (fallback: number) => z.number().min(0).max(1).default(fallback);

export const ClassifierOptions = z.strictObject({
  explain_above: probability(0.5).meta({
    description:
      "From this score on, findings name the words that carried it. 0: always; 1: practically never. An explanation costs about six times the judgement.",
  }),
  report_above: probability(0.01).meta({ description: "Scores below are not reported: they count as 0." }),
  threads: z
    .int()
    .min(1)
    .max(64)
    .default(1)
    .meta({ description: "Threads that work on one text together: a shorter wait, fewer texts a second." }),
  sessions: z.int().min(1).max(64).optional().meta({
    description: "Texts judged at once; one for each core, at most 4, when absent. Each takes about 50 MB.",
  }),
});
export type ClassifierOptions = z.output<typeof ClassifierOptions>;
