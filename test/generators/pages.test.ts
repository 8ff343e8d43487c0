import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { loadConfig } from "../../src/config/load.ts";

const cwd = mkdtempSync(join(tmpdir(), "safelight pages "));
afterAll(() => rmSync(cwd, { recursive: true }));

const PAGES = ["a1111", "comfyui", "huggingface", "replicate"];

test.each(PAGES)("the examples on the page of %s are configurations as they stand", (kind) => {
  const page = readFileSync(new URL(`../../docs/generators/${kind}.md`, import.meta.url), "utf8");
  const examples = [...page.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, yaml = ""]) => yaml);
  expect(examples.length).toBeGreaterThan(0);
  for (const yaml of examples) {
    writeFileSync(join(cwd, "safelight.yaml"), yaml);
    const { generators } = loadConfig({ cwd, env: {}, flags: {} }).config;
    expect(Object.values(generators).map((generator) => generator.kind)).toEqual([kind]);
  }
});
