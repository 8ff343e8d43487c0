import { z } from "zod";
import { SecretSchema } from "../../outbound/secret.ts";
import { BaseUrlSchema, HostPatternSchema } from "../../outbound/url.ts";
import { FAMILIES, FAMILY_NAMES, type Family, familyOf } from "./families.ts";

export const OPENAI = "https://api.openai.com/v1";

export const OpenAiOptions = z
  .strictObject({
    url: BaseUrlSchema.default(OPENAI).meta({
      description: "The start of the API's addresses, with /v1: OpenAI's, or that of a compatible server.",
    }),
    api_key: SecretSchema.optional().meta({
      description: "The API key. Only a compatible server may do without.",
    }),
    organization: z.string().min(1).optional().meta({ description: "Sent as OpenAI-Organization." }),
    project: z.string().min(1).optional().meta({ description: "Sent as OpenAI-Project." }),
    model: z
      .string()
      .min(1)
      .meta({ description: "For instance gpt-image-2, or the name that a compatible server has." }),
    family: z.enum(FAMILY_NAMES).optional().meta({
      description: "Whose rules the model keeps to. Told from its name when absent.",
    }),
    size: z.enum(["nearest", "exact"]).default("nearest").meta({
      description: "Whether a size that the model does not make becomes the nearest one, or a failure.",
    }),
    quality: z.string().min(1).optional(),
    style: z.string().min(1).optional(),
    background: z.string().min(1).optional(),
    moderation: z.string().min(1).optional().meta({ description: "How strict the vendor's own filter is." }),
    output_format: z.string().min(1).optional(),
    output_compression: z.int().min(0).max(100).optional().meta({ description: "Percent, of jpeg and webp." }),
    response_format: z.string().min(1).optional().meta({
      description:
        "How pictures come, where the model leaves a choice: b64_json (when absent), url, or none to send no such field.",
    }),
    negative_prompt: z.enum(["words", "field", "none"]).default("words").meta({
      description:
        "How the negative prompt is sent: in words at the end of the prompt, in a field negative_prompt that some compatible servers have, or not at all.",
    }),
    stream: z.boolean().default(false).meta({ description: "Whether progress is told while a picture is made." }),
    partial_images: z.int().min(0).max(3).optional().meta({
      description: "Steps of progress in a stream; 2 when absent. OpenAI bills each.",
    }),
    pictures_per_call: z.int().min(1).max(10).optional().meta({
      description: "As many as the model can make in one call, when absent. A stream has one.",
    }),
    concurrent_calls: z
      .int()
      .min(1)
      .max(16)
      .default(4)
      .meta({ description: "Calls at the same time in one generation." }),
    trusted_hosts: z
      .array(HostPatternSchema)
      .default(["oaidalleapiprodscus.blob.core.windows.net"])
      .meta({ description: "Hosts from which pictures may be fetched, over https, where answers hold addresses." }),
  })
  .superRefine((options, context) => {
    const wrong = (key: keyof typeof options, message: string) =>
      context.addIssue({ code: "custom", path: [key], message });
    const name = options.family ?? familyOf(options.model);
    const family: Family = FAMILIES[name];
    if (options.api_key === undefined && URL.parse(options.url)?.host === URL.parse(OPENAI)?.host)
      wrong("api_key", "is needed for OpenAI's own API");
    for (const key of ["quality", "style", "background", "moderation", "output_format", "response_format"] as const) {
      const value = options[key];
      const allowed = family[key];
      if (value === undefined || allowed?.includes(value)) continue;
      wrong(key, allowed ? `must be one of ${allowed.join(", ")} for ${name}` : `is not taken by ${name}`);
    }
    if (options.output_compression !== undefined && !/^(?:jpeg|webp)$/.test(options.output_format ?? ""))
      wrong("output_compression", "needs output_format jpeg or webp");
    if (options.background === "transparent" && options.output_format === "jpeg")
      wrong("background", "transparent needs output_format png or webp");
    if (options.stream && !family.streams) wrong("stream", `is not taken by ${name}`);
    if (options.partial_images !== undefined && !options.stream) wrong("partial_images", "needs stream: true");
    const most = options.stream ? 1 : family.picturesMost;
    if ((options.pictures_per_call ?? 1) > most)
      wrong("pictures_per_call", `must be at most ${most} ${options.stream ? "in a stream" : `for ${name}`}`);
  });
export type OpenAiOptions = z.output<typeof OpenAiOptions>;
