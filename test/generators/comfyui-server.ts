import { randomUUID } from "node:crypto";
import type { ServerResponse } from "node:http";
import { type Reply, type VendorCall, type VendorServer, vendorServer } from "../vendors/server.ts";
import { acceptWebSockets, type ServerSocket } from "../vendors/websocket.ts";

export interface FakeNode {
  readonly class_type: string;
  readonly inputs: Readonly<Record<string, unknown>>;
}

export interface FakeJob {
  readonly id: string;
  readonly clientId: string;
  readonly workflow: Readonly<Record<string, FakeNode>>;
  readonly extra: unknown;
  /** Resolves when it is interrupted. */
  readonly interrupted: Promise<void>;
  /** Sends a message about the job to its client. */
  tell(type: string, data?: object): void;
  /** Sends a preview to its client. */
  preview(bytes: Uint8Array): void;
}

interface Protocol {
  readonly answer: (call: VendorCall, response: ServerResponse) => Reply | undefined;
  /** A websocket was opened at this path. */
  connected(socket: ServerSocket, path: string): void;
  /** In the order they were begun. */
  readonly begun: readonly FakeJob[];
  /** Breaks off every websocket. */
  dropWebSockets(): void;
  /** Forgets everything, as a restart does. */
  restart(): void;
  readonly history: Map<string, object>;
  readonly waiting: readonly { readonly id: string }[];
}

export type FakeComfyui = VendorServer & Omit<Protocol, "answer" | "connected">;

export interface Behaviour {
  /** What a job does before its picture is there. A throw is an error of node 3. */
  work?(job: FakeJob): Promise<void> | void;
  /** The outputs of a job that succeeds: a temporary picture named after the seed when absent. */
  outputs?(job: FakeJob): object;
  /** The file of this name. */
  view?(query: URLSearchParams): Reply;
  /** Instead of what became of a job. */
  ended?(): Reply | undefined;
  /** Instead of taking the job. */
  refuse?(call: VendorCall): Reply | undefined;
  /** Chooses the ids of jobs itself, and interrupts whatever runs. */
  readonly old?: boolean;
  /** Takes this job, and breaks the connection off instead of saying so. */
  silent?(call: VendorCall): boolean;
  /** Whether there are websockets: true when absent. */
  readonly websockets?: boolean;
}

