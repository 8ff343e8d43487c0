import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type LoadedConfig, loadConfig } from "../../src/config/load.ts";
import type { Flags } from "../../src/config/overrides.ts";
import { loadPolicies } from "../../src/config/policies.ts";
import { SafelightError } from "../../src/contract/errors.ts";

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), "safelight config "));
});
afterEach(() => {
  rmSync(cwd, { recursive: true });
});

function load(yaml?: string, env: Record<string, string> = {}, flags: Flags = {}): LoadedConfig {
  if (yaml !== undefined) writeFileSync(join(cwd, "safelight.yaml"), yaml);
  return loadConfig({ cwd, env, flags });
}

/** The complaint, with the name of the made-up folder taken out. */
function complaint(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof SafelightError && error.code === "config_invalid")
      return error.detail.replaceAll(`${cwd}/`, "");
    throw error;
  }
  throw new Error("was accepted");
}

describe("settings", () => {
  test("without a file are the defaults, and say so", () => {
    const { config, sources } = load();
    expect(config.server).toEqual({ host: "127.0.0.1", port: 8080 });
    expect(config.data).toBe(join(cwd, "data"));
    expect(config.default_generator).toBe("sketch");
    expect(Object.keys(config.detectors.text)).toEqual(["rules", "classifier", "test-signals"]);
    expect(Object.keys(config.detectors.image)).toEqual(["nsfw", "test-card", "text-in-image"]);
    expect(new Set(sources.values())).toEqual(new Set(["default"]));
  });

  test("an empty file is fine", () => {
    expect(load("# nothing yet\n").config.server.port).toBe(8080);
  });

  test("flags go before the environment, that before the file, that before the defaults", () => {
    const yaml = "server:\n  port: 1001\n  host: 0.0.0.0\ndata: pictures\nlimits:\n  images_per_request: 2\n";
    const { config, sources } = load(yaml, { PORT: "1002", HOST: "127.0.0.2" }, { port: "1003" });
    expect(config.server).toEqual({ host: "127.0.0.2", port: 1003 });
    expect(config.data).toBe(join(cwd, "pictures"));
    expect(config.limits.images_per_request).toBe(2);
    expect(sources.get("server.port")).toBe("flag --port");
    expect(sources.get("server.host")).toBe("env HOST");
    expect(sources.get("data")?.replace(`${cwd}/`, "")).toBe("safelight.yaml:4");
    expect(sources.get("limits.images_per_request")?.replace(`${cwd}/`, "")).toBe("safelight.yaml:6");
    expect(sources.get("limits.image_bytes")).toBe("default");
  });

  test("a variable that is set to nothing is not set", () => {
    expect(load("", { PORT: "", HOST: "", SAFELIGHT_DATA: "", SAFELIGHT_CONFIG: "" }).config.server.port).toBe(8080);
  });

  test("cannot be changed once loaded", () => {
    const { config } = load();
    expect(() => Object.assign(config.server, { port: 1 })).toThrow(TypeError);
  });

  test("options of a kind stand beside it, and the price beside them", () => {
    const yaml = "generators:\n  mine: {kind: sketch, price_per_image: {amount: 0.02, currency: EUR}}\n";
    const { config, settings } = load(yaml);
    expect(config.generators["mine"]).toEqual({
      kind: "sketch",
      options: config.generators["mine"]?.options,
      folder: cwd,
      timeout_ms: 120_000,
      price_per_image: { amount: 0.02, currency: "EUR" },
    });
    expect(config.default_generator).toBe("mine");
    expect(settings.generators["mine"]).toMatchObject({ kind: "sketch", price_per_image: { amount: 0.02 } });
  });

  test("what is in force can be saved as a file that means the same", () => {
    const first = load(
      "detectors:\n  rules: {kind: rules, add: [{terms: 'zonk, blurp', category: 'custom:house', severity: mild}]}\n",
    );
    expect(load(JSON.stringify(first.settings)).settings).toEqual(first.settings);
  });
});

