import { z } from "zod";
import { ActionSchema, StageSchema } from "./actions.ts";
import { CategorySchema } from "./categories.ts";
import { DecisionSchema } from "./decision.ts";
import { ErrorCodeSchema, VendorFaultSchema } from "./errors.ts";
import { type Limits, perLimits } from "./limits.ts";
import { ReportSchema } from "./report.ts";

const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/;

function text(limit: number) {
  return z
    .string()
    .max(limit, { error: `must be at most ${limit} characters (UTF-16 units)` })
    .refine((value) => value.isWellFormed(), { error: "must be well-formed Unicode: it has a lone surrogate" })
    .refine((value) => !TURNED_AROUND.test(value), {
      error:
        "must give no word a negative weight, such as (word:-1): what is judged would be the opposite of what is drawn",
    })
    .refine((value) => !CONTROL.test(value), {
      error: "must have no control characters but tab, line feed and carriage return",
    });
}

/** `(word:-1)`, or `AND word :-1`: many back ends turn a word with a negative weight into its opposite. */
const TURNED_AROUND = /\([^()]*:\s*-\s*\.?\d|\bAND\b[^:]{0,200}:\s*-\s*\.?\d/;

/** A prompt: not blank, well-formed Unicode, no control characters, within the limit. */
export const promptSchema = perLimits((limits) =>
  text(limits.prompt_characters).refine((value) => value.trim() !== "", { error: "must not be empty" }),
);

function side(limits: Limits) {
  return z
    .int()
    .min(limits.image_side_min)
    .max(limits.image_side_max)
    .multipleOf(8)
    .meta({ description: `Pixels, a multiple of 8, ${limits.image_side_min} to ${limits.image_side_max}.` });
}

/** The body of `POST /api/v1/generations`. */
export const generationRequestSchema = perLimits((limits) =>
  z.strictObject({
    prompt: promptSchema(limits).meta({ description: "What to draw." }),
    negative_prompt: text(limits.prompt_characters)
      .default("")
      .meta({ description: "What to keep out. The policy's own negative prompt is added to it." }),
    width: side(limits).default(512),
    height: side(limits).default(512),
    n: z.int().min(1).max(limits.images_per_request).default(1).meta({ description: "How many pictures." }),
    seed: z
      .int()
      .min(0)
      .max(0xffff_ffff)
      .optional()
      .meta({ description: "Of the first picture; the others follow from it. Random when absent." }),
    steps: z.int().min(1).max(150).optional(),
    guidance_scale: z.number().min(1).max(50).optional().meta({
      description:
        "How closely the picture follows the prompt; 1: no guidance. Below that it would follow the negative prompt.",
    }),
    policy: z
      .string()
      .min(1)
      .max(64)
      .optional()
      .meta({ description: "Name of a policy; the configured one when absent." }),
    generator: z
      .string()
      .min(1)
      .max(64)
      .optional()
      .meta({ description: "Name of a generator; the configured one when absent." }),
    b64: z
      .boolean()
      .default(true)
      .meta({ description: "Whether pictures come as base64 in the answer, besides their URL." }),
  }),
);
export type GenerationRequest = z.infer<ReturnType<typeof generationRequestSchema>>;

export const PolicyRefSchema = z.object({ name: z.string(), version: z.string(), digest: z.string() });
export type PolicyRef = z.infer<typeof PolicyRefSchema>;

/** A decision together with the reports it was made from. */
export const JudgementSchema = DecisionSchema.extend({ reports: z.array(ReportSchema) });
export type Judgement = z.infer<typeof JudgementSchema>;

/** Bytes that Safelight keeps: their digest `sha256:<hex>` is their address in the store. */
export const StoredPictureSchema = z.object({
  digest: z.string(),
  media_type: z.string(),
  bytes: z.int().min(0),
});
export type StoredPicture = z.infer<typeof StoredPictureSchema>;

/** One picture that was made and judged, in one attempt. */
export const TrialSchema = JudgementSchema.extend({
  attempt: z.int().min(1),
  index: z.int().min(0),
  seed: z.int().min(0),
  /** The digest of the exact bytes judged; null when the back end withheld the picture. */
  digest: z.string().nullable(),
  width: z.int().nullable(),
  height: z.int().nullable(),
  withheld: z.string().nullable(),
});
export type Trial = z.infer<typeof TrialSchema>;

/** What the caller gets for one of the n pictures asked for: the best of its trials. */
export const ImageOutcomeSchema = DecisionSchema.extend({
  index: z.int().min(0),
  /** The trial it comes from. */
  attempt: z.int().min(1),
  seed: z.int().min(0),
  width: z.int().nullable(),
  height: z.int().nullable(),
  media_type: z.string().nullable(),
  blurred: z.boolean(),
  /** Where the bytes shown are kept, if the policy keeps them; null when none are shown or kept. */
  released: StoredPictureSchema.nullable(),
  /** The unblurred original, where the policy keeps it. */
  original: StoredPictureSchema.nullable(),
});
export type ImageOutcome = z.infer<typeof ImageOutcomeSchema>;

/** What a person should be told, in plain language. */
export const WarningSchema = z.object({
  stage: StageSchema,
  category: CategorySchema.nullable(),
  action: ActionSchema,
  /** Which picture; null for the prompt. */
  index: z.int().nullable(),
  message: z.string(),
});
export type Warning = z.infer<typeof WarningSchema>;

/** Milliseconds by the wall clock. `moderation_share` is the part of the total that was not spent waiting for the generator. */
export const TimingsSchema = z.object({
  prompt_ms: z.number(),
  generation_ms: z.number(),
  image_ms: z.number(),
  total_ms: z.number(),
  moderation_share: z.number().min(0).max(1),
});
export type Timings = z.infer<typeof TimingsSchema>;

/** `currency` as ISO 4217 has it. All prices of one configuration are in the same. */
export interface Price {
  readonly amount: number;
  readonly currency: string;
}

export const CostSchema = z.object({
  amount: z.number().min(0),
  currency: z.string(),
  parts: z.array(
    z.object({ part: z.string(), units: z.number().min(0), unit_price: z.number().min(0), amount: z.number().min(0) }),
  ),
});
export type Cost = z.infer<typeof CostSchema>;

/**
 * `complete`: every picture has an outcome, whatever it is. `refused`: the prompt was blocked, nothing was generated or
 * released. `held`: the prompt waits for a person. `failed`: see `error`.
 */
export const GENERATION_STATES = ["running", "complete", "refused", "held", "failed", "cancelled"] as const;
export const GenerationStateSchema = z.enum(GENERATION_STATES);
export type GenerationState = z.infer<typeof GenerationStateSchema>;

/** The one record that audit, review, replay, metrics and the console read. */
export const GenerationRecordSchema = z.object({
  id: z.string(),
  state: GenerationStateSchema,
  /** The strongest over the prompt and the pictures answered; null until it is known. */
  action: ActionSchema.nullable(),
  created_at: z.iso.datetime(),
  finished_at: z.iso.datetime().nullable(),
  policy: PolicyRefSchema,
  generator: z.string(),
  /** What a person must be told about the generator, if it is no real model. */
  notice: z.string().nullable(),
  request: z.object({
    /** Null where the policy does not keep prompts, and once its retention has passed. */
    prompt: z.string().nullable(),
    prompt_digest: z.string(),
    prompt_characters: z.int(),
    negative_prompt: z.string().nullable(),
    width: z.int(),
    height: z.int(),
    n: z.int(),
    seed: z.int(),
    steps: z.int().nullable(),
    guidance_scale: z.number().nullable(),
  }),
  prompt: JudgementSchema.nullable(),
  /** As sent to the generator: the policy's merged with the caller's. Null where the policy does not keep prompts. */
  negative_prompt: z.string().nullable(),
  images: z.array(ImageOutcomeSchema),
  warnings: z.array(WarningSchema),
  /** How often the generator was asked. */
  attempts: z.int().min(0),
  /** Every picture made, in every attempt. */
  trials: z.array(TrialSchema),
  timings: TimingsSchema,
  cost: CostSchema,
  error: z.object({ code: ErrorCodeSchema, detail: z.string(), vendor: VendorFaultSchema.optional() }).nullable(),
  /** When text and pictures are forgotten; null: never. */
  expires_at: z.iso.datetime().nullable(),
});
export type GenerationRecord = z.infer<typeof GenerationRecordSchema>;

/** What happens during a moderated generation, in order. The last one is always `finished`. */
export const GenerationEventSchema = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("started"),
    id: z.string(),
    policy: PolicyRefSchema,
    generator: z.string(),
    notice: z.string().nullable(),
    n: z.int(),
    seed: z.int(),
  }),
  z.object({ type: z.literal("prompt_report"), at_ms: z.number(), report: ReportSchema }),
  z.object({ type: z.literal("prompt_decided"), at_ms: z.number(), decision: DecisionSchema }),
  z.object({
    type: z.literal("generation_started"),
    at_ms: z.number(),
    attempt: z.int(),
    images: z.array(z.object({ index: z.int(), seed: z.int() })),
  }),
  z.object({ type: z.literal("generation_progress"), at_ms: z.number(), attempt: z.int(), fraction: z.number() }),
  z.object({ type: z.literal("generation_finished"), at_ms: z.number(), attempt: z.int(), duration_ms: z.number() }),
  z.object({
    type: z.literal("image_report"),
    at_ms: z.number(),
    attempt: z.int(),
    index: z.int(),
    report: ReportSchema,
  }),
  z.object({
    type: z.literal("image_decided"),
    at_ms: z.number(),
    attempt: z.int(),
    index: z.int(),
    decision: DecisionSchema,
    /** Whether this picture is made again with a new seed. */
    retry: z.boolean(),
  }),
  z.object({ type: z.literal("finished"), at_ms: z.number(), record: GenerationRecordSchema }),
]);
export type GenerationEvent = z.infer<typeof GenerationEventSchema>;

/** A record as the API answers it: pictures by URL, and as base64 where asked for. */
export const GenerationAnswerSchema = GenerationRecordSchema.extend({
  images: z.array(ImageOutcomeSchema.extend({ b64: z.string().nullable(), url: z.string().nullable() })),
  /** Where this record can be read again. */
  url: z.string(),
  request_id: z.string(),
});
export type GenerationAnswer = z.infer<typeof GenerationAnswerSchema>;

/** The answer of `checks/text`. */
export const TextCheckSchema = JudgementSchema.extend({
  policy: PolicyRefSchema,
  timings: z.object({ total_ms: z.number() }),
  request_id: z.string(),
});

/** The answer of `checks/image`. */
export const ImageCheckSchema = JudgementSchema.extend({
  policy: PolicyRefSchema,
  image: z.object({
    digest: z.string(),
    media_type: z.string(),
    width: z.int(),
    height: z.int(),
    frames: z.int(),
    frames_judged: z.int(),
  }),
  timings: z.object({ decode_ms: z.number(), total_ms: z.number() }),
  request_id: z.string(),
});
