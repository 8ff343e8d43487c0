import { z } from "zod";

const count = (description: string, most = 64) => z.int().min(1).max(most).optional().meta({ description });

export const TextInImageOptions = z.strictObject({
  judges: z
    .array(z.string())
    .min(1)
    .refine((names) => new Set(names).size === names.length, { error: "must not name a detector twice" })
    .optional()
    .meta({
      description:
        "Names of text detectors that judge what is read. When absent, the policy's that work on this machine.",
    }),
  min_confidence: z
    .number()
    .min(0)
    .max(1)
    .default(0.7)
    .meta({ description: "Words and lines that were read with less confidence are left out: they are seldom words." }),
  max_lines: z
    .int()
    .min(1)
    .max(200)
    .default(100)
    .meta({ description: "Lines that are read in one frame; with more of them the detector cannot tell." }),
  threads: count(
    "Threads that work on one picture together. When absent, one for each core, at most 4, while one picture is judged, and each session's share while there are many.",
  ),
  sessions: count("Pictures read at once. As many as the cores can feed, at most 4, when absent."),
});
export type TextInImageOptions = z.output<typeof TextInImageOptions>;
