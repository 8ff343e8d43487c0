import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { SafelightError } from "../../contract/errors.ts";
import { Client } from "../../outbound/client.ts";
import { GENERATOR } from "../../outbound/role.ts";
import { askAbout } from "../../outbound/there.ts";
import { HANDS_OVER_ONCE } from "../job.ts";

/** How long the answer to a new prediction may be held back for its end: quick models need no polling then. */
const WAIT_S = 5;
const POLL_MS = { first: 500, most: 2_000 } as const;
const CANCEL_MS = 5_000;

const PredictionSchema = z.object({
  id: z.string().min(1),
  status: z.enum(["starting", "processing", "succeeded", "failed", "canceled", "aborted"]),
  output: z.unknown(),
  error: z.unknown(),
  urls: z.object({ get: z.string().nullish(), cancel: z.string().nullish() }).nullish(),
});
export type Prediction = z.output<typeof PredictionSchema>;

/** Replicate's predictions. All throw SafelightError `provider_*`, or their signal's reason. */
export class ReplicateClient {
  readonly #jobs: Client;
  readonly #http: Client;
  readonly #origin: string;
  readonly #base: string;

  /** @param url for instance `https://api.replicate.com/v1` */
  constructor(url: string, token: string) {
    const { origin, pathname } = new URL(url);
    this.#origin = origin;
    this.#base = pathname.replace(/\/+$/, "");
    const headers = { authorization: `Bearer ${token}` };
    this.#jobs = new Client(GENERATOR, { url: origin, headers, ...HANDS_OVER_ONCE });
    this.#http = new Client(GENERATOR, { url: origin, headers });
  }

  /** In one try. @param model `owner/name`, or `owner/name:version` */
  create(model: string, input: object, signal: AbortSignal): Promise<Prediction> {
    const [name, version] = model.split(":");
    const path = version === undefined ? `${this.#base}/models/${name}/predictions` : `${this.#base}/predictions`;
    const body = version === undefined ? { input } : { version, input };
    const headers = { prefer: `wait=${WAIT_S}` };
    return this.#jobs.json({ path, headers, body }, PredictionSchema, signal);
  }

  /** @throws SafelightError `provider_rejected` when there is no such model, or no such version of it */
  async assertModel(model: string, signal: AbortSignal): Promise<void> {
    const [name, version] = model.split(":");
    const path = `${this.#base}/models/${name}${version === undefined ? "" : `/versions/${version}`}`;
    await askAbout(GENERATOR, this.#http, { path, what: `model "${model}"` }, signal);
  }

  /** Asks until the prediction has ended. */
  async ended(prediction: Prediction, signal: AbortSignal): Promise<Prediction> {
    let last = prediction;
    for (let pause: number = POLL_MS.first; isUnderWay(last); pause = Math.min(POLL_MS.most, pause * 1.5)) {
      await sleep(pause, undefined, { signal }).catch(() => signal.throwIfAborted());
      last = await this.#http.json({ path: this.#own(prediction, "get") }, PredictionSchema, signal);
    }
    return last;
  }

  async cancel(prediction: Prediction): Promise<void> {
    if (!isUnderWay(prediction)) return;
    const call = { method: "POST", path: this.#own(prediction, "cancel") } as const;
    await this.#http.call(call, AbortSignal.timeout(CANCEL_MS));
  }

  async close(): Promise<void> {
    await Promise.all([this.#jobs.close(), this.#http.close()]);
  }

  /** The address that the prediction gives, if it is one of this API: the token goes nowhere else. */
  #own({ id, urls }: Prediction, what: "get" | "cancel"): string {
    const given = urls?.[what];
    if (given == null)
      return `${this.#base}/predictions/${encodeURIComponent(id)}${what === "cancel" ? "/cancel" : ""}`;
    const url = URL.canParse(given) ? new URL(given) : undefined;
    if (url?.origin === this.#origin) return `${url.pathname}${url.search}`;
    throw new SafelightError("provider_failed", "it gives an address for its prediction that is not one of its API");
  }
}

function isUnderWay({ status }: Prediction): boolean {
  return status === "starting" || status === "processing";
}
