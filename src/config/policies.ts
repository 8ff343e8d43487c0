import { readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import type { z } from "zod";
import { SafelightError } from "../contract/errors.ts";
import { IMAGE_DETECTORS, TEXT_DETECTORS } from "../detectors/table.ts";
import { policyDigest } from "../policy/digest.ts";
import type { Mistake } from "../policy/mistakes.ts";
import { type Policy, PolicySchema } from "../policy/schema.ts";
import { mistaken, nearest, validateYaml, type YamlFile } from "../policy/strict-yaml.ts";
import { readYamlFile, shownPath, unreadable } from "./read.ts";
import type { Config, ImageDetectorConfig, TextDetectorConfig } from "./schema.ts";

/** A policy with what must be opened for it. */
export interface LoadedPolicy {
  readonly policy: Policy;
  /** Absolute. */
  readonly file: string;
  /**
   * By name, the detectors that the policy uses. Each is the very object of the configuration, unless the policy has options
   * for it: those replace the configured ones key by key, and relative paths in them start at the policy's folder.
   */
  readonly prompt: Readonly<Record<string, TextDetectorConfig>>;
  readonly image: Readonly<Record<string, ImageDetectorConfig>>;
}

/**
 * Reads every policy that the configuration names.
 * @throws SafelightError `config_invalid` that tells every mistake of the first file that has any, with its place
 */
export function loadPolicies(config: Config): ReadonlyMap<string, LoadedPolicy> {
  const loaded = new Map<string, LoadedPolicy>();
  for (const file of config.policies.flatMap(filesAt)) {
    const yaml = readYamlFile(file, "a policy");
    const one = readPolicy(yaml, file, config);
    const { name } = one.policy;
    const other = loaded.get(name);
    if (other?.file === file) continue;
    if (other) {
      const message = `there is another policy ${JSON.stringify(name)}, in ${shownPath(other.file)}`;
      throw mistaken(yaml, [{ path: ["name"], key: false, message }]);
    }
    loaded.set(name, one);
  }
  if (!loaded.has(config.default_policy)) {
    const unknown = notAmong("policy", config.default_policy, [...loaded.keys()]);
    throw new SafelightError("config_invalid", `default_policy: ${unknown}`);
  }
  return loaded;
}

/** Reads one policy file against the detectors of a configuration. */
export function loadPolicy(file: string, config: Config): LoadedPolicy {
  return readPolicy(readYamlFile(file, "a policy"), file, config);
}

function filesAt(path: string): readonly string[] {
  try {
    if (!statSync(path).isDirectory()) return [path];
    const files = readdirSync(path).filter((entry) => entry.endsWith(".yaml"));
    if (files.length > 0) return files.sort().map((entry) => join(path, entry));
  } catch (error) {
    throw unreadable(path, "policies", error);
  }
  throw new SafelightError("config_invalid", `${shownPath(path)}: policies: there is no *.yaml file in this folder`);
}

function readPolicy(yaml: YamlFile, file: string, config: Config): LoadedPolicy {
  const content = validateYaml(yaml, PolicySchema);
  const mistakes = [
    ...detectorMistakes("prompt", content.prompt, config.detectors.text, config.detectors.image),
    ...detectorMistakes("image", content.image, config.detectors.image, config.detectors.text),
  ];
  if (mistakes.length > 0) throw mistaken(yaml, mistakes);
  const folder = dirname(file);
  return {
    policy: { ...content, digest: policyDigest(content) },
    file,
    prompt: used("prompt", content.prompt, config.detectors.text, (own, given, path) => {
      const written = { ...own.written, ...given };
      const options = validateYaml(yaml, TEXT_DETECTORS[own.kind].options as z.ZodType, path, written);
      return { ...own, folder, written, options } as TextDetectorConfig; // kind and options: one line of the table
    }),
    image: used("image", content.image, config.detectors.image, (own, given, path) => {
      const written = { ...own.written, ...given };
      const options = validateYaml(yaml, IMAGE_DETECTORS[own.kind].options as z.ZodType, path, written);
      return { ...own, folder, written, options } as ImageDetectorConfig; // as above
    }),
  };
}

interface Stage {
  readonly detectors: Readonly<Record<string, { readonly options?: Readonly<Record<string, unknown>> | undefined }>>;
  readonly per_detector: Readonly<Record<string, unknown>>;
}

/** Names that the configuration, or the stage itself, does not know. */
function detectorMistakes(
  stage: "prompt" | "image",
  { detectors, per_detector }: Stage,
  fitting: Readonly<Record<string, unknown>>,
  others: Readonly<Record<string, unknown>>,
): readonly Mistake[] {
  const kind = stage === "prompt" ? "text detector" : "image detector";
  const unknown = Object.keys(detectors)
    .filter((name) => !Object.hasOwn(fitting, name))
    .map((name) => {
      const message = Object.hasOwn(others, name)
        ? `is no ${kind}, as this stage needs; there are ${Object.keys(fitting).join(", ")}`
        : notAmong(kind, name, Object.keys(fitting));
      return { path: [stage, "detectors", name], key: true, message };
    });
  const unused = Object.keys(per_detector)
    .filter((name) => !Object.hasOwn(detectors, name))
    .map((name) => {
      const near = nearest(name, Object.keys(detectors));
      const hint = near ? `; did you mean ${JSON.stringify(near)}?` : "";
      return {
        path: [stage, "per_detector", name],
        key: true,
        message: `is not among the detectors of this stage${hint}`,
      };
    });
  return [...unknown, ...unused];
}

function used<Detector>(
  stage: "prompt" | "image",
  { detectors }: Stage,
  configured: Readonly<Record<string, Detector>>,
  withOptions: (own: Detector, given: Readonly<Record<string, unknown>>, path: readonly string[]) => Detector,
): Readonly<Record<string, Detector>> {
  const entries = Object.entries(detectors).flatMap(([name, { options }]): readonly (readonly [string, Detector])[] => {
    const own = configured[name];
    if (own === undefined) return [];
    return [[name, options ? withOptions(own, options, [stage, "detectors", name, "options"]) : own]];
  });
  return Object.fromEntries(entries);
}

function notAmong(what: string, name: string, known: readonly string[]): string {
  const near = nearest(name, known);
  const hint = near ? `did you mean ${JSON.stringify(near)}?` : `there are ${known.join(", ")}`;
  return `there is no ${what} ${JSON.stringify(name)}; ${hint}`;
}