/** A ComfyUI in small: one job at a time from a queue, events to the client that it belongs to, and the history after that. */
export function comfyuiProtocol(behaviour: Behaviour): Protocol {
  const known = new Set<string>();
  const begun: FakeJob[] = [];
  const sockets = new Map<string, ServerSocket>();
  const history = new Map<string, object>();
  let waiting: (FakeJob & { readonly interrupt: () => void })[] = [];
  let running: (FakeJob & { readonly interrupt: () => void }) | undefined;

  const entry = (job: FakeJob) => [1, job.id, job.workflow, {}, ["9"]];

  function take(call: VendorCall, response: ServerResponse): Reply | undefined {
    const refusal = behaviour.refuse?.(call);
    if (refusal) return refusal;
    // what the generator sends; the tests look at it
    const body = call.json() as Record<string, unknown> & { prompt: FakeJob["workflow"]; client_id: string };
    const id = behaviour.old ? randomUUID() : String(body["prompt_id"]);
    if (known.has(id)) return { status: 409, body: { error: "prompt_id already exists" } };
    known.add(id);
    const { promise: interrupted, resolve: interrupt } = Promise.withResolvers<void>();
    const tell = (type: string, data: object = {}) =>
      sockets.get(body.client_id)?.send(JSON.stringify({ type, data: { ...data, prompt_id: id } }));
    const preview = (bytes: Uint8Array) => sockets.get(body.client_id)?.send(bytes);
    waiting.push({
      id,
      clientId: body.client_id,
      workflow: body.prompt,
      extra: body["extra_data"],
      interrupted,
      interrupt,
      tell,
      preview,
    });
    setImmediate(next);
    if (behaviour.silent?.(call)) return void response.socket?.resetAndDestroy();
    return { body: { prompt_id: id, number: begun.length, node_errors: {} } };
  }

  async function next(): Promise<void> {
    const job = waiting[0];
    if (running || !job) return;
    waiting = waiting.slice(1);
    running = job;
    begun.push(job);
    const end = (status_str: string, messages: unknown[], outputs: object = {}) => {
      if (running !== job) return; // restarted meanwhile
      running = undefined;
      history.set(job.id, {
        prompt: entry(job),
        outputs,
        status: { status_str, completed: status_str === "success", messages },
        meta: {},
      });
      job.tell("executing", { node: null });
      setImmediate(next);
    };
    job.tell("execution_start", { timestamp: 1 });
    try {
      const result = await Promise.race([
        Promise.resolve(behaviour.work?.(job)).then(() => "done" as const),
        job.interrupted.then(() => "interrupted" as const),
      ]);
      if (result === "interrupted") {
        const told = { prompt_id: job.id, node_id: "3", node_type: "KSampler", executed: [] };
        job.tell("execution_interrupted", told);
        return end("error", [["execution_interrupted", told]]);
      }
      const outputs = behaviour.outputs?.(job) ?? {
        "9": { images: [{ filename: `seed ${seedOf(job)}.png`, subfolder: "a b", type: "temp" }] },
      };
      job.tell("execution_success", { timestamp: 2 });
      end("success", [["execution_start", { prompt_id: job.id }]], outputs);
    } catch (error) {
      const told = {
        prompt_id: job.id,
        node_id: "3",
        node_type: "KSampler",
        executed: [],
        exception_type: error instanceof Error ? error.name : "Exception",
        exception_message: String(error),
        current_inputs: { text: ["a castle"] },
      };
      job.tell("execution_error", told);
      end("error", [
        ["execution_start", { prompt_id: job.id }],
        ["execution_error", told],
      ]);
    }
  }

  function answer(call: VendorCall, response: ServerResponse): Reply | undefined {
    const { pathname, searchParams } = new URL(call.path, "http://host");
    const route = `${call.method} ${pathname}`;
    if (route === "POST /prompt") return take(call, response);
    if (route === "GET /queue")
      return { body: { queue_running: running ? [entry(running)] : [], queue_pending: waiting.map(entry) } };
    if (route === "POST /queue") {
      const { delete: gone } = call.json() as { delete: string[] };
      waiting = waiting.filter(({ id }) => !gone.includes(id));
      return { body: "" };
    }
    if (route === "POST /interrupt") {
      const { prompt_id } = call.json() as { prompt_id?: string };
      if (behaviour.old || prompt_id === undefined || prompt_id === running?.id) running?.interrupt();
      return { body: "" };
    }
    if (route.startsWith("GET /history/")) {
      const id = decodeURIComponent(pathname.slice("/history/".length));
      return behaviour.ended?.() ?? { body: history.has(id) ? { [id]: history.get(id) } : {} };
    }
    if (route === "GET /view") {
      const headers = { "content-type": "image/png" };
      return behaviour.view?.(searchParams) ?? { headers, body: `picture of ${searchParams.get("filename")}` };
    }
    return { status: 404, headers: { "content-type": "text/plain" }, body: "404: Not Found" };
  }

  return {
    answer,
    connected: (socket, path) => {
      const id = new URL(path, "http://host").searchParams.get("clientId") ?? "";
      sockets.set(id, socket);
      socket.send(JSON.stringify({ type: "status", data: { status: { exec_info: { queue_remaining: 0 } }, sid: id } }));
    },
    begun,
    history,
    get waiting() {
      return waiting;
    },
    dropWebSockets: () => {
      for (const socket of sockets.values()) socket.drop();
      sockets.clear();
    },
    restart: () => {
      waiting = [];
      running = undefined;
      history.clear();
    },
  };
}

/** The same over real sockets. */
export async function fakeComfyui(behaviour: Behaviour = {}): Promise<FakeComfyui> {
  const protocol = comfyuiProtocol(behaviour);
  const vendor = await vendorServer(protocol.answer);
  if (behaviour.websockets ?? true) acceptWebSockets(vendor.server, protocol.connected);
  return Object.assign(protocol, vendor);
}

/** The seed that the sampler of the built-in workflow was given. */
export function seedOf({ workflow }: FakeJob): unknown {
  return workflow["3"]?.inputs["seed"];
}
