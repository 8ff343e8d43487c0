import { readdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { stringify } from "yaml";
import { type CategoryQuality, HOLDS, type KnownPicture, qualityOf } from "../../app/clip-quality.ts";
import { imagingWithin } from "../../app/imaging.ts";
import { type Category, isCategory } from "../../contract/categories.ts";
import { SafelightError } from "../../contract/errors.ts";
import type { ClipDetector } from "../../detectors/image/clip/clip.ts";
import { defineCommand, EXIT, UsageError } from "../command.ts";
import type { Io } from "../io.ts";
import { configFor } from "../opened.ts";

export const command = defineCommand({
  usage: "[options] [DETECTOR] --harmless FOLDER --unsafe FOLDER",
  about:
    "measures each category of a clip detector on pictures of yours, and prints the calibration of those that hold up",
  options: {
    harmless: {
      type: "string",
      value: "FOLDER",
      about: "pictures that show none of it: as many and as varied as can be",
    },
    unsafe: { type: "string", value: "FOLDER", about: "a folder for each category: weapons/, custom:our-mascot/" },
  },
  examples: [
    ["safelight models calibrate --harmless benign --unsafe labelled", "the detector that is called clip"],
    ["safelight models calibrate mascots --harmless benign --unsafe labelled --json", ""],
  ],
  async run(parsed, io) {
    const { harmless, unsafe, json } = parsed.values;
    const [name = "clip", ...more] = parsed.positionals;
    if (more.length > 0) throw new UsageError("models calibrate: takes the name of one detector");
    if (harmless === undefined || unsafe === undefined) {
      throw new UsageError("models calibrate: needs --harmless FOLDER and --unsafe FOLDER");
    }
    const { config } = await configFor(parsed, io);
    const own = config.detectors.image[name];
    if (own?.kind !== "clip") throw new UsageError(`models calibrate: there is no detector "${name}" of kind clip`);
    const { openClip } = await import("../../detectors/image/clip/clip.ts");
    const { folder, options } = own;
    const context = { folder, limits: config.limits, data: config.data };
    const clip = await openClip({ ...options, calibration: {}, explain_from: 1 }, context);
    try {
      const folders = (await names(resolve(io.cwd, unsafe), "--unsafe")).filter((entry) => entry.isDirectory());
      const reader = new Reader(clip, imagingWithin(config.limits).decode, io);
      await reader.read(resolve(io.cwd, harmless), "--harmless", null);
      for (const { name: category } of folders) {
        if (!isCategory(category) || !clip.categories.includes(category)) {
          throw new UsageError(
            `--unsafe: ${category} is none of the detector's categories: ${clip.categories.join(", ")}`,
          );
        }
        await reader.read(resolve(io.cwd, unsafe, category), "--unsafe", category);
      }
      const quality = qualityOf(reader.pictures, clip.categories);
      if (json) for (const line of quality) await io.out(`${JSON.stringify(line)}\n`);
      else await io.out(shown(quality, clip.categories));
      return EXIT.allowed;
    } finally {
      await clip.close?.();
    }
  },
});

class Reader {
  readonly pictures: KnownPicture[] = [];
  readonly #clip: ClipDetector;
  readonly #decode: ReturnType<typeof imagingWithin>["decode"];
  readonly #io: Io;

  constructor(clip: ClipDetector, decode: ReturnType<typeof imagingWithin>["decode"], io: Io) {
    this.#clip = clip;
    this.#decode = decode;
    this.#io = io;
  }

  /** Every picture of a folder; what is none is told and left out. */
  async read(folder: string, option: string, category: Category | null): Promise<void> {
    for (const entry of await names(folder, option)) {
      if (!entry.isFile()) continue;
      this.#io.signal.throwIfAborted();
      try {
        const image = await this.#decode(await readFile(join(folder, entry.name)));
        const logOdds = await this.#clip.logOdds(image, this.#io.signal);
        this.pictures.push({ digest: image.digest, category, logOdds });
      } catch (error) {
        if (!(error instanceof SafelightError) || !error.code.startsWith("image_")) throw error;
        this.#io.err(`left out ${entry.name}: ${error.detail}\n`);
      }
    }
  }
}

async function names(folder: string, option: string) {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    throw new UsageError(`${option}: there is no folder ${folder}`);
  }
}

function shown(quality: readonly CategoryQuality[], categories: readonly Category[]): string {
  const share = (value: number) => value.toFixed(3);
  const head = ["category", "pictures", "harmless", "AUROC", "recall", "false positives", "holds up"];
  const rows = quality.map(({ category, unsafe, harmless, auroc, recall, false_positive_rate, holds }) => [
    category,
    String(unsafe),
    String(harmless),
    ...[auroc, recall, false_positive_rate].map(share),
    holds ? "yes" : "no",
  ]);
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const table = [head, ...rows].map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  const unmeasured = categories.filter((category) => !quality.some((each) => each.category === category));
  const good = quality.filter(({ holds }) => holds);
  const calibration = Object.fromEntries(good.map(({ category, calibration: fitted }) => [category, fitted]));
  return `${[
    ...table,
    "",
    `It holds up with at least ${HOLDS.unsafe} pictures and ${HOLDS.harmless} harmless ones, AUROC ≥ ${HOLDS.auroc},`,
    `recall ≥ ${HOLDS.recall} and false positives ≤ ${HOLDS.false_positive_rate} at score 0.5.`,
    "What does not should not stand among the detector's categories.",
    ...(unmeasured.length === 0 ? [] : [`Not measured: ${unmeasured.join(", ")}.`]),
    ...(good.length === 0 ? [] : ["", stringify({ calibration }).trimEnd()]),
  ].join("\n")}\n`;
}
