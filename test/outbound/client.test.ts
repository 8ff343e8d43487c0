import { describe, expect, test } from "vitest";
import { z } from "zod";
import { Client } from "../../src/outbound/client.ts";
import { DETECTOR, GENERATOR } from "../../src/outbound/role.ts";
import { faultSuite, KEY, PROMPT } from "../vendors/faults.ts";
import { vendorServer } from "../vendors/server.ts";

const never = new AbortController().signal;
const Shape = z.object({ answer: z.string() });

for (const role of ["generator", "detector"] as const) {
  faultSuite(`a bare client (${role})`, {
    role,
    open: async (url) =>
      new Client(role === "generator" ? GENERATOR : DETECTOR, { url, headers: { authorization: `Bearer ${KEY}` } }),
    ask: (client, signal) => client.json({ path: "/ask", body: { prompt: PROMPT } }, Shape, signal),
    close: (client) => client.close(),
    good: { body: { answer: "yes" } },
  });
}

describe("the client", () => {
  test("sends JSON with its headers under the path of its address", async () => {
    await using vendor = await vendorServer(() => ({ body: { answer: "yes" } }));
    const client = new Client(GENERATOR, { url: `${vendor.url}/v1/`, headers: { "x-key": KEY } });
    expect(await client.json({ path: "/ask?x=1", body: { a: "ä" }, headers: { "x-one": "1" } }, Shape, never)).toEqual({
      answer: "yes",
    });
    await client.close();
    expect(vendor.calls[0]).toMatchObject({ method: "POST", path: "/v1/ask?x=1", text: '{"a":"ä"}' });
    expect(vendor.calls[0]?.headers).toMatchObject({ "content-type": "application/json", "x-key": KEY, "x-one": "1" });
  });

  test("sends bytes as they are", async () => {
    await using vendor = await vendorServer(() => ({ body: "ok" }));
    const client = new Client(GENERATOR, { url: vendor.url });
    const answer = await client.call({ method: "PUT", path: "/", body: new Uint8Array([0, 255, 7]) }, never);
    await client.close();
    expect(Buffer.from(answer.bytes).toString()).toBe("ok");
    expect(vendor.calls[0]?.method).toBe("PUT");
    expect([...(vendor.calls[0]?.body ?? [])]).toEqual([0, 255, 7]);
    expect(vendor.calls[0]?.headers["content-type"]).toBe("application/octet-stream");
  });

  test("sends a form as multipart/form-data, again and again where it must", async () => {
    let calls = 0;
    await using vendor = await vendorServer(() =>
      ++calls === 1 ? { status: 503, headers: { "retry-after": "0" } } : { body: { answer: "yes" } },
    );
    const client = new Client(GENERATOR, { url: vendor.url });
    const body = new FormData();
    body.set("prompt", "ä castle");
    await client.json({ path: "/", body }, Shape, never);
    await client.close();
    const read = vendor.calls.map(({ headers, body }) =>
      new Response(body, { headers: { "content-type": headers["content-type"] ?? "" } }).formData(),
    );
    expect((await Promise.all(read)).map((form) => form.get("prompt"))).toEqual(["ä castle", "ä castle"]);
  });

  test("returns the error statuses that a call accepts", async () => {
    await using vendor = await vendorServer(() => ({ status: 403, body: { name: "moderated" } }));
    const client = new Client(GENERATOR, { url: vendor.url });
    const answer = await client.call({ path: "/", accepts: [403] }, never);
    await client.close();
    expect(answer.status).toBe(403);
    expect(vendor.calls[0]?.method).toBe("GET");
  });

  test("refuses an answer that is larger than it should be, also one whose length is not told", async () => {
    await using vendor = await vendorServer((_call, response) => {
      response.writeHead(200);
      response.write(Buffer.alloc(600));
      response.end(Buffer.alloc(600));
    });
    const client = new Client(DETECTOR, { url: vendor.url });
    await expect(client.call({ path: "/", mostBytes: 1_000 }, never)).rejects.toMatchObject({
      code: "detector_failed",
      detail: "its answer is larger than 1000 bytes",
    });
    const chunks = async () => {
      for await (const _chunk of client.stream({ path: "/", mostBytes: 1_000 }, never));
    };
    await expect(chunks()).rejects.toMatchObject({ code: "detector_failed", detail: /larger than 1000/ });
    await client.close();
    expect(vendor.calls).toHaveLength(2);
  });

  test("sends nothing for a caller who is gone already", async () => {
    await using vendor = await vendorServer(() => ({ body: {} }));
    const client = new Client(GENERATOR, { url: vendor.url });
    await expect(client.call({ path: "/" }, AbortSignal.abort(new Error("gone")))).rejects.toThrow("gone");
    await client.close();
    expect(vendor.calls).toHaveLength(0);
  });
});

describe("a stream of the client", () => {
  test("is read while it comes, after tries that fail before it begins", async () => {
    let calls = 0;
    const { promise: seen, resolve: see } = Promise.withResolvers<void>();
    await using vendor = await vendorServer(async (_call, response) => {
      if (++calls === 1) return { status: 503, headers: { "retry-after": "0" } };
      response.writeHead(200).write("one");
      await seen;
      response.end("two");
      return undefined;
    });
    const client = new Client(GENERATOR, { url: vendor.url });
    const texts: string[] = [];
    for await (const chunk of client.stream({ path: "/" }, never)) {
      texts.push(Buffer.from(chunk).toString());
      see();
    }
    await client.close();
    expect(texts).toEqual(["one", "two"]);
  });

  test("is broken off when the reader leaves it", async () => {
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    await using vendor = await vendorServer((_call, response) => {
      response.on("close", resolve);
      response.writeHead(200).write("one");
    });
    const client = new Client(GENERATOR, { url: vendor.url });
    for await (const _chunk of client.stream({ path: "/" }, never)) break;
    await closed;
    await client.close();
  });

  test.each([
    ["a status", (): { status: number } => ({ status: 400 }), "provider_rejected"],
    ["a break in the middle", undefined, "provider_failed"],
  ])("fails for %s", async (_name, reply, code) => {
    await using vendor = await vendorServer((_call, response) => {
      if (reply) return reply();
      response.writeHead(200, { "content-length": "99" }).write("one", () => response.destroy());
      return undefined;
    });
    const client = new Client(GENERATOR, { url: vendor.url });
    const chunks = async () => {
      for await (const _chunk of client.stream({ path: "/" }, never));
    };
    await expect(chunks()).rejects.toMatchObject({ code });
    await client.close();
    expect(vendor.calls).toHaveLength(1);
  });

  test("ends with the signal's reason", async () => {
    const caller = new AbortController();
    await using vendor = await vendorServer((_call, response) => void response.writeHead(200).write("one"));
    const client = new Client(GENERATOR, { url: vendor.url });
    const chunks = async () => {
      for await (const _chunk of client.stream({ path: "/" }, caller.signal)) caller.abort(new Error("gone"));
    };
    await expect(chunks()).rejects.toThrow("gone");
    await client.close();
  });
});
