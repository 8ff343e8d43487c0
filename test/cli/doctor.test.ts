import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Finding } from "../../src/app/examine.ts";
import { type Answerer, closedPort, vendorServer } from "../vendors/server.ts";
import { World } from "./world.ts";

let world: World;
beforeAll(() => {
  world = new World();
});
afterAll(() => world.remove());

const POLICIES = "policies: [policies]\nserver: {port: 0}\n";

/** A web UI with one checkpoint. */
const good: Answerer = ({ path }) => {
  if (path === "/sdapi/v1/sd-models") return { body: [{ title: "v1-5.safetensors [6ce0161689]", model_name: "v1-5" }] };
  if (path === "/sdapi/v1/options") return { body: { sd_model_checkpoint: "v1-5.safetensors [6ce0161689]" } };
  return { status: 404, body: { detail: "Not Found" } };
};

async function doctor(settings: string, args: readonly string[] = [], env: Record<string, string> = {}) {
  world.write("safelight.yaml", settings);
  const { status, out, err } = await world.run(["doctor", "--json", ...args], "", env);
  const told = JSON.parse(out) as { ok: boolean; findings: Finding[] };
  const find = (part: string, name = "") => told.findings.find((one) => one.part === part && one.name === name);
  return { status, ok: told.ok, out, err, find, generator: find("generator", "sd") };
}

/** Looks at one generator of the kind `a1111` whose server does this. */
async function withServer(answerer: Answerer, options = "", env: Record<string, string> = {}) {
  await using server = await vendorServer(answerer);
  const settings = `${POLICIES}generators: {sd: {kind: a1111, url: "${server.url}"${options}}}\n`;
  return { ...(await doctor(settings, [], env)), calls: server.calls };
}

