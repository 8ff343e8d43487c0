import { z } from "zod";
import { SecretSchema } from "../../outbound/secret.ts";
import { BaseUrlSchema } from "../../outbound/url.ts";

/** Shared by all that make pictures from text. */
const STYLES = [
  "3d-model",
  "analog-film",
  "anime",
  "cinematic",
  "comic-book",
  "digital-art",
  "enhance",
  "fantasy-art",
  "isometric",
  "line-art",
  "low-poly",
  "modeling-compound",
  "neon-punk",
  "origami",
  "photographic",
  "pixel-art",
  "tile-texture",
] as const;

export const StabilityOptions = z
  .strictObject({
    url: BaseUrlSchema.default("https://api.stability.ai").meta({ description: "Where the API is, without /v2beta." }),
    api_key: SecretSchema.meta({ description: "The API key." }),
    service: z
      .enum(["core", "ultra", "sd3"])
      .default("core")
      .meta({ description: "Which of the services makes the pictures." }),
    model: z.string().min(1).optional().meta({
      description:
        "sd3 only: for instance sd3.5-large, sd3.5-large-turbo or sd3.5-medium; the service's own default when absent.",
    }),
    style_preset: z.enum(STYLES).optional().meta({ description: "core only." }),
    guidance_scale: z.number().min(1).max(10).optional().meta({
      description: "sd3 only: how closely the prompt is followed; the model's own when absent.",
    }),
    output_format: z.enum(["png", "jpeg", "webp"]).default("png").meta({ description: "sd3 makes no webp." }),
    concurrent_calls: z.int().min(1).max(16).default(4).meta({
      description: "Calls at the same time in one generation; each makes one picture.",
    }),
  })
  .superRefine((options, context) => {
    const { service, model, style_preset, guidance_scale, output_format } = options;
    const wrong = (key: keyof typeof options, message: string) =>
      context.addIssue({ code: "custom", path: [key], message });
    if (model !== undefined && service !== "sd3") wrong("model", "is taken by sd3 only");
    if (guidance_scale !== undefined && service !== "sd3") wrong("guidance_scale", "is taken by sd3 only");
    if (style_preset !== undefined && service !== "core") wrong("style_preset", "is taken by core only");
    if (output_format === "webp" && service === "sd3") wrong("output_format", "must be png or jpeg for sd3");
  });
export type StabilityOptions = z.output<typeof StabilityOptions>;
