import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import { pino } from "pino";
import type { Service } from "../app/service.ts";
import type { Config } from "../config/schema.ts";
import { SafelightError } from "../contract/errors.ts";
import { createApp } from "./app.ts";
import { Keys } from "./keys.ts";

export interface RunningServer {
  /** Where it listens, for instance `http://127.0.0.1:8080`. */
  readonly url: string;
  /** Takes no new requests, and resolves when those under way have ended. */
  close(): Promise<void>;
}

/**
 * Serves HTTP until closed. Logs go to stderr, one JSON object a line.
 * @throws SafelightError `config_invalid` when the address is taken or not allowed, or the secret of a key is missing
 */
export async function startServer(service: Service, config: Config): Promise<RunningServer> {
  const { host, port, public_url } = config.server;
  const keys = new Keys(config.keys);
  const log = pino({ level: config.log.level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, logLines());
  const app = await createApp({
    service,
    log,
    publicUrl: public_url?.replace(/\/+$/, ""),
    dialects: config.dialects,
    keys,
    loopback: isLoopback(host),
  });
  if (keys.isEmpty && !isLoopback(host))
    log.warn({ host }, "anybody who reaches this address may ask: no keys are configured");
  const server = createAdaptorServer({ fetch: app.fetch });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(cannotListen(error, host, port)));
    server.listen(port, host, resolve);
  });
  const address = server.address() as AddressInfo;
  const shown = address.family === "IPv6" ? `[${address.address}]` : address.address;
  return {
    url: `http://${shown}:${address.port}`,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
        if ("closeIdleConnections" in server) server.closeIdleConnections();
      }),
  };
}

/** Standard error: the lines of one turn of the event loop go out in one write, at its end. */
function logLines(): { write(line: string): void } {
  const stderr = pino.destination(2);
  let lines = "";
  const flush = () => {
    if (lines !== "") stderr.write(lines);
    lines = "";
  };
  process.once("exit", flush);
  return {
    write(line) {
      if (lines === "") setImmediate(flush);
      lines += line;
    },
  };
}

/** Whether only this machine can reach the address. */
function isLoopback(host: string): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/i.test(host);
}

export function cannotListen(error: NodeJS.ErrnoException, host: string, port: number): SafelightError {
  const why: Record<string, string> = {
    EADDRINUSE: "another program is using it",
    EACCES: "this user may not use it",
    EADDRNOTAVAIL: "this machine has no such address",
    ENOTFOUND: "this host name is unknown",
  };
  return new SafelightError(
    "config_invalid",
    `cannot listen on ${host} port ${port}: ${why[error.code ?? ""] ?? error.code ?? "unknown cause"}. Choose another with --port, PORT or server.port.`,
    { cause: error },
  );
}
