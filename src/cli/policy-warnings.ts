import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { OpenDetectors } from "../app/detectors.ts";
import type { LoadedPolicy } from "../config/policies.ts";
import { readYamlFile, shownPath } from "../config/read.ts";
import type { Config } from "../config/schema.ts";
import { SafelightError } from "../contract/errors.ts";
import { foldKey } from "../detectors/text/rules/fold.ts";
import { lintTerms, type PlacedTerm, placedTerms } from "../detectors/text/rules/lint.ts";
import { shippedLists } from "../detectors/text/rules/list.ts";
import type { RulesOptions } from "../detectors/text/rules/options.ts";
import { type ListFile, ListSchema } from "../detectors/text/rules/terms.ts";
import { mistaken, validateYaml, type YamlFile } from "../policy/strict-yaml.ts";

/** Something that is allowed, and hardly meant. */
export interface Warning {
  readonly kind: "duplicate" | "unreachable" | "dangerous" | "not_covered" | "not_opened";
  /** As a person standing in the working folder would write it. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly term?: string;
  readonly message: string;
}

const SHIPPED = resolve(import.meta.dirname, "../../policies/lists");

/** A list file with the places of its terms. */
export interface CheckedList {
  readonly list: ListFile;
  readonly terms: readonly PlacedTerm[];
}

/** Whether a file says that it is a word list. Mistakes in it are told later. */
export function isListFile(yaml: YamlFile): boolean {
  const { value } = yaml;
  const schema = typeof value === "object" && value !== null && "schema" in value ? value.schema : undefined;
  return typeof schema === "string" && schema.startsWith("safelight.terms");
}

/** @throws SafelightError `config_invalid` that tells every mistake with its place */
export function checkList(file: string): CheckedList {
  const yaml = readYamlFile(file, "a word list");
  const list = validateYaml(yaml, ListSchema);
  return { list, terms: placed(yaml, file, ["terms"], list.terms, list) };
}

function placed(yaml: YamlFile, file: string, path: readonly string[], ...rest: Rest): PlacedTerm[] {
  try {
    return placedTerms(yaml, readFileSync(file, "utf8"), path, ...rest);
  } catch (error) {
    if (!(error instanceof SafelightError)) throw error;
    throw mistaken(yaml, [{ path, key: true, message: error.detail }]); // a term that stands for too many
  }
}
type Rest = readonly [entries: ListFile["terms"], list: { readonly name: string; readonly language: string }];

/** What is hardly meant in a policy, and in the lists that it uses. @throws SafelightError for a list that is not valid */
export async function policyWarnings(loaded: LoadedPolicy, config: Config): Promise<Warning[]> {
  const yaml = readYamlFile(loaded.file, "a policy");
  const warnings: Warning[] = [];
  for (const [name, { kind, options, folder }] of Object.entries(loaded.prompt)) {
    if (kind !== "rules") continue;
    warnings.push(...(await listWarnings(name, options, folder, yaml, loaded)));
  }
  return [...(await coverageWarnings(loaded, yaml, config)), ...warnings];
}

async function listWarnings(
  detector: string,
  options: RulesOptions,
  folder: string,
  yaml: YamlFile,
  { file }: LoadedPolicy,
): Promise<Warning[]> {
  const references = options.lists ?? (await shippedLists());
  const lists = references.map((reference) => {
    const isPath = /[/\\.]/.test(reference);
    const list = isPath ? resolve(folder, reference) : resolve(SHIPPED, `${reference}.yaml`);
    return existsSync(list) ? checkList(list).terms : []; // opening the detector tells which there are
  });
  const off = new Set(options.off.map(foldKey));
  const used = lists.flat().filter(({ rule }) => !off.has(foldKey(rule.term)));
  const path = ["prompt", "detectors", detector, "options", "add"];
  // those that stand in safelight.yaml are told at the policy's use of the detector
  const own = placed(yaml, file, path, options.add, { name: "custom", language: "en" });
  return lintTerms([...used, ...own], options.allow);
}

/** Categories that a stage requires or has limits for, and that none of its detectors can score. */
async function coverageWarnings(loaded: LoadedPolicy, yaml: YamlFile, config: Config): Promise<Warning[]> {
  const warnings: Warning[] = [];
  for (const stage of ["prompt", "image"] as const) {
    const covered = new Set<string>();
    let complete = true;
    for (const name of Object.keys(loaded[stage])) {
      const detectors = new OpenDetectors(config.limits, config.data, config.detectors.text);
      const alone = { ...loaded, prompt: {}, image: {}, [stage]: { [name]: loaded[stage][name] } };
      try {
        const [opened] = await detectors[stage](alone);
        for (const category of opened?.detector.categories ?? []) covered.add(category);
      } catch (error) {
        const lists = stage === "prompt" && loaded.prompt[name]?.kind === "rules"; // a mistake in them or in the options
        if (lists || !(error instanceof SafelightError)) throw error;
        complete = false;
        const message = `${name} cannot be opened, so what it covers is not known: ${error.detail}`;
        const place = yaml.place([stage, "detectors", name], "key");
        warnings.push({ kind: "not_opened", file: shownPath(loaded.file), ...place, message });
      } finally {
        await detectors.close();
      }
    }
    if (!complete) continue;
    const { require, on_unknown, categories } = loaded.policy[stage];
    for (const [index, category] of require.entries()) {
      if (covered.has(category)) continue;
      const consequence = `every ${stage === "prompt" ? "prompt" : "picture"} gets on_unknown (${on_unknown})`;
      const message = `no detector of this stage covers ${category}: ${consequence}`;
      const place = yaml.place([stage, "require", index], "value");
      warnings.push({ kind: "not_covered", file: shownPath(loaded.file), ...place, message });
    }
    const idle = Object.keys(categories).filter(
      (it) => !covered.has(it) && !require.some((category) => category === it),
    );
    const [first] = idle;
    if (first === undefined) continue;
    const message = `no detector of this stage covers ${idle.join(", ")}: nobody looks for that, whatever its limits`;
    const place = yaml.place([stage, "categories", first], "key");
    warnings.push({ kind: "not_covered", file: shownPath(loaded.file), ...place, message });
  }
  return warnings;
}
