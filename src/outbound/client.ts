import { type Dispatcher, FormData, Pool } from "undici";
import type { z } from "zod";
import { SafelightError } from "../contract/errors.ts";
import { isName, refused, unreachable } from "./fault.ts";
import { parseLongJson } from "./long-json.ts";
import { type Persistence, type Resilience, resilience } from "./resilience.ts";
import type { Role } from "./role.ts";

/** A dozen uncompressed 2048 × 2048 pictures, in base64. */
const MOST_BYTES = 256 * 1024 * 1024;
const CONNECT_MS = 5_000;
const CONNECTIONS = 128;

export interface ClientOptions extends Persistence {
  /** The start of every address, for instance `https://api.openai.com/v1`. */
  readonly url: string;
  /** Sent with every call: credentials, versions. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Call {
  readonly method?: "GET" | "POST" | "PUT" | "DELETE";
  /** Added to the client's `url`; begins with `/`, with the query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object goes as JSON, a form as `multipart/form-data`, bytes as they are. */
  readonly body?: object | FormData | Uint8Array;
  /** Larger answers are failures. */
  readonly mostBytes?: number;
  /** Error statuses that are answers to this call: they are returned, not thrown. */
  readonly accepts?: readonly number[];
  /** The answer is JSON with pictures in it: its long strings come as `LongText`. */
  readonly longText?: boolean;
}

interface Received extends Pick<Answer, "headers"> {
  readonly body: Dispatcher.ResponseData["body"];
}

export interface Answer {
  readonly status: number;
  /** Names in lower case; of several with one name the first. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly bytes: Uint8Array;
}

/** Speaks HTTP to one vendor. All its failures are {@link SafelightError}s of its role, without a word of the vendor's sentences. */
export class Client {
  readonly #role: Role;
  readonly #pool: Pool;
  readonly #path: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #resilience: Resilience;

  constructor(role: Role, { url, headers = {}, ...persistence }: ClientOptions) {
    const { origin, pathname } = new URL(url);
    this.#role = role;
    this.#pool = new Pool(origin, {
      connections: CONNECTIONS,
      connect: { timeout: CONNECT_MS },
      // The pipeline's budgets bound every call; a generator may think for minutes.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    this.#path = pathname.replace(/\/+$/, "");
    this.#headers = headers;
    this.#resilience = resilience(role, persistence);
  }

  /**
   * One call, with further tries where a fault may pass.
   * @throws SafelightError with `vendor` where the vendor answered; the signal's reason
   */
  call(call: Call, signal: AbortSignal): Promise<Answer> {
    return this.#resilience.run(async () => {
      const { status, headers, body } = await this.#send(call, signal);
      const bytes = await this.#read({ headers, body }, call.mostBytes ?? MOST_BYTES, signal);
      if (status < 300 || call.accepts?.includes(status)) return { status, headers, bytes };
      throw refused(this.#role, { status, headers, body: parsed(bytes) });
    }, signal);
  }

  /** A call whose answer is JSON of a shape. @throws SafelightError also when it is not */
  async json<S extends z.ZodType>(call: Call, schema: S, signal: AbortSignal): Promise<z.output<S>> {
    const answer = await this.call(call, signal);
    return readJson(this.#role, answer, schema, call.longText ? parseLongJson : parseJson);
  }

  /** A call whose answer is read while it comes; leave the loop to break it off. Tries again only until the answer begins. */
  async *stream(call: Call, signal: AbortSignal): AsyncGenerator<Uint8Array, void> {
    const body = await this.#resilience.run(async () => {
      const { status, headers, body } = await this.#send(call, signal);
      if (status < 300) return body;
      const bytes = await this.#read({ headers, body }, MOST_BYTES, signal);
      throw refused(this.#role, { status, headers, body: parsed(bytes) });
    }, signal);
    let bytes = 0;
    try {
      for await (const chunk of body) {
        bytes += chunk.length;
        if (bytes > (call.mostBytes ?? MOST_BYTES)) throw this.#tooLarge(call.mostBytes ?? MOST_BYTES);
        yield chunk;
      }
    } catch (error) {
      throw this.#broken(error, signal);
    }
  }

