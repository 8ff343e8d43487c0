import { z } from "zod";

const probability = (fallback: number) => z.number().min(0).max(1).default(fallback);

export const CustomOptions = z.strictObject({
  model: z.string().min(1).meta({
    description: "The folder that `safelight train` made. A new model in its place is loaded without a restart.",
  }),
  explain_above: probability(0.2).meta({
    description: "From this score on, findings name the words that carried it. 0: always.",
  }),
});
export type CustomOptions = z.output<typeof CustomOptions>;
