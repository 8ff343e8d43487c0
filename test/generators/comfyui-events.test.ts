import { createHash } from "node:crypto";
import type { Duplex } from "node:stream";
import { expect, test } from "vitest";
import { Events } from "../../src/generators/comfyui/events.ts";
import { vendorServer } from "../vendors/server.ts";

test("a websocket whose server never answers its closing is cut", async () => {
  const sockets: Duplex[] = [];
  await using vendor = await vendorServer(() => ({ status: 404 }));
  vendor.server.on("upgrade", ({ headers }, socket: Duplex) => {
    const key = `${headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
    const accept = createHash("sha1").update(key).digest("base64");
    socket.on("error", () => {}).resume();
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    sockets.push(socket);
  });
  const events = new Events(vendor.url, "me", {}, () => {});
  await events.settled(new AbortController().signal);
  expect(sockets.map(({ readableEnded }) => readableEnded)).toEqual([false]);
  events.close();
  await expect.poll(() => sockets[0]?.readableEnded, { timeout: 4_000 }).toBe(true);
});
