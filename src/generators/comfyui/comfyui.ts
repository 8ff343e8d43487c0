import { randomUUID } from "node:crypto";
import { SafelightError } from "../../contract/errors.ts";
import type { GeneratedImage, ImageGenerator, ImageRequest } from "../../contract/generator.ts";
import { resilience } from "../../outbound/resilience.ts";
import { GENERATOR } from "../../outbound/role.ts";
import { readSecret } from "../../outbound/secret.ts";
import type { OpenContext } from "../context.ts";
import { done } from "../job.ts";
import { ComfyuiClient, type Ended, type Place } from "./client.ts";
import { Events } from "./events.ts";
import { failedJob } from "./faults.ts";
import type { ComfyuiOptions } from "./options.ts";
import { filled, type Values } from "./placeholders.ts";
import { probeWorkflow } from "./probe.ts";
import { openWorkflow } from "./workflow.ts";

/**
 * A ComfyUI server, with the built-in workflow or one's own. Every picture is a job of its own in the server's queue; a caller who
 * goes away takes only their own jobs out.
 * @throws SafelightError `config_invalid` for a workflow that cannot be used, or credentials that are not there
 */
export async function openComfyui(options: ComfyuiOptions, { folder }: OpenContext): Promise<ImageGenerator> {
  const workflow = await openWorkflow(options, folder);
  const headers: Record<string, string> = options.auth
    ? { authorization: `Basic ${Buffer.from(readSecret(options.auth)).toString("base64")}` }
    : {};
  const client = new ComfyuiClient(options.url, headers);
  const tries = resilience(GENERATOR);
  const closed = new AbortController();
  return {
    id: "comfyui",
    version: "1",
    async generate(request, caller, onProgress) {
      caller.throwIfAborted();
      const clientId = randomUUID();
      const failed = new AbortController();
      const signal = AbortSignal.any([caller, failed.signal, closed.signal]);
      const progress = new Progress(request.images.length, onProgress);
      const events = new Events(options.url, clientId, headers, (id, fraction) => progress.set(id, fraction));
      try {
        await events.settled(signal);
        const pictures = request.images.map(async ({ seed }): Promise<GeneratedImage> => {
          const submission = {
            workflow: filled(workflow, valuesOf(request, seed, options)),
            clientId,
            promptId: randomUUID(),
          };
          let tried = 0;
          const job = {
            begin: (patience: AbortSignal) => client.submit(submission, tried++ > 0, patience),
            follow: (id: string) => untilEnded(client, events, id, signal),
            cancel: (id: string) => client.cancel(id),
          };
          const { id, ended } = await done(job, tries, signal);
          progress.set(id, 1);
          return { ...(await client.picture(pictureOf(id, ended, options.output_node), signal)), seed };
        });
        return await Promise.all(pictures);
      } catch (error) {
        failed.abort(error); // the other pictures of the request are of no use without this one
        throw error;
      } finally {
        events.close();
      }
    },
    probe: (signal) => probeWorkflow(client, workflow, signal),
    close: () => {
      closed.abort(new SafelightError("provider_failed", "it was closed"));
      return client.close();
    },
  };
}

function valuesOf(request: ImageRequest, seed: number, options: ComfyuiOptions): Values {
  return {
    prompt: request.prompt,
    negative_prompt: request.negativePrompt,
    width: request.width,
    height: request.height,
    seed,
    steps: request.steps ?? options.steps,
    guidance_scale: request.guidanceScale ?? options.guidance_scale,
  };
}

async function untilEnded(
  client: ComfyuiClient,
  events: Events,
  id: string,
  signal: AbortSignal,
): Promise<{ id: string; ended: Ended }> {
  for (let asked = 0; ; asked++) {
    await events.timeToAsk(id, asked, signal);
    const ended = await client.ended(id, signal);
    if (ended) return { id, ended };
    if ((await client.standing(id, signal)) !== "unknown") continue;
    const late = await client.ended(id, signal); // it may have ended between the two questions
    if (late) return { id, ended: late };
    throw new SafelightError("provider_failed", "it no longer knows the job: it was restarted, or somebody removed it");
  }
}

/**
 * Of the node that was named; else the only one that was kept, or where none was kept, the only temporary one.
 * @throws SafelightError `provider_failed` when the job failed, or gave no picture or several
 */
function pictureOf(id: string, { status, outputs }: Ended, node: string | undefined): Place {
  if (status?.status_str === "error") throw failedJob(id, status);
  const chosen = Object.entries(outputs ?? {}).filter(([of]) => node === undefined || of === node);
  const places = chosen.flatMap(([, { images }]) => images ?? []);
  const kept = places.filter(({ type }) => type === "output");
  const candidates = kept.length > 0 ? kept : places;
  const [place] = candidates;
  if (candidates.length === 1 && place) return place;
  throw new SafelightError("provider_failed", `its workflow was to give 1 picture and gave ${candidates.length}`);
}

/** How far all jobs of a request are together. A job whose later nodes begin anew does not go back. */
class Progress {
  readonly #count: number;
  readonly #onProgress: ((fraction: number) => void) | undefined;
  readonly #fractions = new Map<string, number>();

  constructor(count: number, onProgress: ((fraction: number) => void) | undefined) {
    this.#count = count;
    this.#onProgress = onProgress;
  }

  set(id: string, fraction: number): void {
    if (fraction <= (this.#fractions.get(id) ?? 0)) return;
    this.#fractions.set(id, fraction);
    const sum = [...this.#fractions.values()].reduce((total, each) => total + each, 0);
    this.#onProgress?.(Math.min(1, sum / this.#count));
  }
}
