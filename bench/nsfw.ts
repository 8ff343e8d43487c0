/**
 * The nsfw detector beside nsfwjs on TensorFlow.js, with the same weights, from the same encoded bytes to class scores.
 * Each engine works in a fresh process of its own; loading is timed from the first import to the first warm run, and the best of a
 * few processes counts, for each engine alike. sharp, which decodes for all of them, is there before.
 *
 * Then the models that might ship, on harmless pictures: see `nsfw-candidates.ts`. `--models` does only that.
 *
 *   node bench/nsfw.ts [--json] [--models] [--candidates FOLDER] [--benign FOLDER]
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import sharp from "sharp";
import { z } from "zod";
import { DEFAULT_LIMITS } from "../src/contract/limits.ts";
import { picture } from "../test/pictures/seeds.ts";
import { compareCandidates } from "./nsfw-candidates.ts";
import { measure, type Row, report, round } from "./support/harness.ts";

/** `loads`: fresh processes that load; the last of them goes on to classify. */
const ENGINES = {
  safelight: { title: "safelight, ONNX Runtime", loads: 4, iterations: 100 },
  wasm: { title: "nsfwjs, tfjs wasm", loads: 2, iterations: 30 },
  cpu: { title: "nsfwjs, tfjs cpu", loads: 1, iterations: 4 },
} as const;
type Engine = keyof typeof ENGINES;

const PICTURES = ["512.png", "512.jpeg", "1024.png"] as const;
/** The most that two engines may differ in any probability: see test/nsfw-parity.test.ts. */
const ALLOWED = 1e-3;

const CACHE = join(import.meta.dirname, "../node_modules/.cache/safelight/nsfw");

type Scores = ReadonlyMap<string, number>;
type Classify = (encoded: Uint8Array) => Promise<Scores>;

const Answer = z.object({
  load_ms: z.number(),
  rss_mib: z.number(),
  rows: z.array(z.record(z.string(), z.unknown())),
  scores: z.record(z.string(), z.record(z.string(), z.number())),
});
type Answer = z.infer<typeof Answer>;

async function open(engine: Engine): Promise<{ classify: Classify; close(): Promise<void> }> {
  if (engine === "safelight") {
    const [{ openModel }, { classify }, { decodeImage }] = await Promise.all([
      import("../src/models/session.ts"),
      import("../src/detectors/image/nsfw/classify.ts"),
      import("../src/models/decode.ts"),
    ]);
    const model = await openModel("nsfw-mobilenet-v2-mid");
    return {
      async classify(encoded) {
        const [frame] = await classify(model, await decodeImage(encoded, DEFAULT_LIMITS));
        return frame?.probabilities ?? new Map();
      },
      close: () => model.close(),
    };
  }
  const { openNsfwjs } = await import("../test/pictures/nsfwjs.ts");
  const nsfwjs = await openNsfwjs(engine);
  return {
    async classify(encoded) {
      const { data, info } = await sharp(encoded).removeAlpha().raw().toBuffer({ resolveWithObject: true });
      return nsfwjs.classify(data, info.width, info.height);
    },
    async close() {},
  };
}

/** In the child: loads, and classifies unless only the loading is wanted. */
async function child(engine: Engine, folder: string, iterations: number): Promise<void> {
  const start = performance.now();
  const { classify, close } = await open(engine);
  const answer: Answer = { load_ms: performance.now() - start, rss_mib: 0, rows: [], scores: {} };
  for (const name of iterations > 0 ? PICTURES : []) {
    const encoded = readFileSync(join(folder, name));
    answer.scores[name] = Object.fromEntries(await classify(encoded));
    const row = await measure(`${ENGINES[engine].title}: ${name}`, () => classify(encoded), { iterations });
    answer.rows.push(row);
  }
  answer.rss_mib = Math.round(process.memoryUsage.rss() / 2 ** 20);
  await close();
  writeFileSync(join(folder, "answer.json"), JSON.stringify(answer));
}

function run(engine: Engine, folder: string, iterations: number): Answer {
  const argv = [import.meta.filename, "--child", engine, "--folder", folder, "--iterations", String(iterations)];
  const { status, stderr } = spawnSync(process.execPath, argv, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${engine} ended with ${status}: ${stderr}`);
  return Answer.parse(JSON.parse(readFileSync(join(folder, "answer.json"), "utf8")));
}

/** @returns the largest difference between two engines in any class of any picture */
function disagreement(ours: Answer, theirs: Answer): number {
  let worst = 0;
  for (const name of PICTURES) {
    const reference = Object.entries(theirs.scores[name] ?? {});
    if (reference.length !== 5) throw new Error(`${name}: ${reference.length} classes`);
    for (const [label, score] of reference) {
      worst = Math.max(worst, Math.abs(score - (ours.scores[name]?.[label] ?? Number.NaN)));
    }
  }
  if (!(worst <= ALLOWED)) throw new Error(`the engines differ by ${worst}: not worth timing`);
  return worst;
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "safelight-bench-"));
  try {
    for (const name of PICTURES) {
      const [side = "", format = ""] = name.split(".");
      const encoded = await picture(Number(side), Number(side))
        .toFormat(format === "png" ? "png" : "jpeg")
        .toBuffer();
      writeFileSync(join(folder, name), encoded);
    }
    const answers = new Map<Engine, Answer>();
    for (const engine of Object.keys(ENGINES) as Engine[]) {
      const { loads, iterations } = ENGINES[engine];
      const all = Array.from({ length: loads }, (_, i) => run(engine, folder, i === loads - 1 ? iterations : 0));
      const last = all.at(-1);
      if (last) answers.set(engine, { ...last, load_ms: Math.min(...all.map((answer) => answer.load_ms)) });
    }
    summarise(answers);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function summarise(answers: ReadonlyMap<Engine, Answer>): void {
  const ours = answers.get("safelight");
  if (!ours) throw new Error("nothing was measured");
  const notes: Record<string, unknown> = {};
  for (const [engine, answer] of answers) {
    notes[`load_ms ${engine}`] = round(answer.load_ms, 1);
    notes[`rss_mib ${engine}`] = answer.rss_mib;
    if (engine === "safelight") continue;
    notes[`largest difference to ${engine}`] = disagreement(ours, answer);
    notes[`times faster to load than ${engine}`] = round(answer.load_ms / ours.load_ms, 1);
    for (const [i, name] of PICTURES.entries()) {
      const [theirs, mine] = [answer.rows[i]?.["p50_ms"], ours.rows[i]?.["p50_ms"]].map(Number);
      notes[`times faster than ${engine}, ${name}`] = round((theirs ?? 0) / (mine ?? Number.NaN), 1);
    }
  }
  report("nsfw: encoded bytes to class scores", [...answers.values()].flatMap((answer) => answer.rows) as Row[], notes);
}

const { values } = parseArgs({
  options: {
    json: { type: "boolean" },
    child: { type: "string" },
    folder: { type: "string" },
    iterations: { type: "string" },
    models: { type: "boolean", default: false },
    candidates: { type: "string", default: join(CACHE, "candidates") },
    benign: { type: "string", default: join(CACHE, "benign/pictures") },
  },
});
const engine = Object.keys(ENGINES).find((name) => name === values.child) as Engine | undefined;
if (engine && values.folder) await child(engine, values.folder, Number(values.iterations));
else {
  if (!values.models) await main();
  await compareCandidates(values.candidates, values.benign);
}
