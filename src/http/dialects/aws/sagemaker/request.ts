import { z } from "zod";
import { SafelightError } from "../../../../contract/errors.ts";
import { type GenerationRequest, generationRequestSchema } from "../../../../contract/generation.ts";
import type { Limits } from "../../../../contract/limits.ts";
import { validate } from "../../../body.ts";

/**
 * How the container that was meant would answer: pixels as nested arrays, pictures as base64 JPEG, Stability's `artifacts`, or the one
 * base64 PNG of its open models.
 */
export type Form = "pixels" | "jpeg" | "artifacts" | "png";

export interface Invocation {
  /** One for each prompt. */
  readonly requests: readonly GenerationRequest[];
  readonly form: Form;
  /** `generated_image` in place of `generated_images`. */
  readonly single: boolean;
  /** The prompt as it came, which the JumpStart containers send back. */
  readonly echo: string | readonly string[];
}

export interface Invoked {
  readonly contentType: string;
  readonly accept: string;
  readonly body: Uint8Array;
}

/** By whom a picture is made, and under which policy. */
export type By = Required<Pick<GenerationRequest, "generator" | "policy">>;

const STABILITY_SIDE = 1_024;
/** Of all pictures of an answer together, where they are numbers: about 30 MB of JSON. SageMaker itself ends at 6 MiB. */
const MOST_PIXELS = 2 * 1_024 * 1_024;

/** The body of `InvokeEndpoint` in any form of JumpStart's text-to-image containers. @throws SafelightError `invalid_request` */
export function readInvocation({ contentType, accept, body }: Invoked, by: By, limits: Limits): Invocation {
  const form = /^application\/json\s*;\s*jpeg\b/i.test(accept) ? "jpeg" : "pixels";
  const jumpStart = (members: object, single: boolean) => {
    const read = readJumpStart(members, by, limits);
    if (form === "pixels") assertFewPixels(read.requests);
    return { ...read, form, single } as const;
  };
  const text = decode(body);
  const type = contentType.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  if (type === "application/x-text") return jumpStart({ prompt: unquoted(text) }, true);
  if (type !== "application/json")
    throw new SafelightError("invalid_request", "the content type must be application/json or application/x-text");
  const members = withoutNulls(parse(text));
  return "text_prompts" in members ? readStability(members, by, limits) : jumpStart(members, false);
}

function assertFewPixels(requests: readonly GenerationRequest[]): void {
  const pixels = requests.reduce((sum, { width, height, n }) => sum + width * height * n, 0);
  if (pixels <= MOST_PIXELS) return;
  throw new SafelightError(
    "invalid_request",
    `pictures as numbers may have ${MOST_PIXELS} pixels together, and these have ${pixels}; as base64 they come with Accept: application/json;jpeg`,
  );
}

const notHere = z.never({ error: "is not supported here: pictures are made from text alone" }).optional();

/** `model-txt2img-*`: fields that are not listed are not used. */
function readJumpStart(members: object, by: By, limits: Limits): Pick<Invocation, "requests" | "echo"> {
  const { shape } = generationRequestSchema(limits);
  const several = "prompt" in members && Array.isArray(members.prompt);
  const most = limits.images_per_request;
  const perPrompt = <T extends z.ZodType>(schema: T) =>
    z
      .array(schema)
      .min(1, { error: "must have at least 1 entry" })
      .max(most, { error: `must have at most ${most} entries` });
  const common = {
    width: shape.width,
    height: shape.height,
    num_images_per_prompt: shape.n,
    num_inference_steps: shape.steps,
    guidance_scale: shape.guidance_scale,
    seed: shape.seed,
    image: notHere,
    init_image: notHere,
    mask_image: notHere,
  };
  const settings = validate(members, z.object(common));
  const texts = several
    ? validate(
        members,
        z.object({ prompt: perPrompt(shape.prompt), negative_prompt: perPrompt(shape.negative_prompt).default([]) }),
      )
    : one(validate(members, z.object({ prompt: shape.prompt, negative_prompt: shape.negative_prompt })));
  const each = Math.floor(most / texts.prompt.length);
  if (settings.num_images_per_prompt > each)
    throw new SafelightError("invalid_request", `"num_images_per_prompt" must be at most ${each} for these prompts`);
  const { num_images_per_prompt: n, num_inference_steps: steps, guidance_scale, seed, width, height } = settings;
  const requests = texts.prompt.map((prompt, index) =>
    asked(
      { prompt, negative_prompt: texts.negative_prompt[index] ?? "", width, height, n, ...by },
      { seed, steps, guidance_scale },
    ),
  );
  const [first = ""] = texts.prompt;
  return { requests, echo: several ? texts.prompt : first };
}

