import { join, resolve } from "node:path";
import { z } from "zod";
import { REJECTED, SCAN_LAYOUTS, type Scan, ScanLayoutSchema } from "../../contract/scan.ts";
import { hasUnjudged } from "../../dataset/scan/summary.ts";
import { defineCommand, EXIT, UsageError } from "../command.ts";
import { configFor, sourceUri } from "../opened.ts";
import { ScanBar, summaryText } from "../scan-progress.ts";
import { numberOption } from "../training.ts";

const POLICY = "dataset";

export const command = defineCommand({
  usage: "[options] SOURCE",
  about: "judges the pictures and captions of a whole data set; stopped, it goes on where it was",
  options: {
    policy: { type: "string", value: "NAME", about: `the policy to judge by (${POLICY})` },
    out: { type: "string", value: "FOLDER", about: "where the results go (scans/ID in the data folder)" },
    layout: { type: "string", value: "LAYOUT", about: `${SCAN_LAYOUTS.join(", ")} (as the files say)` },
    "min-side": { type: "string", value: "PIXELS", about: "what the shorter side of a picture must have (256)" },
    width: { type: "string", value: "N", about: "pictures under way at once (two for each core)" },
    restart: { type: "boolean", about: "begin anew, although there is a scan that stopped before its end" },
    "exit-code": {
      type: "boolean",
      about: "1 where anything is rejected; without it only 3 says that something is open",
    },
  },
  examples: [
    ["safelight scan ./dogs", "reports; nothing is moved or changed"],
    ["safelight scan s3://bucket/dogs", "the same, in S3"],
    ["safelight scan ./dogs --exit-code && accelerate launch train_dreambooth.py …", "trains only on a clean set"],
  ],
  async run(parsed, io) {
    const { values, positionals } = parsed;
    const [given, ...more] = positionals;
    if (given === undefined || more.length > 0) throw new UsageError("scan: takes one folder, or s3://bucket/prefix");
    const layout = layoutOption(values.layout);
    const minSide = numberOption("min-side", values["min-side"], z.int().min(0).max(100_000)) ?? 256;
    const asked = numberOption("width", values.width, z.int().min(1).max(1_000));
    const { config } = await configFor(parsed, io);
    const { openDataSetScans, widthOf } = await import("../../app/data-set.ts");
    const tell = (error: unknown) => io.err(`${error instanceof Error ? error.message : String(error)}\n`);
    const scans = await openDataSetScans(config, sourceUri(given, io.cwd), values.policy ?? POLICY, tell);
    const width = asked ?? widthOf();
    const bar = new ScanBar(io);
    try {
      const found = values.restart ? undefined : await scans.unfinished();
      const { id } = found ?? (await scans.create());
      if (found) io.err(`going on with ${id}: ${found.done} of ${found.total} pictures are judged\n`);
      const scan = await scans.finish(id, { layout, minSide, width }, io.signal, (progress) => bar.show(progress));
      bar.clear();
      const folder = resolve(io.cwd, values.out ?? join(config.data, "scans", id));
      const { kept, rejected } = await scans.write(id, folder, io.signal);
      await io.out(values.json ? `${JSON.stringify({ ...scan, folder })}\n` : summaryText(io, scan));
      io.err(`${kept.count} files kept, ${rejected.count} rejected: ${folder}/manifest.json, signed\n`);
      return exitOf(scan, values["exit-code"] === true);
    } catch (error) {
      bar.clear();
      if (!io.signal.aborted) throw error;
      io.err("stopped; the same command goes on from here\n");
      return EXIT.unknown;
    } finally {
      await scans.close();
    }
  },
});

function layoutOption(value: string | undefined) {
  if (value === undefined) return undefined;
  const layout = ScanLayoutSchema.safeParse(value);
  if (!layout.success) throw new UsageError(`scan: --layout must be one of ${SCAN_LAYOUTS.join(", ")}`);
  return layout.data;
}

function exitOf({ summary }: Scan, strict: boolean): number {
  if (!summary) return EXIT.unknown;
  if (hasUnjudged(summary)) return EXIT.unknown;
  const rejected = REJECTED.some((action) => (summary.actions[action] ?? 0) > 0);
  return strict && rejected ? EXIT.flagged : EXIT.allowed;
}
