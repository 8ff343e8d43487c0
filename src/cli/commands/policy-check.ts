import { resolve } from "node:path";
import { type LoadedPolicy, loadPolicies, loadPolicy } from "../../config/policies.ts";
import { readYamlFile, shownPath } from "../../config/read.ts";
import { SafelightError } from "../../contract/errors.ts";
import { lintTerms } from "../../detectors/text/rules/lint.ts";
import { defineCommand, EXIT } from "../command.ts";
import { configFor } from "../opened.ts";
import { type CheckedList, checkList, isListFile, policyWarnings, type Warning } from "../policy-warnings.ts";

export const command = defineCommand({
  usage: "[options] [FILE…]",
  about: "looks for mistakes in policies and word lists; without FILE, in the policies of the configuration",
  options: { strict: { type: "boolean", about: "exit status 1 when there are warnings" } },
  examples: [
    ["safelight policy check", ""],
    ["safelight policy check my-policy.yaml", "exit status 2 and file:line:column of each mistake"],
    ["safelight policy check --strict lists/ours.yaml", "a word list: terms that are double, useless or dangerous"],
  ],
  async run(parsed, io) {
    const { config } = await configFor(parsed, io);
    const json = parsed.values.json === true;
    const told = new Set<string>();
    let status: number = EXIT.allowed;

    /** A file that is valid, and its warnings; those of lists that several policies share are told once. */
    const good = async (file: string, about: Readonly<Record<string, string>>, all: readonly Warning[]) => {
      const warnings = all.filter((warning) => {
        const id = JSON.stringify(warning);
        return !told.has(id) && told.add(id);
      });
      if (warnings.length > 0 && parsed.values.strict && status === EXIT.allowed) status = EXIT.flagged;
      if (json) return io.out(`${JSON.stringify({ file: shownPath(file), ok: true, ...about, warnings })}\n`);
      const { name = "", ...rest } = about;
      const [first, ...others] = Object.values(rest);
      await io.out(`${io.styled("green", "ok")}  ${shownPath(file)}: ${[`${name} ${first}`, ...others].join(", ")}\n`);
      for (const { kind, file: at, line, column, term, message } of warnings) {
        const what = term === undefined ? message : `${JSON.stringify(term)} ${message}`;
        await io.out(`${io.styled("yellow", "warning")}  ${at}:${line}:${column}: ${kind}: ${what}\n`);
      }
    };
    const bad = async (file: string, error: unknown) => {
      if (!(error instanceof SafelightError)) throw error;
      status = EXIT.usage;
      io.err(`${error.detail}\n`);
      if (!json) return;
      await io.out(`${JSON.stringify({ file: shownPath(file), ok: false, mistakes: error.detail.split("\n") })}\n`);
    };
    const policy = async (loaded: LoadedPolicy) => {
      const { name, version, digest } = loaded.policy;
      await good(loaded.file, { name, version, digest }, await policyWarnings(loaded, config));
    };

    if (parsed.positionals.length === 0) {
      for (const loaded of loadPolicies(config).values()) {
        await policy(loaded).catch((error: unknown) => bad(loaded.file, error));
      }
      return status;
    }
    const lists = new Map<string, CheckedList>();
    for (const file of new Set(parsed.positionals.map((given) => resolve(io.cwd, given)))) {
      try {
        if (isListFile(readYamlFile(file, "a policy"))) lists.set(file, checkList(file));
        else await policy(loadPolicy(file, config));
      } catch (error) {
        await bad(file, error);
      }
    }
    const warnings = lintTerms([...lists.values()].flatMap(({ terms }) => terms));
    for (const [file, { list, terms }] of lists) {
      const about = {
        name: list.name,
        language: list.language,
        terms: `${terms.length} ${terms.length === 1 ? "term" : "terms"}`,
      };
      await good(
        file,
        about,
        warnings.filter((warning) => warning.file === shownPath(file)),
      );
    }
    return status;
  },
});
