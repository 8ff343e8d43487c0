import { setTimeout as sleep } from "node:timers/promises";
import { SafelightError } from "../../contract/errors.ts";
import type { GeneratedImage, ImageGenerator, ImageRequest } from "../../contract/generator.ts";
import { orAbort } from "../../pipeline/abort.ts";
import { A1111Client } from "./client.ts";
import type { A1111Options } from "./options.ts";

const POLL_MS = 500;
/** How long an interrupted job may take to end before the next one is sent all the same. */
const GRACE_MS = 30_000;
/** The server forgets an interrupt that comes just before it begins the job. */
const INTERRUPT_AGAIN_MS = 1_000;

/**
 * A Stable Diffusion server with the API of AUTOMATIC1111's web UI (`--api`): that one, Forge, and those compatible with them.
 * The server has one job at a time and its interrupt ends whichever runs, so requests wait in line here.
 */
export async function openA1111(options: A1111Options): Promise<ImageGenerator> {
  const client = new A1111Client(options);
  const line = new Line();
  return {
    id: "a1111",
    version: "2",
    async generate(request, signal, onProgress) {
      const done: GeneratedImage[] = [];
      for (const run of consecutiveSeeds(request.images)) {
        const report = (fraction: number) =>
          onProgress?.((done.length + fraction * run.length) / request.images.length);
        signal.throwIfAborted();
        const turn = line.wait(
          () => makeRun(client, bodyOf(request, run, options), run.length, signal, report),
          signal,
        );
        done.push(...(await orAbort(turn, signal))); // whoever goes away need not wait: the line does
      }
      return done;
    },
    async probe(signal) {
      return `it answers; the checkpoint is ${await client.checkpoint(options.model, signal)}`;
    },
    close: () => client.close(),
  };
}

type Slot = ImageRequest["images"][number];

/** The server counts seeds up from the first, so only neighbours can share a job. */
function consecutiveSeeds(images: readonly Slot[]): Slot[][] {
  const runs: Slot[][] = [];
  for (const image of images) {
    const run = runs.at(-1);
    if (run && image.seed === (run.at(-1)?.seed ?? Number.NaN) + 1) run.push(image);
    else runs.push([image]);
  }
  return runs;
}

function bodyOf(request: ImageRequest, run: readonly Slot[], options: A1111Options): object {
  return {
    prompt: request.prompt,
    negative_prompt: request.negativePrompt,
    width: request.width,
    height: request.height,
    seed: run[0]?.seed,
    n_iter: run.length,
    batch_size: 1,
    steps: request.steps ?? options.steps,
    cfg_scale: request.guidanceScale ?? options.guidance_scale,
    save_images: false,
    send_images: true,
    ...(options.sampler === undefined ? {} : { sampler_name: options.sampler }),
    ...(options.scheduler === undefined ? {} : { scheduler: options.scheduler }),
    ...(options.model === undefined ? {} : { override_settings: { sd_model_checkpoint: options.model } }),
  };
}

async function makeRun(
  client: A1111Client,
  body: object,
  count: number,
  signal: AbortSignal,
  onProgress: (fraction: number) => void,
): Promise<GeneratedImage[]> {
  const ended = new AbortController();
  let grace: NodeJS.Timeout | undefined;
  let again: NodeJS.Timeout | undefined;
  let interrupts: Promise<unknown> = Promise.resolve();
  const interrupt = () => {
    interrupts = Promise.all([interrupts, client.interrupt().catch(() => {})]);
  };
  const end = () => {
    interrupt();
    again = setInterval(interrupt, INTERRUPT_AGAIN_MS);
    grace = setTimeout(() => ended.abort(), GRACE_MS);
  };
  signal.addEventListener("abort", end, { once: true });
  void pollProgress(client, ended.signal, onProgress);
  try {
    // Not given the caller's signal: the server goes on until it is interrupted, and the next job must wait for that.
    const { images, seeds, withheld } = await client.txt2img(body, ended.signal);
    signal.throwIfAborted();
    if (images.length !== count) {
      throw new SafelightError("provider_failed", `it was asked for ${count} pictures and gave ${images.length}`);
    }
    return images.map((bytes, i): GeneratedImage => {
      const reason = withheld[i];
      if (reason !== undefined) return { kind: "withheld", reason };
      const seed = seeds[i];
      return { kind: "image", bytes, mediaType: "image/png", ...(seed === undefined ? {} : { seed }) };
    });
  } finally {
    signal.removeEventListener("abort", end);
    clearTimeout(grace);
    clearInterval(again);
    ended.abort();
    await interrupts; // one that is still under way would end the next job
  }
}

/** Progress is a courtesy: where it cannot be read, the picture comes all the same. */
async function pollProgress(
  client: A1111Client,
  ended: AbortSignal,
  onProgress: (fraction: number) => void,
): Promise<void> {
  try {
    for (;;) {
      await sleep(POLL_MS, undefined, { signal: ended });
      const fraction = await client.progress(ended);
      if (fraction > 0 && fraction <= 1) onProgress(fraction);
    }
  } catch {}
}

/** One at a time, in the order they came. */
class Line {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs `work` when its turn comes. Whoever is aborted before that never begins. */
  wait<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const turn = this.#last.then(() => {
      signal.throwIfAborted();
      return work();
    });
    this.#last = turn.catch(() => {});
    return turn;
  }
}
