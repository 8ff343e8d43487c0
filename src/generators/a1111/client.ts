import { Pool } from "undici";
import { z } from "zod";
import { SafelightError } from "../../contract/errors.ts";
import type { A1111Options } from "./options.ts";

/** A dozen uncompressed 2048 × 2048 pictures, in base64. */
const MOST_BYTES = 256 * 1024 * 1024;

/** What is needed of the answers; everything else may come and go with versions. */
const PicturesSchema = z.object({ images: z.array(z.string()), info: z.string().nullish() });
const InfoSchema = z.object({ all_seeds: z.array(z.number()).nullish(), index_of_first_image: z.number().nullish() });
const ProgressSchema = z.object({ progress: z.number() });

export interface Pictures {
  /** Encoded bytes, in the order of the seeds. */
  readonly images: readonly Uint8Array[];
  readonly seeds: readonly number[];
}

/** The three calls of an AUTOMATIC1111 or Forge web UI that a generator needs. */
export class A1111Client {
  readonly #pool: Pool;
  readonly #path: string;
  readonly #headers: Readonly<Record<string, string>>;

  /** @throws SafelightError `config_invalid` when the variable that `auth` names is not set */
  constructor({ url, auth }: Pick<A1111Options, "url" | "auth">) {
    const { origin, pathname } = new URL(url);
    this.#pool = new Pool(origin, { headersTimeout: 0, bodyTimeout: 0 });
    this.#path = pathname.replace(/\/+$/, "");
    const secret = auth && process.env[auth.from_env];
    if (auth && !secret)
      throw new SafelightError("config_invalid", `the environment variable ${auth.from_env} is not set`);
    this.#headers = secret ? { authorization: `Basic ${Buffer.from(secret).toString("base64")}` } : {};
  }

  /** @throws SafelightError `provider_*`, or the signal's reason */
  async txt2img(body: object, signal: AbortSignal): Promise<Pictures> {
    const answer = PicturesSchema.safeParse(await this.#call("POST", "/sdapi/v1/txt2img", body, signal));
    if (!answer.success) throw new SafelightError("provider_failed", "its answer holds no list of images");
    const info = InfoSchema.safeParse(readJson(answer.data.info ?? "{}"));
    const first = info.data?.index_of_first_image ?? 0; // a grid may come before
    return { images: answer.data.images.slice(first).map(decodeBase64), seeds: info.data?.all_seeds ?? [] };
  }

  /** From 0 to 1, of whatever job is running. */
  async progress(signal: AbortSignal): Promise<number> {
    const path = "/sdapi/v1/progress?skip_current_image=true";
    return ProgressSchema.parse(await this.#call("GET", path, undefined, signal)).progress;
  }

  /** Ends whatever job is running: call it only while that job is known to be one's own. */
  async interrupt(): Promise<void> {
    await this.#call("POST", "/sdapi/v1/interrupt", {}, AbortSignal.timeout(5_000));
  }

  close(): Promise<void> {
    return this.#pool.destroy();
  }

  async #call(method: "GET" | "POST", path: string, body: object | undefined, signal: AbortSignal): Promise<unknown> {
    try {
      const { statusCode, body: stream } = await this.#pool.request({
        method,
        path: `${this.#path}${path}`,
        headers: {
          ...this.#headers,
          accept: "application/json",
          ...(body ? { "content-type": "application/json" } : {}),
        },
        body: body ? JSON.stringify(body) : null,
        signal,
      });
      const text = await readText(stream);
      if (statusCode !== 200) throw refused(statusCode, text);
      return readJson(text);
    } catch (error) {
      signal.throwIfAborted();
      throw error instanceof SafelightError ? error : unreachable(error);
    }
  }
}

async function readText(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.length;
    if (bytes > MOST_BYTES)
      throw new SafelightError("provider_failed", `its answer is larger than ${MOST_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new SafelightError("provider_failed", "its answer is not JSON");
  }
}

function decodeBase64(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.replace(/^data:[^,]*,/, ""), "base64"));
}

/** Says the status and the kind of fault. The server's own sentences may quote the prompt, so they stay here. */
function refused(status: number, body: string): SafelightError {
  const fault = /"error"\s*:\s*"([A-Za-z.]{1,60})"/.exec(body)?.[1];
  const detail = `it answered with status ${status}${fault ? ` (${fault})` : ""}`;
  if (status === 401 || status === 403)
    return new SafelightError("provider_rejected", `${detail}: it refuses the credentials`);
  return new SafelightError(
    status >= 500 || status === 408 || status === 429 ? "provider_failed" : "provider_rejected",
    detail,
  );
}

const CAUSES: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens at its address",
  ENOTFOUND: "its host name is unknown",
  EAI_AGAIN: "its host name cannot be looked up now",
  ETIMEDOUT: "its address does not answer",
  UND_ERR_CONNECT_TIMEOUT: "its address does not answer",
  ECONNRESET: "it broke the connection off",
  UND_ERR_SOCKET: "it broke the connection off",
};

function unreachable(error: unknown): SafelightError {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return new SafelightError("provider_failed", CAUSES[code] ?? "the connection failed", { cause: error });
}
