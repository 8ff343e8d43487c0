import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createApp } from "../../src/http/app.ts";
import { Keys } from "../../src/http/keys.ts";
import { World } from "../cli/world.ts";
import { serve, type TestServer } from "./serve.ts";

const SECRET = "s3cret-of-the-web-shop";
const OTHER = "an0ther:with-a-colon";
const KEYS = `
log: {level: silent}
keys:
  shop: {secret: {from_env: TEST_SHOP_KEY}}
  studio: {access_key_id: AKIDSTUDIO, secret: {from_env: TEST_STUDIO_KEY}}
`;
const NEEDED = { TEST_SHOP_KEY: SECRET, TEST_STUDIO_KEY: OTHER };

const basic = (pair: string) => `Basic ${Buffer.from(pair).toString("base64")}`;

let server: TestServer;
beforeAll(async () => {
  Object.assign(process.env, NEEDED);
  server = await serve(KEYS);
});
afterAll(async () => {
  await server.close();
  for (const name of Object.keys(NEEDED)) delete process.env[name];
});

const info = (headers: Record<string, string>) => fetch(`${server.url}/api/v1/info`, { headers });

describe("a server with keys", () => {
  test.each([
    ["Bearer", { Authorization: `Bearer ${SECRET}` }],
    ["Bearer in any case", { Authorization: `bearer ${SECRET}` }],
    ["the other Bearer", { Authorization: `Bearer ${OTHER}` }],
    ["Basic with the key's name", { Authorization: basic(`shop:${SECRET}`) }],
    ["Basic with the access key id", { Authorization: basic(`AKIDSTUDIO:${OTHER}`) }],
    ["Basic with the name of a key that has an id", { Authorization: basic(`studio:${OTHER}`) }],
    ["api-key", { "api-key": SECRET }],
    ["x-api-key", { "x-api-key": SECRET }],
    ["x-api-key beside what a proxy put there", { Authorization: "Bearer of-the-proxy", "x-api-key": SECRET }],
  ])("lets in who gives one as %s", async (_how, headers) => {
    expect((await info(headers)).status).toBe(200);
  });

  test.each<[string, Record<string, string>]>([
    ["nothing", {}],
    ["a wrong secret", { Authorization: "Bearer wrong" }],
    ["half of a secret", { Authorization: `Bearer ${SECRET.slice(0, -1)}` }],
    ["an empty Bearer", { Authorization: "Bearer " }],
    ["the name as the secret", { Authorization: "Bearer shop" }],
    ["Basic with the name of another key", { Authorization: basic(`studio:${SECRET}`) }],
    ["Basic without a name", { Authorization: basic(`:${SECRET}`) }],
    ["Basic without a colon", { Authorization: basic(SECRET) }],
    ["a scheme that there is not", { Authorization: `Digest ${SECRET}` }],
    ["the access key id alone", { "x-api-key": "AKIDSTUDIO" }],
  ])("refuses who gives %s", async (_what, headers) => {
    const response = await info(headers);
    expect(response.status).toBe(401);
    expect(response.headers.get("WWW-Authenticate")).toBe('Bearer realm="safelight"');
    expect(response.headers.get("Content-Type")).toBe("application/problem+json");
    expect(await response.json()).toMatchObject({ code: "unauthorized", instance: "/api/v1/info" });
  });

  test("asks for one at every address but those that anybody may read", async () => {
    const app = await createApp({
      service: server.service,
      log: pino({ level: "silent" }),
      publicUrl: undefined,
      loopback: true,
      dialects: { a1111: { refused: "picture" } },
      keys: new Keys({ shop: { secret: { from_env: "TEST_SHOP_KEY" } } }),
    });
    const addresses = new Set(
      app.routes
        .filter(({ path }) => path !== "/*")
        .map(
          ({ method, path }) =>
            `${method === "ALL" ? "DELETE" : method} ${path.replace(/:\w+(?:\{[^}]*\})?/g, "x").replace("*", "x")}`,
        ),
    );
    const open: string[] = [];
    for (const address of addresses) {
      const [method = "", path = ""] = address.split(" ");
      const { headers } = await app.request(path, { method });
      if (!headers.has("WWW-Authenticate")) open.push(address);
    }
    expect(addresses.size).toBeGreaterThan(20);
    expect(open.sort()).toEqual(
      expect.arrayContaining(["GET /docs", "GET /healthz", "GET /openapi.json", "GET /readyz"]),
    );
    expect(
      open.filter(
        (address) =>
          !/^GET \/(?:healthz|readyz|openapi\.json|docs(?:\/[\w.-]+)?|assets\/x|x|generations\/x|scans(?:\/x)?)?$/.test(
            address,
          ),
      ),
    ).toEqual([]);
  });

  test("has the console's page for everybody, and nothing behind it", async () => {
    expect((await fetch(`${server.url}/`)).status).not.toBe(401);
    expect((await fetch(`${server.url}/generations/gen_1`)).status).not.toBe(401);
    expect((await fetch(`${server.url}/scans`)).status).not.toBe(401);
    expect((await fetch(`${server.url}/scans/scan_1`)).status).not.toBe(401);
    expect((await fetch(`${server.url}/api/v1/generations/gen_1/images/0`)).status).toBe(401);
    expect((await fetch(`${server.url}/api/v1/scans`)).status).toBe(401);
    expect((await fetch(`${server.url}/api/v1/scans/scan_1/thumbnail?key=a.png`)).status).toBe(401);
    expect((await fetch(`${server.url}/api/v1/nothing`)).status).toBe(401);
    expect((await fetch(`${server.url}/`, { method: "POST" })).status).toBe(401);
  });

  test("cannot be talked past by another spelling of an address", async () => {
    for (const path of [
      "/docs/../api/v1/info",
      "/docs/%2e%2e/api/v1/info",
      "//api/v1/info",
      "/api/v1/info/",
      "/API/v1/info",
    ])
      expect([401, 404]).toContain((await fetch(`${server.url}${path}`)).status);
    const answer = await fetch(`${server.url}/generations/..%2f..%2fapi%2fv1%2finfo`);
    expect(await answer.text()).not.toContain("default_generator");
  });

  test.each([
    ["/v1/models", 401, (body: unknown) => expect(body).toMatchObject({ error: { code: "invalid_api_key" } })],
    ["/sdapi/v1/options", 401, (body: unknown) => expect(body).toHaveProperty("detail")],
    ["/aws", 403, (body: unknown) => expect(body).toMatchObject({ __type: "MissingAuthenticationTokenException" })],
  ])("refuses at %s in the words of that dialect", async (path, status, check) => {
    const response = await fetch(`${server.url}${path}`, path === "/aws" ? { method: "POST", body: "{}" } : {});
    expect(response.status).toBe(status);
    check(await response.json());
  });
});

