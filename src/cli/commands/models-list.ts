import { defineCommand, EXIT, UsageError } from "../command.ts";
import { type ModelLine, megabytes, modelLines } from "../models.ts";
import { configFor } from "../opened.ts";

export const command = defineCommand({
  usage: "[options]",
  about: "lists the models that ship and those installed, with size, licence and whether their files are unchanged",
  options: {},
  examples: [
    ["safelight models list", ""],
    ["safelight models list --json | jq -r .id", ""],
  ],
  async run(parsed, io) {
    if (parsed.positionals.length > 0) throw new UsageError("models list: takes no argument");
    const { config } = await configFor(parsed, io);
    const lines: ModelLine[] = [];
    for await (const line of modelLines(config.data)) {
      if (parsed.values.json) await io.out(`${JSON.stringify(line)}\n`);
      lines.push(line);
    }
    if (parsed.values.json) return EXIT.allowed;
    const rows = lines.map(({ id, origin, kind, bytes, licence, source, faults }) => [
      id,
      origin,
      kind,
      megabytes(bytes),
      licence ?? "licence not told",
      source,
      faults.length === 0 ? "ok" : "changed",
    ]);
    const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
    for (const [i, row] of rows.entries()) {
      await io.out(
        `${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join("  ")
          .trimEnd()}\n`,
      );
      for (const fault of lines[i]?.faults ?? []) io.err(`${fault}\n`);
    }
    return EXIT.allowed;
  },
});
