import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { OpenDetectors, openImage, openText } from "../src/app/detectors.ts";
import { openGenerator } from "../src/app/generators.ts";
import { loadConfig } from "../src/config/load.ts";
import { IMAGE_DETECTORS, TEXT_DETECTORS } from "../src/detectors/table.ts";
import { GENERATORS } from "../src/generators/table.ts";
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
  const { config } = load(example("safelight.yaml"));
  expect(config.generators["sketch"]?.timeout_ms).toBe(30_000);
});

describe("what is commented out in the examples", () => {
  test.each(["safelight.yaml", "vendors.yaml"])("is valid in %s, all of it together", async (name) => {
    const file = join(folder, name);
    const text = await readFile(example(name), "utf8");
    await writeFile(file, uncommented(text));
    expect(uncommented(text)).not.toBe(text);
    expect(() => load(file)).not.toThrow();
  });

  test("in vendors.yaml has an example of every kind, and each can be opened", async () => {
    const file = join(folder, "all.yaml");
    const text = uncommented(await readFile(example("vendors.yaml"), "utf8"));
    await writeFile(file, text);
    for (const [, name] of text.matchAll(/from_env: (\w+)/g)) vi.stubEnv(String(name), "a-secret");
    const { config } = load(file);
    const detectors = [...Object.values(config.detectors.text), ...Object.values(config.detectors.image)];
    expect(kindsOf(Object.values(config.generators))).toEqual(Object.keys(GENERATORS).sort());
    expect(kindsOf(detectors)).toEqual(
      kindsOf(Object.keys({ ...TEXT_DETECTORS, ...IMAGE_DETECTORS }).map((kind) => ({ kind }))),
    );
    for (const one of Object.values(config.generators)) await (await openGenerator(one)).close?.();
    for (const one of Object.values(config.detectors.text)) {
      if (one.kind !== "custom") await (await openText(one, config.limits)).close?.(); // its model is the reader's own
    }
    const others = new OpenDetectors(config.limits, config.data, config.detectors.text);
    for (const one of Object.values(config.detectors.image)) {
      if (one.kind === "clip") continue; // as above
      await (await openImage(one, config.limits, config.data, others.textDetectors())).close?.();
    }
    await others.close();
    vi.unstubAllEnvs();
  });
});

const example = (name: string) => fileURLToPath(new URL(`../examples/${name}`, import.meta.url));
const load = (file: string) => loadConfig({ env: {}, flags: { config: file }, cwd: folder });
const kindsOf = (all: readonly { readonly kind: string }[]) => [...new Set(all.map(({ kind }) => kind))].sort();

/** Takes the comment sign from the lines that are settings; sentences have none of a key with a colon at their start. */
function uncommented(yaml: string): string {
  return yaml.replaceAll(/^( *)# ( *[a-z][\w-]*:(?: |$))/gm, "$1$2");
}
