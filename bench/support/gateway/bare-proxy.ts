/**
 * The least that a gateway of Hono and undici must do: it parses the request's JSON, sends it on, and lets the answer through.
 *   node bench/support/gateway/bare-proxy.ts http://127.0.0.1:<port of the back end>
 */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { createAdaptorServer } from "@hono/node-server";
import { Hono } from "hono";
import { Pool } from "undici";

const [, , backEnd = ""] = process.argv;
const pool = new Pool(backEnd, { connections: 128 });
const app = new Hono();
app.post("/v1/images/generations", async (c) => {
  const asked: unknown = await c.req.json();
  const { statusCode, headers, body } = await pool.request({
    method: "POST",
    path: "/v1/images/generations",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(asked),
  });
  const sent = { "content-type": "application/json", "content-length": String(headers["content-length"]) };
  return new Response(Readable.toWeb(body) as ReadableStream, { status: statusCode, headers: sent }); // Node's and the DOM's type
});
const server = createAdaptorServer({ fetch: app.fetch });
server.listen(0, "127.0.0.1");
await once(server, "listening");
console.log(`listening on http://127.0.0.1:${(server.address() as AddressInfo).port}`);
