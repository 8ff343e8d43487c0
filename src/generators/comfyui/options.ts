import { z } from "zod";
import { SecretSchema } from "../../outbound/secret.ts";
import { BaseUrlSchema } from "../../outbound/url.ts";

/** What only the built-in workflow has, and what only one's own has. */
const BUILT_IN = ["checkpoint", "sampler", "scheduler"] as const;
const OWN = ["output_node"] as const;

export const ComfyuiOptions = z
  .strictObject({
    url: BaseUrlSchema.meta({ description: "Where ComfyUI listens, for instance http://127.0.0.1:8188." }),
    auth: SecretSchema.optional().meta({
      description: "The environment variable that holds user:password, for a server behind a proxy that asks for them.",
    }),
    checkpoint: z.string().min(1).optional().meta({
      description: "A file that the server's CheckpointLoaderSimple lists. With it the built-in workflow is used.",
    }),
    sampler: z.string().min(1).optional().meta({ description: "Of the built-in workflow; euler when absent." }),
    scheduler: z.string().min(1).optional().meta({ description: "Of the built-in workflow; normal when absent." }),
    workflow: z.string().min(1).optional().meta({
      description: "A JSON file in ComfyUI's API format with placeholders such as {{prompt}}, used instead.",
    }),
    output_node: z.string().min(1).optional().meta({
      description: "The id of the node of the workflow whose picture is taken; needed only where several give one.",
    }),
    steps: z.int().min(1).max(150).default(20),
    guidance_scale: z.number().min(1).max(50).default(7),
  })
  .superRefine((options, context) => {
    const { checkpoint, workflow } = options;
    if (checkpoint === undefined && workflow === undefined)
      context.addIssue({ code: "custom", message: "must have either checkpoint or workflow" });
    const strange = workflow === undefined ? OWN : BUILT_IN;
    for (const key of strange) {
      if (options[key] === undefined) continue;
      const message = workflow === undefined ? "has a meaning only with workflow" : "has no meaning with workflow";
      context.addIssue({ code: "custom", path: [key], message });
    }
  });
export type ComfyuiOptions = z.output<typeof ComfyuiOptions>;
