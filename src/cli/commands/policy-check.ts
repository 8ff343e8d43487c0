import { resolve } from "node:path";
import { loadPolicies, loadPolicy } from "../../config/policies.ts";
import { shownPath } from "../../config/read.ts";
import { SafelightError } from "../../contract/errors.ts";
import type { Policy } from "../../policy/schema.ts";
import { defineCommand, EXIT } from "../command.ts";
import { configFor } from "../opened.ts";

export const command = defineCommand({
  usage: "[options] [FILE…]",
  about: "looks for mistakes in policy files; without FILE, in those of the configuration",
  options: {},
  examples: [
    ["safelight policy check", ""],
    ["safelight policy check my-policy.yaml", "exit status 2 and file:line:column of each mistake"],
  ],
  async run(parsed, io) {
    const { config } = await configFor(parsed, io);
    const json = parsed.values.json === true;
    const good = async (file: string, { name, version, digest }: Policy) => {
      const line = `${io.styled("green", "ok")}  ${shownPath(file)}: ${name} ${version}, ${digest}`;
      await io.out(`${json ? JSON.stringify({ file: shownPath(file), ok: true, name, version, digest }) : line}\n`);
    };
    if (parsed.positionals.length === 0) {
      for (const { file, policy } of loadPolicies(config).values()) await good(file, policy);
      return EXIT.allowed;
    }
    let status: number = EXIT.allowed;
    for (const file of parsed.positionals.map((given) => resolve(io.cwd, given))) {
      try {
        await good(file, loadPolicy(file, config).policy);
      } catch (error) {
        if (!(error instanceof SafelightError)) throw error;
        status = EXIT.usage;
        io.err(`${error.detail}\n`);
        if (json)
          await io.out(`${JSON.stringify({ file: shownPath(file), ok: false, mistakes: error.detail.split("\n") })}\n`);
      }
    }
    return status;
  },
});