describe("a mistake in the settings", () => {
  test.each([
    ["a misspelt key", "sever:\n  port: 1\n", 'safelight.yaml:1:1: sever: unknown key; did you mean "server"?'],
    [
      "a nested misspelt key",
      "limits:\n  image_byts: 1\n",
      'safelight.yaml:2:3: limits.image_byts: unknown key; did you mean "image_bytes"?',
    ],
    [
      "a port too high",
      "server: {port: 70000}\n",
      "safelight.yaml:1:16: server.port: must be at most 65535 (found 70000)",
    ],
    [
      "a host that is a URL",
      "server: {host: 'http://x'}\n",
      'safelight.yaml:1:16: server.host: must be the name or the address of a network interface, such as 127.0.0.1 (found "http://x")',
    ],
    ["an unknown generator", "generators: {a: {kind: sketsh}}\n", '(found "sketsh"); did you mean "sketch"?'],
    ["an unknown detector", "detectors: {a: {kind: nsfww}}\n", '(found "nsfww"); did you mean "nsfw"?'],
    [
      "an option of no kind",
      "detectors: {a: {kind: rules, lsts: []}}\n",
      'safelight.yaml:1:30: detectors.a.lsts: unknown key; did you mean "lists"?',
    ],
    [
      "an unknown default generator",
      "default_generator: skecth\n",
      'safelight.yaml:1:20: default_generator: there is no generator "skecth"; did you mean "sketch"?',
    ],
    [
      "no generator at all",
      "generators: {}\n",
      "safelight.yaml:1:13: generators: must name at least one generator (found a map of keys and values)",
    ],
    ["a list in its place", "- a\n", "safelight.yaml:1:1: must be a map of keys and values (found a list)"],
    [
      "limits that contradict",
      "limits: {image_side_min: 512, image_side_max: 256}\n",
      "safelight.yaml:1:26: limits.image_side_min: must not be above image_side_max (found 512)",
    ],
    ["broken YAML", "server: {port: 1\n", "safelight.yaml:2:1: is not valid YAML: Flow map"],
  ])("%s", (_what, yaml, expected) => {
    expect(complaint(() => load(yaml))).toContain(expected);
  });

  test.each([
    [{ PORT: "http" }, {}, 'PORT: must be a whole number from 0 to 65535 (found "http")'],
    [{ PORT: "65536" }, {}, 'PORT: must be a whole number from 0 to 65535 (found "65536")'],
    [{}, { port: "-1" }, '--port: must be a whole number from 0 to 65535 (found "-1")'],
    [{}, { data: "" }, '--data: must name a folder (found "")'],
    [
      { SAFELIGHT_CONFIG: "no.yaml" },
      {},
      "no.yaml: the configuration named by SAFELIGHT_CONFIG: there is no such file",
    ],
    [{}, { config: "no.yaml" }, "no.yaml: the configuration named by --config: there is no such file"],
    [{}, { config: "." }, "the configuration named by --config: is a folder, not a file"],
  ])("%j %j", (env, flags, expected) => {
    expect(complaint(() => load(undefined, env as Record<string, string>, flags))).toContain(expected);
  });

  test("a folder where the file should be", () => {
    mkdirSync(join(cwd, "safelight.yaml"));
    expect(complaint(() => load())).toBe("safelight.yaml: the configuration: is a folder, not a file");
  });

  test("a file that is no UTF-8 text names the byte", () => {
    writeFileSync(join(cwd, "safelight.yaml"), Buffer.from([0x61, 0x3a, 0x20, 0xff, 0x0a]));
    expect(complaint(() => load())).toBe(
      "safelight.yaml: the configuration: is not UTF-8 text: byte 3 starts no character",
    );
  });

  test.skipIf(process.getuid?.() === 0)("a file that may not be read", () => {
    load("{}");
    chmodSync(join(cwd, "safelight.yaml"), 0);
    expect(complaint(() => load())).toContain("permission denied");
  });
});

