import { type Dispatcher, FormData, Pool } from "undici";
import type { z } from "zod";
import { SafelightError } from "../contract/errors.ts";
import { isName, refused, unreachable } from "./fault.ts";
import { LEAST_BYTES, parseLongJson } from "./long-json.ts";
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
  async call(call: Call, signal: AbortSignal): Promise<Answer> {
    const { status, headers, pieces } = await this.#exchange(call, signal);
    return { status, headers, bytes: joined(pieces) };
  }

  /** A call whose answer is JSON of a shape. @throws SafelightError also when it is not */
  async json<S extends z.ZodType>(call: Call, schema: S, signal: AbortSignal): Promise<z.output<S>> {
    const { pieces } = await this.#exchange(call, signal);
    return shaped(this.#role, call.longText ? parsed(() => parseLongJson(pieces)) : jsonOf(joined(pieces)), schema);
  }

  #exchange(call: Call, signal: AbortSignal): Promise<Omit<Answer, "bytes"> & { pieces: readonly Uint8Array[] }> {
    return this.#resilience.run(async () => {
      const { status, headers, body } = await this.#send(call, signal);
      const pieces = await this.#read({ headers, body }, call.mostBytes ?? MOST_BYTES, signal);
      if (status < 300 || call.accepts?.includes(status)) return { status, headers, pieces };
      throw refused(this.#role, { status, headers, body: jsonOf(joined(pieces)) });
    }, signal);
  }

  /** A call whose answer is read while it comes; leave the loop to break it off. Tries again only until the answer begins. */
  async *stream(call: Call, signal: AbortSignal): AsyncGenerator<Uint8Array, void> {
    const body = await this.#resilience.run(async () => {
      const { status, headers, body } = await this.#send(call, signal);
      if (status < 300) return body;
      const pieces = await this.#read({ headers, body }, MOST_BYTES, signal);
      throw refused(this.#role, { status, headers, body: jsonOf(joined(pieces)) });
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
      const named: Record<string, string | undefined> = {};
      for (const [name, value] of Object.entries(answer.headers))
        named[name.toLowerCase()] = Array.isArray(value) ? value[0] : value;
      return { status: answer.statusCode, headers: named, body: answer.body };
    } catch (error) {
      throw this.#broken(error, signal);
    }
  }

  /** The body as it comes: putting a large one together costs its length in memory once more. */
  async #read({ headers, body }: Received, most: number, signal: AbortSignal): Promise<readonly Uint8Array[]> {
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    try {
      // More than it says never comes. A short body costs less in one step.
      if (Number(headers["content-length"]) <= Math.min(most, LEAST_BYTES)) return [await body.bytes()];
      for await (const chunk of body) {
        bytes += chunk.length;
        if (bytes > most) throw this.#tooLarge(most);
        chunks.push(chunk);
      }
    } catch (error) {
      throw this.#broken(error, signal);
    }
    return chunks;
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
export function readJson<S extends z.ZodType>(role: Role, { bytes }: Pick<Answer, "bytes">, schema: S): z.output<S> {
  return shaped(role, jsonOf(bytes), schema);
}

function shaped<S extends z.ZodType>(role: Role, value: unknown, schema: S): z.output<S> {
  if (value === undefined) throw new SafelightError(role.failed, "its answer is not JSON");
  const read = schema.safeParse(value);
  if (read.success) return read.data;
  const path = read.error.issues[0]?.path.map(String) ?? [];
  const strange = path.findIndex((part) => !isName(part)); // a key of the vendor's may be a sentence
  const where = (strange < 0 ? path : path.slice(0, strange)).join(".");
  throw new SafelightError(role.failed, `its answer has another shape than expected${where ? `, at "${where}"` : ""}`);
}

/** Undefined when it is none. */
function jsonOf(bytes: Uint8Array): unknown {
  return parsed(() => JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8")));
}

function parsed(parse: () => unknown): unknown {
  try {
    return parse();
  } catch {
    return undefined;
  }
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  return pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces);
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
