import { z } from "zod";
import { Client, readJson } from "../../outbound/client.ts";
import { GENERATOR } from "../../outbound/role.ts";
import { imageOf, type Picture } from "../image-answer.ts";
import { HANDS_OVER_ONCE } from "../job.ts";
import { refusedWorkflow, StatusSchema } from "./faults.ts";
import type { Workflow } from "./placeholders.ts";

const CANCEL_MS = 5_000;
const MOST_PICTURE_BYTES = 64 * 1024 * 1024;

const QueuedSchema = z.object({ prompt_id: z.string().min(1) });
/** An entry is `[number, prompt id, workflow, …]`. */
const EntrySchema = z.tuple([z.unknown(), z.string()], z.unknown());
const QueueSchema = z.object({ queue_running: z.array(EntrySchema), queue_pending: z.array(EntrySchema) });

/** Where a picture lies on the server. */
const PlaceSchema = z.object({
  filename: z.string().min(1),
  subfolder: z.string().default(""),
  /** `output`, `temp` or `input`: which of the server's folders. */
  type: z.string().default("output"),
});
export type Place = z.output<typeof PlaceSchema>;

const EndedSchema = z.object({
  /** By node. Of some nodes the members are of another kind: those hold no pictures. */
  outputs: z.record(z.string(), z.looseObject({ images: z.array(PlaceSchema).nullish().catch(null) })).nullish(),
  status: StatusSchema.nullish(),
});
/** What became of a job. */
export type Ended = z.output<typeof EndedSchema>;
const HistorySchema = z.record(z.string(), EndedSchema);

const NodeSchema = z.object({ input: z.object({ required: z.record(z.string(), z.unknown()).nullish() }) });
const NodesSchema = z.record(z.string(), NodeSchema);

export interface Submission {
  readonly workflow: Workflow;
  /** Whose websocket is told how it goes. */
  readonly clientId: string;
  /** Its id, where the server lets callers choose. */
  readonly promptId: string;
}

/** ComfyUI's HTTP API, as far as a generator needs it. All throw SafelightError `provider_*`, or their signal's reason. */
export class ComfyuiClient {
  readonly #jobs: Client;
  readonly #http: Client;

  constructor(url: string, headers: Readonly<Record<string, string>>) {
    this.#jobs = new Client(GENERATOR, { url, headers, ...HANDS_OVER_ONCE });
    this.#http = new Client(GENERATOR, { url, headers });
  }

  /**
   * Puts a job into the queue, in one try.
   * @param again whether it was tried before
   * @returns the id that the job has there
   */
  async submit({ workflow, clientId, promptId }: Submission, again: boolean, signal: AbortSignal): Promise<string> {
    const body = {
      prompt: workflow,
      client_id: clientId,
      prompt_id: promptId,
      // Newer servers make no previews then. Those of others are dropped: nothing leaves before it is judged.
      extra_data: { preview_method: "none" },
    };
    const answer = await this.#jobs.call({ path: "/prompt", body, accepts: again ? [400, 409] : [400] }, signal);
    if (answer.status === 400) throw refusedWorkflow(answer);
    // It has this job: the earlier try arrived, and only its answer did not.
    if (answer.status === 409) return promptId;
    return readJson(GENERATOR, answer, QueuedSchema).prompt_id;
  }

  /** Undefined while the job has not ended, and for one that the server does not know. */
  async ended(id: string, signal: AbortSignal): Promise<Ended | undefined> {
    const history = await this.#http.json({ path: `/history/${encodeURIComponent(id)}` }, HistorySchema, signal);
    return history[id];
  }

  /**
   * What a kind of node takes: for each input `[kind or choices, …]`.
   * @returns undefined when the server has no such node
   */
  async node(kind: string, signal: AbortSignal): Promise<z.output<typeof NodeSchema> | undefined> {
    const known = await this.#http.json({ path: `/object_info/${encodeURIComponent(kind)}` }, NodesSchema, signal);
    return known[kind];
  }

  /** Where a job stands that has not ended. */
  async standing(id: string, signal: AbortSignal): Promise<"running" | "waiting" | "unknown"> {
    const { queue_running, queue_pending } = await this.#http.json({ path: "/queue" }, QueueSchema, signal);
    if (queue_running.some((entry) => entry[1] === id)) return "running";
    return queue_pending.some((entry) => entry[1] === id) ? "waiting" : "unknown";
  }

  async picture(place: Place, signal: AbortSignal): Promise<Picture> {
    const call = { path: `/view?${new URLSearchParams(place)}`, headers: { accept: "image/*" } };
    return imageOf(await this.#http.call({ ...call, mostBytes: MOST_PICTURE_BYTES }, signal));
  }

  /**
   * Takes a job out of the queue, or interrupts it: this one and no other. Older servers interrupt whatever runs, whichever id they are
   * told, so it is asked for only while the job is known to run.
   */
  async cancel(id: string): Promise<void> {
    const signal = AbortSignal.timeout(CANCEL_MS);
    await this.#http.call({ path: "/queue", body: { delete: [id] } }, signal);
    if ((await this.standing(id, signal)) !== "running") return;
    await this.#http.call({ path: "/interrupt", body: { prompt_id: id } }, signal);
  }

  async close(): Promise<void> {
    await Promise.all([this.#jobs.close(), this.#http.close()]);
  }
}
