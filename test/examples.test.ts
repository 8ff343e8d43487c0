import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadConfig } from "../src/config/load.ts";
import { serve, type TestServer } from "./http/serve.ts";

const run = promisify(execFile);
const GENERATE = fileURLToPath(new URL("../examples/generate.mjs", import.meta.url));

let server: TestServer;
let folder: string;
beforeAll(async () => {
  server = await serve();
  folder = await mkdtemp(join(tmpdir(), "safelight-example-"));
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

const generate = (...args: string[]) =>
  run(process.execPath, [GENERATE, ...args], { env: { ...process.env, SAFELIGHT_URL: server.url } });

test("examples/generate.mjs writes a picture", async () => {
  const file = join(folder, "boat.png");
  const { stdout } = await generate("a red boat on a lake", file);
  expect(stdout).toMatch(/boat\.png: allow, moderation took [\d.]+ ms/);
  expect(await sharp(await readFile(file)).metadata()).toMatchObject({ format: "png", width: 512 });
});

test("examples/generate.mjs tells why a prompt was refused", async () => {
  await expect(generate("a boat safelight-test:prompt:violence:1.0", join(folder, "no.png"))).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/Refused: .*\n {2}because of: safelight-test:prompt:violence:1\.0/),
  });
});

test("examples/safelight.yaml is a configuration that can be in force", () => {
  const file = fileURLToPath(new URL("../examples/safelight.yaml", import.meta.url));
  const { config } = loadConfig({ env: {}, flags: { config: file }, cwd: folder });
  expect(config.generators["sketch"]?.timeout_ms).toBe(30_000);
});
