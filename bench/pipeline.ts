import type { DecodedImage, Prompt } from "../src/contract/detector.ts";
import { moderate } from "../src/pipeline/generation.ts";
import type { Parts } from "../src/pipeline/parts.ts";
import { detector, generator, imaging, parts, picture, request } from "../test/pipeline/fakes.ts";
import { measure, report } from "./support/harness.ts";

/** The pipeline's own overhead: detectors, decoding and generator do nothing, so what is left is ours. */
async function run(made: Parts, n: number): Promise<string> {
  const generation = moderate(
    request({ n }),
    { id: "gen_bench", createdAt: new Date(), seed: 1 },
    made,
    new AbortController().signal,
  );
  for await (const _event of generation);
  return (await generation.result).record.state;
}

const nothing = parts({
  imaging,
  generator: generator((asked) => asked.images.map(({ seed }) => picture(seed))),
  promptDetectors: ["words", "more"].map((name) => detector<Prompt>(name)),
  imageDetectors: ["eyes", "more"].map((name) => detector<DecodedImage>(name)),
});
const options = {
  iterations: 2_000,
  warmup: 500,
  check: (state: string) => {
    if (state !== "complete") throw new Error(`wrong answer: ${state}`);
  },
};
report("Pipeline overhead: two no-op detectors a stage, no-op generator and decoder", [
  await measure("1 picture", () => run(nothing, 1), options),
  await measure("4 pictures", () => run(nothing, 4), options),
]);
