import { connect, type Socket } from "node:net";

export interface Asked {
  readonly port: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A POST as it goes over the wire. */
export function requestOf({ port, path, headers, body }: Asked): Buffer {
  const all = { host: `127.0.0.1:${port}`, ...headers, "content-length": String(Buffer.byteLength(body)) };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`POST ${path} HTTP/1.1\r\n${lines.join("")}\r\n${body}`);
}

/** One HTTP/1.1 connection that asks the same thing again and again, and throws the answers away: as little work as can be. */
export class Connection {
  readonly #socket: Socket;
  readonly #request: Buffer;
  readonly #ready: Promise<void>;
  #reader = new AnswerReader();
  #settle: { resolve: (status: number) => void; reject: (error: Error) => void } | undefined;

  constructor(port: number, request: Buffer) {
    this.#request = request;
    this.#socket = connect({
      host: "127.0.0.1",
      port,
      noDelay: true,
      onread: {
        buffer: Buffer.allocUnsafe(256 * 1024),
        callback: (length, buffer) => {
          this.#read(Buffer.from(buffer.buffer, buffer.byteOffset, length));
          return true;
        },
      },
    });
    this.#ready = new Promise((resolve) => this.#socket.once("connect", resolve));
    this.#socket.on("error", (error) => this.#settle?.reject(error));
    this.#socket.on("close", () => this.#settle?.reject(new Error("the connection was closed")));
  }

  /** @returns the status, once the whole answer has come */
  async ask(): Promise<number> {
    await this.#ready;
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      this.#reader = new AnswerReader();
      this.#socket.write(this.#request);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(bytes: Buffer): void {
    this.#reader.read(bytes);
    if (!this.#reader.done) return;
    this.#settle?.resolve(this.#reader.status);
    this.#settle = undefined;
  }
}

/** Finds where an answer ends: by its Content-Length, or by its chunks. */
export class AnswerReader {
  status = 0;
  done = false;
  /** Bytes of the body, or of the present chunk with its line end, that are still to come. */
  #left = 0;
  #state: "head" | "body" | "size" | "chunk" | "trailer" = "head";
  #line = "";

  read(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length && !this.done) {
      if (this.#state === "body" || this.#state === "chunk") {
        const taken = Math.min(this.#left, bytes.length - at);
        at += taken;
        this.#left -= taken;
        if (this.#left === 0) this.#ended();
        continue;
      }
      const end = this.#state === "head" ? "\r\n\r\n" : "\r\n";
      const before = this.#line.length;
      this.#line += bytes.toString("latin1", at, Math.min(bytes.length, at + 16_384));
      const found = this.#line.indexOf(end);
      if (found < 0) return;
      at += found + end.length - before;
      const line = this.#line.slice(0, found);
      this.#line = "";
      this.#understand(line);
    }
  }

  #ended(): void {
    if (this.#state === "body") this.done = true;
    else this.#state = "size";
  }

  #understand(line: string): void {
    if (this.#state === "head") {
      this.status = Number(line.slice(9, 12));
      const length = /\r\ncontent-length: *(\d+)/i.exec(line)?.[1];
      this.#left = Number(length ?? 0);
      this.#state = length === undefined ? "size" : "body";
      this.done = length === "0";
    } else if (this.#state === "size") {
      const size = Number.parseInt(line, 16);
      this.#left = size + 2;
      this.#state = size === 0 ? "trailer" : "chunk";
    } else {
      this.done = line === "";
    }
  }
}
