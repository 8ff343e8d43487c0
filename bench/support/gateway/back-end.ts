/**
 * A dummy back end that speaks OpenAI's Images API: some milliseconds after a request it answers with a real picture of the size that
 * was asked for.
 *   node bench/support/gateway/back-end.ts <milliseconds>
 */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { ANSWERS, drawing, Marked } from "./pictures.ts";

const thinks = Number(process.argv[2]);

const pictures = new Map<string, Marked>();
for (const each of Object.values(ANSWERS)) pictures.set(`${each.side}x${each.side}`, new Marked(await drawing(each)));

const server = createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const { size } = JSON.parse(Buffer.concat(chunks).toString()) as { size: string };
  if (thinks > 0) await sleep(thinks);
  const body = Buffer.from(`{"created":1,"data":[{"b64_json":"${pictures.get(size)?.next()}"}]}`, "latin1");
  response.writeHead(200, { "content-type": "application/json", "content-length": body.length }).end(body);
});
server.listen(0, "127.0.0.1");
await once(server, "listening");
console.log(`listening on http://127.0.0.1:${(server.address() as AddressInfo).port}`);
