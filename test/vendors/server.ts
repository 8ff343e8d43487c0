import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { SELF_SIGNED } from "./self-signed.ts";

/** One call as it came in. */
export interface VendorCall {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  /** Names in lower case. */
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
  /** The body as UTF-8 text. */
  readonly text: string;
  /** The body, parsed. @throws when it is no JSON */
  json(): unknown;
}

export interface Reply {
  /** 200 when absent. */
  readonly status?: number;
  /** The content type is `application/json` when absent. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Text and bytes as they are, anything else as JSON. */
  readonly body?: string | Uint8Array | object;
}

/** Answers a call. Whoever returns nothing deals with the response alone: writes it, breaks it off, or never answers. */
export type Answerer = (
  call: VendorCall,
  response: ServerResponse,
) => Reply | undefined | Promise<Reply | undefined> | Promise<void> | void;

export interface VendorServer extends AsyncDisposable {
  /** `http://127.0.0.1:<port>`, without a slash at the end; `https:` with TLS. */
  readonly url: string;
  /** All calls so far, in the order their bodies were complete. */
  readonly calls: readonly VendorCall[];
  /** For whoever needs more of it, such as the upgrade to a WebSocket. */
  readonly server: Server;
  /** Connections that are open now. */
  connections(): number;
  /** Breaks off whatever is open. */
  close(): Promise<void>;
}

/** A vendor over real sockets, on a free port of this machine. `await using` closes it. */
export async function vendorServer(answer: Answerer, { tls = false } = {}): Promise<VendorServer> {
  const calls: VendorCall[] = [];
  const sockets = new Set<Socket>();
  const listener = async (request: IncomingMessage, response: ServerResponse) => {
    try {
      const call = await read(request);
      calls.push(call);
      const reply = await answer(call, response);
      if (reply) send(response, reply);
    } catch (error) {
      // A mistake of the script must not look like a fault of the vendor that the test is about.
      if (!response.headersSent) response.writeHead(599, { "content-type": "text/plain" });
      response.end(String(error));
    }
  };
  const server = tls ? createTlsServer(SELF_SIGNED, listener) : createServer(listener);
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => {}); // the other side may go away at any time
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  // listening on TCP, so the address is one of a network
  const { port } = server.address() as AddressInfo;
  const close = async () => {
    for (const socket of sockets) socket.destroy();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  };
  return {
    url: `${tls ? "https" : "http"}://127.0.0.1:${port}`,
    calls,
    server,
    connections: () => sockets.size,
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** A port of this machine where nothing listens. */
export async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo; // listening on TCP
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function read(request: IncomingMessage): Promise<VendorCall> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  const text = body.toString("utf8");
  return {
    method: request.method ?? "",
    path: request.url ?? "",
    headers: request.headers,
    body,
    text,
    json: () => JSON.parse(text),
  };
}

/** The bytes of a reply's body. */
export function bytesOf(body: Reply["body"]): Uint8Array {
  if (body instanceof Uint8Array) return body;
  return Buffer.from(typeof body === "object" ? JSON.stringify(body) : (body ?? ""));
}

function send(response: ServerResponse, { status = 200, headers, body }: Reply): void {
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(bytesOf(body));
}
