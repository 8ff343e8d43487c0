import { request } from "undici";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { serve, type TestServer } from "./serve.ts";

let server: TestServer;
beforeAll(async () => {
  server = await serve();
});
afterAll(() => server.close());

const body = JSON.stringify({ text: "two cats in a garden" });
const ask = async (headers: Record<string, string>, method: "POST" | "GET" = "POST") => {
  const path = method === "GET" ? "/api/v1/generations" : "/api/v1/checks/text";
  const answer = await request(`${server.url}${path}`, {
    method,
    headers: { "content-type": "application/json", ...headers },
    body: method === "POST" ? body : null,
  });
  return { status: answer.statusCode, ...((await answer.body.json()) as { code?: string; detail?: string }) };
};

describe("a server without keys on this machine alone", () => {
  test.each(["127.0.0.1:1", "localhost:8080", "[::1]:8080", "safelight.localhost"])(
    "answers under the name %s",
    async (host) => {
      expect(await ask({ host })).toMatchObject({ status: 200 });
    },
  );

  test.each(["evil.example", "192.168.0.9:8080", "localhost.evil.example", "127.0.0.1.evil.example"])(
    "does not answer under the name %s, to which another site may have led a browser",
    async (host) => {
      expect(await ask({ host }, "GET")).toMatchObject({
        status: 403,
        code: "forbidden",
        detail: /server\.public_url/,
      });
      expect(await ask({ host })).toMatchObject({ status: 403, code: "forbidden" });
    },
  );

  test("takes no request that a page of another site sends, and lets itself be linked to", async () => {
    const headers = { "sec-fetch-site": "cross-site" };
    expect(await ask(headers)).toMatchObject({ status: 403, code: "forbidden" });
    expect(await ask(headers, "GET")).toMatchObject({ status: 200 });
    expect(await ask({ "sec-fetch-site": "same-origin" })).toMatchObject({ status: 200 });
  });
});

test("with a public URL it answers under that name, too", async () => {
  const proxied = await serve("server: {public_url: 'https://images.example.com'}\nlog: {level: silent}\n");
  const answer = await request(`${proxied.url}/healthz`, { headers: { host: "images.example.com" } });
  await answer.body.dump();
  expect(answer.statusCode).toBe(200);
  await proxied.close();
});

describe("the body", () => {
  test("of a request without a picture is read up to a mebibyte", async () => {
    const answer = await server.post(
      "/api/v1/generations",
      JSON.stringify({ prompt: "a boat", padding: "x".repeat(1_100_000) }),
    );
    expect(answer.status).toBe(413);
    expect(await answer.json()).toMatchObject({ code: "body_too_large", detail: expect.stringContaining("1048576") });
  });

  test("with very many wrong fields is refused with some of them", async () => {
    const fields = Array.from({ length: 60_000 }, (_, i) => `"k${i}":1`).join(",");
    const answer = await server.post("/api/v1/generations", `{${fields}}`);
    const problem = (await answer.json()) as { errors: unknown[] };
    expect([answer.status, problem.errors.length]).toEqual([400, 20]);
  });
});

describe("what turns a judged text around is refused", () => {
  test.each([
    [{ prompt: "a woman (clothes:-1)" }, "prompt"],
    [{ prompt: "a beach", negative_prompt: "(nude:-1.2)" }, "negative_prompt"],
    [{ prompt: "a beach AND clothes :-.5" }, "prompt"],
    [{ prompt: "a beach", guidance_scale: 0 }, "guidance_scale"],
  ])("%j", async (fields, name) => {
    const answer = await server.post("/api/v1/generations", fields);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ code: "invalid_request", errors: [{ pointer: `#/${name}` }] });
  });

  test.each(["a (red:1.2) boat", "a map at 48:-2", "salt AND pepper", "(a boat: -ish)"])(
    "%j is not",
    async (prompt) => {
      expect((await server.post("/api/v1/generations", { prompt })).status).toBe(200);
    },
  );
});
