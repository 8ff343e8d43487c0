import { basename, extname, relative, resolve } from "node:path";
import { z } from "zod";
import { VERSION } from "../../app/version.ts";
import type { BuiltInCategory } from "../../contract/categories.ts";
import { SafelightError } from "../../contract/errors.ts";
import { type Encoder, openEncoder } from "../../detectors/text/custom/encoder.ts";
import { isBuiltIn, slug } from "../../training/categories.ts";
import { readLabelled } from "../../training/data/read.ts";
import { gather, gatherFor } from "../../training/dataset.ts";
import { checkTarget, writeModelFolder } from "../../training/folder.ts";
import { modelFiles } from "../../training/output.ts";
import { TRAIN_DEFAULTS, type TrainOptions, train } from "../../training/train.ts";
import { defineCommand, EXIT, UsageError } from "../command.ts";
import type { Io } from "../io.ts";
import { Bar, metricsText, numberOption, problemsText, READING, rate, readOptions } from "../training.ts";

/** So many texts are encoded in about four minutes on two cores. */
const MOST_EMBEDDED = 60_000;

export const command = defineCommand({
  usage: "[options] FILE",
  about: "trains a prompt classifier on labelled texts, and writes it to a folder",
  options: {
    out: { type: "string", value: "FOLDER", about: "where the model goes (the file's name with -model)" },
    name: { type: "string", value: "NAME", about: "what the model is called (the name of the folder)" },
    test: { type: "string", value: "FILE", about: "measure on these texts, instead of a tenth of FILE" },
    map: { type: "string", value: "CLASS=CATEGORY,…", about: "classes that are built-in categories: TOXIC=harassment" },
    safe: {
      type: "string",
      value: "CLASS,…",
      about: "classes that stand for nothing wrong (those called safe, NON_…, …)",
    },
    "class-weights": { type: "string", value: "HOW", about: "none, or balanced: every class counts the same (none)" },
    "max-false-positive-rate": { type: "string", value: "RATE", about: "what the suggested thresholds keep (0.01)" },
    features: {
      type: "string",
      value: "KIND",
      about: `ngrams, or ngrams+embeddings: better, above all with few examples (the latter up to ${MOST_EMBEDDED} rows)`,
    },
    seed: { type: "string", value: "N", about: "the same seed and data give the same model (1)" },
    "include-texts": { type: "boolean", about: "show the worst errors in the report, which then holds texts" },
    ...READING,
  },
  examples: [
    ["safelight train prompts.csv --out toxicity", "then open toxicity/report.html"],
    ["safelight train prompts.jsonl --map violence=violence,sexual=sexual", ""],
    ["safelight train labels.csv --format multi-label --delimiter ';' --test held-out.csv", ""],
  ],
  async run(parsed, io) {
    const { values } = parsed;
    const [given, ...more] = parsed.positionals;
    if (given === undefined || more.length > 0) throw new UsageError("train: takes one file of labelled texts");
    const file = resolve(io.cwd, given);
    const stem = basename(given, extname(given));
    const folder = resolve(io.cwd, values.out ?? `${stem}-model`);
    const naming = { map: mapping(values.map), ...(values.safe === undefined ? {} : { safe: list(values.safe) }) };
    const options = trainOptions(values);
    const reading = readOptions(values);
    await checkTarget(folder);

    const read = await readLabelled(file, reading);
    const { dataset, problems, warnings } = gather(read);
    const testFile = values.test === undefined ? undefined : await readLabelled(resolve(io.cwd, values.test), reading);
    const testSet = testFile ? gatherFor(testFile, dataset.mode, dataset.classes) : undefined;
    io.err(
      `${given}: ${dataset.texts.length} of ${read.total} rows, ${read.format}, ${dataset.classes.length} classes\n`,
    );
    io.err(problemsText(problems));
    for (const warning of warnings) io.err(`${io.styled("yellow", "note:", "err")} ${warning}\n`);

    const encoder = await encoderFor(values.features, dataset.texts.length, io);
    const bar = new Bar(io);
    const start = performance.now();
    const about = {
      name: values.name ?? (slug(basename(folder)) || "model"),
      created: new Date(),
      safelight: VERSION,
      data: read.digest,
    };
    try {
      const job = { dataset, testSet: testSet?.dataset, naming, about, options, encoder };
      const trained = await train(job, io.signal, (step, fraction) => bar.show(step, fraction));
      const seconds = (performance.now() - start) / 1_000;
      const files = modelFiles(trained, {
        file: basename(given),
        format: read.format,
        digest: read.digest,
        rows: read.total,
        problems,
        testProblems: testSet?.problems,
        warnings,
        options,
        seconds,
        model: `./${relative(io.cwd, folder)}`,
        includeTexts: values["include-texts"] === true,
      });
      io.signal.throwIfAborted();
      await writeModelFolder(folder, trained.model.manifest, files);
      bar.clear();
      const { metrics } = trained.test;
      const shown = relative(io.cwd, folder) || ".";
      if (values.json)
        await io.out(
          `${JSON.stringify({ model: folder, version: trained.model.manifest.version, seconds, ...metrics })}\n`,
        );
      else await io.out(`${metricsText(metrics)}\n`);
      io.err(`${shown}: written in ${seconds.toFixed(1)} s; open ${shown}/report.html\n`);
      return EXIT.allowed;
    } catch (error) {
      bar.clear();
      if (!io.signal.aborted) throw error;
      io.err("stopped; nothing was written\n");
      return EXIT.unknown;
    } finally {
      await encoder?.close();
    }
  },
});

