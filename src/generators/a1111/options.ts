import { z } from "zod";

export const A1111Options = z.strictObject({
  /** Where the web UI listens with `--api`, for instance `http://127.0.0.1:7860`. */
  url: z.url({ protocol: /^https?$/, error: "must be an http or https URL" }),
  /** The name of an environment variable that holds `user:password`, for a server started with `--api-auth`. */
  auth: z.strictObject({ from_env: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/) }).optional(),
  /** Title of a checkpoint, as the server lists it; the one that is loaded when absent. */
  model: z.string().min(1).optional(),
  sampler: z.string().min(1).optional(),
  scheduler: z.string().min(1).optional(),
  steps: z.int().min(1).max(150).default(20),
  guidance_scale: z.number().min(0).max(50).default(7),
});
export type A1111Options = z.output<typeof A1111Options>;
