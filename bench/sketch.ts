import sharp from "sharp";
import type { GeneratedImage } from "../src/contract/generator.ts";
import { openSketch } from "../src/generators/sketch/sketch.ts";
import { measure, report, round } from "./support/harness.ts";

const PROMPTS = [
  "a cat on a beach at sunset",
  "an astronaut riding a horse on the moon",
  "two dogs playing in a park",
  "a castle on a hill at night with a full moon",
  "tropical fish and a turtle underwater",
  "three red cars on a city street in the rain",
  "a bowl of fruit on a table",
  "hot air balloons over the mountains at sunrise",
] as const;
const STYLED = ["oil painting", "watercolor", "pencil sketch", "stained glass", "pixel art", "neon"] as const;
const never = new AbortController().signal;

const started = performance.now();
const sketch = await openSketch({});
const opened = performance.now();
const draw = async (prompt: string, side: number, seed: number): Promise<GeneratedImage | undefined> => {
  const images = [{ index: 0, seed }];
  return (
    await sketch.generate({ prompt, negativePrompt: "", width: side, height: side, images, attempt: 1 }, never)
  )[0];
};
const checkSize = (side: number) => (image: GeneratedImage | undefined) => {
  if (image?.kind !== "image") throw new Error("there is no picture");
  const header = Buffer.from(image.bytes.subarray(0, 24));
  const right =
    header.toString("latin1", 1, 4) === "PNG" && header.readUInt32BE(16) === side && header.readUInt32BE(20) === side;
  if (!right) throw new Error(`not a PNG of ${side} × ${side}`);
};

const first = await draw(PROMPTS[0], 512, 1);
const firstMs = performance.now() - opened;
checkSize(512)(first);
const again = await draw(PROMPTS[0], 512, 1);
if (first?.kind !== "image" || again?.kind !== "image" || Buffer.compare(first.bytes, again.bytes) !== 0) {
  throw new Error("the same request gave another picture");
}
if ((await sharp(first.bytes).stats()).entropy < 3) throw new Error("the picture is empty");

const rows = [];
for (const [side, iterations] of [
  [512, 64],
  [1024, 24],
] as const) {
  const run = (i: number) => draw(PROMPTS[i % PROMPTS.length] ?? "", side, i);
  rows.push(
    await measure(`scene, ${side} × ${side}`, run, { iterations, warmup: PROMPTS.length, check: checkSize(side) }),
  );
}
for (const style of STYLED) {
  const run = (i: number) => draw(`${PROMPTS[i % PROMPTS.length]}, ${style}`, 512, i);
  rows.push(await measure(`${style}, 512 × 512`, run, { iterations: 12, warmup: 2, check: checkSize(512) }));
}
const card = () => draw("safelight-test:image:violence:0.9", 512, 1);
rows.push(await measure("test card, 512 × 512", card, { iterations: 24, check: checkSize(512) }));

report("sketch: pictures from the built-in stand-in", rows, {
  open_ms: round(opened - started, 1),
  first_picture_ms: round(firstMs, 1),
});