describe("policies", () => {
  const POLICY = [
    "schema: safelight.policy/1",
    "name: default",
    "version: '1'",
    "prompt:",
    "  detectors: {rules: {}}",
    "  categories: {violence: {block: 0.9}}",
    "image:",
    "  detectors: {nsfw: {}}",
    "  categories: {sexual: {block: 0.9}}",
    "",
  ].join("\n");

  function policies(files: Readonly<Record<string, string>>, yaml = "policies: [rules of the house]\n") {
    mkdirSync(join(cwd, "rules of the house/lists"), { recursive: true });
    for (const [name, text] of Object.entries(files)) writeFileSync(join(cwd, "rules of the house", name), text);
    return loadPolicies(load(yaml).config);
  }

  test("are every *.yaml directly in the folder, with a digest of their content", () => {
    const strict = POLICY.replace("name: default", "name: strict # a comment");
    const found = policies({ "a.yaml": POLICY, "b.yaml": strict, "lists/words.yaml": "x", "readme.md": "x" });
    expect([...found.keys()]).toEqual(["default", "strict"]);
    expect(found.get("default")?.policy.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(found.get("default")?.file).toBe(join(cwd, "rules of the house/a.yaml"));
  });

  test("share the detector of the configuration, unless they have options of their own", () => {
    const own = POLICY.replace("rules: {}", "rules: {options: {allow: [kill switch]}}").replace("default", "own");
    const config = load("policies: [rules of the house]\ndetectors: {rules: {kind: rules, off: [gun]}}\n").config;
    const found = policies({ "a.yaml": POLICY, "b.yaml": own }, undefined);
    expect(found.get("default")?.image["nsfw"]).toEqual(config.detectors.image["nsfw"]);
    const loaded = loadPolicies(config);
    expect(loaded.get("default")?.prompt["rules"]).toBe(config.detectors.text["rules"]);
    expect(loaded.get("own")?.prompt["rules"]).toMatchObject({
      kind: "rules",
      folder: join(cwd, "rules of the house"),
      written: { off: ["gun"], allow: ["kill switch"] },
    });
  });

  test.each([
    [
      "detector",
      "rules: {}",
      "ruels: {}",
      'a.yaml:5:15: prompt.detectors.ruels: there is no text detector "ruels"; did you mean "rules"?',
    ],
    [
      "detector of the other stage",
      "nsfw: {}",
      "rules: {}",
      "a.yaml:8:15: image.detectors.rules: is no image detector, as this stage needs; there are nsfw, ",
    ],
    [
      "option",
      "nsfw: {}",
      "nsfw: {options: {thershold: 1}}",
      "a.yaml:8:32: image.detectors.nsfw.options.thershold: unknown key;",
    ],
    [
      "per_detector",
      "  categories: {sexual",
      "  per_detector: {nfsw: {sexual: {warn: 0.1}}}\n  categories: {sexual",
      'a.yaml:9:18: image.per_detector.nfsw: is not among the detectors of this stage; did you mean "nsfw"?',
    ],
    ["category", "violence", "violense", 'did you mean "violence"?'],
  ])("a mistake in a %s gives file, line, key and the nearest", (_what, from, to, expected) => {
    expect(complaint(() => policies({ "a.yaml": POLICY.replace(from, to) }))).toContain(expected);
  });

  test("two of one name are a mistake that names both files", () => {
    expect(complaint(() => policies({ "a.yaml": POLICY, "b.yaml": POLICY }))).toBe(
      'rules of the house/b.yaml:2:7: name: there is another policy "default", in rules of the house/a.yaml',
    );
  });

  test("an unknown default policy gives the nearest", () => {
    const yaml = "policies: [rules of the house]\ndefault_policy: defualt\n";
    expect(complaint(() => policies({ "a.yaml": POLICY }, yaml))).toBe(
      'default_policy: there is no policy "defualt"; did you mean "default"?',
    );
  });

  test("a folder without policies, and a path that leads nowhere", () => {
    expect(complaint(() => policies({}))).toBe("rules of the house: policies: there is no *.yaml file in this folder");
    expect(complaint(() => policies({}, "policies: [nowhere]\n"))).toBe("nowhere: policies: there is no such file");
  });
});
