import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { DEFAULT_LIMITS } from "../src/contract/limits.ts";
import { classify } from "../src/detectors/image/nsfw/classify.ts";
import { decodeImage } from "../src/models/decode.ts";
import { type Model, openModel } from "../src/models/session.ts";
import { type Nsfwjs, openNsfwjs } from "./pictures/nsfwjs.ts";
import { type Sample, variedPictures } from "./pictures/varied.ts";

/** What the issue allows between any two probabilities. */
const ALLOWED = 1e-3;

let model: Model;
let nsfwjs: Nsfwjs;
let pictures: readonly Sample[];

beforeAll(async () => {
  pictures = await variedPictures();
  model = await openModel("nsfw-mobilenet-v2-mid", { sessions: 1 });
  nsfwjs = await openNsfwjs("wasm");
});

afterAll(async () => {
  await model.close();
});

test("every class of every picture agrees with nsfwjs itself, from the same pixels", async () => {
  expect(pictures.length).toBeGreaterThanOrEqual(50);
  let worst = 0;
  const classesSeen = new Set<string>();
  for (const { name, bytes } of pictures) {
    const image = await decodeImage(bytes, DEFAULT_LIMITS);
    const judged = await classify(model, image);
    for (const [i, frame] of image.frames.entries()) {
      const theirs = await nsfwjs.classify(frame.rgb, frame.width, frame.height);
      const ours = judged[i]?.probabilities ?? new Map<string, number>();
      expect([...ours.keys()].sort(), name).toEqual([...theirs.keys()].sort());
      for (const [label, probability] of theirs) {
        const difference = Math.abs(probability - (new Map<string, number>(ours).get(label) ?? Number.NaN));
        expect(difference, `${name}: ${label}`).toBeLessThanOrEqual(ALLOWED);
        worst = Math.max(worst, difference);
      }
      classesSeen.add([...theirs].reduce((most, one) => (one[1] > most[1] ? one : most))[0]);
    }
  }
  console.info(
    `${pictures.length} pictures, strongest classes ${[...classesSeen].join(", ")}: max |Δp| ${worst.toExponential(2)}`,
  );
}, 180_000);

test("the classes in the manifest are nsfwjs's, in its order", async () => {
  const source = await readFile(new URL("../node_modules/nsfwjs/dist/esm/nsfw_classes.js", import.meta.url), "utf8");
  expect([...source.matchAll(/\d: '(\w+)'/g)].map((match) => match[1])).toEqual(model.entry.classes);
});
