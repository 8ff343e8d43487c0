import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { loadConfig } from "../../src/config/load.ts";
import { loadPolicy } from "../../src/config/policies.ts";

const DOCS = new URL("../../docs/detectors/", import.meta.url);

describe("the pages about detectors", () => {
  test.each(readdirSync(DOCS).filter((name) => name.endsWith(".md")))(
    "%s shows settings and a policy that load",
    (name) => {
      const page = readFileSync(new URL(name, DOCS), "utf8");
      const blocks = [...page.matchAll(/^```yaml\n(.*?)^```/gms)].map(([, yaml = ""]) => yaml);
      const settings = blocks.filter((yaml) => yaml.startsWith("detectors:"));
      const policies = blocks.filter((yaml) => /^(?:prompt|image):/.test(yaml));
      expect(settings.length).toBeGreaterThan(0);
      const cwd = mkdtempSync(join(tmpdir(), "safelight-docs-"));
      try {
        for (const yaml of settings) {
          // also what is commented out: a leading # and a key
          for (const variant of [yaml, yaml.replace(/^(\s*)# (?=\s*[\w-]+:(?:\s|$))/gm, "$1")]) {
            writeFileSync(join(cwd, "safelight.yaml"), variant);
            loadConfig({ cwd, env: {}, flags: {} });
          }
        }
        const detectors = Object.assign(
          {},
          ...settings.map((yaml) => (parse(yaml) as { detectors: object }).detectors),
        );
        writeFileSync(join(cwd, "safelight.yaml"), JSON.stringify({ detectors }));
        const { config } = loadConfig({ cwd, env: {}, flags: {} });
        for (const yaml of policies) {
          const { prompt = {}, image = {} } = parse(yaml) as Record<"prompt" | "image", object | undefined>;
          const empty = { detectors: {}, categories: {} };
          const policy = { schema: "safelight.policy/1", name: "page", version: "1" };
          const whole = { ...policy, prompt: { ...empty, ...prompt }, image: { ...empty, ...image } };
          writeFileSync(join(cwd, "policy.yaml"), JSON.stringify(whole));
          loadPolicy(join(cwd, "policy.yaml"), config);
        }
      } finally {
        rmSync(cwd, { recursive: true });
      }
    },
  );
});