function trainOptions(values: Readonly<Record<string, string | boolean | undefined>>): TrainOptions {
  const text = (name: string) => (typeof values[name] === "string" ? values[name] : undefined);
  const classWeights = text("class-weights") ?? TRAIN_DEFAULTS.classWeights;
  if (classWeights !== "none" && classWeights !== "balanced") {
    throw new UsageError("--class-weights: must be none or balanced");
  }
  const maxFalsePositiveRate = numberOption("max-false-positive-rate", text("max-false-positive-rate"), rate);
  const seed = numberOption(
    "seed",
    text("seed"),
    z
      .int()
      .min(0)
      .max(2 ** 32 - 1),
  );
  return {
    ...TRAIN_DEFAULTS,
    classWeights,
    ...(seed === undefined ? {} : { seed }),
    ...(maxFalsePositiveRate === undefined ? {} : { maxFalsePositiveRate }),
  };
}

/** The shipped encoder, when it is asked for, or when nothing is said and there is time for it. */
async function encoderFor(features: string | undefined, rows: number, io: Io): Promise<Encoder | undefined> {
  if (features !== undefined && features !== "ngrams" && features !== "ngrams+embeddings") {
    throw new UsageError("--features: must be ngrams or ngrams+embeddings");
  }
  if (features === "ngrams") return undefined;
  if (features === undefined && rows > MOST_EMBEDDED) {
    io.err(
      `more than ${MOST_EMBEDDED} rows: n-grams alone; --features ngrams+embeddings takes longer and may be better\n`,
    );
    return undefined;
  }
  const encoder = await openEncoder();
  if (encoder || features === undefined) return encoder;
  throw new SafelightError("config_invalid", "--features: the shipped model gives no embeddings");
}

function list(text: string): readonly string[] {
  return text.split(",").flatMap((name) => name.trim() || []);
}

function mapping(text: string | undefined): ReadonlyMap<string, BuiltInCategory> {
  return new Map(
    list(text ?? "").map((pair) => {
      const at = pair.lastIndexOf("=");
      const category = pair.slice(at + 1).trim();
      if (at < 1) throw new UsageError(`--map: needs CLASS=CATEGORY (found ${JSON.stringify(pair)})`);
      if (isBuiltIn(category)) return [pair.slice(0, at).trim(), category];
      throw new SafelightError("invalid_request", `--map: there is no category ${JSON.stringify(category)}`);
    }),
  );
}
