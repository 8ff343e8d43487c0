import { DeleteObjectCommand, GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { SafelightError } from "../contract/errors.ts";
import { AwsCaller, awsClientConfig } from "./aws.ts";
import type { AwsOptions } from "./aws-options.ts";
import type { Role } from "./role.ts";

const IDLE_MS = 60_000;
const CLEANING_MS = 10_000;

export interface S3Place {
  readonly Bucket: string;
  readonly Key: string;
}

/** A folder in S3 for objects that live as long as a call, and the way to others. */
export class S3Scratch {
  readonly #role: Role;
  readonly #client: S3Client;
  readonly #folder: string;
  /** What is put and what is read may lie in different buckets: one may be out of reach while the other is not. */
  readonly #writing: AwsCaller;
  readonly #reading: AwsCaller;
  readonly #removing = new Set<Promise<unknown>>();

  private constructor(role: Role, client: S3Client, folder: string) {
    this.#role = role;
    this.#client = client;
    this.#folder = folder.replace(/\/+$/, "");
    this.#writing = new AwsCaller(role);
    this.#reading = new AwsCaller(role);
  }

  /** @param own another address than the region's */
  static async open(role: Role, options: AwsOptions, folder: string, own: string | undefined): Promise<S3Scratch> {
    const { endpoint: _, ...rest } = options;
    const client = new S3Client({
      ...(await awsClientConfig(own === undefined ? rest : { ...rest, endpoint: own }, IDLE_MS)),
      forcePathStyle: own !== undefined, // other servers seldom have a host name for each bucket
    });
    return new S3Scratch(role, client, folder);
  }

  /** @param ending of the object's name, such as `.json` @throws SafelightError; the signal's reason */
  async put(bytes: Uint8Array, ending: string, type: string, signal: AbortSignal): Promise<S3Place> {
    const place = placeOf(this.#role, `${this.#folder}/${crypto.randomUUID()}${ending}`);
    const command = new PutObjectCommand({ ...place, Body: bytes, ContentType: type });
    try {
      await this.#writing.call((options) => this.#client.send(command, options), signal);
    } catch (error) {
      void this.remove([place]); // it may have arrived all the same
      throw error;
    }
    return place;
  }

  /** Undefined as long as there is no such object. @throws SafelightError also when it is larger than `most` bytes */
  get(place: S3Place, most: number, signal: AbortSignal): Promise<Uint8Array | undefined> {
    return this.#reading.call(async (options) => {
      try {
        const { Body, ContentLength = 0 } = await this.#client.send(new GetObjectCommand(place), options);
        if (ContentLength > most)
          throw new SafelightError(this.#role.failed, `its answer is larger than ${most} bytes`);
        return await Body?.transformToByteArray();
      } catch (error) {
        if (error instanceof Error && (error.name === "NoSuchKey" || error.name === "NotFound")) return undefined;
        throw error;
      }
    }, signal);
  }

  /** Never fails: where it may not delete, the bucket's own lifecycle does. */
  remove(places: readonly S3Place[]): Promise<unknown> {
    const abortSignal = AbortSignal.timeout(CLEANING_MS);
    const removed = Promise.allSettled(
      places.map((place) => this.#client.send(new DeleteObjectCommand(place), { abortSignal })),
    );
    this.#removing.add(removed);
    return removed.finally(() => this.#removing.delete(removed));
  }

  /** Ends what is under way. */
  stop(): void {
    this.#writing.close();
    this.#reading.close();
  }

  /** Waits until what was left is removed. Nothing may be put any more. */
  async close(): Promise<void> {
    this.stop();
    while (this.#removing.size > 0) await Promise.all(this.#removing);
    this.#client.destroy();
  }
}

/** @throws SafelightError */
export function placeOf(role: Role, location: string): S3Place {
  const [, Bucket, Key] = /^s3:\/\/([^/]+)\/(.+)$/.exec(location) ?? [];
  if (Bucket === undefined || Key === undefined)
    throw new SafelightError(role.failed, "the place that it gives for its answer is not in S3");
  return { Bucket, Key };
}
