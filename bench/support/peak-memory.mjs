/** Preloaded with `--import`: writes the most memory that the process has held, in KiB, to PEAK_MEMORY_FILE. */
import { writeFileSync } from "node:fs";

process.on("exit", () => {
  const file = process.env["PEAK_MEMORY_FILE"];
  if (file) writeFileSync(file, String(process.resourceUsage().maxRSS));
});
