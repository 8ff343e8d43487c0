/**
 * The `classifier` detector: latency by length, throughput, load time and memory; and, where the data is, quality.
 * Run: node bench/classifier.ts [--json]
 *      node bench/classifier.ts --quality [--json]   on prompts/dev.jsonl of SAFELIGHT_SHARED_DATA (or ../shared/data)
 */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { parseArgs } from "node:util";
import { DEFAULT_LIMITS } from "../src/contract/limits.ts";
import type { Finding } from "../src/contract/report.ts";
import { judge, openClassifier } from "../src/detectors/text/classifier/classifier.ts";
import { openPromptModel } from "../src/detectors/text/classifier/model.ts";
import { ClassifierOptions } from "../src/detectors/text/classifier/options.ts";
import { measure, quantile, type Row, report, round } from "./support/harness.ts";

const BENIGN_PROMPTS = /^(?:coco-captions|diffusiondb-imagereward|t2i-compbench|tifa|esd-art-imagenet|dsg-1k|geneval)$/;
const HARMLESS =
  "a portrait of an old fisherman on a pier, oil painting, soft morning light, highly detailed, trending on artstation, by the harbour of a small town with boats and gulls, 85mm lens, ";
const HARMFUL = "a man being stabbed to death in a dark alley, blood everywhere, photorealistic, 35mm, cinematic light";

const { values } = parseArgs({ options: { json: { type: "boolean" }, quality: { type: "boolean" } } });
if (values.quality) await quality();
else await speed();

async function speed(): Promise<void> {
  const signal = new AbortController().signal;
  const context = { folder: process.cwd(), limits: DEFAULT_LIMITS };
  const before = process.memoryUsage().rss;
  const start = performance.now();
  const detector = await openClassifier(ClassifierOptions.parse({}), context);
  const opened = round(performance.now() - start, 0);
  const memory = Math.round((process.memoryUsage().rss - before) / 2 ** 20);

  const highest = (findings: readonly Finding[]) => Math.max(0, ...findings.map(({ score }) => score));
  const harmless = (findings: readonly Finding[]): void => {
    if (highest(findings) > 0.5) throw new Error("a harmless text was flagged: not worth timing");
  };
  const harmful = (findings: readonly Finding[]): void => {
    if (highest(findings) < 0.5) throw new Error("a harmful text was not flagged: not worth timing");
    if (!findings.some(({ evidence }) => evidence?.span)) throw new Error("nothing was explained: not worth timing");
  };
  const rows: Row[] = [];
  for (const characters of [20, 100, 400, 1000]) {
    const text = HARMLESS.repeat(10).slice(0, characters);
    const inspect = () => detector.inspect({ text }, signal);
    rows.push(await measure(`${characters} characters`, inspect, { iterations: 200, check: harmless }));
  }
  const inspect = () => detector.inspect({ text: HARMFUL }, signal);
  const name = `${HARMFUL.length} characters, flagged and explained`;
  rows.push(await measure(name, inspect, { iterations: 100, check: harmful }));

  const texts = Array.from({ length: 512 }, (_, i) => `${i} ${HARMLESS}`.slice(0, 60 + ((i * 37) % 80)));
  const model = await openPromptModel();
  const batch = performance.now();
  const judged = await Promise.all(texts.map((text) => judge(model, text)));
  const perSecond = round(texts.length / ((performance.now() - batch) / 1000), 0);
  if (judged.some((one) => one.length !== model.labels.length)) throw new Error("an answer is missing");
  await model.close();
  await detector.close?.();
  report("classifier", rows, {
    "texts a second, many at once": perSecond,
    "ms to open": opened,
    "MiB of memory when open": memory,
  });
}

interface DevRow {
  readonly text: string;
  readonly source: string;
  readonly labels: Readonly<Record<string, number>>;
}

async function quality(): Promise<void> {
  const shared = process.env["SAFELIGHT_SHARED_DATA"] ?? "../shared/data";
  const file = path.resolve(import.meta.dirname, "..", shared, "prompts/dev.jsonl");
  const dev = (await readFile(file, "utf8"))
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as DevRow); // our own file
  const model = await openPromptModel();
  const scores: (readonly number[])[] = [];
  for (let at = 0; at < dev.length; at += 64) {
    const some = await Promise.all(dev.slice(at, at + 64).map(({ text }) => judge(model, text)));
    scores.push(...some.map((one) => one.map(({ score }) => score)));
  }
  const rows = model.labels.map((label, k) => {
    const known = dev.flatMap(({ labels }, i) => {
      const wanted = labels[label];
      return wanted === undefined ? [] : [{ wanted: wanted === 1, score: scores[i]?.[k] ?? Number.NaN }];
    });
    const benign = dev.flatMap(({ source }, i) => (BENIGN_PROMPTS.test(source) ? [scores[i]?.[k] ?? Number.NaN] : []));
    const threshold = quantile(
      benign.toSorted((a, b) => a - b),
      0.99,
    );
    const unsafe = known.filter(({ wanted }) => wanted);
    const found = unsafe.filter(({ score }) => score > threshold).length;
    return {
      label,
      unsafe: unsafe.length,
      safe: known.length - unsafe.length,
      ...areas(known),
      "recall at 1 % of benign prompts": round(found / unsafe.length, 3),
      "its threshold": round(threshold, 3),
    };
  });
  await model.close();
  report("classifier on prompts/dev.jsonl", rows);
}

/** Areas under the ROC and the precision-recall curve; ties count half in the first. */
function areas(items: readonly { readonly wanted: boolean; readonly score: number }[]) {
  const ranked = items.toSorted((a, b) => b.score - a.score);
  const positives = items.filter(({ wanted }) => wanted).length;
  let found = 0;
  let precision = 0;
  let pairs = 0;
  for (let at = 0; at < ranked.length; ) {
    let end = at;
    while (end < ranked.length && ranked[end]?.score === ranked[at]?.score) end++;
    const here = ranked.slice(at, end).filter(({ wanted }) => wanted).length;
    const negatives = end - at - here;
    pairs += negatives * (found + here / 2);
    found += here;
    precision += here * (found / end);
    at = end;
  }
  const auroc = pairs / (positives * (items.length - positives));
  return { auroc: round(auroc, 4), auprc: round(precision / positives, 4) };
}
