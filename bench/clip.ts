/**
 * The clip detector, from encoded bytes to findings. No CLIP model ships: without --model it is given one of a few
 * hundred bytes, and what is measured is everything but the model (decoding, shrinking, feeding, comparing). With
 * --model it is one that `safelight models add` has installed.
 *
 *   node bench/clip.ts [--model ID] [--data FOLDER] [--json]
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { DEFAULT_LIMITS } from "../src/contract/limits.ts";
import type { Finding } from "../src/contract/report.ts";
import { openClip } from "../src/detectors/image/clip/clip.ts";
import { CONCEPT_CATEGORIES } from "../src/detectors/image/clip/concepts.ts";
import { ClipOptions } from "../src/detectors/image/clip/options.ts";
import { decodeImage } from "../src/models/decode.ts";
import { addModel } from "../src/models/installed/add.ts";
import { digestOf, pinOf } from "../src/models/installed/pinned.ts";
import { tinyClip, writeTinyClip } from "../test/detectors/clip/tiny-clip.ts";
import { picture } from "../test/pictures/seeds.ts";
import { measure, type Row, report, round } from "./support/harness.ts";

const ITERATIONS = 60;
const { values } = parseArgs({
  options: { model: { type: "string" }, data: { type: "string", default: "data" }, json: { type: "boolean" } },
});

async function installTiny(data: string): Promise<string> {
  const source = join(data, "source");
  await writeTinyClip(source);
  const pins = Object.keys(tinyClip()).map(async (name) => [name, await pinOf(join(source, name))] as const);
  const sha256 = digestOf(Object.fromEntries(await Promise.all(pins)));
  const signal = AbortSignal.timeout(60_000);
  return (await addModel({ source, cwd: data, sha256, id: "tiny", data, signal, attempt: async () => {} })).id;
}

function check(findings: readonly Finding[]): void {
  if (findings.length !== CONCEPT_CATEGORIES.length || !findings.every(({ score }) => score >= 0 && score <= 1)) {
    throw new Error("wrong answer: not worth timing");
  }
}

const place = mkdtempSync(join(tmpdir(), "safelight-bench-"));
try {
  const data = values.model === undefined ? place : values.data;
  const model = values.model ?? (await installTiny(data));
  const rows: Row[] = [];
  const notes: Record<string, unknown> = { model };
  for (const explain of [false, true]) {
    // log odds that are flattened to a half: every finding passes 0.4, and none passes 1
    const calibration = Object.fromEntries(CONCEPT_CATEGORIES.map((name) => [name, { slope: 1e-6, offset: 0 }]));
    const explain_from = explain ? 0.4 : 1;
    const options = ClipOptions.parse({ model, categories: CONCEPT_CATEGORIES, calibration, explain_from });
    const start = performance.now();
    const clip = await openClip(options, { folder: "/", limits: DEFAULT_LIMITS, data });
    if (!explain) notes["open_ms"] = round(performance.now() - start, 1);
    const signal = AbortSignal.timeout(600_000);
    for (const side of [512, 1024]) {
      const encoded = await picture(side, side).png().toBuffer();
      const inspect = async () => clip.inspect(await decodeImage(encoded, DEFAULT_LIMITS), signal);
      const name = `${side}.png${explain ? ", explained" : ""}`;
      rows.push(await measure(name, inspect, { iterations: explain ? ITERATIONS / 6 : ITERATIONS, check }));
      if (explain) continue;
      const many = performance.now();
      await Promise.all(Array.from({ length: ITERATIONS }, inspect));
      notes[`${side}.png, all at once, per second`] = round((ITERATIONS * 1_000) / (performance.now() - many), 1);
    }
    notes["rss_mib"] = Math.round(process.memoryUsage.rss() / 2 ** 20);
    await clip.close?.();
  }
  report("clip: from encoded bytes to findings", rows, notes);
} finally {
  rmSync(place, { recursive: true });
}
