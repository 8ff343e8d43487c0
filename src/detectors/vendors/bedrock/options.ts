import { z } from "zod";
import { CategorySchema } from "../../../contract/categories.ts";
import { AWS_OPTIONS } from "../../../outbound/aws-options.ts";
import { GUARDRAIL_FILTERS, type GuardrailFilter } from "./labels.ts";

const FILTERS = Object.keys(GUARDRAIL_FILTERS) as readonly GuardrailFilter[]; // its keys are these

/** The same for texts and pictures: one entry of the configuration serves both stages. */
export const GuardrailOptions = z.strictObject({
  ...AWS_OPTIONS,
  guardrail: z
    .string()
    .max(2048)
    .regex(/^(?:[a-z0-9]+|arn:aws[a-z-]*:bedrock:[a-z0-9-]{1,20}:\d{12}:guardrail\/[a-z0-9]+)$/, {
      error: "must be the id or the ARN of a guardrail",
    }),
  guardrail_version: z
    .string()
    .regex(/^(?:[1-9]\d{0,7}|DRAFT)$/, { error: 'must be a number in quotes, such as "1", or DRAFT' })
    .default("DRAFT")
    .meta({ description: "A numbered version keeps the scores from changing." }),
  filters: z
    .array(z.enum(FILTERS))
    .default(["HATE", "INSULTS", "SEXUAL", "VIOLENCE", "MISCONDUCT"])
    .meta({ description: "The content filters that the guardrail has: what it is counted on for." }),
  topics: z.record(z.string().min(1).max(100), CategorySchema).default({}).meta({
    description: "The guardrail's denied topics by name, each with its category. Others are unsafe.",
  }),
  profanity: z.boolean().default(false).meta({ description: "Whether the guardrail has the list of profane words." }),
  sensitive_information: z.boolean().default(false).meta({
    description: "Whether the guardrail looks for personal data.",
  }),
  words: CategorySchema.default("unsafe").meta({ description: "The category of the guardrail's own words." }),
});
export type GuardrailOptions = z.output<typeof GuardrailOptions>;
