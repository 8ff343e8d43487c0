import { createHash } from "node:crypto";
import type { IncomingMessage, Server } from "node:http";
import type { Socket } from "node:net";

/** The server's end of a WebSocket, as far as a test sends: what the client says is not read, but for its closing. */
export interface ServerSocket {
  /** Text goes as a text message, bytes as a binary one. */
  send(message: string | Uint8Array): void;
  /** Breaks the connection off, without a closing handshake. */
  drop(): void;
}

/** Has a server accept WebSockets (RFC 6455). @param opened called with each, and the path that it was opened at */
export function acceptWebSockets(server: Server, opened: (socket: ServerSocket, path: string) => void): void {
  server.on("upgrade", (request: IncomingMessage, socket: Socket) => {
    const key = `${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
    const accept = createHash("sha1").update(key).digest("base64");
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    socket.on("data", ([first = 0]) => {
      if ((first & 0x0f) === 0x8) socket.end(Buffer.from([0x88, 0x00])); // closing, and closed
    });
    socket.on("error", () => {});
    opened(
      {
        send: (message) => {
          if (socket.writable) socket.write(frame(message));
        },
        drop: () => socket.destroy(),
      },
      request.url ?? "",
    );
  });
}

function frame(message: string | Uint8Array): Uint8Array {
  const payload = Buffer.from(message);
  const kind = typeof message === "string" ? 0x81 : 0x82;
  if (payload.length < 126) return Buffer.concat([Buffer.from([kind, payload.length]), payload]);
  return Buffer.concat([Buffer.from([kind, 126, payload.length >> 8, payload.length & 0xff]), payload]);
}
