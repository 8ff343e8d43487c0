import { z } from "zod";
import { type Action, ActionSchema } from "../contract/actions.ts";
import { CategorySchema } from "../contract/categories.ts";

const score = z.number().min(0).max(1);

function thresholds<const A extends readonly Exclude<Action, "allow">[]>(actions: A) {
  const shape = Object.fromEntries(actions.map((action) => [action, score.optional()])) as {
    [K in A[number]]: z.ZodOptional<typeof score>;
  };
  return z.strictObject(shape).superRefine((value, context) => {
    const given = value as Partial<Record<Action, number>>;
    let last: { action: Action; limit: number } | undefined;
    for (const action of actions) {
      const limit = given[action];
      if (limit === undefined) continue;
      if (last && limit < last.limit) {
        context.addIssue({
          code: "custom",
          path: [action],
          message: `must not be below "${last.action}" (${last.limit}), or "${last.action}" could never be the consequence`,
        });
      }
      last = { action, limit };
    }
  });
}

const budget = z.int().min(1).max(600_000);

const name = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, { error: "must be 1 to 64 of a-z, 0-9, dot, dash and underscore" });

/** How a stage uses one detector of the configuration. `options` override the detector's own, for this policy alone. */
const promptUse = z.strictObject({
  required: z.boolean().default(true),
  budget_ms: budget.default(1_000),
  /** Slow: does not hold up the start of the generation. Nothing is released before its verdict. */
  overlap: z.boolean().default(false),
  options: z.record(z.string(), z.unknown()).optional(),
});
const imageUse = promptUse.omit({ overlap: true });

const PROMPT_ACTIONS = ["warn", "review", "block"] as const;
const IMAGE_ACTIONS = ["warn", "blur", "review", "block"] as const;

function stage<Use extends z.ZodType, Levels extends z.ZodType, Unknown extends z.ZodType>(
  use: Use,
  levels: Levels,
  unknown: Unknown,
) {
  return {
    detectors: z.record(name, use),
    /** At least one detector that ran must be able to score each of these. */
    require: z.array(CategorySchema).default([]),
    on_unknown: unknown,
    categories: z.partialRecord(CategorySchema, levels),
    /** Other thresholds for the scores of one detector: detector, then category. */
    per_detector: z.record(name, z.partialRecord(CategorySchema, levels)).default({}),
  };
}

const PromptStageSchema = z.strictObject(
  stage(promptUse, thresholds(PROMPT_ACTIONS), ActionSchema.exclude(["allow", "blur"]).default("block")),
);

const RetrySchema = z.strictObject({
  /** How often an unsafe picture may be made again. */
  times: z.int().min(0).max(10).default(0),
  on: z.array(ActionSchema.exclude(["allow"])).default(["blur", "review", "block"]),
  /** Whether a prompt that was warned about still earns another try. */
  after_warned_prompt: z.boolean().default(false),
  /** Added to the negative prompt when a picture is made again. */
  strengthen: z.string().default(""),
});

const BlurSchema = z.strictObject({
  /** A Gaussian blur, or squares of one colour each. */
  style: z.enum(["blur", "pixelate"]).default("blur"),
  /** The whole `picture`, or the `regions` of the findings that ask for it; the picture where one of them names no region. */
  extent: z.enum(["picture", "regions"]).default("picture"),
  /** Added on each side of a region, as a fraction of the longer of its `width` and `height`. */
  margin: z.number().min(0).max(1).default(0.25),
});

const ImageStageSchema = z.strictObject({
  ...stage(imageUse, thresholds(IMAGE_ACTIONS), ActionSchema.exclude(["allow"]).default("block")),
  retry: RetrySchema.prefault({}),
  /** Gaussian radius as a fraction of the picture's shorter side; a square of `pixelate` is twice as wide. */
  blur_radius: z.number().min(0.03).max(0.2).default(0.06),
  blur: BlurSchema.prefault({}),
  /** Of pictures that are shown as they are: `keep` all but prompts and settings, or `strip` all but what shows them the same. */
  metadata: z.enum(["keep", "strip"]).default("keep"),
});

const RetentionSchema = z.strictObject({
  /** `keep` the text, or only its `digest`. */
  prompts: z.enum(["keep", "digest"]).default("digest"),
  /** Pictures as they were answered (blurred ones blurred). With `discard` they are only in the answer itself. */
  pictures: z.enum(["keep", "discard"]).default("keep"),
  /** The unblurred originals of pictures that were blurred, held or blocked. */
  originals: z.enum(["keep", "discard"]).default("discard"),
  /** After this, text and pictures are forgotten; digests, scores and decisions stay. */
  days: z.int().min(1).max(36_500).default(30),
});

/** A policy file. Unknown keys are errors. */
export const PolicySchema = z
  .strictObject({
    schema: z.literal("safelight.policy/1"),
    name,
    version: z.string().min(1).max(64),
    description: z.string().default(""),
    prompt: PromptStageSchema,
    negative_prompt: z.string().max(4_000).default(""),
    image: ImageStageSchema,
    retention: RetentionSchema.prefault({}),
    /** Who may see the original of a blurred picture: nobody, or whoever can read the generation. Every reveal is recorded. */
    reveal: z.enum(["nobody", "caller"]).default("nobody"),
  })
  .superRefine((policy, context) => {
    if (policy.reveal === "caller" && policy.retention.originals === "discard") {
      context.addIssue({
        code: "custom",
        path: ["reveal"],
        message: 'needs "retention.originals: keep", or there is nothing to reveal',
      });
    }
  });
export type PolicyFile = z.infer<typeof PolicySchema>;
export type PromptStagePolicy = PolicyFile["prompt"];
export type ImageStagePolicy = PolicyFile["image"];

/** What `decide` needs to know of a stage. */
export interface StagePolicy {
  readonly detectors: Readonly<Record<string, { readonly required: boolean }>>;
  readonly require: PromptStagePolicy["require"];
  readonly on_unknown: Action;
  readonly categories: PromptStagePolicy["categories"] | ImageStagePolicy["categories"];
  readonly per_detector: PromptStagePolicy["per_detector"] | ImageStagePolicy["per_detector"];
}

/** A policy as it is in force: the parsed file, and the digest of its content (comments and layout do not count). */
export interface Policy extends PolicyFile {
  /** `sha256:<hex>` */
  readonly digest: string;
}
