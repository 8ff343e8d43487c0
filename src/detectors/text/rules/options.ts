import { z } from "zod";
import { EntrySchema } from "./terms.ts";

export const RulesOptions = z.strictObject({
  /** A bare name is a shipped list of `policies/lists/`; with a `/` or a `.` it is a path. Left out: all shipped lists. */
  lists: z.array(z.string().min(1)).optional(),
  /** Terms of one's own, written as in a list. They are listed as `custom`. */
  add: z.array(EntrySchema).default([]),
  /** Words and phrases that are never flagged, and in which nothing is. */
  allow: z.array(z.string().min(1)).default([]),
  /** Terms of the lists that are switched off, as the lists write them. */
  off: z.array(z.string().min(1)).default([]),
});
export type RulesOptions = z.output<typeof RulesOptions>;
