import { FormData } from "undici";
import { z } from "zod";
import { SafelightError } from "../../contract/errors.ts";
import type { GeneratedImage, ImageGenerator, ImageRequest } from "../../contract/generator.ts";
import { Client } from "../../outbound/client.ts";
import { decodeBase64 } from "../../outbound/picture.ts";
import { GENERATOR } from "../../outbound/role.ts";
import { readSecret } from "../../outbound/secret.ts";
import { inCalls, type Slot } from "../calls.ts";
import { aspectOf } from "./aspect.ts";
import type { StabilityOptions } from "./options.ts";

const PROMPT_MOST = 10_000;
const SEED_MOST = 4_294_967_294;
const GUIDANCE = { least: 1, most: 10 };

/** What is needed of an answer. `finish_reason` is SUCCESS, or CONTENT_FILTERED with a blurred picture that is not the one. */
const AnswerSchema = z.object({
  image: z.string().nullish(),
  finish_reason: z.string().nullish(),
  seed: z.number().nullish().catch(null),
});

const BalanceSchema = z.object({ credits: z.number() });

/**
 * Stability AI's platform, version v2beta: the services core, ultra and sd3. One picture a call.
 * @see https://platform.stability.ai/docs/api-reference
 */
export async function openStability(options: StabilityOptions): Promise<ImageGenerator> {
  const client = new Client(GENERATOR, {
    url: options.url,
    headers: { authorization: `Bearer ${readSecret(options.api_key)}` },
  });
  return {
    id: "stability",
    version: "1",
    async generate(request, signal, onProgress) {
      assertTakes(request, options);
      return inCalls(
        request,
        { each: 1, atOnce: options.concurrent_calls },
        (slots, both) => Promise.all(slots.map((slot) => make(client, options, request, slot, both))),
        signal,
        onProgress,
      );
    },
    async probe(signal) {
      const { credits } = await client.json({ path: "/v1/user/balance" }, BalanceSchema, signal);
      if (credits <= 0) throw rejected("the account has no credits left");
      return `the key is good; the account has ${credits.toFixed(1)} credits`;
    },
    close: () => client.close(),
  };
}

/** @throws SafelightError `provider_rejected` for what the vendor would not take, with the limit */
function assertTakes({ prompt, negativePrompt, guidanceScale }: ImageRequest, { service }: StabilityOptions): void {
  const tooLong = (what: string, { length }: string) => {
    if (length > PROMPT_MOST)
      throw rejected(`the ${what} has ${length} characters, and it takes at most ${PROMPT_MOST}`);
  };
  tooLong("prompt", prompt);
  tooLong("negative prompt", negativePrompt);
  const { least, most } = GUIDANCE;
  if (service === "sd3" && guidanceScale !== undefined && (guidanceScale < least || guidanceScale > most))
    throw rejected(`guidance_scale is ${guidanceScale}, and it takes ${least} to ${most}`);
}

function rejected(detail: string): SafelightError {
  return new SafelightError("provider_rejected", detail);
}

async function make(
  client: Client,
  options: StabilityOptions,
  request: ImageRequest,
  { seed }: Slot,
  signal: AbortSignal,
): Promise<GeneratedImage> {
  const sent = Math.min(seed, SEED_MOST);
  const path = `/v2beta/stable-image/generate/${options.service}`;
  const call = { path, body: formOf(request, sent, options) };
  const answer = await client.json(call, AnswerSchema, signal).catch((error: unknown) => {
    if (isModerated(error)) return undefined;
    throw error;
  });
  if (answer === undefined) return { kind: "withheld", reason: "content_moderation" };
  const { finish_reason: reason } = answer;
  if (reason === "CONTENT_FILTERED") return { kind: "withheld", reason };
  if (reason !== "SUCCESS" || answer.image == null)
    // a picture without a reason might be the blurred one
    throw new SafelightError("provider_failed", "it answered without a finished picture");
  return {
    kind: "image",
    bytes: decodeBase64(GENERATOR, answer.image),
    mediaType: `image/${options.output_format}`,
    ...seedOf(answer.seed, sent),
  };
}

/** A seed of 0 asks the vendor to choose: then only the answer knows it. */
function seedOf(answered: number | null | undefined, sent: number): { seed?: number } {
  const seed = answered ?? (sent === 0 ? undefined : sent);
  return seed === undefined ? {} : { seed };
}

function formOf(request: ImageRequest, seed: number, options: StabilityOptions): FormData {
  const form = new FormData();
  form.set("prompt", request.prompt);
  if (request.negativePrompt !== "") form.set("negative_prompt", request.negativePrompt);
  form.set("aspect_ratio", aspectOf(request.width, request.height));
  form.set("seed", String(seed));
  form.set("output_format", options.output_format);
  if (options.style_preset !== undefined) form.set("style_preset", options.style_preset);
  if (options.service === "sd3") {
    form.set("mode", "text-to-image");
    const guidance = request.guidanceScale ?? options.guidance_scale;
    if (options.model !== undefined) form.set("model", options.model);
    if (guidance !== undefined) form.set("cfg_scale", String(guidance));
  }
  return form;
}

/** 403 `content_moderation`: the prompt was flagged. Other 403s are about the key. */
function isModerated(error: unknown): boolean {
  const vendor = error instanceof SafelightError ? error.vendor : undefined;
  return vendor?.status === 403 && vendor.code === "content_moderation";
}
