import { workOnScans } from "../../app/data-set.ts";
import { SafelightError } from "../../contract/errors.ts";
import { defineCommand, EXIT, UsageError } from "../command.ts";
import { configFor } from "../opened.ts";

export const command = defineCommand({
  usage: "[options]",
  about: "takes parts of scans from the database that DATABASE_URL names, until it is stopped",
  options: {},
  examples: [["DATABASE_URL=postgres://… safelight worker", "on as many machines as there are"]],
  async run(parsed, io) {
    if (parsed.positionals.length > 0) throw new UsageError("worker: takes no argument");
    const { config } = await configFor(parsed, io);
    io.err("waiting for parts of scans\n");
    await workOnScans(config, io.signal, {
      done: ({ scan, upTo }, ms) => io.err(`${scan}: up to ${upTo ?? "the end"}, ${(ms / 1_000).toFixed(1)} s\n`),
      error: (error) =>
        io.err(
          `${io.styled("red", "safelight:", "err")} ${error instanceof SafelightError ? error.detail : String(error)}\n`,
        ),
    });
    return EXIT.allowed;
  },
});