function one({ prompt, negative_prompt }: { prompt: string; negative_prompt: string }) {
  return { prompt: [prompt], negative_prompt: [negative_prompt] };
}

/**
 * Stability's containers. A prompt with a negative weight is what to keep out; other weights, samplers and styles are not used.
 * Settings of the refiner, and the samplers of the open models, are what only the open models have, whose answer is another.
 */
function readStability(members: object, by: By, limits: Limits): Invocation {
  const { shape } = generationRequestSchema(limits);
  const sides = { width: STABILITY_SIDE, height: STABILITY_SIDE, ...members };
  const body = validate(
    sides,
    z.object({
      text_prompts: z
        .array(z.object({ text: z.string(), weight: z.number().nullish() }))
        .min(1, { error: "must have at least 1 entry" }),
      width: shape.width,
      height: shape.height,
      samples: shape.n,
      steps: shape.steps,
      cfg_scale: shape.guidance_scale,
      seed: shape.seed,
      sampler: z.string().optional(),
      init_image: notHere,
      mask_image: notHere,
    }),
  );
  const joined = (wanted: boolean) =>
    body.text_prompts
      .filter(({ weight }) => (weight ?? 1) >= 0 === wanted)
      .map(({ text }) => text)
      .join(", ");
  const { text_prompts: prompt } = validate({ text_prompts: joined(true) }, z.object({ text_prompts: shape.prompt }));
  const { text_prompts: negative_prompt } = validate(
    { text_prompts: joined(false) },
    z.object({ text_prompts: shape.negative_prompt }),
  );
  const { samples: n, steps, cfg_scale: guidance_scale, seed, sampler, width, height } = body;
  const open = "use_refiner" in members || "refiner_steps" in members || sampler?.endsWith("Sampler");
  if (open && n > 1) throw new SafelightError("invalid_request", '"samples" must be 1 for this model');
  return {
    requests: [asked({ prompt, negative_prompt, width, height, n, ...by }, { seed, steps, guidance_scale })],
    form: open ? "png" : "artifacts",
    single: open === true,
    echo: prompt,
  };
}

type Fixed = Pick<GenerationRequest, "prompt" | "negative_prompt" | "width" | "height" | "n"> & By;
type Optional = { [K in "seed" | "steps" | "guidance_scale"]: number | undefined };

function asked(fixed: Fixed, { seed, steps, guidance_scale }: Optional): GenerationRequest {
  return {
    ...fixed,
    b64: true,
    ...(seed === undefined ? {} : { seed }),
    ...(steps === undefined ? {} : { steps }),
    ...(guidance_scale === undefined ? {} : { guidance_scale }),
  };
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new SafelightError("invalid_request", "the body is not valid UTF-8");
  }
}

function parse(text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  } catch {
    // falls through to the same answer
  }
  throw new SafelightError("invalid_request", "the body must be a JSON object");
}

/** Python's `None` stands for a member that is not there. */
function withoutNulls(members: object): object {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== null));
}

/** Some clients send the text as a JSON string. */
function unquoted(text: string): string {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "string" ? value : text;
  } catch {
    return text;
  }
}
