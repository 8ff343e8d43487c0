import { Readable } from "node:stream";
import {
  DeleteObjectCommand,
  GetObjectCommand,
  type GetObjectCommandOutput,
  HeadObjectCommand,
  ListObjectsV2Command,
  S3Client,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { SafelightError } from "../../contract/errors.ts";
import { AwsCaller, awsClientConfig } from "../../outbound/aws.ts";
import type { AwsOptions } from "../../outbound/aws-options.ts";
import type { Role } from "../../outbound/role.ts";
import { type ByteRange, FileProblem, type Files, type ListedFile, type Unlistable } from "./files.ts";
import { tooLarge } from "./folder.ts";

const SOURCE: Role = { failed: "storage_failed", rejected: "config_invalid" };
const IDLE_MS = 60_000;
/** S3 asks for patience when many read at once: about half a minute of it in all. */
const PATIENCE = { tries: 8, pause: 300, breakAfter: 20 };

const NAMED_AS_FOLDER = "its name is that of a folder, and it has a content; give it another name, or take it out";

const PLACE = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/s;

/**
 * A prefix of an S3 bucket, read as a folder: `s3://bucket/dogs` is what lies below `dogs/`. The endpoint may be that of another server
 * of the protocol; buckets are then addressed by path.
 * @throws SafelightError `invalid_request` when the address is none, or there is no such bucket; `config_invalid` without access
 */
export async function openS3(uri: string, options: AwsOptions): Promise<Files> {
  const [, bucket, path = ""] = PLACE.exec(uri) ?? [];
  if (bucket === undefined) throw new SafelightError("invalid_request", `${uri} is not s3://bucket/prefix`);
  const files = await prefixOf(bucket, path === "" || path.endsWith("/") ? path : `${path}/`, options);
  try {
    await files.list(AbortSignal.timeout(IDLE_MS)).next();
  } catch (error) {
    await files.close();
    throw error;
  }
  return files;
}

/** A whole bucket, which need not be one that may be listed. */
export function bucketOf(bucket: string, options: AwsOptions): Promise<Files> {
  return prefixOf(bucket, "", options);
}

async function prefixOf(bucket: string, prefix: string, options: AwsOptions): Promise<S3Prefix> {
  const elsewhere = [process.env["AWS_ENDPOINT_URL_S3"], process.env["AWS_ENDPOINT_URL"]].some(Boolean);
  const client = new S3Client({
    ...(await awsClientConfig(options, IDLE_MS)),
    forcePathStyle: options.endpoint !== undefined || elsewhere,
    requestChecksumCalculation: "WHEN_REQUIRED", // other servers seldom know the newer checksums
    responseChecksumValidation: "WHEN_REQUIRED",
  });
  return new S3Prefix(client, bucket, prefix);
}

class S3Prefix implements Files {
  readonly uri: string;
  readonly rooted = true;
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #prefix: string;
  readonly #caller = new AwsCaller(SOURCE, PATIENCE);

  constructor(client: S3Client, bucket: string, prefix: string) {
    this.uri = `s3://${bucket}/${prefix}`.replace(/\/$/, "");
    this.#client = client;
    this.#bucket = bucket;
    this.#prefix = prefix;
  }

  async *list(signal: AbortSignal): AsyncGenerator<ListedFile | Unlistable> {
    for (let token: string | undefined; ; ) {
      const command = new ListObjectsV2Command({
        Bucket: this.#bucket,
        Prefix: this.#prefix,
        EncodingType: "url", // XML cannot hold every character that a key can
        ...(token === undefined ? {} : { ContinuationToken: token }),
      });
      const page = await this.#ofPlace((options) => this.#client.send(command, options), signal);
      for (const { Key = "", Size = 0, ETag = "", LastModified } of page.Contents ?? []) {
        const key = (page.EncodingType === "url" ? decoded(Key) : Key).slice(this.#prefix.length);
        // What the console calls a folder is an empty object whose key ends with a slash.
        if (key !== "" && !key.endsWith("/")) yield { key, bytes: Size, stamp: stampOf(ETag, Size, LastModified) };
        else if (Size > 0)
          yield { key: key === "" ? "/" : key, problem: { code: "not_looked_into", detail: NAMED_AS_FOLDER } };
      }
      token = page.NextContinuationToken;
      if (!page.IsTruncated || token === undefined) return;
    }
  }

  async read(key: string, most: number, signal: AbortSignal, range?: ByteRange) {
    if (range && range.end - range.start > most) throw tooLarge(range.end - range.start, most);
    if (range && range.end === range.start)
      return { bytes: new Uint8Array(), stamp: (await this.#head(key, signal)).stamp };
    const command = new GetObjectCommand({
      ...this.#place(key),
      ...(range ? { Range: `bytes=${range.start}-${range.end - 1}` } : {}),
    });
    return this.#ofObject(async (options) => {
      const answer = await this.#client.send(command, options);
      const length = answer.ContentLength ?? 0;
      if (length > most) {
        discard(answer);
        throw tooLarge(length, most);
      }
      const bytes = (await answer.Body?.transformToByteArray()) ?? new Uint8Array();
      if (bytes.length !== length || (range && length !== range.end - range.start))
        throw new FileProblem("changed", "it is shorter than its listing says");
      const whole = Number(/\/(\d+)$/.exec(answer.ContentRange ?? "")?.[1] ?? length);
      return { bytes, stamp: stampOf(answer.ETag, whole, answer.LastModified) };
    }, signal);
  }

  async *stream(key: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const command = new GetObjectCommand(this.#place(key));
    const answer = await this.#ofObject((options) => this.#client.send(command, options), signal);
    let length = 0;
    try {
      for await (const piece of answer.Body as Readable) {
        signal.throwIfAborted();
        length += piece.length;
        yield piece;
      }
    } catch (cause) {
      signal.throwIfAborted();
      throw new FileProblem("changed", "reading it ended before its end", { cause });
    } finally {
      discard(answer);
    }
    if (length !== answer.ContentLength) throw new FileProblem("changed", "it is shorter than its listing says");
  }

  async stat(key: string, signal: AbortSignal): Promise<ListedFile | undefined> {
    try {
      return await this.#head(key, signal);
    } catch (error) {
      if (error instanceof FileProblem && error.code === "vanished") return undefined;
      throw error;
    }
  }

  async write(key: string, content: () => AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void> {
    let broken: { readonly error: unknown } | undefined;
    async function* watched(): AsyncGenerator<Uint8Array> {
      try {
        yield* content();
      } catch (error) {
        broken = { error };
        throw error;
      }
    }
    try {
      await this.#ofPlace(async ({ abortSignal }) => {
        const upload = new Upload({
          client: this.#client,
          params: { ...this.#place(key), Body: Readable.from(watched()) },
        });
        const abort = () => void upload.abort();
        abortSignal.addEventListener("abort", abort, { once: true });
        try {
          await upload.done();
        } catch (error) {
          throw broken ? new SafelightError(SOURCE.rejected, "what was to be written broke off") : error;
        } finally {
          abortSignal.removeEventListener("abort", abort);
        }
      }, signal);
    } catch (error) {
      throw broken ? broken.error : error;
    }
  }

  async remove(key: string, signal: AbortSignal): Promise<void> {
    const command = new DeleteObjectCommand(this.#place(key));
    await this.#ofPlace((options) => this.#client.send(command, options), signal);
  }

  async close(): Promise<void> {
    this.#caller.close();
    this.#client.destroy();
  }

  async #head(key: string, signal: AbortSignal): Promise<ListedFile> {
    const command = new HeadObjectCommand(this.#place(key));
    const {
      ETag,
      ContentLength = 0,
      LastModified,
    } = await this.#ofObject((options) => this.#client.send(command, options), signal);
    return { key, bytes: ContentLength, stamp: stampOf(ETag, ContentLength, LastModified) };
  }

  #place(key: string) {
    return { Bucket: this.#bucket, Key: this.#prefix + key };
  }

  async #ofObject<T>(send: (options: { abortSignal: AbortSignal }) => Promise<T>, signal: AbortSignal): Promise<T> {
    try {
      return await this.#caller.call(async (options) => {
        try {
          return await send(options);
        } catch (error) {
          // neither is a fault of the service: it is not asked again
          throw error instanceof FileProblem ? new Passing(error) : error;
        }
      }, signal);
    } catch (error) {
      if (error instanceof Passing) throw error.problem;
      throw objectProblem(error) ?? placeFailure(error, this.uri);
    }
  }

  async #ofPlace<T>(send: (options: { abortSignal: AbortSignal }) => Promise<T>, signal: AbortSignal): Promise<T> {
    try {
      return await this.#caller.call(send, signal);
    } catch (error) {
      throw placeFailure(error, this.uri);
    }
  }
}

