import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { ImageGenerator, ImageRequest } from "../../contract/generator.ts";
import { type Answer, Client } from "../../outbound/client.ts";
import { refused } from "../../outbound/fault.ts";
import { resilience } from "../../outbound/resilience.ts";
import { GENERATOR } from "../../outbound/role.ts";
import { readSecret } from "../../outbound/secret.ts";
import { inCalls } from "../calls.ts";
import { imageOf, type Picture } from "../image-answer.ts";
import { jsonOf } from "../json.ts";
import { addressOf, type HuggingfaceOptions } from "./options.ts";
import { probeHub } from "./probe.ts";

const HUB = "https://huggingface.co";

/** While a model is being loaded, it is asked again after the time that was estimated, within these bounds. */
const LOADING_MS = { least: 500, most: 20_000 } as const;

/** Of the answer 503: the model is not there yet. Seconds. */
const LoadingSchema = z.object({ estimated_time: z.number().min(0) });

/**
 * Hugging Face's text-to-image inference, at its router or an endpoint of one's own. Each call makes one picture; the answer is its
 * bytes. A model that is still being loaded is waited for, as long as the request's budget lasts.
 * @param hub where models and tokens are known
 * @throws SafelightError `config_invalid` when the variable that `token` names is not set
 */
export async function openHuggingface(options: HuggingfaceOptions, hub = HUB): Promise<ImageGenerator> {
  const { origin, pathname, search } = addressOf(options);
  const { model, token } = options;
  const headers: Record<string, string> = {
    accept: "image/png",
    ...(options.token ? { authorization: `Bearer ${readSecret(options.token)}` } : {}),
  };
  // Further tries and the breaker are here and not in the client: to it, 503 would always be a fault.
  const client = new Client(GENERATOR, { url: origin, headers, tries: 1, breakAfter: Number.MAX_SAFE_INTEGER });
  const { run } = resilience(GENERATOR);

  /** @returns the answer with the picture, or in how many milliseconds the model may be there */
  async function ask(body: object, signal: AbortSignal): Promise<Answer | number> {
    const answer = await client.call({ path: `${pathname}${search}`, body, accepts: [503] }, signal);
    if (answer.status !== 503) return answer;
    const told = jsonOf(answer.bytes);
    const loading = LoadingSchema.safeParse(told);
    if (!loading.success) throw refused(GENERATOR, { ...answer, body: told });
    return Math.max(LOADING_MS.least, Math.min(LOADING_MS.most, loading.data.estimated_time * 1_000));
  }

  async function picture(body: object, signal: AbortSignal): Promise<Picture> {
    for (;;) {
      const answer = await run(() => ask(body, signal), signal);
      if (typeof answer !== "number") return imageOf(answer);
      await sleep(answer, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }

  return {
    id: "huggingface",
    version: "1",
    generate: (request, caller, onProgress) =>
      inCalls(
        request,
        { each: 1, atOnce: options.concurrent_calls },
        (slots, signal) =>
          Promise.all(
            slots.map(async ({ seed }) => ({ ...(await picture(bodyOf(request, seed, options), signal)), seed })),
          ),
        caller,
        onProgress,
      ),
    // An endpoint of one's own has no address that would tell anything without making a picture.
    ...(model !== undefined && token !== undefined
      ? { probe: (signal: AbortSignal) => probeHub(hub, model, token, signal) }
      : {}),
    close: () => client.close(),
  };
}

function bodyOf(request: ImageRequest, seed: number, options: HuggingfaceOptions): object {
  const { prompt, negativePrompt, width, height } = request;
  const steps = request.steps ?? options.steps;
  const guidance = request.guidanceScale ?? options.guidance_scale;
  return {
    inputs: prompt,
    parameters: {
      ...(negativePrompt === "" ? {} : { negative_prompt: negativePrompt }),
      width,
      height,
      ...(steps === undefined ? {} : { num_inference_steps: steps }),
      ...(guidance === undefined ? {} : { guidance_scale: guidance }),
      seed,
    },
  };
}
