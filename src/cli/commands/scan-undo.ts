import { resolve } from "node:path";
import { defineCommand, EXIT, UsageError } from "../command.ts";
import { configFor } from "../opened.ts";
import { printable } from "../verdict.ts";

export const command = defineCommand({
  usage: "[options] FOLDER",
  about: "puts back, byte for byte, what a scan has moved to quarantine; FOLDER is that of its results",
  options: {},
  examples: [["safelight scan undo data/scans/scan_…", "what is there by now is never overwritten"]],
  async run(parsed, io) {
    const [given, ...more] = parsed.positionals;
    if (given === undefined || more.length > 0) throw new UsageError("scan undo: takes the folder of a scan's results");
    const { config } = await configFor(parsed, io);
    const { undoDataSet } = await import("../../app/data-set.ts");
    const { restored, open } = await undoDataSet(resolve(io.cwd, given), config.s3, io.signal);
    if (parsed.values.json) await io.out(`${JSON.stringify({ restored, open })}\n`);
    else for (const { key, detail } of open) await io.out(`${printable(key)}: ${detail}\n`);
    io.err(`${restored} files are back${open.length > 0 ? `, ${open.length} are not` : ""}\n`);
    return open.length > 0 ? EXIT.unknown : EXIT.allowed;
  },
});