/** Carries what is wrong with one object past those who look for faults of the service. */
class Passing extends SafelightError {
  readonly problem: FileProblem;

  constructor(problem: FileProblem) {
    super(SOURCE.rejected, problem.detail);
    this.problem = problem;
  }
}

const OF_OBJECT = {
  NoSuchKey: ["vanished", "it is not there any more"],
  NotFound: ["vanished", "it is not there any more"],
  NoSuchVersion: ["vanished", "it is not there any more"],
  AccessDenied: ["access_denied", "it may not be read: S3 denies the access"],
  Forbidden: ["access_denied", "it may not be read: S3 denies the access"],
  InvalidObjectState: ["access_denied", "it is archived, and must be restored before it can be read"],
  InvalidRange: ["changed", "it is shorter than its listing says"],
} as const satisfies Record<string, readonly [FileProblem["code"], string]>;

function objectProblem(error: unknown): FileProblem | undefined {
  const code = error instanceof SafelightError ? (error.vendor?.code ?? "") : "";
  if (!Object.hasOwn(OF_OBJECT, code)) return undefined;
  const [problem, detail] = OF_OBJECT[code as keyof typeof OF_OBJECT];
  return new FileProblem(problem, detail, { cause: error });
}

const OF_PLACE: Readonly<Record<string, readonly [SafelightError["code"], string]>> = {
  NoSuchBucket: ["invalid_request", "there is no such bucket"],
  PermanentRedirect: ["config_invalid", "the bucket is in another region: set s3.region"],
  AccessDenied: ["config_invalid", "S3 denies the access: the credentials may not list or write there"],
  ExpiredToken: ["config_invalid", "the AWS credentials have expired; the same command goes on with new ones"],
  TokenRefreshRequired: ["config_invalid", "the AWS credentials have expired; the same command goes on with new ones"],
  InvalidAccessKeyId: ["config_invalid", "S3 does not know the access key"],
  SignatureDoesNotMatch: ["config_invalid", "S3 refuses the credentials: the secret is not that of the access key"],
};

function placeFailure(error: unknown, uri: string): unknown {
  if (!(error instanceof SafelightError)) return error;
  const [code, why] = OF_PLACE[error.vendor?.code ?? ""] ?? [error.code, error.detail];
  return new SafelightError(code, `${uri}: ${why}`, {
    cause: error,
    ...(error.vendor ? { vendor: error.vendor } : {}),
  });
}

function stampOf(etag = "", size: number, modified: Date | undefined): string {
  return `${etag.replaceAll('"', "")} ${size} ${modified?.getTime() ?? 0}`;
}

function decoded(key: string): string {
  return decodeURIComponent(key.replaceAll("+", " "));
}

/** What is not read of an answer would keep its connection busy. */
function discard({ Body }: GetObjectCommandOutput): void {
  if (Body instanceof Readable) Body.destroy();
}
