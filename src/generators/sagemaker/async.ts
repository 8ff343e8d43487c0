import { setTimeout as sleep } from "node:timers/promises";
import { DeleteObjectCommand, GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { InvokeEndpointAsyncCommand, type SageMakerRuntimeClient } from "@aws-sdk/client-sagemaker-runtime";
import { SafelightError } from "../../contract/errors.ts";
import { AwsCaller, awsClientConfig } from "../../outbound/aws.ts";
import { GENERATOR } from "../../outbound/role.ts";
import { saysRefused } from "./answer.ts";
import { jobFailed } from "./model-error.ts";
import type { SageMakerOptions } from "./options.ts";

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;
/** Larger answers are failures. */
const MOST_BYTES = 256 * 1024 * 1024;
const CLEANING_MS = 10_000;

interface Place {
  readonly Bucket: string;
  readonly Key: string;
}

/**
 * An asynchronous endpoint: the request is put into S3, and the answer fetched from there when it has come. Both are removed
 * afterwards. A job of a caller who went away loses its request, so that it fails instead of being made when it is still in line.
 */
export class AsyncEndpoint {
  readonly #s3: S3Client;
  /** Requests and answers may lie in different buckets: one may be out of reach while the other is not. */
  readonly #writing = new AwsCaller(GENERATOR);
  readonly #reading = new AwsCaller(GENERATOR);
  /** Calls in progress, and removals. */
  readonly #pending = new Set<Promise<unknown>>();
  readonly #sagemaker: SageMakerRuntimeClient;
  readonly #caller: AwsCaller;
  readonly #options: SageMakerOptions;
  readonly #input: string;

  private constructor(
    s3: S3Client,
    sagemaker: SageMakerRuntimeClient,
    caller: AwsCaller,
    options: SageMakerOptions,
    input: string,
  ) {
    this.#s3 = s3;
    this.#sagemaker = sagemaker;
    this.#caller = caller;
    this.#options = options;
    this.#input = input;
  }

  /** @param input `s3://bucket/prefix` */
  static async open(
    sagemaker: SageMakerRuntimeClient,
    caller: AwsCaller,
    options: SageMakerOptions,
    input: string,
  ): Promise<AsyncEndpoint> {
    const { endpoint: _, ...rest } = options;
    const own = options.s3_endpoint === undefined ? rest : { ...rest, endpoint: options.s3_endpoint };
    const s3 = new S3Client({
      ...(await awsClientConfig(own, 60_000)),
      forcePathStyle: options.s3_endpoint !== undefined, // other servers seldom have a host name for each bucket
    });
    return new AsyncEndpoint(s3, sagemaker, caller, options, input);
  }

  /** @throws SafelightError `provider_*`, or the signal's reason */
  invoke(body: Uint8Array, accept: string, caller: AbortSignal): Promise<Uint8Array | "refused"> {
    return this.#counted(this.#invoke(body, accept, this.#writing.untilClosed(caller)));
  }

  /** Ends what is under way, and waits until what that has left in S3 is removed. */
  async close(): Promise<void> {
    this.#writing.close();
    this.#reading.close();
    while (this.#pending.size > 0) await Promise.allSettled(this.#pending);
    this.#s3.destroy();
  }

  async #invoke(body: Uint8Array, accept: string, signal: AbortSignal): Promise<Uint8Array | "refused"> {
    const input = placeOf(`${this.#input.replace(/\/+$/, "")}/${crypto.randomUUID()}.json`);
    const places = [input];
    try {
      const put = new PutObjectCommand({ ...input, Body: body, ContentType: "application/json" });
      await this.#writing.call((options) => this.#s3.send(put, options), signal);
      const { output, failure } = await this.#start(input, accept, signal);
      places.push(output, ...(failure ? [failure] : []));
      return await this.#wait(output, failure, signal);
    } finally {
      const removed = this.#counted(this.#remove(places));
      if (!signal.aborted) await removed;
    }
  }

  #counted<T>(work: Promise<T>): Promise<T> {
    this.#pending.add(work);
    const done = () => this.#pending.delete(work);
    work.then(done, done);
    return work;
  }

  async #start({ Bucket, Key }: Place, accept: string, signal: AbortSignal) {
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
    return { output: placeOf(answer.OutputLocation), failure: failure === undefined ? undefined : placeOf(failure) };
  }

  async #wait(output: Place, failure: Place | undefined, signal: AbortSignal): Promise<Uint8Array | "refused"> {
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(LONGEST_PAUSE_MS, pause * 1.5)) {
      const answer = await this.#read(output, signal);
      if (answer) return answer;
      const failed = failure && (await this.#read(failure, signal));
      if (failed) {
        const message = Buffer.from(failed).toString("utf8");
        if (saysRefused(message)) return "refused";
        throw jobFailed(message);
      }
      await sleep(pause, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }

  /** Undefined as long as there is no such object. */
  #read(place: Place, signal: AbortSignal): Promise<Uint8Array | undefined> {
    return this.#reading.call(async (options) => {
      try {
        const { Body, ContentLength = 0 } = await this.#s3.send(new GetObjectCommand(place), options);
        if (ContentLength > MOST_BYTES)
          throw new SafelightError("provider_failed", `its answer is larger than ${MOST_BYTES} bytes`);
        return await Body?.transformToByteArray();
      } catch (error) {
        if (error instanceof Error && (error.name === "NoSuchKey" || error.name === "NotFound")) return undefined;
        throw error;
      }
    }, signal);
  }

  /** Never fails: where it may not delete, the bucket's own lifecycle does. */
  async #remove(places: readonly Place[]): Promise<void> {
    const abortSignal = AbortSignal.timeout(CLEANING_MS);
    await Promise.allSettled(places.map((place) => this.#s3.send(new DeleteObjectCommand(place), { abortSignal })));
  }
}

function placeOf(location: string): Place {
  const [, Bucket, Key] = /^s3:\/\/([^/]+)\/(.+)$/.exec(location) ?? [];
  if (Bucket === undefined || Key === undefined)
    throw new SafelightError("provider_failed", "the place that it gives for its answer is not in S3");
  return { Bucket, Key };
}
