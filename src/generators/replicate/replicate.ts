import { SafelightError } from "../../contract/errors.ts";
import type { GeneratedImage, ImageGenerator, ImageRequest } from "../../contract/generator.ts";
import { sniff } from "../../models/sniff.ts";
import { mayPassUntaken } from "../../outbound/fault.ts";
import { fetchPicture } from "../../outbound/picture.ts";
import { resilience } from "../../outbound/resilience.ts";
import { GENERATOR } from "../../outbound/role.ts";
import { readSecret } from "../../outbound/secret.ts";
import { inCalls } from "../calls.ts";
import { done } from "../job.ts";
import { type Prediction, ReplicateClient } from "./client.ts";
import type { ReplicateOptions } from "./options.ts";
import { outcomeOf } from "./outcome.ts";

/**
 * A model at Replicate. Each prediction makes one picture; what the model's own filter refuses is withheld.
 * @throws SafelightError `config_invalid` when the variable that `token` names is not set
 */
export async function openReplicate(options: ReplicateOptions): Promise<ImageGenerator> {
  const client = new ReplicateClient(options.url, readSecret(options.token));
  // A prediction that may have been begun is not begun again: it would be billed twice, and nobody would take the first back.
  const tries = resilience(GENERATOR, { again: mayPassUntaken });
  const trust = { hosts: options.trusted_hosts, origins: [options.url] };

  async function make(request: ImageRequest, seed: number, signal: AbortSignal): Promise<GeneratedImage> {
    const input = inputOf(request, seed, options);
    const job = {
      begin: (patience: AbortSignal) => client.create(options.model, input, patience),
      follow: (prediction: Prediction) => client.ended(prediction, signal),
      cancel: (prediction: Prediction) => client.cancel(prediction),
    };
    const outcome = outcomeOf(await done(job, tries, signal));
    if ("withheld" in outcome) return { kind: "withheld", reason: outcome.withheld };
    const bytes = await fetchPicture(GENERATOR, outcome.picture, trust, signal);
    if (bytes.length === 0) throw new SafelightError("provider_failed", "its picture is empty");
    const mediaType = sniff(bytes)?.mediaType ?? "image/png"; // what it is in truth is found out when it is decoded
    return { kind: "image", bytes, mediaType, ...(options.fields.seed === false ? {} : { seed }) };
  }

  return {
    id: "replicate",
    version: "1",
    generate: (request, caller, onProgress) =>
      inCalls(
        request,
        { each: 1, atOnce: options.concurrent_calls },
        (slots, signal) => Promise.all(slots.map(({ seed }) => make(request, seed, signal))),
        caller,
        onProgress,
      ),
    async probe(signal) {
      await client.assertModel(options.model, signal);
      return `the token is good, and the model ${options.model} is there`;
    },
    close: () => client.close(),
  };
}

/** The inputs by the names that the model has for them. */
function inputOf(request: ImageRequest, seed: number, options: ReplicateOptions): Record<string, unknown> {
  const values: Record<keyof ReplicateOptions["fields"], string | number | undefined> = {
    prompt: request.prompt,
    negative_prompt: request.negativePrompt === "" ? undefined : request.negativePrompt,
    width: request.width,
    height: request.height,
    seed,
    steps: request.steps ?? options.steps,
    guidance_scale: request.guidanceScale ?? options.guidance_scale,
  };
  const own = Object.entries(options.fields).flatMap(([field, name]) => {
    const value = values[field as keyof typeof values]; // the keys of `fields` are those of `values`
    return name === false || value === undefined ? [] : [[name, value] as const];
  });
  return { ...options.input, ...Object.fromEntries(own) };
}
