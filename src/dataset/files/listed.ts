import { createReadStream } from "node:fs";
import { dirname, resolve } from "node:path";
import { SafelightError } from "../../contract/errors.ts";
import { ModerationLabelsSchema } from "../../detectors/image/rekognition/findings.ts";
import type { AwsOptions } from "../../outbound/aws-options.ts";
import { linesOf } from "../../pipeline/streaming.ts";
import { type ByteRange, FileProblem, type Files, type ListedFile, type Unlistable } from "./files.ts";
import { openFolder } from "./folder.ts";

/** A path or an address is hardly longer, nor all of Rekognition's labels. */
const MOST_LINE_BYTES = 64 * 1024;
/** Members of a line of Amazon Rekognition's manifests (media analysis, SageMaker Ground Truth), and of its results. */
const SOURCE_REF = "source-ref";
const MODERATION_LABELS = "detect-moderation-labels";
const OBJECT = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\/(.+)$/s;

/**
 * The files that a list names, one to a line: paths, relative to the list's folder or absolute; `s3://bucket/key`; or JSON objects with
 * `source-ref`, as Amazon Rekognition's manifests have them, and perhaps with what it found (the results of a media-analysis job). Blank lines and those that begin with `#` are none. A file's key is what
 * the list calls it.
 * @throws SafelightError `invalid_request` when the list cannot be read
 */
export async function openListed(path: string, s3: AwsOptions): Promise<Files> {
  const root = await openFolder("/");
  const listed = new Listed(path, root, s3);
  await listed.list(AbortSignal.timeout(60_000)).next();
  return listed;
}

class Listed implements Files {
  readonly uri: string;
  readonly rooted = false;
  readonly #root: Files;
  readonly #s3: AwsOptions;
  readonly #buckets = new Map<string, Promise<Files>>();

  constructor(path: string, root: Files, s3: AwsOptions) {
    this.uri = path;
    this.#root = root;
    this.#s3 = s3;
  }

  async *list(signal: AbortSignal): AsyncGenerator<ListedFile | Unlistable> {
    for await (const { number, bytes } of this.#lines()) {
      signal.throwIfAborted();
      const line = readLine(bytes);
      if (line === null) continue;
      if (line === undefined) {
        const detail = `line ${number} of the list is neither a path, an address, nor a JSON object with "${SOURCE_REF}"`;
        yield { key: `line ${number}`, problem: { code: "vanished", detail } };
        continue;
      }
      const { key, labels } = line;
      if (labels !== undefined && !ModerationLabelsSchema.safeParse(labels).success) {
        const detail = `line ${number} of the list: "${MODERATION_LABELS}" has another shape than Rekognition's`;
        yield { key, problem: { code: "metadata_invalid", detail } };
        continue;
      }
      try {
        const found = await this.stat(key, signal);
        if (!found) yield { key, problem: { code: "vanished", detail: "the list names it, and it is not there" } };
        else yield labels === undefined ? found : { ...found, labels: JSON.stringify(labels) };
      } catch (error) {
        if (!(error instanceof FileProblem)) throw error;
        yield { key, problem: error.problem };
      }
    }
  }

  async read(key: string, most: number, signal: AbortSignal, range?: ByteRange) {
    const [files, at] = await this.#place(key);
    return files.read(at, most, signal, range);
  }

  async *stream(key: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const [files, at] = await this.#place(key);
    yield* files.stream(at, signal);
  }

  async stat(key: string, signal: AbortSignal): Promise<ListedFile | undefined> {
    const [files, at] = await this.#place(key);
    const found = await files.stat(at, signal);
    return found && { ...found, key };
  }

  async write(key: string, content: () => AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void> {
    const [files, at] = await this.#place(key);
    await files.write(at, content, signal);
  }

  async remove(key: string, signal: AbortSignal): Promise<void> {
    const [files, at] = await this.#place(key);
    await files.remove(at, signal);
  }

  async close(): Promise<void> {
    for (const bucket of this.#buckets.values()) await (await bucket).close();
    await this.#root.close();
  }

  async #place(key: string): Promise<readonly [Files, string]> {
    const [, bucket, object] = OBJECT.exec(key) ?? [];
    if (bucket === undefined || object === undefined) {
      return [this.#root, resolve(dirname(this.uri), key).slice(1)];
    }
    let opened = this.#buckets.get(bucket);
    if (!opened) {
      opened = import("./s3.ts").then(({ bucketOf }) => bucketOf(bucket, this.#s3));
      opened.catch(() => this.#buckets.delete(bucket));
      this.#buckets.set(bucket, opened);
    }
    return [await opened, object];
  }

  async *#lines() {
    const input = createReadStream(this.uri);
    try {
      yield* linesOf(input, MOST_LINE_BYTES);
    } catch (cause) {
      throw new SafelightError("invalid_request", `the list ${this.uri} cannot be read`, { cause });
    } finally {
      input.destroy();
    }
  }
}

interface Line {
  readonly key: string;
  /** What Rekognition answered; of any shape. */
  readonly labels?: unknown;
}

/** @returns null for a line that means nothing, undefined for one that cannot be understood */
function readLine(bytes: Uint8Array | undefined): Line | null | undefined {
  if (!bytes) return undefined;
  let line: string;
  try {
    line = new TextDecoder("utf-8", { fatal: true }).decode(bytes).trim();
  } catch {
    return undefined;
  }
  if (line === "" || line.startsWith("#")) return null;
  if (!line.startsWith("{")) return { key: line };
  try {
    const value = JSON.parse(line) as Record<string, unknown>; // it begins with a brace
    const { [SOURCE_REF]: key, [MODERATION_LABELS]: labels } = value;
    return typeof key === "string" && key !== "" ? { key, labels } : undefined;
  } catch {
    return undefined;
  }
}
