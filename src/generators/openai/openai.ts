import type { GeneratedImage, ImageGenerator, ImageRequest } from "../../contract/generator.ts";
import { Client } from "../../outbound/client.ts";
import { GENERATOR } from "../../outbound/role.ts";
import { readSecret } from "../../outbound/secret.ts";
import { inCalls, type Slot } from "../calls.ts";
import { AnswerSchema, readPictures, readStream, refusalIn } from "./answer.ts";
import { FAMILIES, type Family, familyOf, sizeFor } from "./families.ts";
import type { OpenAiOptions } from "./options.ts";
import { probeModel } from "./probe.ts";
import { inWords } from "./prompt.ts";

const PATH = "/images/generations";

/** Each of a handful of pictures, even the largest, in base64, with some unfinished ones before them. */
const MOST_BYTES = 512 * 1024 * 1024;

/**
 * OpenAI's Images API, and servers that speak it. It has no seeds: the same request makes other pictures each time.
 * @see https://developers.openai.com/api/docs/api-reference/images/create
 */
export async function openOpenAi(options: OpenAiOptions): Promise<ImageGenerator> {
  const { url, api_key, organization, project, concurrent_calls } = options;
  const family: Family = FAMILIES[options.family ?? familyOf(options.model)];
  const client = new Client(GENERATOR, {
    url,
    headers: {
      ...(api_key ? { authorization: `Bearer ${readSecret(api_key)}` } : {}),
      ...(organization ? { "openai-organization": organization } : {}),
      ...(project ? { "openai-project": project } : {}),
    },
  });
  const each = options.stream ? 1 : (options.pictures_per_call ?? family.picturesMost);
  return {
    id: "openai",
    version: "1",
    async generate(request, signal, onProgress) {
      const shared = bodyOf(request, options, family);
      const progress = new Progress(request, onProgress);
      return inCalls(
        request,
        { each, atOnce: concurrent_calls },
        async (slots, both) => {
          const made = await orWithheld(slots, () => make(client, options, shared, slots, both, progress));
          progress.reached(slots, 1);
          return made;
        },
        signal,
      );
    },
    probe: (signal) => probeModel(client, options, signal),
    close: () => client.close(),
  };
}

function bodyOf(request: ImageRequest, options: OpenAiOptions, family: Family): object {
  const { width, height } = sizeFor(family, request, options.size === "exact");
  const { negativePrompt } = request;
  const response_format = options.response_format ?? (family.response_format ? "b64_json" : "none");
  return {
    model: options.model,
    prompt: inWords(request.prompt, options.negative_prompt === "words" ? negativePrompt : "", family.promptMost),
    size: `${width}x${height}`,
    // What is undefined is left out in JSON.
    quality: options.quality,
    style: options.style,
    background: options.background,
    moderation: options.moderation,
    output_format: options.output_format,
    output_compression: options.output_compression,
    response_format: response_format === "none" ? undefined : response_format,
    negative_prompt: options.negative_prompt === "field" && negativePrompt !== "" ? negativePrompt : undefined,
  };
}

async function make(
  client: Client,
  options: OpenAiOptions,
  shared: object,
  slots: readonly Slot[],
  signal: AbortSignal,
  progress: Progress,
): Promise<GeneratedImage[]> {
  const format = options.output_format ?? "png";
  const call = { path: PATH, mostBytes: MOST_BYTES, longText: true };
  if (options.stream) {
    const partials = options.partial_images ?? 2;
    const body = { ...shared, n: 1, stream: true, partial_images: partials };
    const chunks = client.stream({ ...call, body, headers: { accept: "text/event-stream" } }, signal);
    return [await readStream(chunks, { format, partials }, (fraction) => progress.reached(slots, fraction))];
  }
  const answer = await client.json({ ...call, body: { ...shared, n: slots.length } }, AnswerSchema, signal);
  const trust = { hosts: options.trusted_hosts, origins: [options.url] };
  return readPictures(answer, slots.length, format, trust, signal);
}

/** A refusal is one for the whole call. */
async function orWithheld(
  slots: readonly Slot[],
  work: () => Promise<GeneratedImage[]>,
): Promise<readonly GeneratedImage[]> {
  try {
    return await work();
  } catch (error) {
    const reason = refusalIn(error);
    if (reason === undefined) throw error;
    return slots.map(() => ({ kind: "withheld", reason }));
  }
}

/** Of pictures that are made side by side: together they never go back. */
class Progress {
  readonly #reached = new Map<number, number>();
  readonly #pictures: number;
  readonly #tell: ((fraction: number) => void) | undefined;

  constructor({ images }: ImageRequest, tell: ((fraction: number) => void) | undefined) {
    this.#pictures = images.length;
    this.#tell = tell;
  }

  reached(slots: readonly Slot[], fraction: number): void {
    for (const { index } of slots) this.#reached.set(index, Math.max(fraction, this.#reached.get(index) ?? 0));
    const sum = [...this.#reached.values()].reduce((total, each) => total + each, 0);
    this.#tell?.(Math.min(1, sum / this.#pictures));
  }
}
