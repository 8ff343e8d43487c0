import { EventEmitter, once } from "node:events";
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Agent, buildConnector, WebSocket } from "undici";
import { z } from "zod";
import { jsonOf } from "../json.ts";

/** How long the websocket may take to open before the jobs are sent all the same. */
const OPENING_MS = 2_000;
/** How long the server has to answer the closing of the websocket, before its connection is cut. */
const CLOSING_MS = 1_000;
/** How often the history is asked: while the websocket tells what happens, while it does not, and once it told of the end. */
const PAUSE_MS = { told: 10_000, untold: { first: 100, most: 1_000 }, ended: 100 } as const;

const EventSchema = z.object({
  type: z.string(),
  data: z.object({
    prompt_id: z.string(),
    /** Null in `executing`: the job has ended. */
    node: z.string().nullish(),
    value: z.number().nullish(),
    max: z.number().nullish(),
  }),
});
const ENDS: ReadonlySet<string> = new Set(["execution_success", "execution_error", "execution_interrupted"]);

/**
 * What a server's websocket tells of one client's jobs. Only a courtesy: the history says what became of a job, and where the
 * websocket cannot be had or breaks off, it is only asked more often. Preview pictures come as binary messages, and are dropped.
 */
export class Events {
  readonly #socket: WebSocket;
  /** What the websocket runs over. */
  #connection: Socket | undefined;
  /** Emits `change` for every end of a job, and when the websocket opens or closes. */
  readonly #changes = new EventEmitter();
  readonly #ended = new Set<string>();
  readonly #onProgress: (id: string, fraction: number) => void;

  /** @param onProgress told from 0 to 1 how far a node of a job is, such as its sampler */
  constructor(
    url: string,
    clientId: string,
    headers: Readonly<Record<string, string>>,
    onProgress: (id: string, fraction: number) => void,
  ) {
    const address = new URL(`${url.replace(/\/+$/, "")}/ws?${new URLSearchParams({ clientId })}`);
    address.protocol = address.protocol.replace("http", "ws");
    this.#onProgress = onProgress;
    this.#changes.setMaxListeners(0);
    const connect = buildConnector({ timeout: OPENING_MS });
    const dispatcher = new Agent({
      connect: (options, callback) =>
        connect(options, (...[error, connection]) => {
          if (error) return callback(error, null);
          this.#connection = connection;
          callback(null, connection);
        }),
    });
    this.#socket = new WebSocket(address, { headers, dispatcher });
    this.#socket.binaryType = "arraybuffer";
    this.#socket.addEventListener("message", ({ data }) => this.#heard(data));
    for (const type of ["open", "close", "error"] as const)
      this.#socket.addEventListener(type, () => this.#changes.emit("change"));
  }

  /** Resolves when the websocket is open, or cannot be had soon enough. */
  async settled(signal: AbortSignal): Promise<void> {
    if (this.#socket.readyState === WebSocket.CONNECTING) await this.#changeWithin(OPENING_MS, signal);
  }

  /** Resolves when it is time to ask the history for a job that it was `asked` for so often. @throws the signal's reason */
  timeToAsk(id: string, asked: number, signal: AbortSignal): Promise<void> {
    const { told, untold, ended } = PAUSE_MS;
    if (this.#ended.has(id)) return this.#changeWithin(ended, signal);
    const open = this.#socket.readyState === WebSocket.OPEN;
    return this.#changeWithin(open ? told : Math.min(untold.most, untold.first * 2 ** asked), signal);
  }

  close(): void {
    this.#socket.close();
    setTimeout(() => this.#connection?.destroy(), CLOSING_MS).unref();
  }

  #heard(data: unknown): void {
    const event = EventSchema.safeParse(typeof data === "string" ? jsonOf(data) : undefined);
    if (!event.success) return;
    const { type, data: told } = event.data;
    if (type === "progress" && told.value != null && told.max != null && told.value <= told.max && told.max > 0)
      this.#onProgress(told.prompt_id, Math.max(0, told.value / told.max));
    if (!ENDS.has(type) && !(type === "executing" && told.node === null)) return;
    this.#ended.add(told.prompt_id);
    this.#changes.emit("change");
  }

  async #changeWithin(ms: number, caller: AbortSignal): Promise<void> {
    const waited = new AbortController();
    const signal = AbortSignal.any([caller, waited.signal]);
    try {
      await Promise.race([once(this.#changes, "change", { signal }), sleep(ms, undefined, { signal })]);
    } catch {
      caller.throwIfAborted();
    } finally {
      waited.abort();
    }
  }
}
