import { join, resolve } from "node:path";
import { z } from "zod";
import { SCAN_LAYOUTS, type Scan, ScanLayoutSchema, type ScanSummary } from "../../contract/scan.ts";
import { hasUnjudged, REJECTED } from "../../contract/scan-problems.ts";
import type { Consequences } from "../../dataset/consequences/apply.ts";
import { liesIn } from "../../dataset/files/places.ts";
import { defineCommand, EXIT, UsageError } from "../command.ts";
import type { Io } from "../io.ts";
import { configFor, sourceUri } from "../opened.ts";
import { count, ScanBar, summaryText } from "../scan-progress.ts";
import { numberOption } from "../training.ts";
import { printable } from "../verdict.ts";

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
    "on-page": { type: "string", value: "N", about: "pictures in report.html, the worst first (1000)" },
    "no-thumbnails": { type: "boolean", about: "no pictures in report.html" },
    quarantine: {
      type: "string",
      value: "PLACE",
      about: "move what is rejected to this folder or prefix; scan undo brings it back",
    },
    remove: { type: "boolean", about: "remove what is rejected, for good" },
    yes: { type: "boolean", about: "do not ask before removing" },
    "exit-code": {
      type: "boolean",
      about: "1 where anything is rejected; without it only 3 says that something is open",
    },
  },
  examples: [
    ["safelight scan ./dogs", "reports; nothing is moved or changed"],
    ["safelight scan s3://bucket/dogs", "the same, in S3"],
    ["safelight scan ./dogs --quarantine ./held", "moves what is rejected, with its captions"],
    ["safelight scan ./dogs --exit-code && accelerate launch train_dreambooth.py …", "trains only on a clean set"],
  ],
  async run(parsed, io) {
    const { values, positionals } = parsed;
    const [given, ...more] = positionals;
    if (given === undefined || more.length > 0) throw new UsageError("scan: takes one folder, or s3://bucket/prefix");
    const layout = layoutOption(values.layout);
    const minSide = numberOption("min-side", values["min-side"], z.int().min(0).max(100_000)) ?? 256;
    const onPage = numberOption("on-page", values["on-page"], z.int().min(0).max(20_000)) ?? 1_000;
    const givenWidth = numberOption("width", values.width, z.int().min(1).max(1_000));
    const source = sourceUri(given, io.cwd);
    const quarantine = await quarantineOption(values, source, io);
    if (values.out !== undefined) await assertOutside("--out", resolve(io.cwd, values.out), source);
    const { config } = await configFor(parsed, io);
    const { openDataSetScans, widthOf } = await import("../../app/data-set.ts");
    const tell = (error: unknown) => io.err(`${error instanceof Error ? error.message : String(error)}\n`);
    const scans = await openDataSetScans(config, source, values.policy ?? POLICY, tell);
    const width = givenWidth ?? widthOf();
    const bar = new ScanBar(io);
    try {
      const folderOf = (id: string) => resolve(io.cwd, values.out ?? join(config.data, "scans", id));
      const asked = quarantine !== undefined || values.remove === true;
      const brokenOff = asked && !values.restart ? await scans.brokenOff({ layout, minSide }, folderOf) : undefined;
      const scan = brokenOff ?? (await judged());
      const { id } = scan;
      const folder = folderOf(id);
      bar.clear();
      // what had left already would be missing on the page
      if (!brokenOff)
        await scans.report(id, folder, { thumbnails: values["no-thumbnails"] !== true, most: onPage }, io.signal);
      if (!values.json) await io.out(summaryText(io, scan));
      const taken = await consequences(scan);
      const { kept, rejected } = await scans.vouch(id, folder, taken?.rewritten ?? new Map(), io.signal);
      if (values.json) await io.out(`${JSON.stringify({ ...scan, folder, ...(taken ? outcome(taken) : {}) })}\n`);
      io.err(
        `${count(kept.count)} files kept, ${count(rejected.count)} rejected; ${folder}: report.html, manifest.json (signed)\n`,
      );
      return taken && taken.stayed.length > 0 ? EXIT.unknown : exitOf(scan, values["exit-code"] === true);

      async function judged(): Promise<Scan> {
        const found = values.restart ? undefined : await scans.unfinished({ layout, minSide });
        const { id } = found ?? (await scans.create({ layout, minSide }));
        if (found) io.err(`going on with ${id}: ${found.done} of ${found.total} pictures are judged\n`);
        return scans.finish(id, { width }, io.signal, (progress) => bar.show(progress));
      }

      async function consequences({ summary }: Scan): Promise<Consequences | undefined> {
        const found = summary ? rejectedIn(summary) : 0;
        if (!asked || (found === 0 && quarantine === undefined)) return undefined;
        if (brokenOff) io.err(`going on with ${id}: what it rejected had not left as a whole\n`);
        if (values.remove && !values.yes && !(await confirmed(io, `Remove ${count(found)} pictures for good?`))) {
          io.err("nothing was removed\n");
          return undefined;
        }
        const taken = await scans.takeOut(id, folder, quarantine, io.signal);
        for (const { key, detail } of taken.stayed) io.err(`${printable(key)} stays: ${detail}\n`);
        const how = quarantine === undefined ? "removed" : `moved to ${quarantine}`;
        const { size } = taken.rewritten;
        const others = size > 0 ? `; ${count(size)} archives and metadata files are without them` : "";
        const back = quarantine === undefined ? "" : `; safelight scan undo ${folder}`;
        io.err(`${count(taken.left)} files ${how}${others}${back}\n`);
        return taken;
      }
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

async function quarantineOption(
  { quarantine, remove, yes }: { readonly quarantine?: string; readonly remove?: boolean; readonly yes?: boolean },
  source: string,
  io: Io,
): Promise<string | undefined> {
  if (quarantine !== undefined && remove) throw new UsageError("scan: --quarantine and --remove exclude each other");
  if (remove && !yes && !io.watched) throw new UsageError("scan: --remove needs --yes where nobody can be asked");
  if (quarantine === undefined) return undefined;
  const place = sourceUri(quarantine, io.cwd);
  await assertOutside("--quarantine", place, source);
  if (await liesIn(source, place)) throw new UsageError("scan: the data set must not lie inside of --quarantine");
  return place;
}

/** What is written into the data set would be a part of it the next time. */
async function assertOutside(option: string, place: string, source: string): Promise<void> {
  if (await liesIn(place, source)) throw new UsageError(`scan: ${option} must not lie inside the data set`);
}

async function confirmed(io: Io, question: string): Promise<boolean> {
  io.err(`${question} [y/N] `);
  for await (const piece of io.stdin) return /^\s*y(?:es)?\s*$/i.test(Buffer.from(piece).toString());
  return false;
}

function outcome({ left, rewritten, stayed }: Consequences) {
  return { left, rewritten: rewritten.size, stayed };
}

function rejectedIn({ actions }: ScanSummary): number {
  return REJECTED.reduce((sum, action) => sum + (actions[action] ?? 0), 0);
}

function exitOf({ summary }: Scan, strict: boolean): number {
  if (!summary) return EXIT.unknown;
  if (hasUnjudged(summary)) return EXIT.unknown;
  return strict && rejectedIn(summary) > 0 ? EXIT.flagged : EXIT.allowed;
}
