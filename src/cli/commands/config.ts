import { z } from "zod";
import { ConfigFileSchema } from "../../config/schema.ts";
import { leavesOf } from "../../config/sources.ts";
import { defineCommand, EXIT, UsageError } from "../command.ts";
import { configFor } from "../opened.ts";

export const command = defineCommand({
  usage: "[options]",
  about: "shows the settings in force, and where each value comes from",
  options: {
    schema: { type: "boolean", about: "print the JSON Schema of safelight.yaml instead, for editors" },
    host: { type: "string", value: "ADDRESS", about: "as for serve" },
    port: { type: "string", value: "PORT", about: "as for serve" },
  },
  examples: [
    ["safelight config", ""],
    ["PORT=9000 safelight config --json | jq .sources", ""],
    ["safelight config --schema > safelight.schema.json", ""],
  ],
  async run(parsed, io) {
    if (parsed.positionals.length > 0) throw new UsageError("config: takes no argument");
    if (parsed.values.schema) {
      await io.out(`${JSON.stringify(z.toJSONSchema(ConfigFileSchema, { io: "input" }), null, 2)}\n`);
      return EXIT.allowed;
    }
    const { settings, sources } = await configFor(parsed, io);
    if (parsed.values.json) {
      await io.out(`${JSON.stringify({ settings, sources: Object.fromEntries(sources) }, null, 2)}\n`);
      return EXIT.allowed;
    }
    const rows = leavesOf(settings).map(({ key, value }) => [
      `${key}: ${JSON.stringify(value)}`,
      sources.get(key) ?? "",
    ]);
    const width = Math.max(...rows.map(([left = ""]) => Math.min(left.length, 60)));
    for (const [left = "", source = ""] of rows) {
      const shown = `# ${source}`;
      await io.out(
        `${left.padEnd(width)}  ${source === "default" ? io.styled("dim", shown) : io.styled("cyan", shown)}\n`,
      );
    }
    return EXIT.allowed;
  },
});