  close(): Promise<void> {
    return this.#pool.destroy();
  }

  async #send({ method, path, headers, body }: Call, signal: AbortSignal) {
    try {
      const answer = await this.#pool.request({
        method: method ?? (body === undefined ? "GET" : "POST"),
        path: `${this.#path}${path}`,
        headers: { accept: "application/json", ...typeOf(body), ...this.#headers, ...headers },
        body: body === undefined ? null : encoded(body),
        signal,
      });
      const named = Object.entries(answer.headers).map(
        ([name, value]) => [name.toLowerCase(), Array.isArray(value) ? value[0] : value] as const,
      );
      return { status: answer.statusCode, headers: Object.fromEntries(named), body: answer.body };
    } catch (error) {
      throw this.#broken(error, signal);
    }
  }

  async #read({ headers, body }: Received, most: number, signal: AbortSignal): Promise<Uint8Array> {
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    try {
      if (Number(headers["content-length"]) <= most) return await body.bytes(); // more than it says never comes
      for await (const chunk of body) {
        bytes += chunk.length;
        if (bytes > most) throw this.#tooLarge(most);
        chunks.push(chunk);
      }
    } catch (error) {
      throw this.#broken(error, signal);
    }
    return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
  }

  #tooLarge(most: number): SafelightError {
    return new SafelightError(this.#role.failed, `its answer is larger than ${most} bytes`);
  }

  #broken(error: unknown, signal: AbortSignal): unknown {
    if (signal.aborted) return signal.reason;
    return error instanceof SafelightError ? error : unreachable(this.#role, error);
  }
}

/** @throws SafelightError when the answer is no JSON, or not of the shape */
export function readJson<S extends z.ZodType>(
  role: Role,
  { bytes }: Pick<Answer, "bytes">,
  schema: S,
  parse: (bytes: Uint8Array) => unknown = parseJson,
): z.output<S> {
  const value = parsed(bytes, parse);
  if (value === undefined) throw new SafelightError(role.failed, "its answer is not JSON");
  const read = schema.safeParse(value);
  if (read.success) return read.data;
  const path = read.error.issues[0]?.path.map(String) ?? [];
  const strange = path.findIndex((part) => !isName(part)); // a key of the vendor's may be a sentence
  const where = (strange < 0 ? path : path.slice(0, strange)).join(".");
  throw new SafelightError(role.failed, `its answer has another shape than expected${where ? `, at "${where}"` : ""}`);
}

function parseJson({ buffer, byteOffset, byteLength }: Uint8Array): unknown {
  return JSON.parse(Buffer.from(buffer, byteOffset, byteLength).toString("utf8"));
}

function parsed(bytes: Uint8Array, parse = parseJson): unknown {
  try {
    return parse(bytes);
  } catch {
    return undefined;
  }
}

function isForm(body: object): body is FormData {
  return Symbol.toStringTag in body && body[Symbol.toStringTag] === "FormData";
}

function typeOf(body: Call["body"]): Record<string, string> {
  if (body === undefined || isForm(body)) return {}; // a form names its own boundary
  return { "content-type": body instanceof Uint8Array ? "application/octet-stream" : "application/json" };
}

function encoded(body: object): string | Uint8Array | FormData {
  if (isForm(body)) return ownForm(body);
  return body instanceof Uint8Array ? body : JSON.stringify(body);
}

/** The HTTP client takes only forms of its own making, not those of Node. */
function ownForm(form: FormData): FormData {
  if (form instanceof FormData) return form;
  const own = new FormData();
  // its entries look the same, whoever made it
  for (const [name, value] of form as FormData) own.append(name, value);
  return own;
}