describe("safelight doctor", () => {
  test("says that all is well, and what shows it", async () => {
    const { status, ok, find, generator, err } = await withServer(good, ", model: v1-5.safetensors");
    expect(generator).toMatchObject({
      kind: "a1111",
      state: "ok",
      detail: "it answers; the checkpoint is v1-5.safetensors [6ce0161689]",
    });
    expect(find("policies")).toMatchObject({ state: "ok", detail: "one valid: default" });
    expect(find("store")).toMatchObject({ state: "ok" });
    expect(find("address", "127.0.0.1 port 0")).toMatchObject({ state: "ok" });
    expect(find("keys")).toMatchObject({ state: "ok", detail: expect.stringMatching(/^none/) });
    expect(find("text detector", "test-signals")).toMatchObject({ state: "ok", detail: "judged a harmless sample" });
    expect(find("image detector", "test-card")).toMatchObject({ state: "ok", detail: "judged a harmless sample" });
    expect({ status, ok }).toEqual({ status: 0, ok: true });
    expect(err).toMatch(/^\d+ checked, nothing wrong\n$/);
  });

  test("a wrong key is told as that, without the key", async () => {
    const { status, generator, calls, out, err } = await withServer(
      () => ({ status: 401, body: { detail: "Incorrect username or password: me:wrong-password" } }),
      ", auth: {from_env: SD_AUTH}",
      { SD_AUTH: "me:wrong-password" },
    );
    expect(calls[0]?.headers.authorization).toBe(`Basic ${btoa("me:wrong-password")}`);
    expect(generator).toMatchObject({
      state: "wrong",
      detail: expect.stringMatching(/status 401.*refuses the credentials/),
      advice: expect.stringMatching(/check the key/),
      vendor: { status: 401 },
    });
    expect(out + err).not.toContain("wrong-password");
    expect(status).toBe(1);
  });

  test("a key that is not set is told with the name of its variable, and nobody is asked", async () => {
    const { status, generator, calls } = await withServer(good, ", auth: {from_env: SD_AUTH}");
    expect(generator).toMatchObject({
      state: "wrong",
      code: "config_invalid",
      detail: expect.stringContaining("SD_AUTH"),
    });
    expect(calls).toEqual([]);
    expect(status).toBe(1);
  });

  test("an unknown model is told with those that there are", async () => {
    const { status, generator } = await withServer(good, ", model: sdxl");
    expect(generator).toMatchObject({
      state: "wrong",
      detail: 'it has no checkpoint "sdxl"; it has v1-5.safetensors [6ce0161689]',
    });
    expect(status).toBe(1);
  });

  test("nothing listening is told as that", async () => {
    const url = `http://127.0.0.1:${await closedPort()}`;
    const { status, generator } = await doctor(`${POLICIES}generators: {sd: {kind: a1111, url: "${url}"}}\n`);
    expect(generator).toMatchObject({
      state: "wrong",
      detail: "nothing listens at its address",
      advice: "start it, or correct its address",
    });
    expect(status).toBe(1);
  });

  test("https where there is none is told as that", async () => {
    await using server = await vendorServer(good);
    const url = server.url.replace("http:", "https:");
    const { generator } = await doctor(`${POLICIES}generators: {sd: {kind: a1111, url: "${url}"}}\n`);
    expect(generator).toMatchObject({
      state: "wrong",
      detail: expect.stringMatching(/TLS/),
      advice: "its address may have to begin with http:",
    });
  });

  test("a page that answers in its place is told as that", async () => {
    const { generator } = await withServer(() => ({
      headers: { "content-type": "text/html" },
      body: "<h1>Log in</h1>",
    }));
    expect(generator).toMatchObject({ state: "wrong", advice: expect.stringMatching(/something else may answer/) });
  });

  test("a used-up quota is told with how long to wait", async () => {
    const { status, generator, calls } = await withServer(() => ({
      status: 429,
      headers: { "retry-after": "600" },
      body: { error: { code: "insufficient_quota" } },
    }));
    expect(generator).toMatchObject({
      state: "wrong",
      detail: expect.stringMatching(/status 429 \(insufficient_quota\)/),
      advice: expect.stringMatching(/quota is used up.*600 s/),
      vendor: { status: 429, code: "insufficient_quota", retry_after_ms: 600_000 },
    });
    expect(calls).toHaveLength(1);
    expect(status).toBe(1);
  });

  test("a server that never answers is given up after --timeout", async () => {
    await using server = await vendorServer(() => {});
    const settings = `${POLICIES}generators: {sd: {kind: a1111, url: "${server.url}"}}\n`;
    const { status, generator } = await doctor(settings, ["--timeout", "1"]);
    expect(generator).toMatchObject({ state: "wrong", detail: "it gave no answer in time" });
    expect(status).toBe(1);
  });

  test("a policy that is wrong is told with its place, and the rest is looked at all the same", async () => {
    world.write("bad.yaml", "schema: safelight.policy/1\nname: default\nversoin: 1\n");
    const { status, find } = await doctor("policies: [bad.yaml]\nserver: {port: 0}\n");
    expect(find("policies")).toMatchObject({ state: "wrong", detail: expect.stringMatching(/bad\.yaml:3.*version/s) });
    expect(find("generator", "sketch")).toMatchObject({ state: "ok", detail: "drew a picture" });
    expect(status).toBe(1);
  });

  test("a data folder that cannot be used is told", async () => {
    world.write("file", "");
    const { status, find } = await doctor(POLICIES, ["--data", "file"]);
    expect(find("store")).toMatchObject({
      state: "wrong",
      detail: expect.stringMatching(/it is a file, not a folder/),
    });
    expect(status).toBe(1);
  });

  test("a detector that no policy uses is looked at, and said to be unused", async () => {
    const { find } = await doctor(`${POLICIES}detectors: {mine: {kind: custom, model: nowhere}}\n`);
    expect(find("text detector", "mine (no policy uses it)")).toMatchObject({ kind: "custom", state: "wrong" });
  });

  test("a port that another program uses is told; one that Safelight itself uses is fine", async () => {
    const other = createServer((_request, response) => response.end("hello"));
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const taken = String((other.address() as AddressInfo).port);
    const running = world.start(["serve", "--port", "0"]);
    try {
      const first = await doctor(POLICIES, ["--port", taken]);
      expect(first.find("address", `127.0.0.1 port ${taken}`)).toMatchObject({
        state: "wrong",
        detail: expect.stringMatching(/another program is using it/),
      });
      const [, port = ""] = await running.until("stderr", /listening on http:\/\/127\.0\.0\.1:(\d+)/);
      const second = await doctor(POLICIES, ["--port", port]);
      expect(second.find("address", `127.0.0.1 port ${port}`)).toMatchObject({ state: "ok" });
      expect([first.status, second.status]).toEqual([1, 0]);
    } finally {
      running.child.kill("SIGTERM");
      await running.ended;
      await new Promise((resolve) => other.close(resolve));
    }
  });

  test("the secret of a key that is missing is told with its variable", async () => {
    const { status, find } = await doctor(`${POLICIES}keys: {app: {secret: {from_env: APP_KEY}}}\n`);
    expect(find("keys")).toMatchObject({ state: "wrong", detail: expect.stringContaining("APP_KEY") });
    expect(status).toBe(1);
  });

  test("--deep makes a picture with every generator", async () => {
    const { status, find } = await doctor(POLICIES, ["--deep"]);
    expect(find("generator", "sketch")).toMatchObject({ state: "ok", detail: "made a picture" });
    expect(status).toBe(0);
  });

  test("people get a line for each part, with what may help below it", async () => {
    const url = `http://127.0.0.1:${await closedPort()}`;
    world.write("safelight.yaml", `${POLICIES}generators: {sd: {kind: a1111, url: "${url}"}}\n`);
    const { status, out, err } = await world.run(["doctor"]);
    expect(out).toMatch(/^ok {7}policies: one valid: default$/m);
    expect(out).toMatch(/^wrong {4}generator sd \(a1111\): nothing listens at its address\n {9}start it, or correct/m);
    expect(err).toMatch(/1 wrong/);
    expect(status).toBe(1);
  });

  test.each([
    [["doctor", "now"], /takes no argument/],
    [["doctor", "--timeout", "soon"], /--timeout must be a number of seconds/],
    [["doctor", "--deeper"], /did you mean --deep/],
  ])("%j is bad usage", async (args, message) => {
    const { status, err } = await world.run(args);
    expect(status).toBe(2);
    expect(err).toMatch(message);
  });

  test("a configuration that is wrong is told with its place", async () => {
    world.write("safelight.yaml", "generators: {sd: {kind: a1112}}\n");
    const { status, err } = await world.run(["doctor"]);
    expect(status).toBe(2);
    expect(err).toMatch(/safelight\.yaml:1/);
  });
});
