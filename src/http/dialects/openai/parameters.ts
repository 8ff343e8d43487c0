import { z } from "zod";
import type { Service } from "../../../app/service.ts";
import { type GenerationRequest, generationRequestSchema } from "../../../contract/generation.ts";
import type { Limits } from "../../../contract/limits.ts";
import { ParameterError, validParameters } from "./errors.ts";
import { generatorOf, speaksDallE } from "./models.ts";
import type { Encoding } from "./pictures.ts";

/** `POST /v1/images/generations`, understood. */
export interface ImagesRequest {
  readonly generation: GenerationRequest;
  readonly as: "b64_json" | "url";
  readonly encoding: Encoding;
  readonly stream: boolean;
  readonly dallE: boolean;
  /** Parameters that were understood and have no effect. */
  readonly ignored: readonly string[];
}

/** OpenAI's `auto`: the model decides. Theirs make squares of this side when nothing in the prompt speaks for another form. */
const AUTO_SIDE = 1024;
const SIZE = /^(\d{1,6})x(\d{1,6})$/;

/** Parameters by OpenAI's reference of November 2026; what is null is as if it were absent. */
export function imagesRequestSchema(service: Service) {
  const { limits } = service;
  const native = generationRequestSchema(limits);
  return z
    .strictObject({
      prompt: native.shape.prompt,
      model: z.string().min(1).max(200).nullish(),
      n: z.int().min(1).max(limits.images_per_request).nullish(),
      size: sizeSchema(limits).nullish(),
      quality: oneOf("auto", "low", "medium", "high", "xhigh", "max", "standard", "hd").nullish(),
      response_format: oneOf("b64_json", "url").nullish(),
      output_format: oneOf("png", "jpeg", "webp").nullish(),
      output_compression: z.int().min(0).max(100).nullish(),
      background: only(["auto", "opaque"], "Safelight's generators are not asked for transparency"),
      moderation: oneOf("auto", "low").nullish(),
      stream: z.boolean().nullish(),
      partial_images: z.int().min(0).max(3).nullish(),
      user: z.string().max(1_000).nullish(),
      safety_identifier: z.string().max(1_000).nullish(),
      style: oneOf("vivid", "natural").nullish(),
      complexity: unsupported("no generator takes it"),
      frame_count: unsupported("pictures are not animated"),
      frame_duration_ms: unsupported("pictures are not animated"),
      svg: unsupported("pictures are PNG, JPEG or WebP"),
      safelight: native
        .pick({ negative_prompt: true, seed: true, steps: true, guidance_scale: true })
        .extend({
          policy: z
            .string()
            .refine((name) => service.policyNames().includes(name), {
              error: () => `must be the name of a policy; there are: ${service.policyNames().join(", ")}`,
            })
            .optional(),
        })
        .prefault({}),
    })
    .superRefine((asked, context) => {
      const clash = (path: string, message: string) => context.addIssue({ code: "custom", path: [path], message });
      if ((asked.output_compression ?? 100) < 100 && (asked.output_format ?? "png") === "png") {
        clash("output_compression", 'needs "output_format": "jpeg" or "webp"; PNG loses nothing');
      }
      if (asked.response_format !== "url") return;
      const why = 'cannot be combined with "response_format": "url": the address answers the picture as it was made';
      if (asked.output_format != null) clash("output_format", why);
      if (asked.background === "opaque") clash("background", why);
      if (asked.stream) clash("response_format", 'must be "b64_json" when streaming: events carry base64');
    });
}

/**
 * Reads the parameters, and holds them against what is configured.
 * @throws ParameterError naming the parameter: invalid, not supported, an unknown model, addresses of pictures that are not kept
 */
export function readImagesRequest(
  body: unknown,
  schema: ReturnType<typeof imagesRequestSchema>,
  service: Service,
): ImagesRequest {
  const asked = validParameters(body, schema);
  const { negative_prompt, seed, steps, guidance_scale, policy } = asked.safelight;
  const dallE = speaksDallE(asked.model);
  const reencoded = asked.output_format != null || asked.background === "opaque" || asked.stream === true;
  const as = asked.response_format ?? (dallE && !reencoded ? "url" : "b64_json");
  if (as === "url" && service.policy(policy).retention.pictures === "discard") {
    const detail = 'must be "b64_json": the policy keeps no pictures, so there would be none at the address';
    throw new ParameterError("invalid_request", "response_format", "invalid_value", `"response_format" ${detail}`);
  }
  const [width, height] = sizeOf(asked.size, service.limits);
  return {
    generation: {
      prompt: asked.prompt,
      negative_prompt,
      width,
      height,
      n: asked.n ?? 1,
      generator: generatorOf(service, asked.model),
      b64: as === "b64_json",
      ...(policy === undefined ? {} : { policy }),
      ...(seed === undefined ? {} : { seed }),
      ...(steps === undefined ? {} : { steps }),
      ...(guidance_scale === undefined ? {} : { guidance_scale }),
    },
    as,
    encoding: {
      format: asked.output_format ?? undefined,
      quality: asked.output_compression ?? undefined,
      opaque: asked.background === "opaque",
    },
    stream: asked.stream ?? false,
    dallE,
    ignored: IGNORED.filter((name) => !NOTHING_SPECIAL.has(asked[name])),
  };
}

/** How much effort and which look is for the generator's configuration to say, and how strict the moderation is for the policy. */
const IGNORED = ["quality", "style", "moderation"] as const;
/** Values of these that ask for what is done anyway; OpenAI's defaults among them. */
const NOTHING_SPECIAL: ReadonlySet<string | null | undefined> = new Set([undefined, null, "auto", "standard", "vivid"]);

function sizeSchema({ image_side_min: least, image_side_max: most }: Limits) {
  const fits = (side: number) => side >= least && side <= most && side % 8 === 0;
  return z.string().refine((size) => size === "auto" || SIZE.exec(size)?.slice(1).map(Number).every(fits), {
    error: `must be "auto", or WIDTHxHEIGHT with sides of ${least} to ${most} pixels that are multiples of 8`,
  });
}

function sizeOf(size: string | null | undefined, { image_side_min, image_side_max }: Limits): [number, number] {
  const [, width, height] = SIZE.exec(size ?? "auto") ?? [];
  if (width !== undefined && height !== undefined) return [Number(width), Number(height)];
  const least = Math.ceil(image_side_min / 8) * 8;
  const side = Math.max(least, Math.floor(Math.min(AUTO_SIDE, image_side_max) / 8) * 8);
  return [side, side];
}

function oneOf<const T extends readonly [string, ...string[]]>(...values: T) {
  return z.enum(values, { error: `must be one of ${values.map((value) => JSON.stringify(value)).join(", ")}` });
}

/** A parameter of which only some values can be honoured. */
function only<const T extends readonly [string, ...string[]]>(values: T, why: string) {
  const list = values.map((value) => JSON.stringify(value)).join(" or ");
  return z.enum(values, { error: `must be ${list}: ${why}` }).nullish();
}

/** A parameter that cannot be honoured: nothing but null is taken for it. */
function unsupported(why: string) {
  return z
    .unknown()
    .optional()
    .refine((value) => value == null, { error: `is not supported here: ${why}` });
}
