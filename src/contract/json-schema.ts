import { z } from "zod";
import { CoverageSchema, DecisionSchema, ReasonSchema } from "./decision.ts";
import {
  GenerationAnswerSchema,
  GenerationEventSchema,
  GenerationRecordSchema,
  generationRequestSchema,
  ImageCheckSchema,
  TextCheckSchema,
} from "./generation.ts";
import type { Limits } from "./limits.ts";
import { FindingSchema, ReportSchema } from "./report.ts";

/** The contract as JSON Schema (draft 2020-12), by name, for programs in other languages. */
export function contractJsonSchemas(limits: Limits): Readonly<Record<string, object>> {
  const schemas = {
    "generation-request": [generationRequestSchema(limits), "input"],
    "generation-answer": [GenerationAnswerSchema, "output"],
    "generation-record": [GenerationRecordSchema, "output"],
    "generation-event": [GenerationEventSchema, "output"],
    "text-check": [TextCheckSchema, "output"],
    "image-check": [ImageCheckSchema, "output"],
    decision: [DecisionSchema, "output"],
    reason: [ReasonSchema, "output"],
    coverage: [CoverageSchema, "output"],
    report: [ReportSchema, "output"],
    finding: [FindingSchema, "output"],
  } as const satisfies Record<string, readonly [z.ZodType, "input" | "output"]>;
  return Object.fromEntries(
    Object.entries(schemas).map(([name, [schema, io]]) => [name, z.toJSONSchema(schema, { io })]),
  );
}
