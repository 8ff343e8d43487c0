import { readFileSync } from "node:fs";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Service } from "../../src/app/service.ts";
import { SafelightError } from "../../src/contract/errors.ts";
import { createApp } from "../../src/http/app.ts";
import { Keys } from "../../src/http/keys.ts";
import { serve, type TestServer } from "./serve.ts";

let server: TestServer;
beforeAll(async () => {
  server = await serve(
    "log: {level: silent}\nlimits: {concurrent_generations: 1}\nserver: {public_url: 'https://images.example.com/'}\n",
  );
});
afterAll(() => server.close());

const get = (path: string) => fetch(`${server.url}${path}`);

describe("the server", () => {
  test("is alive and ready", async () => {
    expect(await (await get("/healthz")).json()).toEqual({ status: "ok" });
    expect(await (await get("/readyz")).json()).toEqual({
      status: "ready",
      checks: [{ part: "store", ready: true, detail: null }],
    });
  });

  test("describes every address in OpenAPI 3.1, and every reference in it leads somewhere", async () => {
    const text = await (await get("/openapi.json")).text();
    const document = JSON.parse(text) as {
      openapi: string;
      paths: Record<string, object>;
      components: { schemas: Record<string, unknown> };
    };
    expect(document.openapi).toBe("3.1.0");
    expect(Object.keys(document.paths)).toEqual(
      expect.arrayContaining([
        "/api/v1/generations",
        "/api/v1/generations/{id}",
        "/api/v1/checks/text",
        "/api/v1/checks/image",
        "/api/v1/policies/{name}",
        "/healthz",
        "/readyz",
      ]),
    );
    for (const [, name] of text.matchAll(/"#\/components\/schemas\/([^"]+)"/g))
      expect(Object.keys(document.components.schemas)).toContain(name);
  });

  test("has a page for people that needs no other host", async () => {
    const page = await (await get("/docs")).text();
    const assets = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address]) => String(address));
    expect(assets.length).toBeGreaterThan(2);
    for (const address of assets) {
      expect(address).toMatch(/^\//);
      if (address !== "/favicon.svg") expect((await get(address)).status).toBe(200);
    }
  });

  test("gives the contract as JSON Schema", async () => {
    for (const name of ["generation-request", "generation-answer", "generation-event", "decision", "report"]) {
      const response = await get(`/api/v1/schemas/${name}`);
      expect(response.headers.get("Content-Type")).toBe("application/schema+json");
      expect(await response.json()).toHaveProperty("$schema");
    }
  });

  test("sends headers that keep a browser from trusting others", async () => {
    const headers = (await get("/docs")).headers;
    expect(headers.get("Content-Security-Policy")).toContain("default-src 'self'");
    expect(headers.get("X-Content-Type-Options")).toBe("nosniff");
  });

  test("takes a request id from the caller, and makes one where it is none", async () => {
    const id = async (given: string) =>
      (await fetch(`${server.url}/healthz`, { headers: { "X-Request-Id": given } })).headers.get("X-Request-Id");
    expect(await id("trace-1")).toBe("trace-1");
    expect(await id("bad id \u00e9".slice(0, 6))).toMatch(/^req_/);
  });
});

describe("a policy", () => {
  test("is answered whole, with its digest", async () => {
    const { policies } = (await (await get("/api/v1/policies")).json()) as {
      policies: { name: string; digest: string; default: boolean }[];
    };
    expect(policies).toContainEqual(expect.objectContaining({ name: "default", default: true }));
    const policy = (await (await get("/api/v1/policies/default")).json()) as { digest: string; prompt: object };
    expect(policy.digest).toBe(policies.find(({ name }) => name === "default")?.digest);
    expect(policy.prompt).toHaveProperty("categories");
  });

  test("that ships has a comment for every stage and blocks what must never pass", () => {
    const text = readFileSync(new URL("../../policies/default.yaml", import.meta.url), "utf8");
    expect(text.match(/^ *#/gm)?.length).toBeGreaterThan(10);
    const { prompt, image } = server.service.policy("default");
    expect(prompt.categories.sexual_minors?.block).toBeLessThanOrEqual(0.5);
    expect(prompt.on_unknown).toBe("block");
    expect(image.on_unknown).toBe("block");
  });
});

test("one generation more than the limit is refused as overloaded, with advice to retry", async () => {
  const slow = server.post("/api/v1/generations", { prompt: "safelight-test:generator:delay:1500" });
  await expect
    .poll(async () => (await server.post("/api/v1/generations", { prompt: "a boat" })).status, { timeout: 1_400 })
    .toBe(503);
  const response = await server.post("/api/v1/generations", { prompt: "a boat" });
  expect(await response.json()).toMatchObject({ code: "overloaded", detail: expect.stringMatching(/^1 generations/) });
  expect(response.headers.get("Retry-After")).toBe("5");
  expect((await slow).status).toBe(200);
  expect((await server.post("/api/v1/generations", { prompt: "a boat" })).status).toBe(200);
});

test("addresses in answers start with the public URL", async () => {
  const answer = (await (await server.post("/api/v1/generations", { prompt: "a boat" })).json()) as {
    url: string;
    images: { url: string }[];
  };
  expect(answer.url).toMatch(/^https:\/\/images\.example\.com\/api\/v1\/generations\/gen_/);
  expect(answer.images[0]?.url).toBe(`${answer.url}/images/0`);
});

test("a request that asks for a stream while there is no room gets a plain problem", async () => {
  const slow = server.post("/api/v1/generations", { prompt: "safelight-test:generator:delay:800" });
  await expect
    .poll(
      async () => {
        const response = await server.post(
          "/api/v1/generations",
          { prompt: "a boat" },
          { Accept: "text/event-stream" },
        );
        return response.headers.get("Content-Type");
      },
      { timeout: 700 },
    )
    .toBe("application/problem+json");
  await slow;
});

test("a full disk is told as that, with advice to retry, and nothing is answered that is not kept", async () => {
  const full = Object.create(server.service, {
    generate: {
      value: () => {
        const record = Promise.reject(new SafelightError("storage_full", "there is no room for the record"));
        record.catch(() => {});
        return { id: "gen_full", pictures: new Map(), record, [Symbol.asyncIterator]: () => ({ next: () => record }) };
      },
    },
  }) as Service;
  const app = await createApp({
    service: full,
    log: pino({ level: "silent" }),
    publicUrl: undefined,
    loopback: true,
    dialects: { a1111: { refused: "picture" } },
    keys: new Keys({}),
  });
  const ask = (headers: Record<string, string>) =>
    app.request("/api/v1/generations", {
      method: "POST",
      headers: { "Content-Type": "application/json", ...headers },
      body: '{"prompt":"a boat"}',
    });
  const response = await ask({});
  expect(response.status).toBe(507);
  expect(response.headers.get("Retry-After")).toBe("5");
  expect(await response.json()).toMatchObject({ code: "storage_full", detail: "there is no room for the record" });
  const streamed = await (await ask({ Accept: "text/event-stream" })).text();
  expect(streamed).toMatch(/^event: error\ndata: .*"code":"storage_full"/);
});
