import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openService } from "../../src/app/open.ts";
import type { Service } from "../../src/app/service.ts";
import { loadConfig } from "../../src/config/load.ts";

const never = new AbortController().signal;
let folder: string;
let service: Service;
let errors: string[];

const list = (term: string) =>
  `schema: safelight.terms/1\nname: ours\nlanguage: en\nlicence: Apache-2.0\nsource: ours\nterms:\n  - {term: ${term}, category: hate, severity: severe}\n`;
const policy = (version: string, block: number) => `schema: safelight.policy/1
name: default
version: "${version}"
prompt:
  detectors: {rules: {options: {lists: [./ours.terms]}}}
  categories: {hate: {block: ${block}}}
image:
  detectors: {test-card: {}}
  categories: {}
`;

/** As an editor saves: under another name first. */
async function put(name: string, content: string): Promise<void> {
  await writeFile(join(folder, `${name}.new`), content);
  await rename(join(folder, `${name}.new`), join(folder, name));
}

const action = async (text: string) => (await service.checkText(text, undefined, never)).action;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "safelight-reload-"));
  errors = [];
  await put("default.yaml", policy("1", 1));
  await put("ours.terms", list("frobnicate"));
  await put("safelight.yaml", "policies: [default.yaml]\nlog: {level: silent}\n");
  const { config } = loadConfig({ env: { SAFELIGHT_DATA: join(folder, "data") }, flags: {}, cwd: folder });
  service = await openService(config, { onError: (error) => errors.push(String(error)) });
});
afterEach(async () => {
  await service.close();
  await rm(folder, { recursive: true, force: true });
});

test("a changed word list is in force without a restart", async () => {
  expect([await action("do frobnicate it"), await action("do grumble it")]).toEqual(["block", "allow"]);
  await put("ours.terms", list("grumble"));
  await expect.poll(() => action("do grumble it"), { timeout: 10_000 }).toBe("block");
  expect(await action("do frobnicate it")).toBe("allow");
  expect(errors).toEqual([]);
});

test("a changed policy is in force without a restart, with its new digest", async () => {
  const before = service.policy(undefined);
  await put("default.yaml", policy("2", 1).replace("{block: 1}", "{warn: 1}"));
  await expect.poll(() => service.policy(undefined).version, { timeout: 10_000 }).toBe("2");
  expect(service.policy(undefined).digest).not.toBe(before.digest);
  expect(await action("do frobnicate it")).toBe("warn");
});

test("a file that is wrong changes nothing, is told once, and is taken when it is mended", async () => {
  await put("default.yaml", policy("2", 1).replace("categories", "categroies"));
  await expect.poll(() => errors.length, { timeout: 10_000 }).toBe(1);
  expect(errors[0]).toMatch(/default\.yaml:6:.*did you mean "categories"/s);
  await sleep(2_500);
  expect(errors).toHaveLength(1);
  expect([await action("do frobnicate it"), service.policy(undefined).version]).toEqual(["block", "1"]);
  await put("default.yaml", policy("3", 1));
  await expect.poll(() => service.policy(undefined).version, { timeout: 10_000 }).toBe("3");
});

test("a generation under way ends with the policy it began with", async () => {
  const asked = {
    prompt: "a boat safelight-test:generator:delay:3000",
    negative_prompt: "",
    width: 64,
    height: 64,
    n: 1,
    b64: true,
  };
  const generation = service.generate(asked, never);
  await put("default.yaml", policy("2", 1));
  await expect.poll(() => service.policy(undefined).version, { timeout: 10_000 }).toBe("2");
  for await (const event of generation) {
    if (event.type === "finished")
      expect(event.record).toMatchObject({ state: "complete", action: "allow", policy: { version: "1" } });
  }
});
