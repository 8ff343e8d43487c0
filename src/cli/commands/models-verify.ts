import { nearest } from "../../policy/nearest.ts";
import { defineCommand, EXIT, UsageError } from "../command.ts";
import { modelLines } from "../models.ts";
import { configFor } from "../opened.ts";

export const command = defineCommand({
  usage: "[options] [ID…]",
  about: "holds the files of models against their hashes; without ID, of all. Exit status 1 when any is changed",
  options: {},
  examples: [
    ["safelight models verify", ""],
    ["safelight models verify clip-vit-base-patch32 --json", ""],
  ],
  async run(parsed, io) {
    const { config } = await configFor(parsed, io);
    const wanted = new Set(parsed.positionals);
    const known: string[] = [];
    let status: number = EXIT.allowed;
    for await (const { id, origin, sha256, faults } of modelLines(config.data)) {
      known.push(id);
      if (parsed.positionals.length > 0 && !wanted.delete(id)) continue;
      const ok = faults.length === 0;
      if (!ok) status = EXIT.flagged;
      if (parsed.values.json) await io.out(`${JSON.stringify({ id, origin, sha256, ok, faults })}\n`);
      else await io.out(`${ok ? io.styled("green", "ok") : io.styled("red", "changed")}  ${id}\n`);
      if (!parsed.values.json) for (const fault of faults) io.err(`${fault}\n`);
    }
    const [missing] = wanted;
    if (missing === undefined) return status;
    const near = nearest(missing, known);
    const hint = near ? `did you mean "${near}"?` : `there are ${known.join(", ")}`;
    throw new UsageError(`models verify: there is no model "${missing}"; ${hint}`);
  },
});
