import { setTimeout as sleep } from "node:timers/promises";
import { InvokeEndpointAsyncCommand, type SageMakerRuntimeClient } from "@aws-sdk/client-sagemaker-runtime";
import { SafelightError } from "../../contract/errors.ts";
import type { AwsCaller } from "../../outbound/aws.ts";
import { GENERATOR } from "../../outbound/role.ts";
import { placeOf, type S3Place, S3Scratch } from "../../outbound/s3.ts";
import { saysRefused } from "./answer.ts";
import { jobFailed } from "./model-error.ts";
import type { SageMakerOptions } from "./options.ts";

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;
/** Larger answers are failures. */
const MOST_BYTES = 256 * 1024 * 1024;

/**
 * An asynchronous endpoint: the request is put into S3, and the answer fetched from there when it has come. Both are removed
 * afterwards. A job of a caller who went away loses its request, so that it fails instead of being made when it is still in line.
 */
export class AsyncEndpoint {
  readonly #s3: S3Scratch;
  readonly #closed = new AbortController();
  /** Calls in progress. */
  readonly #pending = new Set<Promise<unknown>>();
  readonly #sagemaker: SageMakerRuntimeClient;
  readonly #caller: AwsCaller;
  readonly #options: SageMakerOptions;

  private constructor(s3: S3Scratch, sagemaker: SageMakerRuntimeClient, caller: AwsCaller, options: SageMakerOptions) {
    this.#s3 = s3;
    this.#sagemaker = sagemaker;
    this.#caller = caller;
    this.#options = options;
  }

  /** @param input `s3://bucket/prefix` */
  static async open(
    sagemaker: SageMakerRuntimeClient,
    caller: AwsCaller,
    options: SageMakerOptions,
    input: string,
  ): Promise<AsyncEndpoint> {
    const s3 = await S3Scratch.open(GENERATOR, options, input, options.s3_endpoint);
    return new AsyncEndpoint(s3, sagemaker, caller, options);
  }

  /** @throws SafelightError `provider_*`, or the signal's reason */
  invoke(body: Uint8Array, accept: string, caller: AbortSignal): Promise<Uint8Array | "refused"> {
    const work = this.#invoke(body, accept, AbortSignal.any([caller, this.#closed.signal]));
    this.#pending.add(work);
    const done = () => this.#pending.delete(work);
    work.then(done, done);
    return work;
  }

  /** Ends what is under way, and waits until what that has left in S3 is removed. */
  async close(): Promise<void> {
    this.#closed.abort(new SafelightError("provider_failed", "it was closed meanwhile"));
    while (this.#pending.size > 0) await Promise.allSettled(this.#pending);
    await this.#s3.close();
  }

  async #invoke(body: Uint8Array, accept: string, signal: AbortSignal): Promise<Uint8Array | "refused"> {
    const input = await this.#s3.put(body, ".json", "application/json", signal);
    const places = [input];
    try {
      const { output, failure } = await this.#start(input, accept, signal);
      places.push(output, ...(failure ? [failure] : []));
      return await this.#wait(output, failure, signal);
    } finally {
      const removed = this.#s3.remove(places);
      if (!signal.aborted) await removed;
    }
  }

  async #start({ Bucket, Key }: S3Place, accept: string, signal: AbortSignal) {
    const command = new InvokeEndpointAsyncCommand({
      EndpointName: this.#options.endpoint_name,
      ContentType: "application/json",
      Accept: accept,
      InputLocation: `s3://${Bucket}/${Key}`,
    });
    const answer = await this.#caller.call((options) => this.#sagemaker.send(command, options), signal);
    if (answer.OutputLocation === undefined)
      throw new SafelightError(
        "provider_failed",
        "it does not say where its answer will be: is the endpoint asynchronous?",
      );
    const failure = answer.FailureLocation;
    return {
      output: placeOf(GENERATOR, answer.OutputLocation),
      failure: failure === undefined ? undefined : placeOf(GENERATOR, failure),
    };
  }

  async #wait(output: S3Place, failure: S3Place | undefined, signal: AbortSignal): Promise<Uint8Array | "refused"> {
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(LONGEST_PAUSE_MS, pause * 1.5)) {
      const answer = await this.#s3.get(output, MOST_BYTES, signal);
      if (answer) return answer;
      const failed = failure && (await this.#s3.get(failure, MOST_BYTES, signal));
      if (failed) {
        const message = Buffer.from(failed).toString("utf8");
        if (saysRefused(message)) return "refused";
        throw jobFailed(message);
      }
      await sleep(pause, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }
}