test("a server without keys lets everybody in, whatever they give", async () => {
  const open = await serve();
  const headers = { Authorization: "AWS4-HMAC-SHA256 Credential=anything" };
  expect((await fetch(`${open.url}/api/v1/info`, { headers })).status).toBe(200);
  await open.close();
});

describe("the configuration of keys", () => {
  const key = (name: string) => ({ secret: { from_env: name } });

  test("says which variable is not set", () => {
    expect(() => new Keys({ shop: key("TEST_NOT_SET") })).toThrow(/keys\.shop\.secret: .*TEST_NOT_SET is not set/);
  });

  test("does not take the same secret twice", () => {
    expect(() => new Keys({ shop: key("TEST_SHOP_KEY"), other: key("TEST_SHOP_KEY") })).toThrow(
      /keys\.other\.secret: is the same as that of keys\.shop/,
    );
  });

  test.each([
    [
      "the access key id of another",
      "a: {access_key_id: AKID, secret: S}\n  b: {access_key_id: AKID, secret: S}",
      /b\.access_key_id: is taken/,
    ],
    [
      "the name of another",
      "a: {secret: S}\n  b: {access_key_id: a23, secret: S}\n  a23: {secret: S}",
      /b\.access_key_id: is taken/,
    ],
    ["a secret in the file itself", "a: {secret: hunter2}", /keys\.a\.secret/],
  ])("does not take %s", async (_what, keys, complaint) => {
    const file = `keys:\n  ${keys.replaceAll("secret: S", "secret: {from_env: TEST_SHOP_KEY}")}\n`;
    await expect(serve(file)).rejects.toThrow(complaint);
  });
});

describe("the program", () => {
  let world: World;
  beforeAll(() => {
    world = new World();
  });
  afterAll(() => world.remove());

  const keyed = "policies: [policies]\nserver: {port: 0}\nkeys:\n  shop: {secret: {from_env: SHOP_KEY}}\n";

  test("logs the name of the key that was used, and never the secret", async () => {
    world.write("safelight.yaml", keyed);
    const running = world.start(["serve"], { SHOP_KEY: SECRET });
    const [, url = ""] = await running.until("stderr", /listening on (\S+)/);
    await fetch(`${url}/api/v1/info`, { headers: { Authorization: `Bearer ${SECRET}`, "X-Request-Id": "right" } });
    await fetch(`${url}/api/v1/info`, { headers: { Authorization: "Bearer wr0ng", "X-Request-Id": "wrong" } });
    await running.until("stderr", /"request_id":"wrong"/);
    running.child.kill("SIGTERM");
    const { err } = await running.ended;
    expect(err).toMatch(/"request_id":"right","key":"shop","method":"GET","path":"\/api\/v1\/info","status":200/);
    expect(err).toMatch(/"request_id":"wrong","method":"GET","path":"\/api\/v1\/info","status":401/);
    expect(err).not.toContain(SECRET);
    expect(err).not.toContain("wr0ng");
    expect(err).not.toContain("no keys are configured");
  });

  test("does not start while a key has no secret, and says which variable it looked for", async () => {
    world.write("safelight.yaml", keyed);
    const { status, err } = await world.run(["serve"]);
    expect(status).toBe(2);
    expect(err).toMatch(/keys\.shop\.secret: the environment variable SHOP_KEY is not set/);
  });

  test("warns when it can be reached from outside without keys", async () => {
    world.write("safelight.yaml", "policies: [policies]\nserver: {port: 0, host: 0.0.0.0}\n");
    const running = world.start(["serve"]);
    await running.until("stderr", /listening on/);
    running.child.kill("SIGTERM");
    expect((await running.ended).err).toMatch(/no keys are configured/);
  });

  test("shows the keys among its settings, with where the secrets are and not what they are", async () => {
    world.write("safelight.yaml", keyed);
    const { out } = await world.run(["config"], "", { SHOP_KEY: SECRET });
    expect(out).toMatch(/keys\.shop\.secret\.from_env: "SHOP_KEY"/);
    expect(out).not.toContain(SECRET);
  });
});
