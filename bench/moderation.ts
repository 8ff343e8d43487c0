import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openService } from "../src/app/open.ts";
import { loadConfig } from "../src/config/load.ts";
import type { GenerationRecord } from "../src/contract/generation.ts";
import { quantile, report, round } from "./support/harness.ts";

const PROMPTS = [
  "a red boat on a lake at sunset, watercolor",
  "two cats and a dog in a garden, morning light, highly detailed, trending on artstation",
  "a castle in the mountains, winter, stars",
  "portrait of an old fisherman, dramatic light, 85mm",
];
const ITERATIONS = 200;

const data = await mkdtemp(join(tmpdir(), "safelight-bench-"));
const { config } = loadConfig({ env: { SAFELIGHT_DATA: data }, flags: {}, cwd: data });
const service = await openService(config);

async function once(i: number): Promise<GenerationRecord> {
  const asked = {
    prompt: PROMPTS[i % PROMPTS.length] ?? "",
    negative_prompt: "",
    width: 512,
    height: 512,
    n: 1,
    seed: i,
    b64: true,
  };
  for await (const event of service.generate(asked, new AbortController().signal)) {
    if (event.type !== "finished") continue;
    if (event.record.action !== "allow") throw new Error(`wrong answer: ${event.record.action} for ${asked.prompt}`);
    return event.record;
  }
  throw new Error("no record");
}

for (let i = 0; i < 20; i++) await once(ITERATIONS + i); // other pictures than those that are measured
const records: GenerationRecord[] = [];
for (let i = 0; i < ITERATIONS; i++) records.push(await once(i));

const row = (name: string, of: (record: GenerationRecord) => number) => {
  const sorted = records.map(of).sort((a, b) => a - b);
  return {
    name,
    p50_ms: round(quantile(sorted, 0.5), 3),
    p95_ms: round(quantile(sorted, 0.95), 3),
    iterations: sorted.length,
  };
};
const moderation = ({ timings }: GenerationRecord) => timings.total_ms - timings.generation_ms;
report(
  "Moderation of one generation: the default policy, 512×512 PNG from the built-in generator",
  [
    row("all moderation", moderation),
    row("prompt checks", ({ timings }) => timings.prompt_ms),
    row("decoding and picture checks", ({ timings }) => timings.image_ms),
    row("generation (sketch)", ({ timings }) => timings.generation_ms),
  ],
  { aim: "all moderation p50 ≤ 30 ms" },
);
await service.close();
await rm(data, { recursive: true, force: true });
