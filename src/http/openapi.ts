import { z } from "@hono/zod-openapi";
import { VERSION } from "../app/version.ts";
import { ERRORS, ErrorCodeSchema, FieldErrorSchema } from "../contract/errors.ts";

export const ProblemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: ErrorCodeSchema,
    instance: z.string(),
    request_id: z.string(),
    errors: z.array(FieldErrorSchema).optional(),
  })
  .openapi("Problem");

/** What any endpoint may answer besides its own. */
export const PROBLEMS = {
  default: {
    description: `An error (RFC 9457). Codes: ${Object.entries(ERRORS)
      .map(([code, { status }]) => `\`${code}\` ${status}`)
      .join(", ")}.`,
    content: { "application/problem+json": { schema: ProblemSchema } },
  },
};

export const OPENAPI = {
  openapi: "3.1.0",
  info: {
    title: "Safelight",
    version: VERSION,
    description: "A moderation gateway for text-to-image generation: prompts and pictures judged, with reasons.",
    license: { name: "Apache-2.0", identifier: "Apache-2.0" },
  },
  /** None where no keys are configured. */
  security: [{}, { key: [] }],
};
