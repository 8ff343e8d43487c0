import { stringify } from "yaml";
import { loadPolicies } from "../../config/policies.ts";
import { nearest } from "../../policy/nearest.ts";
import { defineCommand, EXIT, UsageError } from "../command.ts";
import { configFor } from "../opened.ts";

export const command = defineCommand({
  usage: "[options] [NAME]",
  about: "prints a policy with its defaults filled in; without NAME, the default one",
  options: {},
  examples: [
    ["safelight policy show default", "as YAML"],
    ["safelight policy show --json | jq .digest", ""],
  ],
  async run(parsed, io) {
    const [given, ...more] = parsed.positionals;
    if (more.length > 0) throw new UsageError("policy show: takes one name");
    const { config } = await configFor(parsed, io);
    const policies = loadPolicies(config);
    const name = given ?? config.default_policy;
    const found = policies.get(name)?.policy;
    if (!found) {
      const near = nearest(name, policies.keys());
      const hint = near ? `did you mean "${near}"?` : `there are ${[...policies.keys()].join(", ")}`;
      throw new UsageError(`policy show: there is no policy "${name}"; ${hint}`);
    }
    const { digest, ...content } = found;
    await io.out(parsed.values.json ? `${JSON.stringify(found, null, 2)}\n` : `# ${digest}\n${stringify(content)}`);
    return EXIT.allowed;
  },
});
